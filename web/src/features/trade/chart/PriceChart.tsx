//! Owns the drawing of the chart. The library keeps its own picture: this file only tells it what changed.

import { useComputedColorScheme } from "@mantine/core";
import {
  type AutoscaleInfo,
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  HistogramSeries,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  LineStyle,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";
import { useEffect, useMemo, useRef } from "react";
import type { Interval } from "../../../api/market";
import type { Bar } from "../../../api/types";
import { quoteStore } from "../../../store/quotes";
import { useTrading } from "../../../store/trading";
import { markOf } from "../../../store/useQuote";
import { openOrdersOf, usePrecision } from "../data";
import classes from "./ChartPanel.module.css";
import {
  type BarTime,
  type Candle,
  candlesOf,
  fillMarksOf,
  orderLinesOf,
  positionLineOf,
  withLines,
  withPrice,
} from "./chartModel";
import { type ChartColors, chartColors, chartOptions } from "./chartStyle";

interface PriceChartProps {
  symbol: string;
  interval: Interval;
  bars: readonly Bar[];
}

interface Drawing {
  chart: IChartApi;
  candles: ISeriesApi<"Candlestick">;
  volume: ISeriesApi<"Histogram">;
  markers: ISeriesMarkersPluginApi<Time>;
}

const at = (time: BarTime): UTCTimestamp => time as UTCTimestamp;

export function PriceChart({ symbol, interval, bars }: PriceChartProps) {
  const place = useRef<HTMLElement>(null);
  const drawing = useRef<Drawing | undefined>(undefined);
  const newest = useRef<Candle | undefined>(undefined);
  const scheme = useComputedColorScheme("light");
  const precision = usePrecision(symbol);
  const series = useMemo(() => candlesOf(bars), [bars]);

  useEffect(() => {
    if (place.current === null) return undefined;
    const made = draw(place.current);
    drawing.current = made;
    return () => {
      drawing.current = undefined;
      made.chart.remove();
    };
  }, []);

  useEffect(() => {
    const colors = chartColors(scheme);
    const made = drawing.current;
    made?.chart.applyOptions(chartOptions(colors, interval));
    made?.candles.applyOptions({
      upColor: colors.gain,
      wickUpColor: colors.gain,
      borderUpColor: colors.gain,
      downColor: colors.loss,
      wickDownColor: colors.loss,
      borderDownColor: colors.loss,
      priceFormat: { type: "price", precision, minMove: 10 ** -precision },
    });
    made?.volume.setData(
      series.volumes.map(({ time, value, up }) => ({
        time: at(time),
        value,
        color: up ? colors.gainFaint : colors.lossFaint,
      })),
    );
  }, [scheme, interval, precision, series]);

  useEffect(() => {
    newest.current = series.candles.at(-1);
    drawing.current?.candles.setData(series.candles.map((candle) => ({ ...candle, time: at(candle.time) })));
  }, [series]);

  // Newer bars of the same length leave the view where the reader has put it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another bar length is another picture.
  useEffect(() => drawing.current?.chart.timeScale().scrollToRealTime(), [interval]);

  useEffect(() => {
    const update = () => {
      const price = markOf(quoteStore.read(symbol));
      if (price === undefined || newest.current === undefined) return;
      const next = withPrice(newest.current, price, Math.floor(Date.now() / 1000), interval);
      if (next === undefined) return;
      newest.current = next;
      drawing.current?.candles.update({ ...next, time: at(next.time) });
    };
    return quoteStore.subscribe([symbol], update);
  }, [symbol, interval]);

  useFillMarks(drawing, symbol, interval, series.candles, scheme);
  useOrderLines(drawing, symbol, scheme);
  usePositionLine(drawing, symbol, scheme);
  return (
    <figure ref={place} className={classes.chart} aria-label={`Price chart of ${symbol}, ${interval} bars`} />
  );
}

type DrawingRef = { readonly current: Drawing | undefined };

function useFillMarks(
  drawing: DrawingRef,
  symbol: string,
  interval: Interval,
  candles: readonly Candle[],
  scheme: string,
): void {
  const trades = useTrading(({ ledger }) => ledger?.trades);
  useEffect(() => {
    const colors = chartColors(scheme);
    const own = [...(trades?.values() ?? [])].filter((trade) => trade.symbol === symbol);
    drawing.current?.markers.setMarkers(
      fillMarksOf(own, candles, interval).map(({ time, side, text }) => ({
        time: at(time),
        position: side === "BUY" ? "belowBar" : "aboveBar",
        shape: side === "BUY" ? "arrowUp" : "arrowDown",
        color: side === "BUY" ? colors.buy : colors.sell,
        text,
      })),
    );
  }, [drawing, trades, symbol, interval, candles, scheme]);
}

function usePositionLine(drawing: DrawingRef, symbol: string, scheme: string): void {
  const position = useTrading(({ ledger }) => ledger?.positions.get(symbol));
  useEffect(() => {
    const series = drawing.current?.candles;
    const line = positionLineOf(position);
    if (series === undefined || line === undefined) return undefined;
    const drawn = series.createPriceLine({
      ...line,
      color: chartColors(scheme).text,
      lineWidth: 1,
      lineStyle: LineStyle.Dotted,
      axisLabelVisible: true,
    });
    return () => {
      if (drawing.current?.candles === series) series.removePriceLine(drawn);
    };
  }, [drawing, position, scheme]);
}

function useOrderLines(drawing: DrawingRef, symbol: string, scheme: string): void {
  const ledger = useTrading((trading) => trading.ledger);
  const orders = useMemo(
    () => (ledger === undefined ? [] : openOrdersOf(ledger).filter((order) => order.symbol === symbol)),
    [ledger, symbol],
  );
  useEffect(() => {
    const colors: ChartColors = chartColors(scheme);
    const series = drawing.current?.candles;
    const wanted = orderLinesOf(orders);
    const prices = wanted.map((line) => line.price);
    series?.applyOptions({
      autoscaleInfoProvider: (original: () => AutoscaleInfo | null) => {
        const info = original();
        return info?.priceRange ? { ...info, priceRange: withLines(info.priceRange, prices) } : info;
      },
    });
    const lines: IPriceLine[] = wanted.flatMap((line) =>
      series === undefined
        ? []
        : [
            series.createPriceLine({
              price: line.price,
              color: line.side === "BUY" ? colors.buy : colors.sell,
              lineWidth: 1,
              lineStyle: line.dashed ? LineStyle.Dashed : LineStyle.Solid,
              axisLabelVisible: true,
              title: line.title,
            }),
          ],
    );
    return () => {
      if (series !== undefined && drawing.current?.candles === series)
        for (const line of lines) series.removePriceLine(line);
    };
  }, [drawing, orders, scheme]);
}

function draw(place: HTMLElement): Drawing {
  const chart = createChart(place, { autoSize: true });
  const volume = chart.addSeries(HistogramSeries, {
    priceScaleId: "volume",
    priceFormat: { type: "volume" },
    lastValueVisible: false,
    priceLineVisible: false,
  });
  chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
  const candles = chart.addSeries(CandlestickSeries, {});
  candles.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.2 } });
  return { chart, candles, volume, markers: createSeriesMarkers(candles, []) };
}
