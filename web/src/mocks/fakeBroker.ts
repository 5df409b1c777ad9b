//! Owns a pretend portfolio for development: takes orders, fills them at the fake market's prices, and tells it as the
//! server would. Deliberately simple; the rules of the real engine are not repeated here.

import type {
  Order,
  OrderPatch,
  OrderRequest,
  OrderType,
  Portfolio,
  Position,
  TimeInForce,
  Trade,
} from "../api/types";
import { dollars, type FakeMarket } from "./fakeMarket";

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

const centsOf = (text: string | null | undefined): number => Math.round(Number.parseFloat(text ?? "0") * 100);
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

  submit(request: OrderRequest): Order {
    const order = newOrder(request);
    this.#orders.set(order.id, order);
    const refusal = this.#refusalOf(order);
    if (refusal === undefined) {
      this.#tell("order", order);
      this.#tell("cash", this.#cash());
      this.match();
    } else {
      this.#change(order, { status: "REJECTED", reject_code: refusal[0], reject_message: refusal[1] });
    }
    return this.#orders.get(order.id) ?? order;
  }

  amend(order: Order, change: OrderPatch): Order {
    const next = this.#change(order, { ...change, revision: order.revision + 1 } as Partial<Order>);
    this.match();
    return this.#orders.get(next.id) ?? next;
  }

  cancel(order: Order): Order {
    const canceled = this.#change(order, { status: "CANCELED", leaves_qty: "0" });
    this.#tell("cash", this.#cash());
    return canceled;
  }

  /** Fills what the market now allows. */
  match(): void {
    for (const order of this.orders("open").reverse()) {
      const price = this.#fillPrice(order);
      if (price !== undefined) this.#fill(order, price);
    }
  }

  #fillPrice(order: Order): number | undefined {
    const price = order.side === "BUY" ? this.#market.ask(order.symbol) : this.#market.bid(order.symbol);
    const better = (limit: number) => (order.side === "BUY" ? price <= limit : price >= limit);
    const reached = (stop: number) => (order.side === "BUY" ? price >= stop : price <= stop);
    switch (order.type) {
      case "MARKET":
        return price;
      case "LIMIT":
        return better(centsOf(order.limit_price)) ? price : undefined;
      case "STOP":
        return reached(centsOf(order.stop_price)) ? price : undefined;
      case "STOP_LIMIT":
        return reached(centsOf(order.stop_price)) && better(centsOf(order.limit_price)) ? price : undefined;
      default:
        return undefined;
    }
  }

  #fill(order: Order, price: number): void {
    const qty = order.qty ? Number.parseFloat(order.qty) : Math.floor(centsOf(order.notional) / price);
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
    this.#change(order, {
      status: "FILLED",
      filled_qty: String(qty),
      filled_avg_price: dollars(price),
      leaves_qty: "0",
      triggered: order.stop_price !== null,
    });
    this.#tell("position", this.#position(order.symbol));
    this.#tell("cash", this.#cash());
  }

  #refusalOf(order: Order): [NonNullable<Order["reject_code"]>, string] | undefined {
    if (!this.#market.knows(order.symbol)) return ["UNKNOWN_SYMBOL", "There is no such instrument."];
    const qty = Number.parseFloat(order.qty ?? "0");
    if (order.side === "SELL" && qty > (this.#holdings.get(order.symbol)?.qty ?? 0)) {
      return ["INSUFFICIENT_QUANTITY", "More than is held."];
    }
    const over = order.side === "BUY" && this.#reservedCents() > this.#cashCents;
    return over ? ["INSUFFICIENT_BUYING_POWER", "More than the buying power."] : undefined;
  }

  #reservedCents(): number {
    return this.orders("open")
      .filter((order) => order.side === "BUY")
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

function newOrder(request: OrderRequest): Order {
  return {
    ...request,
    id: crypto.randomUUID(),
    client_order_id: request.client_order_id ?? crypto.randomUUID(),
    type: (request.type ?? "MARKET") as OrderType,
    qty: request.qty ?? null,
    notional: request.notional ?? null,
    limit_price: request.limit_price ?? null,
    stop_price: request.stop_price ?? null,
    trail_amount: request.trail_amount ?? null,
    trail_percent: request.trail_percent ?? null,
    time_in_force: (request.time_in_force ?? "DAY") as TimeInForce,
    expires_at: null,
    status: "NEW",
    filled_qty: "0",
    filled_avg_price: null,
    leaves_qty: request.qty ?? null,
    held: false,
    triggered: false,
    hwm: null,
    working_price: null,
    reject_code: null,
    reject_message: null,
    cancel_reason: null,
    parent_id: null,
    revision: 0,
    created_at: now(),
    updated_at: now(),
  } as Order;
}
