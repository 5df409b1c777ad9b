//! Owns the pretend server that `--mode mocks` puts in place of fetch and WebSocket in the browser. Never built into the
//! product: the build fails when its marker is found in the output.

import type { OrderPatch, OrderRequest } from "../api/types";
import { FakeBroker } from "./fakeBroker";
import { FakeMarket } from "./fakeMarket";

export const MARKER = "papertape-development-fake";
const TICK_MS = 250;

const json = (status: number, body: unknown): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/json", "X-Served-By": MARKER },
  });
const page = (results: unknown[]): Response => json(200, { results, next: null });
const problem = (status: number, code: string, detail: string, more: object = {}): Response =>
  json(status, { type: "about:blank", title: code, status, detail, code, ...more });

const market = new FakeMarket();
const brokers = [new FakeBroker(market, "Growth"), new FakeBroker(market, "Dividends")];
const sockets = new Set<FakeSocket>();

const brokerOf = (id: string | null | undefined): FakeBroker | undefined =>
  brokers.find((broker) => broker.id === id);

class FakeSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  #symbols: string[] = [];
  #followed = new Map<FakeBroker, number>();

  constructor() {
    sockets.add(this);
    setTimeout(() => this.onopen?.(), 30);
  }

  send(text: string): void {
    const frame = JSON.parse(text) as {
      op: string;
      channel?: string;
      symbols?: string[];
      portfolio_id?: string;
      after_seq?: number;
    };
    if (frame.op === "auth") this.tell({ op: "authenticated" });
    if (frame.channel === "quotes") this.#symbols = frame.symbols ?? [];
    const broker = brokerOf(frame.portfolio_id);
    if (frame.channel !== "portfolio" || broker === undefined) return;
    const head_seq = broker.messages.length;
    this.#followed.set(broker, frame.after_seq ?? head_seq);
    this.tell({
      op: "subscribed",
      channel: "portfolio",
      portfolio_id: broker.id,
      epoch: broker.epoch,
      head_seq,
      oldest_seq: 1,
    });
  }

  close(): void {
    sockets.delete(this);
  }

  pump(moved: readonly string[], beat: boolean): void {
    for (const symbol of moved) {
      if (this.#symbols.includes(symbol)) this.tell({ channel: "quotes", data: market.quote(symbol) });
    }
    for (const [broker, seq] of this.#followed) {
      for (const message of broker.messages.slice(seq)) this.tell(message);
      this.#followed.set(broker, broker.messages.length);
    }
    if (beat) this.tell({ op: "heartbeat", time: new Date().toISOString(), heads: [] });
  }

  tell(message: unknown): void {
    setTimeout(() => this.onmessage?.({ data: JSON.stringify(message) }));
  }
}

async function answer(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const text = request.method === "GET" || request.method === "DELETE" ? "" : await request.text();
  const body: unknown = text === "" ? undefined : JSON.parse(text);
  await new Promise((resolve) => setTimeout(resolve, 60));
  if (url.pathname.startsWith("/api/market/")) return answerMarket(url);
  if (url.pathname.startsWith("/api/paper/orders/")) return answerOrders(request.method, url, body);
  if (url.pathname.startsWith("/api/paper/")) return answerPaper(request.method, url);
  if (url.pathname === "/api/users/register/")
    return json(201, { id: crypto.randomUUID(), username: "you", nickname: "you" });
  const { password } = (body ?? {}) as { password?: string };
  if (password === "wrong")
    return problem(401, "INVALID_CREDENTIALS", "The user name or the password is wrong.");
  return json(200, { access: "fake-access", refresh: "fake-refresh" });
}

function answerMarket(url: URL): Response {
  const symbol = url.searchParams.get("symbol") ?? "";
  if (url.pathname.endsWith("/instruments/"))
    return page(market.instruments(url.searchParams.get("q") ?? ""));
  if (url.pathname.endsWith("/clock/")) {
    const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
    return json(200, { time: inHours(0), is_open: true, next_open: inHours(20), next_close: inHours(3.4) });
  }
  if (!market.knows(symbol)) return problem(404, "UNKNOWN_SYMBOL", "There is no such instrument.");
  if (url.pathname.endsWith("/quote/")) return json(200, market.quote(symbol));
  const interval = url.searchParams.get("interval") ?? "1m";
  return json(200, { symbol, interval, results: market.history(symbol, interval), next: null });
}

function answerOrders(method: string, url: URL, body: unknown): Response {
  const id = url.pathname.slice("/api/paper/orders/".length).replace("/", "");
  if (id === "" && method === "POST") {
    const request = body as OrderRequest;
    const broker = brokerOf(request.portfolio_id);
    if (broker === undefined) return problem(404, "NOT_FOUND", "No such portfolio.");
    const earlier = broker.byClientId(request.client_order_id ?? "");
    const order = earlier ?? broker.submit(request);
    if (order.status !== "REJECTED") return json(earlier ? 200 : 201, order);
    return problem(422, order.reject_code ?? "REJECTED", order.reject_message ?? "", { order });
  }
  if (id === "") {
    const broker = brokerOf(url.searchParams.get("portfolio_id"));
    const rows = broker?.orders(method === "DELETE" ? "open" : url.searchParams.get("status")) ?? [];
    return page(method === "DELETE" ? rows.map((order) => broker?.cancel(order)) : rows);
  }
  const broker = brokers.find((candidate) => candidate.order(id) !== undefined);
  const order = broker?.order(id);
  if (broker === undefined || order === undefined) return problem(404, "NOT_FOUND", "No such order.");
  if (method === "DELETE") return json(200, broker.cancel(order));
  return json(200, method === "PATCH" ? broker.amend(order, body as OrderPatch) : order);
}

function answerPaper(method: string, url: URL): Response {
  const parts = url.pathname.split("/").filter((part) => part !== "");
  if (parts[2] === "trades") return page(brokerOf(url.searchParams.get("portfolio_id"))?.trades() ?? []);
  if (parts.length === 3) return page(brokers.map((broker) => broker.portfolio()));
  const broker = brokerOf(parts[3]);
  if (broker === undefined) return problem(404, "NOT_FOUND", "No such portfolio.");
  if (parts[4] !== "positions") return json(200, broker.portfolio());
  if (method === "GET") return page(broker.positions());
  const symbol = decodeURIComponent(parts[5] ?? "");
  const held = broker.positions().find((position) => position.symbol === symbol);
  if (held === undefined) return problem(404, "NOT_FOUND", "No such position.");
  return json(
    201,
    broker.submit({
      portfolio_id: broker.id,
      symbol,
      side: "SELL",
      type: "MARKET",
      qty: held.qty,
      time_in_force: "DAY",
    }),
  );
}

/** Puts the pretend server in place, with a portfolio that already has a history. */
export function startFake(): void {
  const [growth] = brokers;
  if (growth !== undefined) {
    const order = { portfolio_id: growth.id, time_in_force: "DAY" } as const;
    growth.submit({ ...order, symbol: "AAPL", side: "BUY", type: "MARKET", qty: "120" });
    growth.submit({ ...order, symbol: "NVDA", side: "BUY", type: "MARKET", qty: "80" });
    growth.submit({ ...order, symbol: "BTC/USD", side: "BUY", type: "MARKET", qty: "0.25" });
    growth.submit({
      ...order,
      symbol: "AAPL",
      side: "SELL",
      type: "LIMIT",
      qty: "60",
      limit_price: "239.50",
      time_in_force: "GTC",
    });
    growth.submit({ ...order, symbol: "AAPL", side: "BUY", type: "LIMIT", qty: "50", limit_price: "231.20" });
    growth.submit({
      ...order,
      symbol: "NVDA",
      side: "SELL",
      type: "TRAILING_STOP",
      qty: "80",
      trail_percent: "2.5",
      time_in_force: "GTC",
    });
    growth.submit({
      ...order,
      symbol: "TSLA",
      side: "BUY",
      type: "LIMIT",
      qty: "5000",
      limit_price: "240.00",
    });
  }
  globalThis.fetch = (input, init) => answer(new Request(input, init));
  Object.assign(globalThis, { WebSocket: FakeSocket });
  let beats = 0;
  setInterval(() => {
    beats += 1;
    const moved = market.step();
    for (const broker of brokers) broker.match();
    for (const socket of sockets) socket.pump(moved, beats % 4 === 0);
  }, TICK_MS);
}
