//! Owns the joining of stream, requests and stores for one signed-in person. Invariant: a portfolio is subscribed to
//! before it is loaded, and what arrives meanwhile is kept and applied afterwards, so that nothing falls between the two.

import { browserWorld } from "../api/browserStream";
import { fetchQuote } from "../api/market";
import {
  createPortfolio,
  fetchClosedOrders,
  fetchOpenOrders,
  fetchOrder,
  fetchPortfolio,
  fetchPortfolios,
  fetchPositions,
  fetchTrades,
} from "../api/paper";
import { Problem, unreachable } from "../api/problem";
import { StreamClient } from "../api/stream";
import type { PortfolioMessage } from "../api/streamMessages";
import type { Order, Trade } from "../api/types";
import { heard, statusChanged, useConnection } from "./connection";
import { type Loaded, missingParents } from "./fold";
import { quoteStore } from "./quotes";
import {
  clearTrading,
  ledgerLoaded,
  loadFailed,
  messagesArrived,
  portfolioChosen,
  portfoliosLoaded,
  useTrading,
} from "./trading";

const CHOSEN_KEY = "papertape.portfolio";
/** How long the first rows wait for the stream before they are loaded without it. */
const STREAM_MS_MAX = 1_500;
/** Ended orders that are asked for one by one because open ones hang on them. */
const PARENTS_MAX = 50;

type FillListener = (trades: readonly Trade[]) => void;

class LiveSession {
  readonly #fillListeners = new Set<FillListener>();
  readonly #stream = new StreamClient(browserWorld, {
    onStatus: statusChanged,
    onQuote: (quote) => quoteStore.push(quote),
    onAlive: () => heard(Date.now()),
  });
  #generation = 0;
  #loading = false;
  #waiting: PortfolioMessage[] = [];
  #scheduled = false;

  constructor() {
    addEventListener("online", () => this.#stream.retryNow());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#stream.retryNow();
    });
  }

  /** Signed in: connect, find the portfolios, show the one shown last. */
  async open(): Promise<void> {
    this.#stream.start();
    await this.loadPortfolios();
  }

  /** Signed out: nothing of the person stays. */
  close(): void {
    this.#generation += 1;
    this.#stream.stop();
    this.#waiting = [];
    quoteStore.clear();
    clearTrading();
  }

  /** Finds the person's portfolios, making the first one where there is none. */
  async loadPortfolios(): Promise<void> {
    const generation = this.#generation;
    loadFailed(undefined);
    try {
      const found = await fetchPortfolios();
      const portfolios = found.length > 0 ? found : [await createPortfolio("My first portfolio")];
      if (generation !== this.#generation) return;
      portfoliosLoaded(portfolios);
      const last = localStorage.getItem(CHOSEN_KEY);
      const chosen = portfolios.find((portfolio) => portfolio.id === last) ?? portfolios[0];
      if (chosen !== undefined) this.choose(chosen.id);
    } catch (error) {
      if (generation === this.#generation) loadFailed(asProblem(error));
    }
  }

  choose(portfolioId: string): void {
    localStorage.setItem(CHOSEN_KEY, portfolioId);
    portfolioChosen(portfolioId);
    this.#generation += 1;
    this.#waiting = [];
    this.#stream.follow(portfolioId, {
      onStart: () => {
        this.#waiting = [];
        this.#load(portfolioId);
      },
      onMessage: (message) => this.#arrived(message),
    });
    setTimeout(() => this.#loadWithoutStream(portfolioId), STREAM_MS_MAX);
  }

  /** Tries again what failed. */
  retry(): void {
    this.#stream.retryNow();
    const { portfolioId } = useTrading.getState();
    if (portfolioId === undefined) void this.loadPortfolios();
    else this.#load(portfolioId);
  }

  /** Watches exactly these symbols, and asks once for those the stream is silent about. */
  watch(symbols: readonly string[]): void {
    this.#stream.watch(symbols);
    for (const symbol of symbols) {
      if (quoteStore.read(symbol) !== undefined) continue;
      // A symbol without a quote simply shows none until one arrives.
      fetchQuote(symbol).then(
        (quote) => quoteStore.seed(quote),
        () => undefined,
      );
    }
  }

  /** Tells of fills as they happen; not of those that were loaded. */
  onFills(listener: FillListener): () => void {
    this.#fillListeners.add(listener);
    return () => this.#fillListeners.delete(listener);
  }

  /** Rows are shown even while the stream cannot connect; they are loaded again when it does. */
  #loadWithoutStream(portfolioId: string): void {
    const trading = useTrading.getState();
    if (trading.portfolioId !== portfolioId || trading.ledger !== undefined || this.#loading) return;
    if (useConnection.getState().status !== "live") this.#load(portfolioId);
  }

  #load(portfolioId: string): void {
    this.#generation += 1;
    const generation = this.#generation;
    this.#loading = true;
    loadFailed(undefined);
    loadAll(portfolioId).then(
      (loaded) => {
        if (generation !== this.#generation) return;
        this.#loading = false;
        ledgerLoaded(loaded, this.#take());
      },
      (error: unknown) => {
        // What arrives stays waiting: the next attempt applies it.
        if (generation !== this.#generation) return;
        loadFailed(asProblem(error));
      },
    );
  }

  #arrived(message: PortfolioMessage): void {
    this.#waiting.push(message);
    if (this.#loading || this.#scheduled) return;
    this.#scheduled = true;
    // A hidden page has no frames; a timer still runs there.
    if (document.visibilityState === "visible") requestAnimationFrame(() => this.#flush());
    else setTimeout(() => this.#flush(), 250);
  }

  #flush(): void {
    this.#scheduled = false;
    if (this.#loading) return;
    const messages = this.#take();
    const known = useTrading.getState().ledger?.trades;
    const fills = messages.flatMap((message) =>
      message.type === "fill" && !known?.has(message.data.id) ? [message.data] : [],
    );
    messagesArrived(messages);
    if (fills.length > 0) for (const listener of this.#fillListeners) listener(fills);
  }

  #take(): PortfolioMessage[] {
    const messages = this.#waiting;
    this.#waiting = [];
    return messages;
  }
}

async function loadAll(id: string): Promise<Loaded> {
  const [portfolio, open, closed, { trades, complete }, positions] = await Promise.all([
    fetchPortfolio(id),
    fetchOpenOrders(id),
    fetchClosedOrders(id),
    fetchTrades(id),
    fetchPositions(id),
  ]);
  const orders = [...open, ...closed];
  orders.push(...(await fetchParents(orders)));
  return { portfolio, orders, trades, positions, tradesComplete: complete };
}

/** What open orders hang on and the newest rows do not hold; a leg without its parent still stands by itself. */
async function fetchParents(orders: readonly Order[]): Promise<Order[]> {
  const ids = missingParents(orders).slice(0, PARENTS_MAX);
  const found = await Promise.all(ids.map((id) => fetchOrder(id).catch(() => undefined)));
  return found.filter((order) => order !== undefined);
}

const asProblem = (error: unknown): Problem => (error instanceof Problem ? error : unreachable());

export const live = new LiveSession();
