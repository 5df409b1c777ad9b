//! Prices a few per cent away, and risk against reward. Figures are worked out by hand.

import { describe, expect, it } from "vitest";
import { type Decimal, parseDecimal, toText, ZERO } from "../../../decimal";
import { sampleInstrument, sampleQuote } from "../../../mocks/samples";
import { type Draft, FIRST_DRAFT } from "../../../store/draft";
import { exitAt, outlookOf } from "./exits";

const decimal = (text: string): Decimal => parseDecimal(text) ?? ZERO;
const funds = { buyingPower: decimal("100000"), sellableQty: decimal("1000") };
const draft = (change: Partial<Draft>): Draft => ({ ...FIRST_DRAFT, orderClass: "BRACKET", ...change });
const textOf = (value: Decimal | undefined) => (value === undefined ? undefined : toText(value));

describe("a price a few per cent from the entry", () => {
  it.each<["profit" | "loss", number, Partial<Draft>, string | undefined]>([
    ["profit", 2, { type: "LIMIT", limitPrice: "10" }, "10.20"],
    ["loss", 2, { type: "LIMIT", limitPrice: "10" }, "9.80"],
    ["profit", 2, { type: "LIMIT", limitPrice: "10", side: "SELL" }, "9.80"],
    ["loss", 2, { type: "LIMIT", limitPrice: "10", side: "SELL" }, "10.20"],
    ["profit", 1, {}, "10.12"], // the ask is 10.02
    ["profit", 5, { orderClass: "OCO", side: "SELL" }, "10.50"], // the bid is 10.00
    ["loss", 5, { orderClass: "OCO", side: "SELL" }, "9.50"],
    ["loss", 1, { type: "LIMIT", limitPrice: "0.5" }, "0.4950"],
    // It hangs on the limit that is still to be typed.
    ["profit", 1, { type: "LIMIT" }, undefined],
  ])("%s %i%% of %o is %s", (kind, percent, change, price) => {
    expect(exitAt(kind, percent, draft(change), sampleQuote(), sampleInstrument())).toBe(price);
  });

  it("is not known without any price", () => {
    expect(exitAt("profit", 1, draft({}), undefined, sampleInstrument())).toBeUndefined();
  });
});

describe("risk and reward", () => {
  const exits = { ...FIRST_DRAFT.exits, takeProfit: "12", stopLoss: "9" };
  const typed: Partial<Draft> = { type: "LIMIT", limitPrice: "10", qty: "100", exits };

  it("are what the exits are worth for the whole quantity", () => {
    const outlook = outlookOf(draft(typed), sampleQuote(), sampleInstrument(), funds);
    expect([textOf(outlook?.reward), textOf(outlook?.risk), textOf(outlook?.ratio)]).toEqual([
      "200",
      "100",
      "2",
    ]);
  });

  it("begin with a trailing stop where it stands first", () => {
    const trailing = { ...exits, stopLossBy: "percent" as const, stopLossPercent: "5" };
    const outlook = outlookOf(draft({ ...typed, exits: trailing }), sampleQuote(), sampleInstrument(), funds);
    expect([textOf(outlook?.stop), textOf(outlook?.risk), textOf(outlook?.ratio)]).toEqual([
      "9.5",
      "50",
      "4",
    ]);
  });

  it("are prices alone without a quantity, and nothing without an exit", () => {
    const sizeless = outlookOf(draft({ ...typed, qty: "" }), sampleQuote(), sampleInstrument(), funds);
    expect([textOf(sizeless?.target), sizeless?.reward]).toEqual(["12", undefined]);
    const bare = { ...typed, exits: FIRST_DRAFT.exits };
    expect(outlookOf(draft(bare), sampleQuote(), sampleInstrument(), funds)).toBeUndefined();
  });
});
