//! Owns how a request becomes the pretend server's orders: the order itself first, then what hangs on it.

import type { Order, OrderRequest, StopLoss } from "../api/types";

const now = (): string => new Date().toISOString();

/** The orders of a request: one, or a chain with its first order at the front. */
export function ordersOf(request: OrderRequest): Order[] {
  const orderClass = request.order_class ?? "SIMPLE";
  const { take_profit, stop_loss, legs, ...plain } = request;
  if (orderClass === "OCO") {
    const first = orderFrom({ ...plain, type: "LIMIT", limit_price: take_profit?.limit_price ?? null });
    const guard = { ...plain, ...stopTerms(stop_loss), order_class: null, client_order_id: null };
    return [first, below(first, guard, false)];
  }
  const first = orderFrom(plain);
  const lasts = ["DAY", "GTC", "GTD"].includes(first.time_in_force);
  const exit: OrderRequest = {
    symbol: first.symbol,
    side: first.side === "BUY" ? "SELL" : "BUY",
    qty: first.qty ?? "0",
    time_in_force: lasts ? first.time_in_force : "GTC",
    expires_at: first.expires_at,
  };
  const exits: OrderRequest[] = [
    ...(take_profit ? [{ ...exit, type: "LIMIT" as const, limit_price: take_profit.limit_price }] : []),
    ...(stop_loss ? [{ ...exit, ...stopTerms(stop_loss) }] : []),
    ...(legs ?? []).map((leg) => ({ symbol: first.symbol, qty: first.qty, ...leg })),
  ];
  return [first, ...exits.map((leg) => below(first, leg, true))];
}

function stopTerms(loss: StopLoss | null | undefined): OrderRequest {
  if (loss?.trail_amount) return { type: "TRAILING_STOP", trail_amount: loss.trail_amount };
  if (loss?.trail_percent) return { type: "TRAILING_STOP", trail_percent: loss.trail_percent };
  const stop_price = loss?.stop_price ?? null;
  return loss?.limit_price
    ? { type: "STOP_LIMIT", stop_price, limit_price: loss.limit_price }
    : { type: "STOP", stop_price };
}

function below(parent: Order, leg: OrderRequest, held: boolean): Order {
  const order = orderFrom({ ...leg, portfolio_id: parent.portfolio_id });
  return { ...order, parent_id: parent.id, held, created_at: parent.created_at };
}

function orderFrom(request: OrderRequest): Order {
  const type = request.type ?? "MARKET";
  return {
    id: crypto.randomUUID(),
    portfolio_id: request.portfolio_id ?? "",
    client_order_id: request.client_order_id ?? crypto.randomUUID(),
    symbol: request.symbol ?? "",
    side: request.side ?? "BUY",
    type,
    qty: request.qty ?? null,
    notional: request.notional ?? null,
    limit_price: request.limit_price ?? null,
    stop_price: request.stop_price ?? null,
    trigger_price: request.trigger_price ?? null,
    trail_amount: request.trail_amount ?? null,
    trail_percent: request.trail_percent ?? null,
    limit_offset: request.limit_offset ?? null,
    activation_price: request.activation_price ?? null,
    trigger_source: /STOP|TOUCHED/.test(type) ? (request.trigger_source ?? "LAST") : null,
    time_in_force: request.time_in_force ?? "DAY",
    expires_at: request.expires_at ?? null,
    extended_hours: request.extended_hours ?? false,
    reduce_only: request.reduce_only ?? false,
    post_only: request.post_only ?? false,
    display_qty: request.display_qty ?? null,
    peg: request.peg ?? null,
    algo: null,
    condition: null,
    order_class: request.order_class ?? "SIMPLE",
    take_profit: null,
    stop_loss: null,
    legs: null,
    parent_id: null,
    strategy_id: null,
    status: "NEW",
    filled_qty: "0",
    filled_avg_price: null,
    leaves_qty: request.qty ?? null,
    held: false,
    triggered: false,
    hwm: null,
    working_price: null,
    reserved_cash: "0.00",
    reject_code: null,
    reject_message: null,
    cancel_reason: null,
    revision: 0,
    manual: true,
    created_at: now(),
    updated_at: now(),
  };
}
