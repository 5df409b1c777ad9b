//! Owns what can be wrong with a ticket before anything is sent: each fault at the field it stands in. Pure. What depends
//! on the market and the portfolio is the server's to say.

import type { Instrument, OrderClass } from "../../../api/types";
import { type Decimal, isMultipleOf, ONE, parseDecimal } from "../../../decimal";
import { formatPrice, formatQty, precisionOfStep } from "../../../format";
import type { Draft, Leg, Terms } from "../../../store/draft";
import { oppositeOf } from "../orderNames";
import { flagsOf, hasEntry, hasExits, hasLegs, legsMin, type PriceField, priceFieldsOf } from "../orderRules";
import { instantOf } from "./expiry";
import {
  applied,
  type ExitField,
  exitFieldsOf,
  exitText,
  type FieldErrors,
  legField,
  sizeField,
  sizeText,
  type TermField,
  textOf,
} from "./fields";

/** What a check needs to know besides the ticket. */
export interface Surroundings {
  /** Missing while it is being loaded: then steps are left to the server. */
  readonly instrument: Instrument | undefined;
  readonly now: number;
}

/** The server's bound for a trail in per cent. */
const TRAIL_PERCENT_MAX: Decimal = parseDecimal("99") ?? ONE;

/** What is wrong before anything is sent; empty when the ticket can be submitted. */
export function validate(typed: Draft, { instrument, now }: Surroundings): FieldErrors {
  const draft = applied(typed);
  const errors: FieldErrors = {};
  checkSize(draft, instrument, errors);
  if (hasEntry(draft.orderClass)) {
    checkTerms(draft, { instrument, now }, (field, error) => {
      errors[field] = error;
    });
  } else {
    checkEnd(draft, now, (field, error) => {
      errors[field] = error;
    });
  }
  if (flagsOf(draft).includes("display_qty")) checkDisplayed(draft, instrument, errors);
  if (hasExits(draft.orderClass)) checkExits(draft, instrument, errors);
  if (hasLegs(draft.orderClass)) checkLegs(draft, { instrument, now }, errors);
  return errors;
}

type Report = (field: TermField, error: string) => void;

function checkSize(draft: Draft, instrument: Instrument | undefined, errors: FieldErrors): void {
  const size = sizeField(draft);
  const question = size === "qty" ? "How many shares?" : "For what amount?";
  const error =
    checkPositive(sizeText(draft), question) ??
    (size === "qty" ? checkLots(draft.qty, instrument) : undefined);
  if (error !== undefined) errors[size] = error;
}

/** The figures of a type and the end: of the ticket's own order, or of a leg. */
function checkTerms(terms: Terms, { instrument, now }: Surroundings, report: Report): void {
  const { needed, optional } = priceFieldsOf(terms.type, terms.trailBy);
  for (const field of [...needed, ...optional]) {
    const text = textOf(terms, field);
    if (text.trim() === "" && optional.includes(field)) continue;
    const error = checkFigure(field, text, instrument);
    if (error !== undefined) report(field, error);
  }
  checkEnd(terms, now, report);
}

function checkEnd(terms: Terms, now: number, report: Report): void {
  if (terms.timeInForce !== "GTD") return;
  const end = instantOf(terms.expiresAt);
  if (end === undefined) report("expires_at", "Until when? Give a date and a time.");
  else if (end.getTime() <= now) report("expires_at", "That has passed already.");
}

const ASKED: Record<PriceField, string> = {
  limit_price: "At what price, or better?",
  stop_price: "At what price should it trigger?",
  trigger_price: "At what price should it trigger?",
  trail_amount: "How far behind the price, in dollars?",
  trail_percent: "How far behind the price, in per cent?",
  limit_offset: "How far from the stop may it trade?",
  activation_price: "From what price should it follow?",
  "peg.offset": "How far from the quote?",
  "peg.cap": "How far may it follow?",
};

function checkFigure(
  field: PriceField,
  text: string,
  instrument: Instrument | undefined,
): string | undefined {
  // An offset below nothing lies on the other side of what it follows.
  const error = field === "peg.offset" ? checkNumber(text) : checkPositive(text, ASKED[field]);
  if (error !== undefined) return error;
  if (field === "trail_percent") return checkPercent(text);
  return checkTick(text, instrument);
}

function checkNumber(text: string): string | undefined {
  return parseDecimal(text) === undefined ? "Write a plain number, such as 0.02." : undefined;
}

function checkPositive(text: string, question: string): string | undefined {
  if (text.trim() === "") return question;
  const value = parseDecimal(text);
  if (value === undefined) return "Write a plain number, such as 10.05.";
  return value > 0n ? undefined : "Must be more than zero.";
}

function checkPercent(text: string): string | undefined {
  const percent = parseDecimal(text);
  return percent !== undefined && percent > TRAIL_PERCENT_MAX ? "At most 99 per cent." : undefined;
}

function checkLots(text: string, instrument: Instrument | undefined): string | undefined {
  const qty = parseDecimal(text);
  const lot = parseDecimal(instrument?.lot_size);
  if (instrument === undefined || qty === undefined || lot === undefined || isMultipleOf(qty, lot))
    return undefined;
  return `${instrument.symbol} trades in steps of ${formatQty(lot)}.`;
}

function checkTick(text: string, instrument: Instrument | undefined): string | undefined {
  const price = parseDecimal(text);
  // Below one the exchange allows finer steps; the server knows which.
  if (instrument === undefined || price === undefined || (price < ONE && price > -ONE)) return undefined;
  const tick = parseDecimal(instrument.tick_size);
  if (tick === undefined || isMultipleOf(price, tick)) return undefined;
  return `${instrument.symbol} is priced in steps of ${formatPrice(tick, precisionOfStep(instrument.tick_size))}.`;
}

function checkDisplayed(draft: Draft, instrument: Instrument | undefined, errors: FieldErrors): void {
  if (draft.displayQty.trim() === "") return;
  const error = checkPositive(draft.displayQty, "") ?? checkLots(draft.displayQty, instrument);
  const [shown, whole] = [parseDecimal(draft.displayQty), parseDecimal(draft.qty)];
  if (error !== undefined) errors.display_qty = error;
  else if (shown !== undefined && whole !== undefined && shown > whole) {
    errors.display_qty = "At most the whole quantity.";
  }
}

const ASKED_OF_EXIT: Record<Exclude<ExitField, "stop_loss.limit_price">, string> = {
  "take_profit.limit_price": "At what price do you take the profit?",
  "stop_loss.stop_price": "At what price do you stop the loss?",
  "stop_loss.trail_amount": "How far behind the price, in dollars?",
  "stop_loss.trail_percent": "How far behind the price, in per cent?",
};

function checkExits(draft: Draft, instrument: Instrument | undefined, errors: FieldErrors): void {
  const fields = exitFieldsOf(draft);
  if (fields.length === 0) errors.order_class = "Choose a take-profit, a stop-loss, or both.";
  for (const field of fields) {
    const text = exitText(draft, field);
    if (field === "stop_loss.limit_price" && text.trim() === "") continue;
    const question = field === "stop_loss.limit_price" ? "" : ASKED_OF_EXIT[field];
    const error =
      checkPositive(text, question) ??
      (field === "stop_loss.trail_percent" ? checkPercent(text) : checkTick(text, instrument));
    if (error !== undefined) errors[field] = error;
  }
  checkSidesOfExits(draft, fields, errors);
}

/** The profit lies beyond the entry and the stop before it, as the exit's side sees it. */
function checkSidesOfExits(draft: Draft, fields: readonly ExitField[], errors: FieldErrors): void {
  const priceAt = (field: ExitField) =>
    fields.includes(field) ? parseDecimal(exitText(draft, field)) : undefined;
  const exitSide = hasEntry(draft.orderClass) ? oppositeOf(draft.side) : draft.side;
  const isBeyond = (price: Decimal, base: Decimal) => (exitSide === "SELL" ? price > base : price < base);
  const [profit, stop, entry] = [
    priceAt("take_profit.limit_price"),
    priceAt("stop_loss.stop_price"),
    entryPrice(draft),
  ];
  const [beyond, before] = exitSide === "SELL" ? ["above", "below"] : ["below", "above"];
  if (entry !== undefined && profit !== undefined && !isBeyond(profit, entry)) {
    errors["take_profit.limit_price"] ??= `Must be ${beyond} the entry's price.`;
  }
  if (entry !== undefined && stop !== undefined && !isBeyond(entry, stop)) {
    errors["stop_loss.stop_price"] ??= `Must be ${before} the entry's price.`;
  }
  if (profit !== undefined && stop !== undefined && !isBeyond(profit, stop)) {
    errors["stop_loss.stop_price"] ??= `Must be ${before} the take-profit.`;
  }
}

/** The price that the entry itself names, where its type has one: what its exits lie around. */
export function entryPrice(draft: Draft): Decimal | undefined {
  if (!hasEntry(draft.orderClass)) return undefined;
  const { needed } = priceFieldsOf(draft.type, draft.trailBy);
  const named = (["limit_price", "stop_price", "trigger_price"] as const).find((field) =>
    needed.includes(field),
  );
  return named === undefined ? undefined : parseDecimal(textOf(draft, named));
}

function checkLegs(draft: Draft, around: Surroundings, errors: FieldErrors): void {
  const missing = missingLegs(draft.orderClass, draft.legs);
  if (missing !== undefined) errors.legs = missing;
  draft.legs.forEach((leg, index) => {
    const same = leg.symbol.trim() === "" || leg.symbol.trim() === draft.symbol;
    const instrument = same ? around.instrument : undefined;
    const report: Report = (field, error) => {
      errors[legField(index, field)] = error;
    };
    checkTerms(leg, { ...around, instrument }, report);
    if (leg.qty.trim() === "") return;
    const error = checkPositive(leg.qty, "") ?? checkLots(leg.qty, instrument);
    if (error !== undefined) report("qty", error);
  });
}

function missingLegs(orderClass: OrderClass, legs: readonly Leg[]): string | undefined {
  if (legs.length >= legsMin(orderClass)) return undefined;
  return orderClass === "OTOCO" ? "Add at least two orders to choose from." : "Add the order that follows.";
}
