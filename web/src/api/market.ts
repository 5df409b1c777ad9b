//! Owns the requests about the market: quotes, history, instruments, the clock.

import { answerOf, http } from "./client";
import type { Bar, Instrument, MarketClock, Quote } from "./types";

/** The bar lengths the chart offers, with how far back each one looks. */
export const INTERVALS = [
  { interval: "1m", range: "1d" },
  { interval: "5m", range: "5d" },
  { interval: "15m", range: "1mo" },
  { interval: "1h", range: "1mo" },
  { interval: "1d", range: "1y" },
] as const;
export type Interval = (typeof INTERVALS)[number]["interval"];

export const fetchQuote = (symbol: string): Promise<Quote> =>
  answerOf(http.GET("/api/market/quote/", { params: { query: { symbol } } }));

export async function fetchHistory(symbol: string, interval: Interval, signal?: AbortSignal): Promise<Bar[]> {
  const range = INTERVALS.find((known) => known.interval === interval)?.range ?? "1d";
  const history = await answerOf(
    http.GET("/api/market/history/", {
      params: { query: { symbol, interval, range } },
      ...(signal ? { signal } : {}),
    }),
  );
  return history.results;
}

/** Instruments whose symbol or name answers to the text. */
export async function searchInstruments(
  text: string,
  limit: number,
  signal?: AbortSignal,
): Promise<Instrument[]> {
  const found = await answerOf(
    http.GET("/api/market/instruments/", {
      params: { query: { q: text, limit: String(limit) } },
      ...(signal ? { signal } : {}),
    }),
  );
  return found.results;
}

/** The instrument of exactly this symbol. */
export async function fetchInstrument(symbol: string): Promise<Instrument | null> {
  const found = await searchInstruments(symbol, 20);
  return found.find((instrument) => instrument.symbol === symbol) ?? null;
}

export const fetchClock = (): Promise<MarketClock> => answerOf(http.GET("/api/market/clock/"));
