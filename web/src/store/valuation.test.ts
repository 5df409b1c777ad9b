//! What holdings are worth; every expected figure is worked out by hand.

import { describe, expect, it } from "vitest";
import { type Decimal, parseDecimal, toText, ZERO } from "../decimal";
import { samplePosition, sampleTrade } from "../mocks/samples";
import { dayPnlOf, equityOf, tradesOfDay, valuePosition } from "./valuation";

const decimal = (text: string): Decimal => parseDecimal(text) ?? ZERO;
const marks = (...pairs: [string, string][]) =>
  new Map(pairs.map(([symbol, price]) => [symbol, decimal(price)]));
const textOf = (value: Decimal | undefined) => (value === undefined ? undefined : toText(value));

describe("a position", () => {
  it("gains when it is long and the price rises", () => {
    const value = valuePosition(samplePosition(), decimal("10.5"));
    expect([textOf(value.marketValue), textOf(value.unrealizedPnl), textOf(value.unrealizedPercent)]).toEqual(
      ["1050", "50", "5"],
    );
  });

  it("gains when it is short and the price falls", () => {
    const value = valuePosition(samplePosition({ qty: "-100", cost_basis: "-1000" }), decimal("9"));
    expect([textOf(value.marketValue), textOf(value.unrealizedPnl), textOf(value.unrealizedPercent)]).toEqual(
      ["-900", "100", "10"],
    );
  });

  it("falls back on the server's price, and is unknown without any", () => {
    expect(textOf(valuePosition(samplePosition(), undefined).unrealizedPnl)).toBe("100");
    expect(valuePosition(samplePosition({ current_price: null }), undefined).unrealizedPnl).toBeUndefined();
  });
});

describe("equity", () => {
  it("is cash and holdings, an unpriced holding at its cost", () => {
    const held = [
      samplePosition(),
      samplePosition({ symbol: "IBM", qty: "2", cost_basis: "400", current_price: null }),
    ];
    expect(toText(equityOf(decimal("99000"), held, marks(["AAPL", "12"])))).toBe("100600");
  });
});

describe("the day's profit or loss", () => {
  it("is the move since the close for what was held all day", () => {
    const pnl = dayPnlOf({
      positions: [samplePosition()],
      today: [],
      marks: marks(["AAPL", "12"]),
      previousCloses: marks(["AAPL", "11.5"]),
    });
    expect(textOf(pnl)).toBe("50");
  });

  it("counts today's purchase from its price, less the fee", () => {
    const trades = [sampleTrade({ price: "10", qty: "100", fee: "1" })];
    const pnl = dayPnlOf({
      positions: [samplePosition()],
      today: trades,
      marks: marks(["AAPL", "10.5"]),
      previousCloses: new Map(),
    });
    expect(textOf(pnl)).toBe("49");
  });

  it("counts what was sold today although nothing is held now", () => {
    const trades = [sampleTrade({ side: "SELL", price: "12", qty: "100" })];
    const pnl = dayPnlOf({
      positions: [],
      today: trades,
      marks: new Map(),
      previousCloses: marks(["AAPL", "11"]),
    });
    expect(textOf(pnl)).toBe("100");
  });

  it("is unknown rather than wrong without a close, or with fills missing", () => {
    const held = { positions: [samplePosition()], today: [], marks: marks(["AAPL", "12"]) };
    expect(dayPnlOf({ ...held, previousCloses: new Map() })).toBeUndefined();
    const start = "2026-11-20T00:00:00Z";
    expect(tradesOfDay([sampleTrade()], false, start)).toBeUndefined();
    expect(
      tradesOfDay([sampleTrade(), sampleTrade({ time: "2026-11-19T23:59:59Z" })], false, start),
    ).toHaveLength(1);
    expect(dayPnlOf({ ...held, today: undefined, previousCloses: marks(["AAPL", "11"]) })).toBeUndefined();
  });
});
