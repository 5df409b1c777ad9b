//! Owns the symbols a person watches, kept on this device.

import { create } from "zustand";
import { persist } from "zustand/middleware";

/** Watched symbols are quoted all the time, so that their number is bounded. */
export const WATCHED_MAX = 50;

const FIRST_SYMBOLS = [
  "AAPL",
  "MSFT",
  "NVDA",
  "AMZN",
  "GOOGL",
  "META",
  "TSLA",
  "JPM",
  "SPY",
  "QQQ",
  "BTC/USD",
  "ETH/USD",
];

interface Watchlist {
  readonly symbols: readonly string[];
}

export const useWatchlist = create<Watchlist>()(
  persist(() => ({ symbols: FIRST_SYMBOLS as readonly string[] }), { name: "papertape.watchlist" }),
);

export function watchSymbol(symbol: string): void {
  useWatchlist.setState(({ symbols }) =>
    symbols.includes(symbol) || symbols.length >= WATCHED_MAX ? {} : { symbols: [...symbols, symbol] },
  );
}

export function unwatchSymbol(symbol: string): void {
  useWatchlist.setState(({ symbols }) => ({ symbols: symbols.filter((watched) => watched !== symbol) }));
}
