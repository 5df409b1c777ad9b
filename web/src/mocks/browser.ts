//! Owns the pretend server that `--mode mocks` puts in place of fetch and WebSocket in the browser. Never built into the
//! product: the build fails when its marker is found in the output.

import type { FakeBroker } from "./fakeBroker";
import { FakeServer } from "./fakeServer";

const TICK_MS = 250;
const ANSWER_MS = 60;

const server = new FakeServer(ANSWER_MS);
const sockets = new Set<FakeSocket>();

class FakeSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  #symbols: string[] = [];
  #followed = new Map<FakeBroker, number>();

  constructor() {
    sockets.add(this);
    setTimeout(() => this.onopen?.(), 30);
  }

  send(text: string): void {
    const frame = JSON.parse(text) as {
      op: string;
      channel?: string;
      symbols?: string[];
      portfolio_id?: string;
      after_seq?: number;
    };
    if (frame.op === "auth") this.tell({ op: "authenticated" });
    if (frame.channel === "quotes") this.#symbols = frame.symbols ?? [];
    const broker = server.brokerOf(frame.portfolio_id);
    if (frame.channel !== "portfolio" || broker === undefined) return;
    const head_seq = broker.messages.length;
    this.#followed.set(broker, frame.after_seq ?? head_seq);
    this.tell({
      op: "subscribed",
      channel: "portfolio",
      portfolio_id: broker.id,
      epoch: broker.epoch,
      head_seq,
      oldest_seq: 1,
    });
  }

  close(): void {
    sockets.delete(this);
  }

  pump(moved: readonly string[], beat: boolean): void {
    for (const symbol of moved) {
      if (this.#symbols.includes(symbol)) this.tell({ channel: "quotes", data: server.market.quote(symbol) });
    }
    for (const [broker, seq] of this.#followed) {
      for (const message of broker.messages.slice(seq)) this.tell(message);
      this.#followed.set(broker, broker.messages.length);
    }
    if (beat) this.tell({ op: "heartbeat", time: new Date().toISOString(), heads: [] });
  }

  tell(message: unknown): void {
    setTimeout(() => this.onmessage?.({ data: JSON.stringify(message) }));
  }
}

/** Puts the pretend server in place, with a portfolio that already has a history. */
export function startFake(): void {
  const [growth] = server.brokers;
  if (growth !== undefined) {
    const order = { portfolio_id: growth.id, time_in_force: "DAY" } as const;
    growth.submit({ ...order, symbol: "AAPL", side: "BUY", type: "MARKET", qty: "120" });
    growth.submit({ ...order, symbol: "NVDA", side: "BUY", type: "MARKET", qty: "80" });
    growth.submit({ ...order, symbol: "BTC/USD", side: "BUY", type: "MARKET", qty: "0.25" });
    growth.submit({
      ...order,
      symbol: "AAPL",
      side: "SELL",
      type: "LIMIT",
      qty: "60",
      limit_price: "239.50",
      time_in_force: "GTC",
    });
    growth.submit({ ...order, symbol: "AAPL", side: "BUY", type: "LIMIT", qty: "50", limit_price: "231.20" });
    growth.submit({
      ...order,
      symbol: "NVDA",
      side: "SELL",
      type: "TRAILING_STOP",
      qty: "80",
      trail_percent: "2.5",
      time_in_force: "GTC",
    });
    growth.submit({
      ...order,
      symbol: "MSFT",
      side: "BUY",
      type: "LIMIT",
      qty: "40",
      limit_price: "405.00",
      time_in_force: "GTC",
      order_class: "BRACKET",
      take_profit: { limit_price: "445.00" },
      stop_loss: { stop_price: "395.00", limit_price: "394.00" },
    });
    growth.submit({
      ...order,
      symbol: "NVDA",
      side: "BUY",
      type: "MARKET",
      qty: "25",
      order_class: "BRACKET",
      take_profit: { limit_price: "149.00" },
      stop_loss: { trail_percent: "4" },
    });
    growth.submit({
      ...order,
      symbol: "TSLA",
      side: "BUY",
      type: "LIMIT",
      qty: "5000",
      limit_price: "240.00",
    });
  }
  globalThis.fetch = (input, init) => server.answer(new Request(input, init));
  Object.assign(globalThis, { WebSocket: FakeSocket });
  let beats = 0;
  setInterval(() => {
    beats += 1;
    const moved = server.market.step();
    for (const broker of server.brokers) broker.match();
    for (const socket of sockets) socket.pump(moved, beats % 4 === 0);
  }, TICK_MS);
}
