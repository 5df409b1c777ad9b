//! How bars, prices, fills and orders become a picture.

import { describe, expect, it } from "vitest";
import { parseDecimal, ZERO } from "../../../decimal";
import { sampleOrder, sampleTrade } from "../../../mocks/samples";
import { barTimeOf, candlesOf, fillMarksOf, orderLinesOf, withLines, withPrice } from "./chartModel";

const bar = (time: string, close: string) => ({
  time,
  open: "10",
  high: "12",
  low: "9",
  close,
  volume: "100",
});
const NINE = Date.UTC(2026, 10, 20, 9) / 1000;

describe("candles", () => {
  it("rise in time, each time once, the later row winning", () => {
    const { candles, volumes } = candlesOf([
      bar("2026-11-20T09:05:00Z", "11"),
      bar("2026-11-20T09:00:00Z", "9.5"),
      bar("2026-11-20T09:05:00Z", "10.5"),
    ]);
    expect(candles.map(({ time, close }) => [time, close])).toEqual([
      [NINE, 9.5],
      [NINE + 300, 10.5],
    ]);
    expect(volumes.map(({ up }) => up)).toEqual([false, true]);
  });

  it("follow live prices, and begin anew with the next bar", () => {
    const newest = { time: NINE, open: 10, high: 12, low: 9, close: 11 };
    const price = parseDecimal("12.5") ?? ZERO;
    expect(withPrice(newest, price, NINE + 299, "5m")).toEqual({ ...newest, high: 12.5, close: 12.5 });
    expect(withPrice(newest, price, NINE + 301, "5m")).toEqual({
      time: NINE + 300,
      open: 11,
      high: 12.5,
      low: 11,
      close: 12.5,
    });
    expect(withPrice(newest, price, NINE - 1, "5m")).toBeUndefined();
  });

  it("count bars from the newest, so that a session may begin at half past", () => {
    const halfPast = NINE + 1_800;
    expect(barTimeOf(halfPast + 3_700, halfPast, "1h")).toBe(halfPast + 3_600);
    expect(barTimeOf(halfPast - 1, halfPast, "1h")).toBe(halfPast - 3_600);
  });
});

describe("marks and lines", () => {
  it("place fills on their bar and drop those before the picture", () => {
    const { candles } = candlesOf([bar("2026-11-20T09:00:00Z", "10"), bar("2026-11-20T09:05:00Z", "10")]);
    const trades = [
      sampleTrade({ time: "2026-11-20T09:04:59.9Z" }),
      sampleTrade({ time: "2026-11-20T08:00:00Z", id: "old" }),
    ];
    expect(fillMarksOf(trades, candles, "5m")).toEqual([{ time: NINE, side: "BUY", text: "100" }]);
  });

  it("draw each price an order still works at", () => {
    const stopLimit = sampleOrder({ type: "STOP_LIMIT", stop_price: "11", limit_price: "11.2" });
    expect(orderLinesOf([stopLimit]).map(({ price, dashed }) => [price, dashed])).toEqual([
      [11.2, false],
      [11, true],
    ]);
    expect(orderLinesOf([{ ...stopLimit, triggered: true }]).map(({ price }) => price)).toEqual([11.2]);
    const trailing = sampleOrder({ type: "TRAILING_STOP", limit_price: null, working_price: "9.75" });
    expect(orderLinesOf([trailing]).map(({ price, title }) => [price, title])).toEqual([
      [9.75, "Buy 100 trail"],
    ]);
    expect(orderLinesOf([sampleOrder({ type: "MARKET", limit_price: null })])).toEqual([]);
    const touched = sampleOrder({ type: "MARKET_IF_TOUCHED", limit_price: null, trigger_price: "9" });
    expect(orderLinesOf([touched]).map(({ price, dashed, title }) => [price, dashed, title])).toEqual([
      [9, true, "Buy 100 touch"],
    ]);
    const pegged = sampleOrder({ type: "PEGGED", limit_price: null, working_price: "9.99" });
    expect(orderLinesOf([pegged]).map(({ price, dashed }) => [price, dashed])).toEqual([[9.99, false]]);
  });

  it("of an exit that waits for its entry are dashed and say so", () => {
    const waits = sampleOrder({ side: "SELL", held: true });
    expect(orderLinesOf([waits]).map(({ dashed, title }) => [dashed, title])).toEqual([
      [true, "Sell 100, waits"],
    ]);
  });

  it("widen the range for a near line and not for a far one", () => {
    expect(withLines({ minValue: 10, maxValue: 12 }, [12.5, 40])).toEqual({ minValue: 10, maxValue: 12.5 });
  });
});
