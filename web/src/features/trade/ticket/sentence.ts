//! Owns the ticket in words: what the order will do, as one would say it aloud. Pure.

import type { Instrument, MarketClock, Side, TriggerSource } from "../../../api/types";
import { absolute, parseDecimal } from "../../../decimal";
import { formatDayAndTime, formatMoney, formatPrice, formatQty } from "../../../format";
import type { Draft, Leg, Terms } from "../../../store/draft";
import { oppositeOf, sideWord } from "../orderNames";
import { flagsOf, hasEntry, hasExits } from "../orderRules";
import { instantOf } from "./expiry";
import { applied, type ExitField, exitFieldsOf, exitText, sizeText } from "./fields";

/** What the words depend on besides the ticket. */
export interface Setting {
  readonly precision: number;
  /** Until when an order for the day works: `today's close`. */
  readonly dayEnds: string;
}

/** Until when a day order of this instrument works. */
export function dayEndOf(instrument: Instrument | undefined, clock: MarketClock | undefined): string {
  if (instrument?.calendar === "24x7") return "midnight UTC";
  return clock === undefined || clock.is_open ? "today's close" : "the next session's close";
}

/** `Buy 100 AAPL at 10.05 or better until today's close; then sell at 11.00, or stop out at 9.00.` */
export function sentenceOf(typed: Draft, setting: Setting): string {
  const draft = applied(typed);
  const head = `${sideWord(draft.side)} ${whatOf(draft)}`;
  if (!hasEntry(draft.orderClass)) {
    const exits = exitWords(draft, draft.side, setting).join(", or ");
    return `${head} ${exits}, whichever comes first, ${durationOf(draft, setting)}${flagWords(draft)}.`;
  }
  const entry = `${head} ${withDuration(draft, setting)}${flagWords(draft)}`;
  return `${entry}${chainWords(draft, setting)}.`;
}

function whatOf(draft: Draft): string {
  const size = parseDecimal(sizeText(draft));
  return draft.sizing === "shares"
    ? `${size === undefined ? "…" : formatQty(size)} ${draft.symbol}`
    : `${draft.symbol} for $${size === undefined ? "…" : formatMoney(size)}`;
}

/** A plain condition and an end read on; anything longer takes a comma. */
function withDuration(terms: Terms, setting: Setting): string {
  const duration = durationOf(terms, setting);
  const plain = terms.type === "MARKET" || terms.type === "LIMIT";
  return `${conditionOf(terms, setting)}${plain && duration.startsWith("until ") ? " " : ", "}${duration}`;
}

const priceWord = (text: string, precision: number): string =>
  parseDecimal(text) === undefined ? "…" : formatPrice(text, precision);
const figureWord = (text: string): string => (parseDecimal(text) === undefined ? "…" : formatQty(text));

function trailWord({ trailBy, trailAmount, trailPercent }: Terms): string {
  return trailBy === "amount" ? `$${figureWord(trailAmount)}` : `${figureWord(trailPercent)}%`;
}

/** When and at what price it trades. */
function conditionOf(terms: Terms, { precision }: Setting): string {
  const price = (text: string) => priceWord(text, precision);
  const [against, favour] = terms.side === "BUY" ? ["rises to", "falls to"] : ["falls to", "rises to"];
  switch (terms.type) {
    case "MARKET":
      return "at the market";
    case "LIMIT":
      return `at ${price(terms.limitPrice)} or better`;
    case "STOP":
      return `at the market once the price ${against} ${price(terms.stopPrice)}`;
    case "STOP_LIMIT":
      return `at ${price(terms.limitPrice)} or better once the price ${against} ${price(terms.stopPrice)}`;
    case "TRAILING_STOP":
      return `at the market ${turnOf(terms, precision)}`;
    case "TRAILING_STOP_LIMIT": {
      const beyond = terms.side === "BUY" ? "above" : "below";
      return `at most $${figureWord(terms.limitOffset)} ${beyond} its stop ${turnOf(terms, precision)}`;
    }
    case "MARKET_IF_TOUCHED":
      return `at the market once the price ${favour} ${price(terms.triggerPrice)}`;
    case "LIMIT_IF_TOUCHED":
      return `at ${price(terms.limitPrice)} or better once the price ${favour} ${price(terms.triggerPrice)}`;
    case "PEGGED":
      return pegWords(terms, precision);
  }
}

/** When a trailing stop is reached. */
function turnOf(terms: Terms, precision: number): string {
  const [turns, best, reached] =
    terms.side === "BUY" ? ["rises", "low", "fallen"] : ["falls", "high", "risen"];
  const start =
    terms.activationPrice.trim() === ""
      ? ""
      : `, counted from when it has ${reached} to ${priceWord(terms.activationPrice, precision)}`;
  return `once the price ${turns} ${trailWord(terms)} from its ${best}${start}`;
}

function pegWords(terms: Terms, precision: number): string {
  const buys = terms.side === "BUY";
  const offset = parseDecimal(terms.pegOffset === "" ? "0" : terms.pegOffset);
  const distance = offset === undefined ? "…" : `$${formatQty(absolute(offset))}`;
  const isZero = offset === 0n;
  const isBelow = (offset ?? 0n) < 0n;
  const cap =
    terms.pegCap.trim() === ""
      ? ""
      : `, never ${buys ? "above" : "below"} ${priceWord(terms.pegCap, precision)}`;
  const own = buys ? "bid" : "ask";
  const other = buys ? "ask" : "bid";
  // Ahead of its own side and of the middle is towards the other side; behind the other side is away from it.
  const ahead = buys !== isBelow ? "above" : "below";
  const behind = buys !== isBelow ? "below" : "above";
  switch (terms.pegReference) {
    case "PRIMARY":
      return `${isZero ? `at the ${own}` : `${distance} ${ahead} the ${own}`} and following it${cap}`;
    case "MARKET":
      return `${isZero ? `just behind the ${other}` : `${distance} ${behind} the ${other}`} and following it${cap}`;
    case "MIDPOINT":
      return `${isZero ? "at the middle of bid and ask" : `${distance} ${ahead} the middle of bid and ask`} and following it${cap}`;
  }
}

function durationOf(terms: Pick<Terms, "timeInForce" | "expiresAt">, { dayEnds }: Setting): string {
  switch (terms.timeInForce) {
    case "DAY":
      return `until ${dayEnds}`;
    case "GTC":
      return "until you cancel it";
    case "GTD": {
      const end = instantOf(terms.expiresAt);
      return `until ${end === undefined ? "…" : formatDayAndTime(end)}`;
    }
    case "IOC":
      return "at once, cancelling what is not filled";
    case "FOK":
      return "all at once or not at all";
    case "OPG":
      return "in the next opening auction";
    case "CLS":
      return "in the closing auction";
  }
}

const SOURCE_WORDS: Record<TriggerSource, string> = {
  LAST: "",
  BID_ASK: "watching bid and ask",
  MID: "watching the middle of the quote",
  DOUBLE_LAST: "confirmed by two trades in a row",
  DOUBLE_BID_ASK: "confirmed by two quotes in a row",
};

/** What else is asked, each behind a comma. */
function flagWords(draft: Draft): string {
  const flags = flagsOf(draft);
  const words = [
    flags.includes("trigger_source") ? SOURCE_WORDS[draft.triggerSource] : "",
    flags.includes("extended_hours") && draft.extendedHours
      ? "before and after the regular session, too"
      : "",
    flags.includes("post_only") && draft.postOnly ? "only if it can wait" : "",
    flags.includes("display_qty") && draft.displayQty.trim() !== ""
      ? `showing ${figureWord(draft.displayQty)} at a time`
      : "",
    flags.includes("reduce_only") && draft.reduceOnly ? "only to make the position smaller" : "",
  ];
  return words.map((word) => (word === "" ? "" : `, ${word}`)).join("");
}

/** What follows once the order fills. */
function chainWords(draft: Draft, setting: Setting): string {
  if (hasExits(draft.orderClass)) {
    const exit = oppositeOf(draft.side);
    const [first, ...rest] = exitWords(draft, exit, setting);
    if (first === undefined) return "";
    const verb = first.startsWith("stop") ? "" : exit === "SELL" ? "sell " : "buy back ";
    return `; then ${[`${verb}${first}`, ...rest].join(", or ")}`;
  }
  if (draft.legs.length === 0) return "";
  const isChoice = draft.orderClass === "OTOCO";
  const legs = draft.legs.map((leg) => legWords(leg, draft, setting));
  const joined = legs.join(isChoice ? ", or " : ", and ");
  return isChoice ? `; then ${joined}: the first to trade ends the rest` : `; then ${joined}`;
}

/** The exits that are asked for: `at 11.00`, `stop out at 9.00`. */
const exitWords = (draft: Draft, exit: Side, setting: Setting): string[] =>
  exitFieldsOf(draft)
    .map((field) => exitWord(draft, field, exit, setting))
    .filter((word) => word !== "");

function exitWord(draft: Draft, field: ExitField, exit: Side, { precision }: Setting): string {
  const text = exitText(draft, field);
  const [turn, best] = exit === "SELL" ? ["below", "high"] : ["above", "low"];
  switch (field) {
    case "take_profit.limit_price":
      return `at ${priceWord(text, precision)}`;
    case "stop_loss.stop_price": {
      const limit = draft.exits.stopLossLimit.trim();
      const bound = limit === "" ? "" : `, at ${priceWord(limit, precision)} or better`;
      return `stop out at ${priceWord(text, precision)}${bound}`;
    }
    case "stop_loss.limit_price":
      return "";
    case "stop_loss.trail_amount":
      return `stop out $${figureWord(text)} ${turn} the ${best}`;
    case "stop_loss.trail_percent":
      return `stop out ${figureWord(text)}% ${turn} the ${best}`;
  }
}

function legWords(leg: Leg, draft: Draft, setting: Setting): string {
  const own = leg.symbol.trim();
  const symbol = own === "" || own === draft.symbol ? "" : own;
  const size = leg.qty.trim() === "" ? "as many" : figureWord(leg.qty);
  const what = leg.qty.trim() === "" && symbol === "" && draft.orderClass === "OTOCO" ? "" : ` ${size}`;
  const name = symbol === "" ? "" : ` ${symbol}`;
  return `${sideWord(leg.side).toLowerCase()}${what}${name} ${conditionOf(leg, setting)}${legDuration(leg, setting)}`;
}

/** A leg's day begins when it begins to work. */
function legDuration(leg: Leg, setting: Setting): string {
  if (leg.timeInForce === "GTC") return "";
  return leg.timeInForce === "DAY" ? ", for that day" : `, ${durationOf(leg, setting)}`;
}
