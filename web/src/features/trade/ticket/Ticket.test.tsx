//! The ticket as a person uses it: one press is one order, and a lost reply is safe to repeat.

import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { createRef } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { signedIn, signedOut } from "../../../api/session";
import { sampleInstrument, sampleOrder, samplePortfolio, sampleQuote } from "../../../mocks/samples";
import { FIRST_DRAFT, useDraft } from "../../../store/draft";
import { quoteStore } from "../../../store/quotes";
import {
  clearTrading,
  ledgerLoaded,
  messagesArrived,
  portfolioChosen,
  useTrading,
} from "../../../store/trading";
import { Ticket } from "./Ticket";

const json = (status: number, body: unknown): Response =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

describe("the ticket", () => {
  const sent: Record<string, unknown>[] = [];
  let reply: () => Promise<Response>;

  beforeEach(() => {
    sent.length = 0;
    signedIn({ access: "a", refresh: "r" }, "this-tab");
    useDraft.setState({ draft: FIRST_DRAFT, intent: undefined });
    quoteStore.push(sampleQuote());
    portfolioChosen("portfolio-1");
    ledgerLoaded(
      { portfolio: samplePortfolio(), orders: [], trades: [], positions: [], tradesComplete: true },
      [],
    );
    vi.stubGlobal("fetch", async (request: Request) => {
      if (request.method !== "POST") return json(200, { results: [sampleInstrument()], next: null });
      sent.push((await request.json()) as Record<string, unknown>);
      return reply();
    });
    render(
      <MantineProvider>
        <QueryClientProvider client={new QueryClient()}>
          <Ticket sizeRef={createRef<HTMLInputElement>()} />
        </QueryClientProvider>
      </MantineProvider>,
    );
  });
  afterEach(() => {
    cleanup();
    vi.unstubAllGlobals();
    clearTrading();
    signedOut();
  });

  const type = (label: string, value: string) =>
    fireEvent.change(screen.getByLabelText(label), { target: { value } });
  const place = () => fireEvent.click(screen.getByRole("button", { name: "Place buy order" }));

  it("sends one order for a double press, and shows it at once", async () => {
    reply = async () => json(201, sampleOrder({ id: "o1" }));
    type("Quantity", "100");
    place();
    place();
    await waitFor(() => expect(useTrading.getState().ledger?.orders.has("o1")).toBe(true));
    place();
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ symbol: "AAPL", side: "BUY", type: "MARKET", qty: "100" });
    expect(sent[0]?.client_order_id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("takes another order at once when the ticket was changed", async () => {
    reply = async () => json(201, sampleOrder({ id: "o1" }));
    type("Quantity", "100");
    place();
    await waitFor(() => expect(useTrading.getState().ledger?.orders.has("o1")).toBe(true));
    type("Quantity", "7");
    place();
    await waitFor(() => expect(sent).toHaveLength(2));
    expect(sent[1]).toMatchObject({ qty: "7" });
    expect(sent[1]?.client_order_id).not.toBe(sent[0]?.client_order_id);
  });

  it("sends the same id again after a lost reply", async () => {
    reply = () => Promise.reject(new TypeError("network"));
    type("Quantity", "100");
    place();
    await screen.findByText(/never placed twice/);
    reply = async () => json(200, sampleOrder());
    place();
    await waitFor(() => expect(sent).toHaveLength(2));
    expect(sent[1]?.client_order_id).toBe(sent[0]?.client_order_id);
  });

  it("takes the order for placed when the stream tells of it after a lost reply", async () => {
    reply = () => Promise.reject(new TypeError("network"));
    type("Quantity", "100");
    place();
    await screen.findByText(/never placed twice/);
    const arrived = sampleOrder({ client_order_id: String(sent[0]?.client_order_id) });
    act(() =>
      messagesArrived([{ portfolioId: "portfolio-1", seq: 1, time: "", type: "order", data: arrived }]),
    );
    await waitFor(() => expect(screen.queryByText(/never placed twice/)).toBeNull());
    reply = async () => json(201, sampleOrder({ id: "o9" }));
    type("Quantity", "100");
    place();
    await waitFor(() => expect(sent).toHaveLength(2));
    expect(sent[1]?.client_order_id).not.toBe(sent[0]?.client_order_id);
  });

  it("sends nothing that is incomplete, and says what is missing", () => {
    fireEvent.change(screen.getByLabelText("Order type"), { target: { value: "LIMIT" } });
    place();
    expect(screen.getByText("How many shares?")).toBeTruthy();
    expect(screen.getByText("At what price, or better?")).toBeTruthy();
    expect(sent).toHaveLength(0);
  });

  it("shows only the prices that the type needs", () => {
    for (const [value, labels] of [
      ["MARKET", []],
      ["LIMIT", ["Limit price"]],
      ["STOP", ["Stop price"]],
      ["STOP_LIMIT", ["Limit price", "Stop price"]],
      ["TRAILING_STOP", ["Trail by (%)"]],
    ] as const) {
      fireEvent.change(screen.getByLabelText("Order type"), { target: { value } });
      const shown = ["Limit price", "Stop price", "Trail by (%)", "Trail by ($)"].filter((label) =>
        screen.queryByLabelText(label),
      );
      expect(shown).toEqual(labels);
    }
  });

  it("keeps a refused order in the list and says why", async () => {
    const order = sampleOrder({ id: "o2", status: "REJECTED", reject_code: "INSUFFICIENT_BUYING_POWER" });
    reply = async () => json(422, { code: "INSUFFICIENT_BUYING_POWER", detail: "needs 1,002.00", order });
    type("Quantity", "100");
    place();
    await screen.findByText(/more than your buying power. Buy less/);
    expect(useTrading.getState().ledger?.orders.get("o2")?.status).toBe("REJECTED");
  });

  it("fills the price that is pressed, turning a market order into a limit order", () => {
    fireEvent.click(screen.getByTitle("Use the ask as the price"));
    expect(useDraft.getState().draft).toMatchObject({ type: "LIMIT", limitPrice: "10.02" });
  });
});
