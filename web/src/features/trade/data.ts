//! Owns what the trading page's parts read: instruments, the clock, closes, and rows picked out of the ledger.

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { fetchClock, fetchHistory, fetchInstrument, type Interval } from "../../api/market";
import type { Bar, Instrument, Order, Position } from "../../api/types";
import { type Decimal, decimalOrZero, parseDecimal, subtract, ZERO } from "../../decimal";
import { precisionOfStep } from "../../format";
import { isOpen, type Ledger } from "../../store/fold";
import { heldBackQty, newestFirst } from "./orderTree";

const DAY_MS = 86_400_000;

export function useInstrument(symbol: string): Instrument | undefined {
  const query = useQuery({
    queryKey: ["instrument", symbol],
    queryFn: () => fetchInstrument(symbol),
    staleTime: Number.POSITIVE_INFINITY,
    enabled: symbol !== "",
  });
  return query.data ?? undefined;
}

export const useClock = () => useQuery({ queryKey: ["clock"], queryFn: fetchClock, refetchInterval: 60_000 });

/** The bars of a chart; the earlier ones stay while those of another interval load. */
export const useHistory = (symbol: string, interval: Interval) =>
  useQuery({
    queryKey: ["history", symbol, interval],
    queryFn: ({ signal }) => fetchHistory(symbol, interval, signal),
    staleTime: interval === "1d" ? 600_000 : 60_000,
    refetchInterval: interval === "1d" ? false : 60_000,
    placeholderData: (earlier, query) =>
      query?.queryKey[1] === symbol ? keepPreviousData(earlier) : undefined,
  });

/** Daily bars, for the previous close and the sparkline. */
export const useDailyBars = (symbol: string): readonly Bar[] | undefined => useHistory(symbol, "1d").data;

/** The day begins at midnight UTC, as the daily bars do. */
export const dayStartOf = (now: number): string => new Date(Math.floor(now / DAY_MS) * DAY_MS).toISOString();

/** The close of the last day before today. */
export function previousCloseOf(bars: readonly Bar[] | undefined, now: number): Decimal | undefined {
  const today = dayStartOf(now).slice(0, 10);
  return parseDecimal(bars?.findLast((bar) => bar.time.slice(0, 10) < today)?.close);
}

export const usePreviousClose = (symbol: string): Decimal | undefined => {
  const bars = useDailyBars(symbol);
  return useMemo(() => previousCloseOf(bars, Date.now()), [bars]);
};

export const openOrdersOf = (ledger: Ledger): Order[] =>
  [...ledger.orders.values()].filter(isOpen).sort(newestFirst);

export const positionsOf = (ledger: Ledger): Position[] =>
  [...ledger.positions.values()].sort((left, right) => (left.symbol < right.symbol ? -1 : 1));

/** What is held of a symbol and not already offered by open sell orders. */
export function sellableQtyOf(ledger: Ledger, symbol: string): Decimal {
  const held = decimalOrZero(ledger.positions.get(symbol)?.qty);
  const free = subtract(held, heldBackQty(ledger.orders.values(), symbol));
  return free > 0n ? free : ZERO;
}

/** How many digits this symbol's prices have after the point. */
export const usePrecision = (symbol: string): number => precisionOfStep(useInstrument(symbol)?.tick_size);
