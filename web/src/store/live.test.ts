//! Loading and streaming together: nothing falls between them, and a failed load can be repeated.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { signedIn, signedOut } from "../api/session";
import { sampleOrder, samplePortfolio, sampleTrade } from "../mocks/samples";
import { live } from "./live";
import { useTrading } from "./trading";

const json = (status: number, body: unknown): Response =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

class FakeSocket {
  static latest: FakeSocket | undefined;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];
  readonly url: string;

  constructor(url: string) {
    this.url = url;
    FakeSocket.latest = this;
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  close(): void {}
  receive(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  message(seq: number, type: string, data: unknown): void {
    this.receive({ channel: "portfolio", portfolio_id: "portfolio-1", seq, type, time: "", data });
  }
}

const filled = sampleOrder({
  status: "FILLED",
  filled_qty: "100",
  leaves_qty: "0",
  updated_at: "2026-11-20T15:00:01Z",
});

describe("the live session", () => {
  const holds: (() => void)[] = [];
  let hold = false;
  let fail = false;

  beforeEach(() => {
    [hold, fail] = [false, false];
    signedIn({ access: "a", refresh: "r" }, "this-tab");
    vi.stubGlobal("WebSocket", FakeSocket);
    vi.stubGlobal("fetch", async (request: Request) => {
      const { pathname } = new URL(request.url);
      if (hold && pathname !== "/api/paper/portfolios/") await new Promise<void>((free) => holds.push(free));
      if (fail && pathname === "/api/paper/trades/") return json(503, { code: "BUSY", detail: "Busy." });
      if (pathname === "/api/paper/portfolios/portfolio-1/") return json(200, samplePortfolio());
      const rows =
        pathname === "/api/paper/portfolios/"
          ? [samplePortfolio()]
          : pathname === "/api/paper/orders/"
            ? [sampleOrder()]
            : [];
      return json(200, { results: rows, next: null });
    });
  });
  afterEach(() => {
    live.close();
    vi.unstubAllGlobals();
    signedOut();
  });

  async function connect(): Promise<FakeSocket> {
    void live.open();
    await vi.waitFor(() => expect(useTrading.getState().portfolioId).toBe("portfolio-1"));
    const socket = FakeSocket.latest;
    if (socket === undefined) throw new Error("no socket was opened");
    socket.onopen?.();
    socket.receive({ op: "authenticated" });
    socket.receive({
      op: "subscribed",
      channel: "portfolio",
      portfolio_id: "portfolio-1",
      epoch: "e",
      head_seq: 10,
      oldest_seq: 1,
    });
    return socket;
  }

  it("keeps what arrives while the rows are loading, and applies it to them", async () => {
    hold = true;
    const socket = await connect();
    await vi.waitFor(() => expect(holds.length).toBeGreaterThan(0));
    socket.message(11, "fill", sampleTrade());
    socket.message(12, "order", filled);
    hold = false;
    for (const free of holds.splice(0)) free();
    await vi.waitFor(() =>
      expect(useTrading.getState().ledger?.orders.get("order-1")?.status).toBe("FILLED"),
    );
    expect(useTrading.getState().ledger?.trades.size).toBe(1);
  });

  it("tells of fills that happen, once each", async () => {
    const socket = await connect();
    await vi.waitFor(() => expect(useTrading.getState().ledger).toBeDefined());
    const told: string[] = [];
    const leave = live.onFills((trades) => told.push(...trades.map((trade) => trade.id)));
    socket.message(11, "fill", sampleTrade());
    socket.message(11, "fill", sampleTrade());
    await vi.waitFor(() => expect(told).toEqual(["trade-1"]));
    leave();
  });

  it("says that a load failed, keeps what arrives, and loads again when asked", async () => {
    fail = true;
    const socket = await connect();
    await vi.waitFor(() => expect(useTrading.getState().problem?.code).toBe("BUSY"));
    socket.message(11, "order", filled);
    fail = false;
    live.retry();
    await vi.waitFor(() =>
      expect(useTrading.getState().ledger?.orders.get("order-1")?.status).toBe("FILLED"),
    );
    expect(useTrading.getState().problem).toBeUndefined();
  });

  it("puts no token into the address of the socket", async () => {
    const socket = await connect();
    expect(socket.url).toMatch(/^ws:\/\/[^/?]+\/ws$/);
    expect(socket.sent[0]).toEqual({ op: "auth", token: "a" });
  });
});
