//! Owns how bars, fills and orders become marks on a chart. Pure. Floats appear here and only here: they place pixels.

import type { Interval } from "../../../api/market";
import type { Bar, Order, Position, Trade } from "../../../api/types";
import { type Decimal, decimalOrZero, parseDecimal, toChartNumber } from "../../../decimal";
import { formatQty } from "../../../format";
import { sideWord } from "../orderNames";
import { sizeOf } from "../words";

/** Seconds since 1970 in UTC, at the opening of a bar. */
export type BarTime = number;

export interface Candle {
  readonly time: BarTime;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

const SECONDS: Record<Interval, number> = { "1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "1d": 86_400 };

const secondsOf = (instant: string): number => Math.floor(new Date(instant).getTime() / 1000);

/** The bar that an instant falls into, counted from the newest bar known, so that sessions need not begin on the hour. */
export function barTimeOf(second: number, newest: BarTime, interval: Interval): BarTime {
  const length = SECONDS[interval];
  return newest + Math.floor((second - newest) / length) * length;
}

/** Candles in rising order, each time once, as the chart demands. */
export function candlesOf(bars: readonly Bar[]): {
  candles: Candle[];
  volumes: { time: BarTime; value: number; up: boolean }[];
} {
  const byTime = new Map<BarTime, Bar>();
  for (const bar of bars) byTime.set(secondsOf(bar.time), bar);
  const sorted = [...byTime].sort(([left], [right]) => left - right);
  const figure = (text: string) => toChartNumber(decimalOrZero(text));
  const candles = sorted.map(([time, bar]) => ({
    time,
    open: figure(bar.open),
    high: figure(bar.high),
    low: figure(bar.low),
    close: figure(bar.close),
  }));
  const volumes = sorted.map(([time, bar], index) => {
    const candle = candles[index];
    return { time, value: figure(bar.volume), up: candle === undefined || candle.close >= candle.open };
  });
  return { candles, volumes };
}

/** The newest candle after one more price; undefined when the price is older than it. */
export function withPrice(
  newest: Candle,
  price: Decimal,
  second: number,
  interval: Interval,
): Candle | undefined {
  const time = barTimeOf(second, newest.time, interval);
  const figure = toChartNumber(price);
  if (time < newest.time) return undefined;
  if (time > newest.time)
    return {
      time,
      open: newest.close,
      high: Math.max(newest.close, figure),
      low: Math.min(newest.close, figure),
      close: figure,
    };
  return { ...newest, high: Math.max(newest.high, figure), low: Math.min(newest.low, figure), close: figure };
}

export interface FillMark {
  readonly time: BarTime;
  readonly side: "BUY" | "SELL";
  readonly text: string;
}

/** Own fills, each on the bar it happened in; those before the first bar have no place. */
export function fillMarksOf(
  trades: readonly Trade[],
  candles: readonly Candle[],
  interval: Interval,
): FillMark[] {
  const first = candles[0];
  const newest = candles.at(-1);
  if (first === undefined || newest === undefined) return [];
  return trades
    .map((trade) => ({
      time: barTimeOf(secondsOf(trade.time), newest.time, interval),
      side: trade.side,
      text: formatQty(trade.qty),
    }))
    .filter((mark) => mark.time >= first.time)
    .sort((left, right) => left.time - right.time);
}

export interface OrderLine {
  readonly key: string;
  readonly price: number;
  readonly side: "BUY" | "SELL";
  readonly dashed: boolean;
  readonly title: string;
}

/** A line for each price an open order works at: solid where it waits in view, dashed for what sets it off. */
export function orderLinesOf(orders: readonly Order[]): OrderLine[] {
  return orders.flatMap((order) => {
    const line = (
      kind: "limit" | "stop" | "trail" | "touch",
      text: string | null | undefined,
    ): OrderLine[] => {
      const price = parseDecimal(text);
      if (price === undefined) return [];
      const role = `${kind === "limit" ? "" : ` ${kind}`}${order.held ? ", waits" : ""}`;
      return [
        {
          key: `${order.id} ${kind}`,
          price: toChartNumber(price),
          side: order.side,
          dashed: kind !== "limit" || order.held,
          title: `${sideWord(order.side)} ${sizeOf(order)}${role}`,
        },
      ];
    };
    if (order.type === "PEGGED") return line("limit", order.working_price);
    const limit = line("limit", order.limit_price);
    if (order.triggered) return limit;
    const trails = order.type === "TRAILING_STOP" || order.type === "TRAILING_STOP_LIMIT";
    return [
      ...limit,
      ...(trails ? line("trail", order.working_price) : line("stop", order.stop_price)),
      ...line("touch", order.trigger_price),
    ];
  });
}

/** Where a holding was bought, on average. */
export function positionLineOf(position: Position | undefined): { price: number; title: string } | undefined {
  const price = parseDecimal(position?.avg_price);
  if (position === undefined || price === undefined) return undefined;
  return { price: toChartNumber(price), title: `Holding ${formatQty(position.qty)}` };
}

export interface PriceRange {
  readonly minValue: number;
  readonly maxValue: number;
}

/** The range widened to show order lines near it; a line far away is left out, so that the candles stay readable. */
export function withLines(range: PriceRange, prices: readonly number[]): PriceRange {
  const reach = (range.maxValue - range.minValue) / 2;
  const near = prices.filter((price) => price > range.minValue - reach && price < range.maxValue + reach);
  return { minValue: Math.min(range.minValue, ...near), maxValue: Math.max(range.maxValue, ...near) };
}
