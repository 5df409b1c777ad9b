//! The ticket in words. Every sentence is written by hand.

import { describe, expect, it } from "vitest";
import { sampleInstrument } from "../../../mocks/samples";
import { type Draft, FIRST_DRAFT, type Leg, newLeg } from "../../../store/draft";
import { dayEndOf, sentenceOf } from "./sentence";

const say = (change: Partial<Draft>): string =>
  sentenceOf({ ...FIRST_DRAFT, ...change }, { precision: 2, dayEnds: "today's close" });

describe("an order by itself", () => {
  it.each<[Partial<Draft>, string]>([
    [{ qty: "100" }, "Buy 100 AAPL at the market until today's close."],
    [
      { type: "LIMIT", qty: "100", limitPrice: "10.05" },
      "Buy 100 AAPL at 10.05 or better until today's close.",
    ],
    [
      { side: "SELL", type: "STOP", qty: "5", stopPrice: "9.5", timeInForce: "GTC" },
      "Sell 5 AAPL at the market once the price falls to 9.50, until you cancel it.",
    ],
    [
      { type: "STOP_LIMIT", qty: "1", stopPrice: "11", limitPrice: "11.2", timeInForce: "GTC" },
      "Buy 1 AAPL at 11.20 or better once the price rises to 11.00, until you cancel it.",
    ],
    [
      { side: "SELL", type: "TRAILING_STOP", qty: "5", trailPercent: "2.5" },
      "Sell 5 AAPL at the market once the price falls 2.5% from its high, until today's close.",
    ],
    [
      { type: "TRAILING_STOP", trailBy: "amount", qty: "5", trailAmount: "0.5", activationPrice: "9" },
      "Buy 5 AAPL at the market once the price rises $0.5 from its low, counted from when it has fallen to 9.00, until today's close.",
    ],
    [
      { side: "SELL", type: "TRAILING_STOP_LIMIT", qty: "5", trailPercent: "2", limitOffset: "0.05" },
      "Sell 5 AAPL at most $0.05 below its stop once the price falls 2% from its high, until today's close.",
    ],
    [
      { type: "MARKET_IF_TOUCHED", qty: "5", triggerPrice: "9.5" },
      "Buy 5 AAPL at the market once the price falls to 9.50, until today's close.",
    ],
    [
      { side: "SELL", type: "LIMIT_IF_TOUCHED", qty: "5", triggerPrice: "11", limitPrice: "10.9" },
      "Sell 5 AAPL at 10.90 or better once the price rises to 11.00, until today's close.",
    ],
    [
      { type: "PEGGED", qty: "5", pegOffset: "0.02", pegCap: "10.2" },
      "Buy 5 AAPL $0.02 above the bid and following it, never above 10.20, until today's close.",
    ],
    [
      { side: "SELL", type: "PEGGED", pegReference: "MARKET", qty: "5", pegOffset: "0.03" },
      "Sell 5 AAPL $0.03 above the bid and following it, until today's close.",
    ],
    [
      { type: "PEGGED", pegReference: "MARKET", qty: "5" },
      "Buy 5 AAPL just behind the ask and following it, until today's close.",
    ],
    [
      { side: "SELL", type: "PEGGED", pegReference: "MIDPOINT", qty: "5", pegOffset: "-0.01" },
      "Sell 5 AAPL $0.01 above the middle of bid and ask and following it, until today's close.",
    ],
    [
      { sizing: "amount", notional: "500", timeInForce: "IOC" },
      "Buy AAPL for $500.00 at the market, at once, cancelling what is not filled.",
    ],
    [{ type: "LIMIT" }, "Buy … AAPL at … or better until today's close."],
    [{ qty: "1", timeInForce: "FOK" }, "Buy 1 AAPL at the market, all at once or not at all."],
    [{ qty: "1", timeInForce: "OPG" }, "Buy 1 AAPL at the market, in the next opening auction."],
    [{ qty: "1", timeInForce: "CLS" }, "Buy 1 AAPL at the market, in the closing auction."],
    [{ qty: "1", timeInForce: "GTD" }, "Buy 1 AAPL at the market until …."],
    [
      { qty: "9", type: "LIMIT", limitPrice: "1", displayQty: "3", postOnly: true, extendedHours: true },
      "Buy 9 AAPL at 1.00 or better until today's close, before and after the regular session, too, only if it can wait, showing 3 at a time.",
    ],
    [
      { qty: "9", type: "STOP", stopPrice: "11", triggerSource: "DOUBLE_LAST", reduceOnly: true },
      "Buy 9 AAPL at the market once the price rises to 11.00, until today's close, confirmed by two trades in a row, only to make the position smaller.",
    ],
  ])("%o", (change, sentence) => {
    expect(say(change)).toBe(sentence);
  });
});

describe("what hangs on it", () => {
  const exits = { ...FIRST_DRAFT.exits, takeProfit: "11", stopLoss: "9" };
  const bracket: Partial<Draft> = {
    orderClass: "BRACKET",
    type: "LIMIT",
    qty: "100",
    limitPrice: "10.05",
    exits,
  };
  const leg = (change: Partial<Leg>): Leg => ({ ...newLeg(FIRST_DRAFT), ...change });

  it.each<[Partial<Draft>, string]>([
    [
      bracket,
      "Buy 100 AAPL at 10.05 or better until today's close; then sell at 11.00, or stop out at 9.00.",
    ],
    [
      {
        ...bracket,
        side: "SELL",
        exits: { ...exits, takeProfit: "9", stopLoss: "11", stopLossLimit: "11.1" },
      },
      "Sell 100 AAPL at 10.05 or better until today's close; then buy back at 9.00, or stop out at 11.00, at 11.10 or better.",
    ],
    [
      { ...bracket, exits: { ...exits, withTakeProfit: false, stopLossBy: "percent", stopLossPercent: "2" } },
      "Buy 100 AAPL at 10.05 or better until today's close; then stop out 2% below the high.",
    ],
    [
      { ...bracket, exits: { ...exits, withStopLoss: false } },
      "Buy 100 AAPL at 10.05 or better until today's close; then sell at 11.00.",
    ],
    [
      { ...bracket, orderClass: "OCO", side: "SELL", timeInForce: "GTC" },
      "Sell 100 AAPL at 11.00, or stop out at 9.00, whichever comes first, until you cancel it.",
    ],
    [
      {
        qty: "100",
        orderClass: "OTO",
        legs: [
          leg({ type: "LIMIT", limitPrice: "11", qty: "50" }),
          leg({ side: "BUY", symbol: "MSFT", qty: "3" }),
        ],
      },
      "Buy 100 AAPL at the market until today's close; then sell 50 at 11.00 or better, and buy 3 MSFT at the market.",
    ],
    [
      { qty: "100", orderClass: "OTO", legs: [leg({ timeInForce: "DAY" })] },
      "Buy 100 AAPL at the market until today's close; then sell as many at the market, for that day.",
    ],
    [
      {
        qty: "100",
        orderClass: "OTOCO",
        legs: [leg({ type: "LIMIT", limitPrice: "11" }), leg({ type: "STOP", stopPrice: "9" })],
      },
      "Buy 100 AAPL at the market until today's close; then sell at 11.00 or better, or sell at the market once the price falls to 9.00: the first to trade ends the rest.",
    ],
  ])("%o", (change, sentence) => {
    expect(say(change)).toBe(sentence);
  });
});

describe("the end of a day", () => {
  const clock = { time: "", next_open: "", next_close: "", calendars: [] };

  it("is the close of the session, or midnight where nothing closes", () => {
    expect(dayEndOf(sampleInstrument({ calendar: "XNYS" }), { ...clock, is_open: true })).toBe(
      "today's close",
    );
    expect(dayEndOf(sampleInstrument({ calendar: "XNYS" }), { ...clock, is_open: false })).toBe(
      "the next session's close",
    );
    expect(dayEndOf(sampleInstrument({ calendar: "24x7" }), { ...clock, is_open: true })).toBe(
      "midnight UTC",
    );
  });
});
