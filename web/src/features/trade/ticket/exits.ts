//! Owns what exits are worth before they are sent: prices so many per cent from the entry, and the risk against the reward.
//! Pure; estimates only.

import type { Instrument, Quote } from "../../../api/types";
import {
  absolute,
  add,
  type Decimal,
  divide,
  HUNDRED,
  multiply,
  negate,
  ONE,
  parseDecimal,
  roundTo,
  subtract,
  toText,
} from "../../../decimal";
import { precisionOfStep } from "../../../format";
import type { Draft } from "../../../store/draft";
import { oppositeOf } from "../orderNames";
import { hasEntry } from "../orderRules";
import { estimateOf, expectedPrice, type Funds } from "./estimate";
import { applied, exitFieldsOf } from "./fields";
import { entryPrice } from "./validate";

/** Distances that are one press away, in per cent. */
export const EXIT_STEPS = [1, 2, 5] as const;

/** Where the exits are measured from: the price that the entry names, else what the market asks now. */
export function basePrice(draft: Draft, quote: Quote | undefined): Decimal | undefined {
  if (hasEntry(draft.orderClass)) return entryPrice(draft) ?? expectedPrice(draft, quote);
  return parseDecimal(draft.side === "SELL" ? quote?.bid : quote?.ask) ?? parseDecimal(quote?.last);
}

const exitSideOf = (draft: Draft) => (hasEntry(draft.orderClass) ? oppositeOf(draft.side) : draft.side);

/** An exit's price so many per cent from the entry, on the instrument's steps; undefined while there is no price. */
export function exitAt(
  kind: "profit" | "loss",
  percent: number,
  draft: Draft,
  quote: Quote | undefined,
  instrument: Instrument | undefined,
): string | undefined {
  const base = basePrice(draft, quote);
  if (base === undefined || base <= 0n) return undefined;
  const share = divide(parseDecimal(String(percent)) ?? ONE, HUNDRED) ?? ONE;
  const distance = multiply(base, share);
  const isAbove = (exitSideOf(draft) === "SELL") === (kind === "profit");
  const price = add(base, isAbove ? distance : negate(distance));
  const digits = price < ONE ? 4 : precisionOfStep(instrument?.tick_size);
  return price > 0n ? toText(roundTo(price, digits), digits) : undefined;
}

/** What is won at the target and lost at the stop, for the whole quantity. */
export interface Outlook {
  readonly entry: Decimal;
  readonly target: Decimal | undefined;
  readonly stop: Decimal | undefined;
  /** Missing without a quantity. */
  readonly reward: Decimal | undefined;
  readonly risk: Decimal | undefined;
  /** How many times the risk the reward is, to one digit. */
  readonly ratio: Decimal | undefined;
}

/** Undefined until there is an entry's price and at least one exit. */
export function outlookOf(
  typed: Draft,
  quote: Quote | undefined,
  instrument: Instrument | undefined,
  funds: Funds,
): Outlook | undefined {
  const draft = applied(typed);
  const entry = basePrice(draft, quote);
  if (entry === undefined) return undefined;
  const fields = exitFieldsOf(draft);
  const target = fields.includes("take_profit.limit_price")
    ? parseDecimal(draft.exits.takeProfit)
    : undefined;
  const stop = fields.some((field) => field.startsWith("stop_loss")) ? stopOf(draft, entry) : undefined;
  if (target === undefined && stop === undefined) return undefined;
  const qty = estimateOf(draft, quote, instrument, funds)?.qty;
  const worth = (price: Decimal | undefined) =>
    price === undefined || qty === undefined ? undefined : multiply(absolute(subtract(price, entry)), qty);
  const distances = [target, stop].map((price) =>
    price === undefined ? undefined : absolute(subtract(price, entry)),
  );
  const [far, near] = distances;
  const quotient = far === undefined || near === undefined ? undefined : divide(far, near);
  return {
    entry,
    target,
    stop,
    reward: worth(target),
    risk: worth(stop),
    ratio: quotient === undefined ? undefined : roundTo(quotient, 1),
  };
}

/** Where the stop stands as the order fills; a trailing one moves from there in one's favour alone. */
function stopOf(draft: Draft, entry: Decimal): Decimal | undefined {
  const { exits } = draft;
  const percent = parseDecimal(exits.stopLossPercent);
  const distance =
    exits.stopLossBy === "amount"
      ? parseDecimal(exits.stopLossAmount)
      : percent === undefined
        ? undefined
        : multiply(entry, divide(percent, HUNDRED) ?? ONE);
  if (exits.stopLossBy === "price") return parseDecimal(exits.stopLoss);
  if (distance === undefined) return undefined;
  return exitSideOf(draft) === "SELL" ? subtract(entry, distance) : add(entry, distance);
}
