//! Owns the answers of the pretend server: a market, portfolios, and the requests that the interface sends. Used by
//! `--mode mocks` in the browser and by component tests.

import type { OrderPatch, OrderRequest } from "../api/types";
import { FakeBroker } from "./fakeBroker";
import { FakeMarket } from "./fakeMarket";
import { faultOf } from "./requestChecks";

const MARKER = "papertape-development-fake";

const json = (status: number, body: unknown): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/json", "X-Served-By": MARKER },
  });
const page = (results: unknown[]): Response => json(200, { results, next: null });
const problem = (status: number, code: string, detail: string, more: object = {}): Response =>
  json(status, { type: "about:blank", title: code, status, detail, code, ...more });

export class FakeServer {
  readonly market = new FakeMarket();
  readonly brokers: readonly FakeBroker[] = [
    new FakeBroker(this.market, "Growth"),
    new FakeBroker(this.market, "Dividends"),
  ];
  readonly #delayMs: number;

  constructor(delayMs = 0) {
    this.#delayMs = delayMs;
  }

  brokerOf(id: string | null | undefined): FakeBroker | undefined {
    return this.brokers.find((broker) => broker.id === id);
  }

  async answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const text = request.method === "GET" || request.method === "DELETE" ? "" : await request.text();
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    if (this.#delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#delayMs));
    if (url.pathname.startsWith("/api/market/")) return this.#answerMarket(url);
    if (url.pathname.startsWith("/api/paper/orders/")) return this.#answerOrders(request.method, url, body);
    if (url.pathname.startsWith("/api/paper/")) return this.#answerPaper(request.method, url);
    if (url.pathname === "/api/users/register/")
      return json(201, { id: crypto.randomUUID(), username: "you", nickname: "you" });
    const { password } = (body ?? {}) as { password?: string };
    if (password === "wrong")
      return problem(401, "INVALID_CREDENTIALS", "The user name or the password is wrong.");
    return json(200, { access: "fake-access", refresh: "fake-refresh" });
  }

  #answerMarket(url: URL): Response {
    const symbol = url.searchParams.get("symbol") ?? "";
    if (url.pathname.endsWith("/instruments/"))
      return page(this.market.instruments(url.searchParams.get("q") ?? ""));
    if (url.pathname.endsWith("/clock/")) {
      const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
      const calendars: unknown[] = [];
      const [next_open, next_close] = [inHours(20), inHours(3.4)];
      return json(200, { time: inHours(0), is_open: true, next_open, next_close, calendars });
    }
    if (!this.market.knows(symbol)) return problem(404, "UNKNOWN_SYMBOL", "There is no such instrument.");
    if (url.pathname.endsWith("/quote/")) return json(200, this.market.quote(symbol));
    const interval = url.searchParams.get("interval") ?? "1m";
    return json(200, { symbol, interval, results: this.market.history(symbol, interval), next: null });
  }

  #answerOrders(method: string, url: URL, body: unknown): Response {
    const id = url.pathname.slice("/api/paper/orders/".length).replace("/", "");
    if (id === "" && method === "POST") {
      const request = body as OrderRequest;
      const broker = this.brokerOf(request.portfolio_id);
      if (broker === undefined) return problem(404, "NOT_FOUND", "No such portfolio.");
      const fault = faultOf(request);
      if (fault !== undefined) return problem(400, "INVALID_VALUE", fault.detail, { field: fault.field });
      const earlier = broker.byClientId(request.client_order_id ?? "");
      const order = earlier ?? broker.submit(request);
      if (order.status !== "REJECTED") return json(earlier ? 200 : 201, order);
      return problem(422, order.reject_code ?? "REJECTED", order.reject_message ?? "", { order });
    }
    if (id === "") {
      const broker = this.brokerOf(url.searchParams.get("portfolio_id"));
      const rows = broker?.orders(method === "DELETE" ? "open" : url.searchParams.get("status")) ?? [];
      if (method === "GET") return page(rows);
      return page(rows.map(({ id }) => broker?.cancelIfOpen(id)));
    }
    const broker = this.brokers.find((candidate) => candidate.order(id) !== undefined);
    const order = broker?.order(id);
    if (broker === undefined || order === undefined) return problem(404, "NOT_FOUND", "No such order.");
    if (method === "GET") return json(200, order);
    if (broker.orders("closed").includes(order))
      return problem(409, "ORDER_NOT_OPEN", "The order has ended already.", { order });
    if (method === "DELETE") return json(200, broker.cancel(order));
    const amended = broker.amend(order, body as OrderPatch);
    if ("status" in amended) return json(200, amended);
    return problem(422, amended.code, amended.detail, { field: amended.field, order });
  }

  #answerPaper(method: string, url: URL): Response {
    const parts = url.pathname.split("/").filter((part) => part !== "");
    if (parts[2] === "trades") {
      const trades = this.brokerOf(url.searchParams.get("portfolio_id"))?.trades() ?? [];
      const orderId = url.searchParams.get("order_id");
      return page(orderId === null ? trades : trades.filter((trade) => trade.order_id === orderId));
    }
    if (parts.length === 3) return page(this.brokers.map((broker) => broker.portfolio()));
    const broker = this.brokerOf(parts[3]);
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
}
