//! The ticket's derivations: fields, checks, request, sentence, cost and quick sizes. Figures are worked out by hand.

import { describe, expect, it } from "vitest";
import { Problem } from "../../../api/problem";
import { type Decimal, parseDecimal, toText, ZERO } from "../../../decimal";
import { sampleInstrument, sampleQuote } from "../../../mocks/samples";
import { type Draft, FIRST_DRAFT } from "../../../store/draft";
import { estimateOf, type Funds, quickSize } from "./estimate";
import { requestOf, sentenceOf, validate } from "./ticketModel";
import { failureOf } from "./useSubmit";

const decimal = (text: string): Decimal => parseDecimal(text) ?? ZERO;
const draft = (change: Partial<Draft>): Draft => ({ ...FIRST_DRAFT, ...change });
const funds: Funds = { buyingPower: decimal("1000"), sellableQty: decimal("70") };

describe("the sentence", () => {
  it.each<[Partial<Draft>, string]>([
    [{ qty: "100" }, "Buy 100 AAPL at the market, today only."],
    [{ type: "LIMIT", qty: "100", limitPrice: "10.05" }, "Buy 100 AAPL at 10.05 or better, today only."],
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
      "Sell 5 AAPL at the market once the price falls 2.5% from its high, today only.",
    ],
    [
      { type: "TRAILING_STOP", trailBy: "amount", qty: "5", trailAmount: "0.5" },
      "Buy 5 AAPL at the market once the price rises $0.5 from its low, today only.",
    ],
    [
      { sizing: "amount", notional: "500", timeInForce: "IOC" },
      "Buy AAPL for $500.00 at the market, at once, cancelling what is not filled.",
    ],
    [{ type: "LIMIT" }, "Buy … AAPL at … or better, today only."],
  ])("for %o", (change, sentence) => {
    expect(sentenceOf(draft(change), 2)).toBe(sentence);
  });
});

describe("validation", () => {
  it.each<[Partial<Draft>, string[]]>([
    [{ qty: "1" }, []],
    [{ qty: "" }, ["qty"]],
    [{ qty: "0" }, ["qty"]],
    [{ qty: "-1" }, ["qty"]],
    [{ qty: "1e3" }, ["qty"]],
    [{ qty: "1.5" }, ["qty"]],
    [{ sizing: "amount", notional: "12.5" }, []],
    [{ sizing: "amount", notional: "x" }, ["notional"]],
    [{ type: "LIMIT", qty: "1" }, ["limit_price"]],
    [{ type: "LIMIT", qty: "1", limitPrice: "10.005" }, ["limit_price"]],
    [{ type: "LIMIT", qty: "1", limitPrice: "0.5001" }, []],
    [{ type: "STOP_LIMIT", qty: "1" }, ["limit_price", "stop_price"]],
    [{ type: "TRAILING_STOP", qty: "1" }, ["trail_percent"]],
    [{ type: "TRAILING_STOP", trailBy: "amount", qty: "1", trailAmount: "0.5" }, []],
  ])("of %o finds %j", (change, fields) => {
    expect(Object.keys(validate(draft(change), sampleInstrument())).sort()).toEqual(fields);
  });
});

describe("the request", () => {
  it("has the fields of its type and no others, as typed", () => {
    const typed = draft({
      type: "STOP_LIMIT",
      qty: " 100 ",
      notional: "7",
      limitPrice: "10.10",
      stopPrice: "10.00",
      trailPercent: "3",
    });
    expect(requestOf(typed, "p1")).toEqual({
      portfolio_id: "p1",
      symbol: "AAPL",
      side: "BUY",
      type: "STOP_LIMIT",
      time_in_force: "DAY",
      qty: "100",
      stop_price: "10.00",
      limit_price: "10.10",
    });
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

describe("a failure", () => {
  it("stands at the field it names, where the ticket shows it", () => {
    const refused = new Problem(400, "INVALID_VALUE", "must be above 0", { field: "limit_price" });
    expect(failureOf(refused, draft({ type: "LIMIT" })).fieldErrors).toEqual({
      limit_price: "must be above 0",
    });
    expect(failureOf(refused, draft({ type: "MARKET" })).message).toBe("must be above 0");
  });

  it("says a refusal in words, with the server's figures", () => {
    const refused = new Problem(422, "INSUFFICIENT_BUYING_POWER", "needs 1002.00, 1000.00 is free");
    expect(failureOf(refused, draft({})).message).toContain("more than your buying power");
    expect(failureOf(refused, draft({})).message).toContain("needs 1002.00");
  });

  it("without an answer says that pressing again is safe", () => {
    expect(failureOf(new Problem(0, "UNREACHABLE", "No connection."), draft({})).message).toContain(
      "never placed twice",
    );
  });
});
