//! Owns the latest quote of every watched symbol, outside React. Messages only overwrite a map; readers are told at
//! most once per animation frame, so that a thousand ticks a second cost one paint.

import type { Quote } from "../api/types";

type Listener = () => void;

export class QuoteStore {
  readonly #quotes = new Map<string, Quote>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #changed = new Set<string>();
  readonly #schedule: (run: () => void) => void;
  #scheduled = false;

  constructor(schedule: (run: () => void) => void) {
    this.#schedule = schedule;
  }

  read(symbol: string): Quote | undefined {
    return this.#quotes.get(symbol);
  }

  push(quote: Quote): void {
    this.#quotes.set(quote.symbol, quote);
    if (!this.#listeners.has(quote.symbol)) return;
    this.#changed.add(quote.symbol);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => this.#flush());
  }

  /** A quote loaded by request: only where the stream has brought none. */
  seed(quote: Quote): void {
    if (!this.#quotes.has(quote.symbol)) this.push(quote);
  }

  clear(): void {
    this.#quotes.clear();
  }

  subscribe(symbols: readonly string[], listener: Listener): () => void {
    for (const symbol of symbols) {
      const listeners = this.#listeners.get(symbol) ?? new Set();
      listeners.add(listener);
      this.#listeners.set(symbol, listeners);
    }
    return () => {
      for (const symbol of symbols) {
        const listeners = this.#listeners.get(symbol);
        listeners?.delete(listener);
        if (listeners?.size === 0) this.#listeners.delete(symbol);
      }
    };
  }

  #flush(): void {
    this.#scheduled = false;
    const due = new Set<Listener>();
    for (const symbol of this.#changed) {
      for (const listener of this.#listeners.get(symbol) ?? []) due.add(listener);
    }
    this.#changed.clear();
    for (const listener of due) listener();
  }
}

export const quoteStore = new QuoteStore((run) => requestAnimationFrame(run));
