//! Owns which parts an order may have: the prices of each type, how long it may work, and what else may be asked of it.
//! One table, as the API documents it; the ticket shows and sends what stands here and nothing else.

import type { OrderClass, OrderType, TimeInForce } from "../../api/types";

/** A figure that belongs to a type, by its name in the API. */
export type PriceField =
  | "limit_price"
  | "stop_price"
  | "trigger_price"
  | "trail_amount"
  | "trail_percent"
  | "limit_offset"
  | "activation_price"
  | "peg.offset"
  | "peg.cap";

/** What else may be asked of an order. */
export type Flag = "extended_hours" | "post_only" | "reduce_only" | "display_qty" | "trigger_source";

/** A trail is one field by either of two names: the person chooses which. */
type Needed = Exclude<PriceField, "trail_amount" | "trail_percent"> | "trail";

interface TypeRule {
  readonly needed: readonly Needed[];
  readonly optional: readonly PriceField[];
  /** Names the worst price to trade at, and so may wait in view of others. */
  readonly hasLimit: boolean;
  /** Waits for a price before it may trade. */
  readonly waits: boolean;
  readonly timesInForce: readonly TimeInForce[];
}

const LASTING: readonly TimeInForce[] = ["DAY", "GTC", "GTD"];
const TAKING: readonly TimeInForce[] = [...LASTING, "IOC", "FOK"];
const EVERY: readonly TimeInForce[] = [...TAKING, "OPG", "CLS"];

const RULES: Record<OrderType, TypeRule> = {
  MARKET: { needed: [], optional: [], hasLimit: false, waits: false, timesInForce: EVERY },
  LIMIT: { needed: ["limit_price"], optional: [], hasLimit: true, waits: false, timesInForce: EVERY },
  STOP: { needed: ["stop_price"], optional: [], hasLimit: false, waits: true, timesInForce: TAKING },
  STOP_LIMIT: {
    needed: ["stop_price", "limit_price"],
    optional: [],
    hasLimit: true,
    waits: true,
    timesInForce: TAKING,
  },
  TRAILING_STOP: {
    needed: ["trail"],
    optional: ["activation_price"],
    hasLimit: false,
    waits: true,
    timesInForce: TAKING,
  },
  TRAILING_STOP_LIMIT: {
    needed: ["trail", "limit_offset"],
    optional: ["activation_price"],
    hasLimit: true,
    waits: true,
    timesInForce: TAKING,
  },
  MARKET_IF_TOUCHED: {
    needed: ["trigger_price"],
    optional: [],
    hasLimit: false,
    waits: true,
    timesInForce: TAKING,
  },
  LIMIT_IF_TOUCHED: {
    needed: ["trigger_price", "limit_price"],
    optional: [],
    hasLimit: true,
    waits: true,
    timesInForce: TAKING,
  },
  // Its limit follows the quote and never reaches the other side: what must trade at once could only end.
  PEGGED: {
    needed: [],
    optional: ["peg.offset", "peg.cap"],
    hasLimit: true,
    waits: false,
    timesInForce: LASTING,
  },
};

/** Every type, in the order in which the ticket offers them. */
export const ORDER_TYPES = Object.keys(RULES) as readonly OrderType[];
export const TIMES_IN_FORCE = EVERY;
export const ORDER_CLASSES: readonly OrderClass[] = ["SIMPLE", "BRACKET", "OCO", "OTO", "OTOCO"];

/** A chain has at most sixteen orders, the first included: the server's limit. */
export const LEGS_MAX = 15;
/** Alternatives are at least two. */
export const legsMin = (orderClass: OrderClass): number => (orderClass === "OTOCO" ? 2 : 1);

/** Whether the class sends an order of a type of its own; an OCO is two exits and no entry. */
export const hasEntry = (orderClass: OrderClass): boolean => orderClass !== "OCO";
export const hasExits = (orderClass: OrderClass): boolean => orderClass === "BRACKET" || orderClass === "OCO";
export const hasLegs = (orderClass: OrderClass): boolean => orderClass === "OTO" || orderClass === "OTOCO";

/** Whether the size may be an amount of money; what follows an order in shares is counted in shares. */
export const allowsAmount = (orderClass: OrderClass): boolean =>
  orderClass === "SIMPLE" || orderClass === "BRACKET";

/** The figures that the type must have, and those that it may. */
export function priceFieldsOf(
  type: OrderType,
  trailBy: "amount" | "percent",
): { readonly needed: readonly PriceField[]; readonly optional: readonly PriceField[] } {
  const trail = trailBy === "amount" ? "trail_amount" : "trail_percent";
  const { needed, optional } = RULES[type];
  return { needed: needed.map((field) => (field === "trail" ? trail : field)), optional };
}

export const trails = (type: OrderType): boolean => RULES[type].needed.includes("trail");
export const waitsForTrigger = (type: OrderType): boolean => RULES[type].waits;

/** How long an order of this type, in this class, may work. */
export const timesInForceOf = (type: OrderType, orderClass: OrderClass): readonly TimeInForce[] =>
  hasEntry(orderClass) ? RULES[type].timesInForce : LASTING;

/** What an order is, as far as the flags that it may have depend on it. */
export interface Kind {
  readonly type: OrderType;
  readonly orderClass: OrderClass;
  readonly timeInForce: TimeInForce;
  readonly sizing: "shares" | "amount";
}

/** What else may be asked of such an order. */
export function flagsOf({ type, orderClass, timeInForce, sizing }: Kind): readonly Flag[] {
  // The two exits of an OCO are of two types: only what suits both is left.
  if (!hasEntry(orderClass)) return ["reduce_only"];
  const { hasLimit, waits } = RULES[type];
  const lasts = LASTING.includes(timeInForce);
  const allowed: Record<Flag, boolean> = {
    extended_hours: type === "LIMIT" && lasts,
    post_only: hasLimit && lasts,
    reduce_only: true,
    display_qty: hasLimit && lasts && sizing === "shares",
    trigger_source: waits,
  };
  return (Object.keys(allowed) as Flag[]).filter((flag) => allowed[flag]);
}
