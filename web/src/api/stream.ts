//! Owns the one WebSocket: signs in, subscribes, watches for silence and gaps, and comes back after every loss.
//! Never shows a message twice and never skips one: whatever it hands on has the sequence number after the one before.
//! Invariant: `lastSeq` is the newest sequence number handed on, and belongs to `epoch`.

import { type Incoming, type PortfolioMessage, readFrame } from "./streamMessages";
import type { Quote } from "./types";

/** `connecting` has never been live; `reconnecting` was, and is coming back. */
export type StreamStatus = "idle" | "connecting" | "live" | "reconnecting";

/** The part of a WebSocket that the stream uses. */
export interface Socket {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}

/** The outside world, so that tests can stand in for it. */
export interface StreamWorld {
  openSocket(): Socket;
  /** An access token; `renew` after the last one was refused. Undefined when signed out; throws when unreachable. */
  access(need: "any" | "renewed"): Promise<string | undefined>;
  after(milliseconds: number, run: () => void): () => void;
  /** From 0 to below 1. */
  random(): number;
}

/** Follows one portfolio. */
export interface PortfolioFollower {
  /** From here on every message arrives: load everything else now. Called again when the past cannot be resumed. */
  onStart(): void;
  onMessage(message: PortfolioMessage): void;
}

export interface StreamListener {
  onStatus(status: StreamStatus): void;
  onQuote(quote: Quote): void;
  /** Something arrived, if only a heartbeat. */
  onAlive(): void;
}

interface Followed {
  readonly portfolioId: string;
  readonly follower: PortfolioFollower;
  lastSeq: number | undefined;
  epoch: string | undefined;
  /** A heartbeat has shown a head beyond `lastSeq`; a second one in a row means that messages were lost. */
  behindAt: number | undefined;
  /** A resumption was asked for and not yet answered. */
  resuming: boolean;
}

export const SILENCE_MS_MAX = 5_000;
const BACKOFF_MS_FIRST = 250;
const BACKOFF_MS_MAX = 10_000;
const CLOSE_UNAUTHENTICATED = 4001;

/** How long to wait before the next attempt: doubling, with full jitter over the upper half. */
export function backoffOf(attempt: number, random: number): number {
  const ceiling = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_FIRST * 2 ** Math.min(attempt, 16));
  return ceiling / 2 + (ceiling / 2) * random;
}

export class StreamClient {
  readonly #world: StreamWorld;
  readonly #listener: StreamListener;
  #socket: Socket | undefined;
  #status: StreamStatus = "idle";
  #authenticated = false;
  #wasLive = false;
  #attempt = 0;
  #accessNeed: "any" | "renewed" = "any";
  #cancelRetry: (() => void) | undefined;
  #cancelSilence: (() => void) | undefined;
  #followed: Followed | undefined;
  #symbols: readonly string[] = [];
  #running = false;

  constructor(world: StreamWorld, listener: StreamListener) {
    this.#world = world;
    this.#listener = listener;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#connect();
  }

  stop(): void {
    this.#running = false;
    this.#cancelRetry?.();
    this.#drop();
    this.#followed = undefined;
    this.#wasLive = false;
    this.#attempt = 0;
    this.#show("idle");
  }

  /** Tries again now instead of waiting: the network came back, or a person asked. */
  retryNow(): void {
    if (!this.#running || this.#socket !== undefined) return;
    this.#cancelRetry?.();
    this.#connect();
  }

  /** Follows this portfolio instead of the one before. */
  follow(portfolioId: string, follower: PortfolioFollower): void {
    this.#followed = {
      portfolioId,
      follower,
      lastSeq: undefined,
      epoch: undefined,
      behindAt: undefined,
      resuming: false,
    };
    if (this.#authenticated) this.#subscribePortfolio();
  }

  /** Watches exactly these symbols. */
  watch(symbols: readonly string[]): void {
    const fresh = symbols.some((symbol) => !this.#symbols.includes(symbol));
    this.#symbols = symbols;
    if (this.#authenticated && fresh) this.#subscribeQuotes();
  }

  #connect(): void {
    this.#show(this.#wasLive ? "reconnecting" : "connecting");
    const need = this.#accessNeed;
    this.#cancelRetry = undefined;
    let current = true;
    this.#cancelRetry = () => {
      current = false;
    };
    this.#world.access(need).then(
      (token) => {
        if (!current || !this.#running) return;
        this.#cancelRetry = undefined;
        if (token === undefined) this.stop();
        else this.#open(token);
      },
      () => {
        if (current && this.#running) this.#retryLater();
      },
    );
  }

  #open(token: string): void {
    this.#accessNeed = "any";
    const socket = this.#world.openSocket();
    this.#socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ op: "auth", token }));
    socket.onmessage = (event) => {
      if (socket !== this.#socket || typeof event.data !== "string") return;
      this.#heard();
      const incoming = readFrame(event.data);
      if (incoming !== undefined) this.#handle(incoming);
    };
    socket.onclose = (event) => {
      if (socket !== this.#socket) return;
      if (event.code === CLOSE_UNAUTHENTICATED) this.#accessNeed = "renewed";
      this.#reconnect();
    };
    this.#expectSound();
  }

  #handle(incoming: Incoming): void {
    switch (incoming.kind) {
      case "authenticated":
        this.#authenticated = true;
        this.#wasLive = true;
        this.#attempt = 0;
        this.#show("live");
        this.#subscribePortfolio();
        this.#subscribeQuotes();
        return;
      case "subscribed":
        this.#subscribed(incoming.portfolioId, incoming.epoch, incoming.headSeq);
        return;
      case "portfolio":
        this.#sequenced(incoming.message);
        return;
      case "quote":
        this.#listener.onQuote(incoming.quote);
        return;
      case "heartbeat":
        for (const head of incoming.heads) this.#compareHead(head.portfolioId, head.headSeq);
        return;
      case "error":
        this.#refused(incoming.code);
    }
  }

  #subscribePortfolio(): void {
    const followed = this.#followed;
    if (followed === undefined) return;
    followed.resuming = followed.lastSeq !== undefined;
    const resume =
      followed.lastSeq === undefined ? {} : { after_seq: followed.lastSeq, epoch: followed.epoch };
    this.#send({ op: "subscribe", channel: "portfolio", portfolio_id: followed.portfolioId, ...resume });
  }

  #subscribeQuotes(): void {
    if (this.#symbols.length > 0) this.#send({ op: "subscribe", channel: "quotes", symbols: this.#symbols });
  }

  #subscribed(portfolioId: string, epoch: string, headSeq: number): void {
    const followed = this.#followed;
    if (followed?.portfolioId !== portfolioId) return;
    followed.behindAt = undefined;
    followed.resuming = false;
    if (followed.lastSeq !== undefined && followed.epoch === epoch) return;
    followed.epoch = epoch;
    followed.lastSeq = headSeq;
    followed.follower.onStart();
  }

  #sequenced(message: PortfolioMessage): void {
    const followed = this.#followed;
    if (followed?.portfolioId !== message.portfolioId || followed.lastSeq === undefined) return;
    if (message.seq <= followed.lastSeq) return;
    if (message.seq > followed.lastSeq + 1) {
      this.#reconnect();
      return;
    }
    followed.lastSeq = message.seq;
    followed.behindAt = undefined;
    followed.follower.onMessage(message);
  }

  #compareHead(portfolioId: string, headSeq: number): void {
    const followed = this.#followed;
    if (followed?.portfolioId !== portfolioId || followed.lastSeq === undefined) return;
    if (headSeq <= followed.lastSeq) followed.behindAt = undefined;
    else if (followed.behindAt === followed.lastSeq) this.#reconnect();
    else followed.behindAt = followed.lastSeq;
  }

  /** What was missed cannot be resumed: take the stream from now on, and let the follower load the rest anew. */
  #refused(code: string): void {
    const followed = this.#followed;
    if (followed === undefined) return;
    if (!followed.resuming && code !== "EPOCH_CHANGED" && code !== "SEQ_AHEAD") return;
    followed.lastSeq = undefined;
    followed.epoch = undefined;
    this.#subscribePortfolio();
  }

  #reconnect(): void {
    this.#drop();
    if (this.#running) this.#retryLater();
  }

  #retryLater(): void {
    this.#show(this.#wasLive ? "reconnecting" : "connecting");
    const wait = backoffOf(this.#attempt, this.#world.random());
    this.#attempt += 1;
    this.#cancelRetry = this.#world.after(wait, () => this.#connect());
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#authenticated = false;
    this.#cancelSilence?.();
    if (this.#followed !== undefined) this.#followed.behindAt = undefined;
    socket?.close();
  }

  #heard(): void {
    this.#listener.onAlive();
    this.#expectSound();
  }

  #expectSound(): void {
    this.#cancelSilence?.();
    this.#cancelSilence = this.#world.after(SILENCE_MS_MAX, () => this.#reconnect());
  }

  #send(message: object): void {
    this.#socket?.send(JSON.stringify(message));
  }

  #show(status: StreamStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#listener.onStatus(status);
  }
}
