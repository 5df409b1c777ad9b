//! Owns a pretend portfolio for development and tests: takes orders and chains, fills them at the fake market's prices,
//! and tells it as the server would. Deliberately simple; the rules of the real engine are not repeated here.

import type { Order, OrderPatch, OrderRequest, Portfolio, Position, Trade } from "../api/types";
import { dollars, type FakeMarket } from "./fakeMarket";
import { ordersOf } from "./fakeOrders";
import { centsOf, lookAt } from "./fakePrices";

export interface FakeMessage {
  channel: "portfolio";
  portfolio_id: string;
  seq: number;
  type: string;
  time: string;
  data: unknown;
}

interface Holding {
  qty: number;
  costCents: number;
  realizedCents: number;
}

const now = (): string => new Date().toISOString();

export class FakeBroker {
  readonly id: string;
  readonly epoch = "e1d5c0de-0000-8000-8000-000000000001";
  readonly messages: FakeMessage[] = [];
  readonly #market: FakeMarket;
  readonly #name: string;
  readonly #orders = new Map<string, Order>();
  readonly #trades: Trade[] = [];
  readonly #holdings = new Map<string, Holding>();
  #cashCents = 10_000_000;

  constructor(market: FakeMarket, name: string) {
    this.#market = market;
    this.#name = name;
    this.id = crypto.randomUUID();
  }

  portfolio(): Portfolio {
    const reserved = this.#reservedCents();
    const worth = [...this.#holdings].reduce(
      (sum, [symbol, held]) => sum + held.qty * this.#market.bid(symbol),
      0,
    );
    const cost = [...this.#holdings.values()].reduce((sum, held) => sum + held.costCents, 0);
    return {
      id: this.id,
      name: this.#name,
      currency: "USD",
      starting_balance: "100000.00",
      cash: dollars(this.#cashCents),
      reserved: dollars(reserved),
      buying_power: dollars(this.#cashCents - reserved),
      equity: dollars(Math.round(this.#cashCents + worth)),
      market_value: dollars(Math.round(worth)),
      realized_pnl: dollars([...this.#holdings.values()].reduce((sum, held) => sum + held.realizedCents, 0)),
      unrealized_pnl: dollars(Math.round(worth - cost)),
      fees_paid: "0.00",
      execution_profile: "realistic",
      epoch: this.epoch,
      net_flows: "100000.00",
      limits: {
        max_open_positions: null,
        max_position_pct: null,
        max_gross_exposure: null,
        max_order_value: null,
        short_selling: false,
        buying_power_multiple: "1",
        min_price: null,
        max_volume_participation: null,
      },
      open_positions: this.positions().length,
      open_orders: this.orders("open").length,
      head_seq: this.messages.length,
      created_at: now(),
    };
  }

  positions(): Position[] {
    return [...this.#holdings].filter(([, held]) => held.qty !== 0).map(([symbol]) => this.#position(symbol));
  }

  orders(status: string | null): Order[] {
    const open = (order: Order) => order.status === "NEW" || order.status === "PARTIALLY_FILLED";
    const rows = [...this.#orders.values()].reverse();
    if (status === "open") return rows.filter(open);
    return status === "closed" ? rows.filter((order) => !open(order)) : rows;
  }

  trades(): Trade[] {
    return [...this.#trades].reverse();
  }

  order(id: string): Order | undefined {
    return this.#orders.get(id);
  }

  byClientId(clientOrderId: string): Order | undefined {
    return [...this.#orders.values()].find((order) => order.client_order_id === clientOrderId);
  }

  /** Takes an order and what hangs on it, all or none. */
  submit(request: OrderRequest): Order {
    const orders = ordersOf(request);
    const [first] = orders;
    if (first === undefined) throw new Error("a request is at least one order");
    for (const order of orders) this.#orders.set(order.id, order);
    const refusal = this.#refusalOf(first);
    for (const order of orders) {
      if (refusal === undefined) this.#tell("order", order);
      else
        this.#change(order, {
          status: "REJECTED",
          held: false,
          reject_code: refusal[0],
          reject_message: refusal[1],
        });
    }
    if (refusal === undefined) {
      this.#tell("cash", this.#cash());
      this.match();
      for (const order of orders) this.#endImmediate(order.id);
    }
    return this.#orders.get(first.id) ?? first;
  }

  /** The changed order, or why it stays as it is. */
  amend(order: Order, change: OrderPatch): Order | { code: string; detail: string; field: string } {
    const next: Order = { ...order, ...change, revision: order.revision + 1 } as Order;
    if (Number.parseFloat(next.qty ?? "1") <= Number.parseFloat(order.filled_qty))
      return { code: "QTY_BELOW_FILLED", detail: `${order.filled_qty} are filled already`, field: "qty" };
    const look = lookAt(next, this.#market);
    if (change.stop_price && look.change?.triggered)
      return {
        code: "STOP_IN_MARKET",
        detail: `the stop ${change.stop_price} is past the market`,
        field: "stop_price",
      };
    const leaves_qty = next.qty === null ? null : minus(next.qty, order.filled_qty);
    this.#change(order, { ...change, leaves_qty, revision: next.revision } as Partial<Order>);
    this.match();
    return this.#orders.get(order.id) ?? next;
  }

  cancel(order: Order): Order {
    const canceled = this.#end(order, "requested");
    this.#tell("cash", this.#cash());
    return canceled;
  }

  /** For the cancelling of all: one may have ended another on the way. */
  cancelIfOpen(id: string): Order | undefined {
    const order = this.#open(id);
    return order === undefined ? this.#orders.get(id) : this.cancel(order);
  }

  /** Looks at the market with every order that works. */
  match(): void {
    for (const { id } of this.orders("open").reverse()) {
      const order = this.#open(id);
      if (order === undefined || order.held) continue;
      if (order.expires_at !== null && order.expires_at <= now()) {
        this.#change(order, { status: "EXPIRED", leaves_qty: "0" });
        continue;
      }
      const { price, change } = lookAt(order, this.#market);
      const looked = change === undefined ? order : this.#change(order, change);
      if (price !== undefined) this.#fill(looked, price);
    }
  }

  /** Fills a part of an order at its own price, as a test asks. */
  fillPart(id: string, qty: number): void {
    const order = this.#open(id);
    if (order !== undefined)
      this.#fill(order, centsOf(order.limit_price) || this.#market.ask(order.symbol), qty);
  }

  #open(id: string): Order | undefined {
    const order = this.#orders.get(id);
    return order?.status === "NEW" || order?.status === "PARTIALLY_FILLED" ? order : undefined;
  }

  #childrenOf(parent: Order): Order[] {
    return this.orders("open").filter((order) => order.parent_id === parent.id);
  }

  /** Those of which only one trades in the end. */
  #alternativesOf(order: Order): Order[] {
    if (order.order_class === "OCO") return this.#childrenOf(order);
    const parent = this.#orders.get(order.parent_id ?? "");
    if (parent === undefined || !["OCO", "BRACKET", "OTOCO"].includes(parent.order_class)) return [];
    const siblings = this.#childrenOf(parent).filter((other) => other.id !== order.id);
    return parent.order_class === "OCO" && this.#open(parent.id) ? [parent, ...siblings] : siblings;
  }

  #end(order: Order, reason: string): Order {
    const ended = this.#change(order, {
      status: "CANCELED",
      leaves_qty: "0",
      held: false,
      cancel_reason: reason as Order["cancel_reason"],
    });
    if (reason !== "sibling") for (const other of this.#alternativesOf(ended)) this.#end(other, "sibling");
    if (ended.filled_qty === "0") for (const child of this.#childrenOf(ended)) this.#end(child, "parent");
    return ended;
  }

  #endImmediate(id: string): void {
    const order = this.#open(id);
    if (order?.held !== false) return;
    if (order.time_in_force === "IOC") this.#end(order, "immediate_or_cancel");
    if (order.time_in_force === "FOK") this.#end(order, "fill_or_kill");
  }

  /** What a fill does to the orders around it. */
  #follow(order: Order, qty: number): void {
    for (const other of this.#alternativesOf(order)) {
      const leaves = Number.parseFloat(other.leaves_qty ?? "0") - qty;
      if (leaves <= 0) this.#end(other, "sibling");
      else
        this.#change(other, {
          leaves_qty: String(leaves),
          qty: String(leaves + Number.parseFloat(other.filled_qty)),
        });
    }
    if (order.order_class === "OCO") return;
    for (const child of this.#childrenOf(order)) {
      const own = Number.parseFloat(child.qty ?? "0");
      const whole = Number.parseFloat(order.qty ?? order.filled_qty);
      const asFilled = own === whole || own === 0;
      const free = asFilled ? order.filled_qty : String((own * Number.parseFloat(order.filled_qty)) / whole);
      const sized = asFilled ? { qty: free } : {};
      this.#change(child, { held: false, leaves_qty: minus(free, child.filled_qty), ...sized });
    }
  }

  #fill(order: Order, price: number, part?: number): void {
    const rest = order.qty
      ? Number.parseFloat(order.leaves_qty ?? order.qty)
      : Math.floor(centsOf(order.notional) / price);
    const qty = Math.min(part ?? rest, rest);
    const filled = Number.parseFloat(order.filled_qty) + qty;
    const signed = order.side === "BUY" ? qty : -qty;
    const held = this.#holdings.get(order.symbol) ?? { qty: 0, costCents: 0, realizedCents: 0 };
    const soldCost = signed < 0 && held.qty > 0 ? Math.round((held.costCents * qty) / held.qty) : 0;
    held.costCents += signed > 0 ? Math.round(qty * price) : -soldCost;
    held.realizedCents += signed > 0 ? 0 : Math.round(qty * price) - soldCost;
    held.qty += signed;
    this.#holdings.set(order.symbol, held);
    this.#cashCents -= Math.round(signed * price);
    const trade: Trade = {
      id: crypto.randomUUID(),
      portfolio_id: order.portfolio_id,
      order_id: order.id,
      symbol: order.symbol,
      side: order.side,
      price: dollars(price),
      qty: String(qty),
      fee: "0.00",
      slippage: "0.00",
      value: dollars(Math.round(qty * price)),
      liquidity: "TAKER",
      synthetic_qty: "0",
      quote: {
        bid: dollars(price),
        bid_size: "100",
        ask: dollars(price),
        ask_size: "100",
        time: now(),
        trade_price: null,
        trade_size: null,
        trade_aggressor: null,
      },
      reason: "took_standing_quote",
      realized_pnl: dollars(signed > 0 ? 0 : Math.round(qty * price) - soldCost),
      manual: true,
      strategy_id: null,
      time: now(),
      seq: this.messages.length + 1,
    };
    this.#trades.push(trade);
    this.#tell("fill", trade);
    const changed = this.#change(order, {
      status: qty < rest ? "PARTIALLY_FILLED" : "FILLED",
      filled_qty: String(filled),
      filled_avg_price: dollars(price),
      leaves_qty: String(rest - qty),
    });
    this.#follow(changed, qty);
    this.#tell("position", this.#position(order.symbol));
    this.#tell("cash", this.#cash());
  }

  #refusalOf(order: Order): [NonNullable<Order["reject_code"]>, string] | undefined {
    if (!this.#market.knows(order.symbol)) return ["UNKNOWN_SYMBOL", "There is no such instrument."];
    const qty = Number.parseFloat(order.qty ?? "0");
    const held = this.#holdings.get(order.symbol)?.qty ?? 0;
    if (order.side === "SELL" && qty > held) {
      return ["INSUFFICIENT_QUANTITY", `${qty} to sell, ${held} held.`];
    }
    if (order.type === "STOP" && lookAt(order, this.#market).change?.triggered) {
      return ["STOP_IN_MARKET", `The stop ${order.stop_price} is past the market.`];
    }
    const over = order.side === "BUY" && this.#reservedCents() > this.#cashCents;
    return over ? ["INSUFFICIENT_BUYING_POWER", "More than the buying power."] : undefined;
  }

  #reservedCents(): number {
    return this.orders("open")
      .filter((order) => order.side === "BUY" && !order.held)
      .reduce((sum, order) => {
        const price = centsOf(order.limit_price ?? order.stop_price) || this.#market.ask(order.symbol);
        return (
          sum +
          Math.round(order.notional ? centsOf(order.notional) : Number.parseFloat(order.qty ?? "0") * price)
        );
      }, 0);
  }

  #position(symbol: string): Position {
    const held = this.#holdings.get(symbol) ?? { qty: 0, costCents: 0, realizedCents: 0 };
    const mark = this.#market.bid(symbol);
    const unrealized = Math.round(held.qty * mark - held.costCents);
    return {
      symbol,
      qty: String(held.qty),
      reserved_qty: "0",
      avg_price: dollars(held.qty === 0 ? 0 : Math.round(held.costCents / held.qty)),
      current_price: dollars(mark),
      market_value: dollars(Math.round(held.qty * mark)),
      cost_basis: dollars(held.costCents),
      unrealized_pnl: dollars(unrealized),
      unrealized_pnl_pct: held.costCents === 0 ? "0" : ((100 * unrealized) / held.costCents).toFixed(2),
      realized_pnl: dollars(held.realizedCents),
    };
  }

  #cash(): Partial<Portfolio> {
    const { cash, reserved, buying_power, realized_pnl } = this.portfolio();
    return { cash, reserved, buying_power, realized_pnl };
  }

  #change(order: Order, change: Partial<Order>): Order {
    const next = { ...order, ...change, updated_at: now() };
    this.#orders.set(order.id, next);
    this.#tell("order", next);
    return next;
  }

  #tell(type: string, data: unknown): void {
    const seq = this.messages.length + 1;
    this.messages.push({ channel: "portfolio", portfolio_id: this.id, seq, type, time: now(), data });
  }
}

const minus = (left: string, right: string): string =>
  String(Number.parseFloat(left) - Number.parseFloat(right));
