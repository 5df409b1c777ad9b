//! Owns how loaded rows and stream messages become the tables a trader sees. Pure. Invariant: folding a message twice,
//! or one that is older than the row it concerns, changes nothing; so a resumed stream neither doubles nor loses a row.

import type { PortfolioMessage } from "../api/streamMessages";
import type { Order, Portfolio, Position, Trade } from "../api/types";
import { decimalOrZero } from "../decimal";

/** One portfolio as shown. */
export interface Ledger {
  readonly portfolio: Portfolio;
  readonly orders: ReadonlyMap<string, Order>;
  readonly trades: ReadonlyMap<string, Trade>;
  readonly positions: ReadonlyMap<string, Position>;
  /** No older fills exist than those in `trades`. */
  readonly tradesComplete: boolean;
}

/** What was loaded by request. */
export interface Loaded {
  readonly portfolio: Portfolio;
  readonly orders: readonly Order[];
  readonly trades: readonly Trade[];
  readonly positions: readonly Position[];
  readonly tradesComplete: boolean;
}

/** Rows kept of what is over; the server keeps all of it. */
const CLOSED_ORDERS_MAX = 1_000;
const TRADES_MAX = 2_000;

export const isOpen = (order: Order): boolean =>
  order.status === "NEW" || order.status === "PARTIALLY_FILLED";

export function ledgerOf(loaded: Loaded): Ledger {
  const orders = new Map<string, Order>();
  for (const order of loaded.orders) putOrder(orders, order);
  return {
    portfolio: loaded.portfolio,
    orders,
    trades: new Map(loaded.trades.map((trade) => [trade.id, trade])),
    positions: new Map(loaded.positions.map((position) => [position.symbol, position])),
    tradesComplete: loaded.tradesComplete,
  };
}

/** Applies messages in the order of their sequence. */
export function foldMessages(ledger: Ledger, messages: readonly PortfolioMessage[]): Ledger {
  if (messages.length === 0) return ledger;
  let portfolio = ledger.portfolio;
  const orders = new Map(ledger.orders);
  const trades = new Map(ledger.trades);
  const positions = new Map(ledger.positions);
  for (const message of messages) {
    switch (message.type) {
      case "order":
        putOrder(orders, message.data);
        break;
      case "fill":
        trades.set(message.data.id, message.data);
        break;
      case "position":
        putPosition(positions, message.data);
        break;
      case "cash":
      case "portfolio":
        portfolio = { ...portfolio, ...message.data, id: portfolio.id };
        break;
      case "other":
        break;
    }
  }
  dropOldest(
    orders,
    CLOSED_ORDERS_MAX,
    (order) => !isOpen(order) && !carriesOpen(orders, order),
    (order) => order.updated_at,
  );
  const kept = trades.size;
  dropOldest(
    trades,
    TRADES_MAX,
    () => true,
    (trade) => trade.time,
  );
  return {
    portfolio,
    orders,
    trades,
    positions,
    tradesComplete: ledger.tradesComplete && trades.size === kept,
  };
}

/** Takes in an order from a reply. */
export function foldOrder(ledger: Ledger, order: Order): Ledger {
  const orders = new Map(ledger.orders);
  putOrder(orders, order);
  return { ...ledger, orders };
}

/** Whether `next` tells of a later moment of an order's life than `known`, or of the same. */
export function supersedes(next: Order, known: Order): boolean {
  if (isOpen(known) !== isOpen(next)) return isOpen(known);
  if (next.revision !== known.revision) return next.revision > known.revision;
  const filled = decimalOrZero(next.filled_qty) - decimalOrZero(known.filled_qty);
  if (filled !== 0n) return filled > 0n;
  return compareInstants(next.updated_at, known.updated_at) >= 0;
}

/** Orders two RFC 3339 UTC instants, to the nanosecond. */
export function compareInstants(left: string, right: string): number {
  const a = left.replace(/Z$/, "").split(".");
  const b = right.replace(/Z$/, "").split(".");
  return (
    compareTexts(a[0] ?? "", b[0] ?? "") ||
    compareTexts((a[1] ?? "").padEnd(9, "0"), (b[1] ?? "").padEnd(9, "0"))
  );
}

const compareTexts = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

/** The legs that came inside their order become rows like all others. */
function putOrder(orders: Map<string, Order>, order: Order): void {
  const known = orders.get(order.id);
  if (known === undefined || supersedes(order, known)) orders.set(order.id, order);
  for (const leg of order.legs ?? []) if (typeof leg === "object") putOrder(orders, leg);
}

/** An entry that is filled is still what its working exits belong to. */
function carriesOpen(orders: ReadonlyMap<string, Order>, parent: Order): boolean {
  for (const order of orders.values()) if (order.parent_id === parent.id && isOpen(order)) return true;
  return false;
}

/** The orders that open ones hang on and that are not here: they ended before the newest of the closed. */
export function missingParents(orders: Iterable<Order>): string[] {
  const all = [...orders];
  const known = new Set(all.map((order) => order.id));
  const wanted = all.filter(isOpen).map((order) => order.parent_id);
  return [...new Set(wanted)].filter((id): id is string => id !== null && id !== undefined && !known.has(id));
}

/** The stream sends positions without a price: the known one stays until a quote brings a newer. */
function putPosition(positions: Map<string, Position>, position: Position): void {
  const known = positions.get(position.symbol);
  if (decimalOrZero(position.qty) === 0n) positions.delete(position.symbol);
  else
    positions.set(position.symbol, {
      ...position,
      current_price: position.current_price ?? known?.current_price ?? null,
    });
}

function dropOldest<Row>(
  rows: Map<string, Row>,
  most: number,
  droppable: (row: Row) => boolean,
  instant: (row: Row) => string,
): void {
  if (rows.size <= most) return;
  const over = [...rows].filter(([, row]) => droppable(row));
  over.sort(([, left], [, right]) => compareInstants(instant(right), instant(left)));
  for (const [id] of over.slice(most)) rows.delete(id);
}
