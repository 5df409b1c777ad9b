//! Owns what a ticket means: which fields a type needs, whether they hold, the request they make and the sentence that
//! says it. Pure; every figure stays a decimal.

import type { Instrument, OrderRequest, OrderType, Quote, TimeInForce } from "../../../api/types";
import { type Decimal, isMultipleOf, parseDecimal } from "../../../decimal";
import { formatMoney, formatPrice, formatQty, precisionOfStep } from "../../../format";
import type { Draft } from "../../../store/draft";

/** A field of the ticket, by its name in the API. */
export type Field =
  | "symbol"
  | "qty"
  | "notional"
  | "limit_price"
  | "stop_price"
  | "trail_amount"
  | "trail_percent"
  | "time_in_force";
export type FieldErrors = Partial<Record<Field, string>>;

export const ORDER_TYPES: readonly { type: OrderType; label: string; meaning: string }[] = [
  { type: "MARKET", label: "Market", meaning: "Trades at once at the best price there is." },
  { type: "LIMIT", label: "Limit", meaning: "Trades at your price or better, or waits." },
  { type: "STOP", label: "Stop", meaning: "Becomes a market order when the price reaches your stop." },
  {
    type: "STOP_LIMIT",
    label: "Stop limit",
    meaning: "Becomes a limit order when the price reaches your stop.",
  },
  {
    type: "TRAILING_STOP",
    label: "Trailing stop",
    meaning: "A stop that follows the price when it moves your way.",
  },
];

export const TIMES_IN_FORCE: readonly { value: TimeInForce; label: string; meaning: string }[] = [
  { value: "DAY", label: "Day", meaning: "Until the close of this session." },
  { value: "GTC", label: "Until cancelled", meaning: "Stays until it fills or you cancel it." },
  { value: "IOC", label: "Immediate or cancel", meaning: "Takes what is there now; the rest is cancelled." },
  { value: "FOK", label: "Fill or kill", meaning: "All of it now, or nothing." },
];

/** The price fields that this ticket needs, and no others. */
export function priceFields(draft: Pick<Draft, "type" | "trailBy">): readonly Field[] {
  switch (draft.type) {
    case "MARKET":
      return [];
    case "LIMIT":
      return ["limit_price"];
    case "STOP":
      return ["stop_price"];
    case "STOP_LIMIT":
      return ["stop_price", "limit_price"];
    case "TRAILING_STOP":
      return [draft.trailBy === "amount" ? "trail_amount" : "trail_percent"];
  }
}

export const sizeField = (draft: Pick<Draft, "sizing">): Field =>
  draft.sizing === "shares" ? "qty" : "notional";

/** The text typed into a field. */
export function textOf(draft: Draft, field: Field): string {
  switch (field) {
    case "symbol":
      return draft.symbol;
    case "qty":
      return draft.qty;
    case "notional":
      return draft.notional;
    case "limit_price":
      return draft.limitPrice;
    case "stop_price":
      return draft.stopPrice;
    case "trail_amount":
      return draft.trailAmount;
    case "trail_percent":
      return draft.trailPercent;
    case "time_in_force":
      return draft.timeInForce;
  }
}

/** What is wrong before anything is sent; empty when the ticket can be submitted. */
export function validate(draft: Draft, instrument: Instrument | undefined): FieldErrors {
  const errors: FieldErrors = {};
  const size = sizeField(draft);
  const sizeError = checkPositive(
    textOf(draft, size),
    size === "qty" ? "How many shares?" : "For what amount?",
  );
  if (sizeError !== undefined) errors[size] = sizeError;
  else if (size === "qty" && instrument !== undefined) checkLots(draft.qty, instrument, errors);
  for (const field of priceFields(draft)) {
    const error = checkPositive(textOf(draft, field), ASKED[field] ?? "Fill this in.");
    if (error !== undefined) errors[field] = error;
    else if (instrument !== undefined) checkTick(draft, field, instrument, errors);
  }
  return errors;
}

const ASKED: Partial<Record<Field, string>> = {
  limit_price: "At what price, or better?",
  stop_price: "At what price should it trigger?",
  trail_amount: "How far behind the price, in dollars?",
  trail_percent: "How far behind the price, in per cent?",
};

function checkPositive(text: string, question: string): string | undefined {
  if (text.trim() === "") return question;
  const value = parseDecimal(text);
  if (value === undefined) return "Write a plain number, such as 10.05.";
  return value > 0n ? undefined : "Must be more than zero.";
}

function checkLots(text: string, instrument: Instrument, errors: FieldErrors): void {
  const qty = parseDecimal(text);
  const lot = parseDecimal(instrument.lot_size);
  if (qty === undefined || lot === undefined || isMultipleOf(qty, lot)) return;
  errors.qty = `${instrument.symbol} trades in steps of ${formatQty(lot)}.`;
}

function checkTick(draft: Draft, field: Field, instrument: Instrument, errors: FieldErrors): void {
  if (field !== "limit_price" && field !== "stop_price") return;
  const price = parseDecimal(textOf(draft, field));
  const tick = parseDecimal(instrument.tick_size);
  // Below one the exchange allows finer steps; the server knows which.
  if (price === undefined || tick === undefined || price < 100_000_000n || isMultipleOf(price, tick)) return;
  errors[field] =
    `${instrument.symbol} is priced in steps of ${formatPrice(tick, precisionOfStep(instrument.tick_size))}.`;
}

/** The request, with only the fields that its type has. */
export function requestOf(draft: Draft, portfolioId: string): OrderRequest {
  const request: OrderRequest = {
    portfolio_id: portfolioId,
    symbol: draft.symbol,
    side: draft.side,
    type: draft.type,
    time_in_force: draft.timeInForce,
  };
  for (const field of [sizeField(draft), ...priceFields(draft)]) {
    Object.assign(request, { [field]: textOf(draft, field).trim() });
  }
  return request;
}

/** The ticket in words: `Buy 100 AAPL at 10.05 or better, today only.` */
export function sentenceOf(draft: Draft, precision: number): string {
  const verb = draft.side === "BUY" ? "Buy" : "Sell";
  const size = parseDecimal(textOf(draft, sizeField(draft)));
  const what =
    draft.sizing === "shares"
      ? `${size === undefined ? "…" : formatQty(size)} ${draft.symbol}`
      : `${draft.symbol} for $${size === undefined ? "…" : formatMoney(size)}`;
  return `${verb} ${what} ${conditionOf(draft, precision)}, ${durationOf(draft.timeInForce)}.`;
}

function conditionOf(draft: Draft, precision: number): string {
  const price = (text: string) => (parseDecimal(text) === undefined ? "…" : formatPrice(text, precision));
  const qty = (text: string) => (parseDecimal(text) === undefined ? "…" : formatQty(text));
  const beyond = draft.side === "BUY" ? "rises to" : "falls to";
  switch (draft.type) {
    case "MARKET":
      return "at the market";
    case "LIMIT":
      return `at ${price(draft.limitPrice)} or better`;
    case "STOP":
      return `at the market once the price ${beyond} ${price(draft.stopPrice)}`;
    case "STOP_LIMIT":
      return `at ${price(draft.limitPrice)} or better once the price ${beyond} ${price(draft.stopPrice)}`;
    case "TRAILING_STOP": {
      const trail = draft.trailBy === "amount" ? `$${qty(draft.trailAmount)}` : `${qty(draft.trailPercent)}%`;
      const mark = draft.side === "BUY" ? "rises" : "falls";
      const best = draft.side === "BUY" ? "low" : "high";
      return `at the market once the price ${mark} ${trail} from its ${best}`;
    }
  }
}

function durationOf(timeInForce: TimeInForce): string {
  switch (timeInForce) {
    case "DAY":
      return "today only";
    case "GTC":
      return "until you cancel it";
    case "IOC":
      return "at once, cancelling what is not filled";
    case "FOK":
      return "all at once or not at all";
  }
}

/** The price the order would trade near: what an estimate is made from. */
export function expectedPrice(draft: Draft, quote: Quote | undefined): Decimal | undefined {
  const touch = parseDecimal(draft.side === "BUY" ? quote?.ask : quote?.bid) ?? parseDecimal(quote?.last);
  switch (draft.type) {
    case "MARKET":
    case "TRAILING_STOP":
      return touch;
    case "LIMIT":
    case "STOP_LIMIT":
      return parseDecimal(draft.limitPrice);
    case "STOP":
      return parseDecimal(draft.stopPrice);
  }
}
