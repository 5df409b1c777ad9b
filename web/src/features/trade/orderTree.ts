//! Owns how orders hang together on the screen: each below the one it belongs to, with what it is there for. Pure.

import type { Order } from "../../api/types";
import { type Decimal, decimalOrZero, larger, sum, ZERO } from "../../decimal";
import { compareInstants, isOpen } from "../../store/fold";

/** What an order is in its chain. */
export type Role = "single" | "first" | "take-profit" | "stop-loss" | "follower" | "alternative";

/** An order with those that hang on it. */
export interface Tree {
  readonly order: Order;
  readonly role: Role;
  readonly children: readonly Tree[];
}

/** A row of a table that shows trees. */
export interface TreeRow {
  readonly order: Order;
  readonly role: Role;
  readonly depth: number;
  /** The order it hangs on, where that is here. */
  readonly parent: Order | undefined;
  /** How many rows hang on it, at any depth. */
  readonly below: number;
  readonly folded: boolean;
}

/** Newest first; an order never changes its place while it is read. */
export const newestFirst = (left: Order, right: Order): number =>
  compareInstants(right.created_at, left.created_at) || (left.id < right.id ? 1 : -1);

/** A chain deeper than the server's largest would be a mistake in the data. */
const DEPTH_MAX = 16;

/** Every order once, as trees, the newest first. A leg whose parent is not here stands by itself. */
export function treesOf(orders: Iterable<Order>): Tree[] {
  const byId = new Map<string, Order>();
  const children = new Map<string, Order[]>();
  for (const order of orders) byId.set(order.id, order);
  for (const order of byId.values()) {
    if (order.parent_id === null || order.parent_id === undefined) continue;
    const siblings = children.get(order.parent_id);
    if (siblings === undefined) children.set(order.parent_id, [order]);
    else siblings.push(order);
  }
  const grow = (order: Order, role: Role, depth: number): Tree => {
    const own = depth < DEPTH_MAX ? (children.get(order.id) ?? []).sort(inTurn) : [];
    return { order, role, children: own.map((child) => grow(child, roleOf(child, order), depth + 1)) };
  };
  return [...byId.values()]
    .filter((order) => !order.parent_id || !byId.has(order.parent_id))
    .sort(newestFirst)
    .map((order) => grow(order, rootRole(order, children.has(order.id)), 0));
}

/** Siblings as they were sent, the one that takes the profit before the one that stops the loss. */
const inTurn = (left: Order, right: Order): number =>
  compareInstants(left.created_at, right.created_at) ||
  Number(isStop(left)) - Number(isStop(right)) ||
  (left.id < right.id ? -1 : 1);

const isStop = (order: Order): boolean =>
  order.stop_price !== null || order.trail_amount !== null || order.trail_percent !== null;

const rootRole = (order: Order, hasLegs: boolean): Role => {
  if (order.order_class === "OCO" && !order.parent_id) return "take-profit";
  if (order.parent_id) return isStop(order) ? "stop-loss" : "follower";
  return hasLegs ? "first" : "single";
};

function roleOf(order: Order, parent: Order): Role {
  switch (parent.order_class) {
    case "OCO":
      return "stop-loss";
    case "BRACKET":
      return isStop(order) ? "stop-loss" : "take-profit";
    case "OTOCO":
      return "alternative";
    case "OTO":
    case "SIMPLE":
      return "follower";
  }
}

export const isAlive = (tree: Tree): boolean => isOpen(tree.order) || tree.children.some(isAlive);

/** Rows from trees: what is folded keeps its own row and hides those below it. */
export function rowsOf(trees: readonly Tree[], folded: ReadonlySet<string>): TreeRow[] {
  const rows: TreeRow[] = [];
  const put = (tree: Tree, depth: number, parent: Order | undefined): void => {
    const isFolded = tree.children.length > 0 && folded.has(tree.order.id);
    const { order, role } = tree;
    rows.push({ order, role, depth, parent, below: sizeBelow(tree), folded: isFolded });
    if (!isFolded) for (const child of tree.children) put(child, depth + 1, order);
  };
  for (const tree of trees) put(tree, 0, undefined);
  return rows;
}

const sizeBelow = (tree: Tree): number =>
  tree.children.reduce((count, child) => count + 1 + sizeBelow(child), 0);

/** Whether of the orders that hang on this one only one can trade in the end. */
const haveAlternatives = (parent: Order): boolean =>
  parent.order_class === "BRACKET" || parent.order_class === "OTOCO" || parent.order_class === "OCO";

/** The open orders that the cancelling of this one would end with it: the server's rules, foretold for the person. */
export function endsWith(order: Order, orders: Iterable<Order>): Order[] {
  const byId = new Map([...orders].map((other) => [other.id, other]));
  const open = [...byId.values()].filter((other) => isOpen(other) && other.id !== order.id);
  const below = (parent: Order): Order[] => open.filter((other) => other.parent_id === parent.id);
  const alternatives = open.filter((other) => areAlternatives(order, other, byId));
  // What is filled of an entry keeps its exits.
  const followers = decimalOrZero(order.filled_qty) === 0n ? below(order) : [];
  const all = [...alternatives, ...followers].flatMap((other) => [other, ...below(other)]);
  return [...new Map(all.map((other) => [other.id, other])).values()].sort(inTurn);
}

/** Whether only one of the two trades in the end. */
function areAlternatives(left: Order, right: Order, orders: ReadonlyMap<string, Order>): boolean {
  if (left.parent_id === right.id) return right.order_class === "OCO";
  if (right.parent_id === left.id) return left.order_class === "OCO";
  const parent = left.parent_id ? orders.get(left.parent_id) : undefined;
  return parent !== undefined && right.parent_id === parent.id && haveAlternatives(parent);
}

/** What open sell orders hold back of a symbol: alternatives once, and nothing for what only reduces or still waits. */
export function heldBackQty(orders: Iterable<Order>, symbol: string): Decimal {
  const all = new Map([...orders].map((order) => [order.id, order]));
  const most = new Map<string, Decimal>();
  for (const order of all.values()) {
    if (!isOpen(order) || order.symbol !== symbol || order.side !== "SELL") continue;
    if (order.held || order.reduce_only) continue;
    const parent = order.parent_id ? all.get(order.parent_id) : undefined;
    const inGroup = parent !== undefined && haveAlternatives(parent);
    // An OCO's first order is itself one of the two; the exits of an entry are a group beside it.
    const group = !inGroup ? order.id : parent.order_class === "OCO" ? parent.id : `below ${parent.id}`;
    most.set(group, larger(decimalOrZero(order.leaves_qty), most.get(group) ?? ZERO));
  }
  return sum([...most.values()]);
}
