//! Owns how components read live quotes: a component re-renders only for the symbols it names.

import { useCallback, useMemo, useSyncExternalStore } from "react";
import type { Quote } from "../api/types";
import { type Decimal, divide, ONE, parseDecimal, sum } from "../decimal";
import { quoteStore } from "./quotes";

/** The latest quote of one symbol. */
export function useQuote(symbol: string): Quote | undefined {
  const subscribe = useCallback((changed: () => void) => quoteStore.subscribe([symbol], changed), [symbol]);
  return useSyncExternalStore(subscribe, () => quoteStore.read(symbol));
}

/** The marks of several symbols; the map changes its identity when one of them moves. */
export function useMarks(symbols: readonly string[]): ReadonlyMap<string, Decimal> {
  const key = symbols.join(" ");
  const watch = useMemo(() => marksOf(key === "" ? [] : key.split(" ")), [key]);
  return useSyncExternalStore(watch.subscribe, watch.read);
}

/** What a share is worth now: the last trade, else the middle of bid and ask, else whichever side there is. */
export function markOf(quote: Quote | undefined): Decimal | undefined {
  if (quote === undefined) return undefined;
  const last = parseDecimal(quote.last);
  if (last !== undefined) return last;
  const bid = parseDecimal(quote.bid);
  const ask = parseDecimal(quote.ask);
  if (bid === undefined || ask === undefined) return bid ?? ask;
  return divide(sum([bid, ask]), sum([ONE, ONE]));
}

function marksOf(symbols: readonly string[]) {
  let marks: ReadonlyMap<string, Decimal> = new Map();
  let seen: readonly (Quote | undefined)[] = [];
  const read = (): ReadonlyMap<string, Decimal> => {
    const quotes = symbols.map((symbol) => quoteStore.read(symbol));
    if (quotes.length === seen.length && quotes.every((quote, index) => quote === seen[index])) return marks;
    seen = quotes;
    marks = new Map(
      quotes.flatMap((quote) => {
        const mark = markOf(quote);
        return quote === undefined || mark === undefined ? [] : [[quote.symbol, mark] as const];
      }),
    );
    return marks;
  };
  return { read, subscribe: (changed: () => void) => quoteStore.subscribe(symbols, changed) };
}
