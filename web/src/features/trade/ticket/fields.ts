//! Owns the fields of a ticket: their names in the API, the text typed into each, and which of them are there. Pure.

import type { Draft, Leg, Terms } from "../../../store/draft";
import {
  allowsAmount,
  type Flag,
  flagsOf,
  hasEntry,
  hasExits,
  hasLegs,
  type PriceField,
  priceFieldsOf,
  timesInForceOf,
} from "../orderRules";

export type { PriceField } from "../orderRules";

/** A field of any order, by its name in the API. */
export type TermField =
  | "side"
  | "type"
  | "symbol"
  | "qty"
  | "time_in_force"
  | "expires_at"
  | "peg.reference"
  | PriceField;
export type ExitField =
  | "take_profit.limit_price"
  | "stop_loss.stop_price"
  | "stop_loss.limit_price"
  | "stop_loss.trail_amount"
  | "stop_loss.trail_percent";
/** A field of the whole ticket, as the server names it when it is at fault. */
export type Field =
  | TermField
  | "notional"
  | "order_class"
  | "legs"
  | Flag
  | ExitField
  | `legs.${number}.${TermField}`;
export type FieldErrors = Partial<Record<Field, string>>;

/** Where the figures of a type are kept in a draft. */
export const KEYS = {
  qty: "qty",
  limit_price: "limitPrice",
  stop_price: "stopPrice",
  trigger_price: "triggerPrice",
  trail_amount: "trailAmount",
  trail_percent: "trailPercent",
  limit_offset: "limitOffset",
  activation_price: "activationPrice",
  "peg.offset": "pegOffset",
  "peg.cap": "pegCap",
} as const satisfies Record<PriceField | "qty", keyof Terms>;

/** The text typed into a figure's field. */
export const textOf = (terms: Terms, field: keyof typeof KEYS): string => terms[KEYS[field]];

export const sizeField = (draft: Pick<Draft, "sizing">): "qty" | "notional" =>
  draft.sizing === "shares" ? "qty" : "notional";
export const sizeText = (draft: Pick<Draft, "sizing" | "qty" | "notional">): string =>
  draft.sizing === "shares" ? draft.qty : draft.notional;

/**
 * The draft as it would be sent: what its type and class do not allow is set to what they do. What was typed stays in the
 * draft itself, and is there again when the type is chosen again.
 */
export function applied(draft: Draft): Draft {
  const times = timesInForceOf(draft.type, draft.orderClass);
  const timeInForce = times.includes(draft.timeInForce) ? draft.timeInForce : "DAY";
  const sizing = allowsAmount(draft.orderClass) ? draft.sizing : "shares";
  return { ...draft, timeInForce, sizing, legs: hasLegs(draft.orderClass) ? appliedLegs(draft) : [] };
}

/** Alternatives trade one thing in one direction: that of the first of them. */
function appliedLegs({ legs, orderClass }: Draft): readonly Leg[] {
  const [first] = legs;
  return legs.map((leg) => {
    const timeInForce = timesInForceOf(leg.type, "SIMPLE").includes(leg.timeInForce)
      ? leg.timeInForce
      : "GTC";
    if (orderClass !== "OTOCO" || first === undefined) return { ...leg, timeInForce };
    return { ...leg, timeInForce, side: first.side, symbol: first.symbol, qty: "" };
  });
}

/** The figures of the ticket's own order, or of a leg; an OCO has none. */
export const figuresOf = (terms: Terms): readonly PriceField[] => {
  const { needed, optional } = priceFieldsOf(terms.type, terms.trailBy);
  return [...needed, ...optional];
};

/** The fields of the two exits that are asked for. */
export function exitFieldsOf({ orderClass, exits }: Draft): readonly ExitField[] {
  if (!hasExits(orderClass)) return [];
  const both = orderClass === "OCO";
  const profit: ExitField[] = both || exits.withTakeProfit ? ["take_profit.limit_price"] : [];
  return both || exits.withStopLoss ? [...profit, ...stopFieldsOf(exits.stopLossBy)] : profit;
}

function stopFieldsOf(by: Draft["exits"]["stopLossBy"]): readonly ExitField[] {
  switch (by) {
    case "price":
      return ["stop_loss.stop_price", "stop_loss.limit_price"];
    case "amount":
      return ["stop_loss.trail_amount"];
    case "percent":
      return ["stop_loss.trail_percent"];
  }
}

/** The text typed into an exit's field. */
export function exitText({ exits }: Pick<Draft, "exits">, field: ExitField): string {
  switch (field) {
    case "take_profit.limit_price":
      return exits.takeProfit;
    case "stop_loss.stop_price":
      return exits.stopLoss;
    case "stop_loss.limit_price":
      return exits.stopLossLimit;
    case "stop_loss.trail_amount":
      return exits.stopLossAmount;
    case "stop_loss.trail_percent":
      return exits.stopLossPercent;
  }
}

/** Every field that the ticket shows now, in its order: where a refusal can stand. */
export function fieldsOf(draft: Draft): readonly Field[] {
  const own: Field[] = hasEntry(draft.orderClass) ? ["type", ...figuresOf(draft)] : [];
  if (hasEntry(draft.orderClass) && draft.type === "PEGGED") own.push("peg.reference");
  const end: Field[] = draft.timeInForce === "GTD" ? ["expires_at"] : [];
  const legs = draft.legs.flatMap((leg, index) =>
    legFieldsOf(draft, leg).map((field) => legField(index, field)),
  );
  const parts: Field[] = hasLegs(draft.orderClass) ? ["legs"] : [];
  return [
    sizeField(draft),
    ...own,
    "time_in_force",
    ...end,
    "order_class",
    ...exitFieldsOf(draft),
    ...parts,
    ...legs,
    ...flagsOf(draft),
  ];
}

/** The fields of a leg: as many of an alternative as its order has. */
export function legFieldsOf({ orderClass }: Pick<Draft, "orderClass">, leg: Leg): readonly TermField[] {
  const size: TermField[] = orderClass === "OTO" ? ["qty"] : [];
  const peg: TermField[] = leg.type === "PEGGED" ? ["peg.reference"] : [];
  const end: TermField[] = leg.timeInForce === "GTD" ? ["expires_at"] : [];
  return ["symbol", "side", "type", ...size, ...figuresOf(leg), ...peg, "time_in_force", ...end];
}

export const legField = (index: number, field: TermField): Field => `legs.${index}.${field}`;

/** Which part of the ticket a field stands in: parts that are folded away open when something in them is wrong. */
export type Part = "order" | "linked" | "options";

export function partOf(field: Field): Part {
  if (field === "order_class" || field === "legs" || /^(legs|take_profit|stop_loss)\./.test(field))
    return "linked";
  const flags: readonly string[] = [
    "extended_hours",
    "post_only",
    "reduce_only",
    "display_qty",
    "trigger_source",
  ];
  return flags.includes(field) ? "options" : "order";
}
