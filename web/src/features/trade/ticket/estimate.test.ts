//! Cost and quick sizes of a ticket. Figures are worked out by hand.

import { describe, expect, it } from "vitest";
import { type Decimal, parseDecimal, toText, ZERO } from "../../../decimal";
import { sampleInstrument, sampleQuote } from "../../../mocks/samples";
import { type Draft, FIRST_DRAFT } from "../../../store/draft";
import { estimateOf, expectedPrice, type Funds, quickSize } from "./estimate";

const decimal = (text: string): Decimal => parseDecimal(text) ?? ZERO;
const draft = (change: Partial<Draft>): Draft => ({ ...FIRST_DRAFT, ...change });
const funds: Funds = { buyingPower: decimal("1000"), sellableQty: decimal("70") };

describe("the price it would trade near", () => {
  it.each<[Partial<Draft>, string]>([
    [{}, "10.02"],
    [{ side: "SELL" }, "10"],
    [{ type: "LIMIT", limitPrice: "9.5" }, "9.5"],
    [{ type: "STOP", stopPrice: "11" }, "11"],
    [{ type: "STOP_LIMIT", stopPrice: "11", limitPrice: "11.2" }, "11.2"],
    [{ type: "MARKET_IF_TOUCHED", triggerPrice: "9" }, "9"],
    [{ type: "LIMIT_IF_TOUCHED", triggerPrice: "9", limitPrice: "9.1" }, "9.1"],
    [{ type: "TRAILING_STOP", trailPercent: "5" }, "10.02"],
    [{ type: "TRAILING_STOP_LIMIT", trailPercent: "5", limitOffset: "0.1" }, "10.02"],
    [{ type: "PEGGED" }, "10.02"],
    [{ type: "PEGGED", pegCap: "10.01" }, "10.01"],
    [{ orderClass: "OCO", side: "SELL", exits: { ...FIRST_DRAFT.exits, takeProfit: "12" } }, "12"],
  ])("of %o is %s", (change, price) => {
    expect(toText(expectedPrice(draft(change), sampleQuote()) ?? ZERO)).toBe(price);
  });
});

describe("the estimate", () => {
  it("prices a market buy at the ask and a sell at the bid", () => {
    const buy = estimateOf(draft({ qty: "50" }), sampleQuote(), sampleInstrument(), funds);
    expect([toText(buy?.value ?? ZERO), toText(buy?.buyingPowerAfter ?? ZERO)]).toEqual(["501", "499"]);
    const sell = estimateOf(draft({ side: "SELL", qty: "50" }), sampleQuote(), sampleInstrument(), funds);
    expect([toText(sell?.value ?? ZERO), toText(sell?.buyingPowerAfter ?? ZERO)]).toEqual(["500", "1500"]);
  });

  it("turns an amount into whole lots", () => {
    const estimate = estimateOf(
      draft({ sizing: "amount", notional: "100" }),
      sampleQuote(),
      sampleInstrument(),
      funds,
    );
    expect(toText(estimate?.qty ?? ZERO)).toBe("9");
  });

  it("warns of what the server would refuse", () => {
    expect(estimateOf(draft({ qty: "100" }), sampleQuote(), sampleInstrument(), funds)?.warning).toBe(
      "This is more than your buying power.",
    );
    expect(
      estimateOf(draft({ side: "SELL", qty: "71" }), sampleQuote(), sampleInstrument(), funds)?.warning,
    ).toBe("You hold only 70 AAPL that is free to sell.");
  });

  it("does not warn of an order that only reduces", () => {
    const reduces = draft({ side: "SELL", qty: "71", reduceOnly: true });
    expect(estimateOf(reduces, sampleQuote(), sampleInstrument(), funds)?.warning).toBeUndefined();
  });

  it("is silent without a size or a price", () => {
    expect(estimateOf(draft({}), sampleQuote(), sampleInstrument(), funds)).toBeUndefined();
    expect(estimateOf(draft({ qty: "1" }), undefined, sampleInstrument(), funds)).toBeUndefined();
  });
});

describe("quick sizes", () => {
  it.each<[number, Partial<Draft>, string | undefined]>([
    [100, { type: "LIMIT", limitPrice: "10" }, "100"],
    [50, { type: "LIMIT", limitPrice: "10" }, "50"],
    [100, {}, "98"], // 990 of 1000 at 10.02
    [25, { side: "SELL" }, "17"], // 17.5 in whole shares
    [100, { side: "SELL" }, "70"],
    [25, { sizing: "amount", type: "LIMIT", limitPrice: "10" }, "250.00"],
    [100, { type: "LIMIT" }, undefined],
  ])("%i%% of %o is %s", (step, change, size) => {
    expect(quickSize(step, draft(change), sampleQuote(), sampleInstrument(), funds)).toBe(size);
  });
});
