//! Owns a small pretend market for development: a few instruments whose prices wander. Prices are whole cents, so that
//! the fake needs no decimals; it is never part of a production build.

import type { Bar, Instrument, Quote } from "../api/types";

const ROWS: readonly [string, string, string, number][] = [
  ["AAPL", "Apple Inc.", "NASDAQ", 23_412],
  ["MSFT", "Microsoft Corporation", "NASDAQ", 42_150],
  ["NVDA", "NVIDIA Corporation", "NASDAQ", 13_877],
  ["AMZN", "Amazon.com, Inc.", "NASDAQ", 18_905],
  ["GOOGL", "Alphabet Inc. Class A", "NASDAQ", 17_233],
  ["META", "Meta Platforms, Inc.", "NASDAQ", 56_410],
  ["TSLA", "Tesla, Inc.", "NASDAQ", 24_890],
  ["JPM", "JPMorgan Chase & Co.", "NYSE", 22_015],
  ["IBM", "International Business Machines Corporation", "NYSE", 21_140],
  ["SPY", "SPDR S&P 500 ETF Trust", "ARCA", 58_120],
  ["QQQ", "Invesco QQQ Trust", "NASDAQ", 49_833],
  ["BTC/USD", "Bitcoin", "CRYPTO", 6_712_345],
  ["ETH/USD", "Ether", "CRYPTO", 262_410],
];

export const dollars = (cents: number): string =>
  `${cents < 0 ? "-" : ""}${Math.floor(Math.abs(cents) / 100)}.${String(Math.abs(cents) % 100).padStart(2, "0")}`;

/** A repeatable source of chance. */
export function chanceFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

export class FakeMarket {
  readonly #chance = chanceFrom(7);
  readonly #cents = new Map(ROWS.map(([symbol, , , cents]) => [symbol, cents]));

  instruments(text: string): Instrument[] {
    const wanted = text.toLowerCase();
    return ROWS.filter(([symbol, name]) => `${symbol} ${name}`.toLowerCase().includes(wanted)).map(
      instrumentOf,
    );
  }

  knows(symbol: string): boolean {
    return this.#cents.has(symbol);
  }

  bid(symbol: string): number {
    return this.#cents.get(symbol) ?? 0;
  }

  ask(symbol: string): number {
    return this.bid(symbol) + Math.max(1, Math.round(this.bid(symbol) / 20_000));
  }

  /** Puts a bid where a test wants it. */
  put(symbol: string, cents: number): void {
    this.#cents.set(symbol, cents);
  }

  /** Moves some prices; says which. */
  step(): string[] {
    const moved = ROWS.map(([symbol]) => symbol).filter(() => this.#chance() < 0.4);
    for (const symbol of moved) {
      const cents = this.bid(symbol);
      const step = Math.round((this.#chance() - 0.5) * Math.max(4, cents / 2_500));
      this.#cents.set(symbol, Math.max(100, cents + step));
    }
    return moved;
  }

  quote(symbol: string): Quote {
    const size = () => String(100 * (1 + Math.floor(this.#chance() * 9)));
    const [bid, ask] = [this.bid(symbol), this.ask(symbol)];
    return {
      symbol,
      bid: dollars(bid),
      bid_size: size(),
      ask: dollars(ask),
      ask_size: size(),
      last: dollars(this.#chance() < 0.5 ? bid : ask),
      last_size: size(),
      time: new Date().toISOString(),
      stale: false,
      delayed_by_s: 0,
    };
  }

  history(symbol: string, interval: string): Bar[] {
    const seconds = { "1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "1d": 86_400 }[interval] ?? 60;
    const chance = chanceFrom(symbol.length * 131 + symbol.charCodeAt(0) * 7 + seconds);
    const bars: Bar[] = [];
    let close = this.bid(symbol);
    const newest = Math.floor(Date.now() / 1000 / seconds) * seconds;
    for (let index = 0; index < 240; index += 1) {
      const spread = Math.max(3, (close / 900) * Math.sqrt(seconds / 300));
      const open = Math.max(100, Math.round(close + (chance() - 0.49) * 2 * spread));
      const high = Math.round(Math.max(open, close) + chance() * spread);
      const low = Math.max(1, Math.round(Math.min(open, close) - chance() * spread));
      const time = new Date((newest - index * seconds) * 1000).toISOString();
      const volume = String(Math.round(1_000 + chance() * 40_000));
      bars.unshift({
        time,
        open: dollars(open),
        high: dollars(high),
        low: dollars(low),
        close: dollars(close),
        volume,
      });
      close = open;
    }
    return bars;
  }
}

function instrumentOf([symbol, name, exchange]: (typeof ROWS)[number]): Instrument {
  const crypto = exchange === "CRYPTO";
  return {
    symbol,
    name,
    exchange,
    asset_class: crypto ? "crypto" : "equity",
    currency: "USD",
    tick_size: "0.01",
    tick_size_below_one: "0.0001",
    calendar: crypto ? "24x7" : "XNYS",
    lot_size: crypto ? "0.0001" : "1",
    tradable: true,
    shortable: !crypto,
    fractionable: crypto,
    status: "active",
  };
}
