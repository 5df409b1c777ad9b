//! Placing every type and class through the ticket, against the pretend server: it refuses what the API does not allow.

import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { createRef } from "react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRows, Stage } from "../../../mocks/stage";
import { useDraft } from "../../../store/draft";
import { Ticket } from "./Ticket";

let stage: Stage;

beforeEach(() => {
  stage = new Stage();
  stage.placed({ side: "BUY", type: "MARKET", qty: "200" });
  stage.load();
  stage.show(<Ticket sizeRef={createRef<HTMLInputElement>()} />);
});
afterEach(() => stage.close());

const ticket = () => screen.getByRole("form", { name: "Order ticket" });
const choose = (label: string, value: string, inside = ticket()) =>
  fireEvent.change(within(inside).getAllByLabelText(label)[0] as HTMLElement, { target: { value } });
const type = choose;
const press = (name: string | RegExp, inside = ticket()) =>
  fireEvent.click(within(inside).getByRole("button", { name }));
const place = () => fireEvent.submit(ticket());
const unfold = (name: RegExp) => press(name);

async function placed(): Promise<Record<string, unknown>> {
  place();
  await waitFor(() => expect(stage.orders).toHaveLength(1));
  await waitFor(() => expect(useDraft.getState().draft.qty).toBe(""));
  stage.pump();
  const { client_order_id, portfolio_id, ...sent } = stage.orders[0] ?? {};
  expect(portfolio_id).toBe(stage.broker.id);
  expect(client_order_id).toMatch(/^[0-9a-f-]{36}$/);
  return sent;
}

// The pretend market: AAPL is bid at 234.12, the ask is a cent or so above.
describe("each type", () => {
  it.each<[string, Record<string, string>, Record<string, unknown>]>([
    ["MARKET", {}, {}],
    ["LIMIT", { "Limit price": "200" }, { limit_price: "200" }],
    ["STOP", { "Stop price": "300" }, { stop_price: "300" }],
    ["STOP_LIMIT", { "Stop price": "300", "Limit price": "301" }, { stop_price: "300", limit_price: "301" }],
    [
      "TRAILING_STOP",
      { "Trail by (%)": "2", "Follow from": "220" },
      { trail_percent: "2", activation_price: "220" },
    ],
    [
      "TRAILING_STOP_LIMIT",
      { "Trail by (%)": "2", "Limit offset ($)": "0.05" },
      { trail_percent: "2", limit_offset: "0.05" },
    ],
    ["MARKET_IF_TOUCHED", { "Trigger price": "200" }, { trigger_price: "200" }],
    [
      "LIMIT_IF_TOUCHED",
      { "Trigger price": "200", "Limit price": "201" },
      { trigger_price: "200", limit_price: "201" },
    ],
    [
      "PEGGED",
      { "Offset ($)": "-0.02", "Never beyond": "240" },
      { peg: { reference: "PRIMARY", offset: "-0.02", cap: "240" } },
    ],
  ])("%s is placed with its own fields", async (orderType, fields, members) => {
    choose("Order type", orderType);
    type("Quantity", "10");
    for (const [label, value] of Object.entries(fields)) type(label, value);
    expect(await placed()).toEqual({
      symbol: "AAPL",
      side: "BUY",
      type: orderType,
      time_in_force: "DAY",
      qty: "10",
      ...members,
    });
  });

  it("takes a date, options and a displayed part where it has them", async () => {
    choose("Order type", "LIMIT");
    type("Quantity", "10");
    type("Limit price", "200");
    choose("Time in force", "GTD");
    type("Good until", "2199-01-02T03:04");
    unfold(/^More options/);
    for (const name of ["Extended hours", "Post only", "Reduce only"]) {
      fireEvent.click(screen.getByRole("checkbox", { name }));
    }
    type("Show at a time (iceberg)", "2");
    expect(await placed()).toMatchObject({
      time_in_force: "GTD",
      expires_at: new Date(2199, 0, 2, 3, 4).toISOString(),
      extended_hours: true,
      post_only: true,
      reduce_only: true,
      display_qty: "2",
    });
  });

  it("offers only the durations and options that it has", () => {
    const times = () =>
      [...(screen.getByLabelText("Time in force") as HTMLSelectElement).options].map((o) => o.value);
    unfold(/^More options/);
    expect(times()).toEqual(["DAY", "GTC", "GTD", "IOC", "FOK", "OPG", "CLS"]);
    expect(screen.queryByRole("checkbox", { name: "Post only" })).toBeNull();
    choose("Time in force", "OPG");
    choose("Order type", "STOP_LIMIT");
    expect(times()).toEqual(["DAY", "GTC", "GTD", "IOC", "FOK"]);
    expect((screen.getByLabelText("Time in force") as HTMLSelectElement).value).toBe("DAY");
    expect(screen.getByRole("checkbox", { name: "Post only" })).toBeTruthy();
    expect(screen.getByLabelText("Set off by")).toBeTruthy();
    expect(screen.queryByRole("checkbox", { name: "Extended hours" })).toBeNull();
  });
});

describe("chains", () => {
  it("a bracket: the entry with both exits, waiting below it", async () => {
    choose("Order type", "LIMIT");
    type("Quantity", "10");
    type("Limit price", "200");
    unfold(/^Exits and linked orders/);
    choose("What follows", "BRACKET");
    type("Take-profit price", "220");
    type("Stop-loss price", "190");
    type("Stop-loss limit", "189");
    expect(screen.getByText(/then sell at 220.00, or stop out at 190.00, at 189.00 or better/)).toBeTruthy();
    expect(await placed()).toMatchObject({
      order_class: "BRACKET",
      take_profit: { limit_price: "220" },
      stop_loss: { stop_price: "190", limit_price: "189" },
    });
    const [entry] = openRows().filter((order) => order.order_class === "BRACKET");
    const exits = openRows().filter((order) => order.parent_id === entry?.id);
    expect(exits.map(({ type, side, held }) => [type, side, held])).toEqual([
      ["LIMIT", "SELL", true],
      ["STOP_LIMIT", "SELL", true],
    ]);
  });

  it("a bracket's exits are a press away from the entry's price", async () => {
    choose("Order type", "LIMIT");
    type("Quantity", "10");
    type("Limit price", "200");
    unfold(/^Exits and linked orders/);
    choose("What follows", "BRACKET");
    press("+5%", screen.getByRole("group", { name: "Take profit" }));
    press("−2%", screen.getByRole("group", { name: "Stop loss" }));
    expect(useDraft.getState().draft.exits).toMatchObject({ takeProfit: "210.00", stopLoss: "196.00" });
    expect(screen.getByText("1 : 2.5")).toBeTruthy();
  });

  it("a bracket with a trailing stop alone", async () => {
    type("Quantity", "10");
    unfold(/^Exits and linked orders/);
    choose("What follows", "BRACKET");
    fireEvent.click(screen.getByRole("checkbox", { name: "Take profit" }));
    fireEvent.click(screen.getByLabelText("Trail %"));
    type("Stop-loss trail (%)", "3");
    const sent = await placed();
    expect(sent).toMatchObject({ order_class: "BRACKET", stop_loss: { trail_percent: "3" } });
    expect(sent).not.toHaveProperty("take_profit");
  });

  it("an OCO: two exits for what is held, the stop below the target", async () => {
    press("Sell");
    unfold(/^Exits and linked orders/);
    choose("What follows", "OCO");
    expect(screen.queryByLabelText("Order type")).toBeNull();
    type("Quantity", "200");
    type("Take-profit price", "260");
    type("Stop-loss price", "210");
    press("Place both sell exits");
    const sent = await placed();
    expect(sent).toEqual({
      symbol: "AAPL",
      side: "SELL",
      qty: "200",
      time_in_force: "DAY",
      order_class: "OCO",
      take_profit: { limit_price: "260" },
      stop_loss: { stop_price: "210" },
    });
    const [target] = openRows().filter((order) => order.order_class === "OCO");
    expect(openRows().filter((order) => order.parent_id === target?.id)).toHaveLength(1);
  });

  it("an OTO with two legs, each a small ticket of its own", async () => {
    choose("Order type", "LIMIT");
    type("Quantity", "10");
    type("Limit price", "200");
    unfold(/^Exits and linked orders/);
    choose("What follows", "OTO");
    press("Add an order");
    const [first, second] = [1, 2].map((place) =>
      screen.getByRole("group", { name: `Linked order ${place}` }),
    );
    if (first === undefined || second === undefined) throw new Error("two legs are shown");
    choose("Order type", "LIMIT", first);
    type("Limit price", "220", first);
    type("Quantity", "5", first);
    press("Buy", second);
    type("Symbol", "msft", second);
    choose("Order type", "TRAILING_STOP", second);
    type("Trail by (%)", "4", second);
    expect(await placed()).toMatchObject({
      order_class: "OTO",
      legs: [
        { side: "SELL", type: "LIMIT", limit_price: "220", qty: "5", time_in_force: "GTC" },
        { side: "BUY", type: "TRAILING_STOP", trail_percent: "4", symbol: "MSFT", time_in_force: "GTC" },
      ],
    });
    const [parent] = openRows().filter((order) => order.order_class === "OTO");
    expect(openRows().filter((order) => order.parent_id === parent?.id && order.held)).toHaveLength(2);
  });

  it("an OTOCO's legs share their side and symbol, and cannot be fewer than two", async () => {
    type("Quantity", "10");
    unfold(/^Exits and linked orders/);
    choose("What follows", "OTOCO");
    const [first, second] = screen.getAllByRole("group", { name: /^Linked order/ });
    if (first === undefined || second === undefined) throw new Error("two legs are shown");
    expect(within(second).queryByRole("group", { name: "Side" })).toBeNull();
    expect(screen.queryByRole("button", { name: /^Remove/ })).toBeNull();
    type("Limit price", "260", first);
    choose("Order type", "STOP", second);
    type("Stop price", "210", second);
    expect(await placed()).toMatchObject({
      order_class: "OTOCO",
      legs: [
        { side: "SELL", type: "LIMIT", limit_price: "260" },
        { side: "SELL", type: "STOP", stop_price: "210" },
      ],
    });
  });

  it("an amount is for the entry of a bracket, and not for what has legs", () => {
    unfold(/^Exits and linked orders/);
    fireEvent.click(screen.getByLabelText("Amount"));
    choose("What follows", "BRACKET");
    expect(screen.getByLabelText("Amount ($)")).toBeTruthy();
    choose("What follows", "OTO");
    expect(screen.queryByLabelText("Amount ($)")).toBeNull();
    expect(screen.getAllByLabelText("Quantity").length).toBeGreaterThan(0);
  });
});

describe("what is wrong", () => {
  it("is said at its field, in a part that opens, and has the focus", async () => {
    choose("Order type", "LIMIT");
    type("Quantity", "10");
    type("Limit price", "200");
    unfold(/^Exits and linked orders/);
    choose("What follows", "BRACKET");
    type("Take-profit price", "190");
    type("Stop-loss price", "180");
    unfold(/^Exits and linked orders/);
    expect(screen.queryByLabelText("Take-profit price")).toBeNull();
    place();
    expect(await screen.findByText("Must be above the entry's price.")).toBeTruthy();
    const field = screen.getByLabelText("Take-profit price");
    await waitFor(() => expect(document.activeElement).toBe(field));
    expect(field.getAttribute("aria-invalid")).toBe("true");
    expect(stage.orders).toHaveLength(0);
  });

  it("is said at its field when the server says it", async () => {
    choose("Order type", "STOP");
    type("Quantity", "10");
    type("Stop price", "100");
    stage.server.answer = async () =>
      new Response(
        JSON.stringify({ code: "STOP_IN_MARKET", detail: "the market is at 234.13", field: "stop_price" }),
        { status: 422, headers: { "Content-Type": "application/json" } },
      );
    place();
    await screen.findByText(/already past this stop/);
    expect(screen.getByLabelText("Stop price").getAttribute("aria-invalid")).toBe("true");
  });

  it("goes when it is corrected, and nothing that was typed is lost by choosing another type", () => {
    choose("Order type", "LIMIT");
    type("Limit price", "x");
    place();
    expect(screen.getByText("Write a plain number, such as 10.05.")).toBeTruthy();
    type("Limit price", "200");
    expect(screen.queryByText("Write a plain number, such as 10.05.")).toBeNull();
    choose("Order type", "MARKET");
    choose("Order type", "LIMIT");
    expect((screen.getByLabelText("Limit price") as HTMLInputElement).value).toBe("200");
  });
});
