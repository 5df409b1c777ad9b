//! The promises of the stream client, against a socket that a test holds in its hand.

import { describe, expect, it } from "vitest";
import { backoffOf, SILENCE_MS_MAX, type Socket, StreamClient, type StreamStatus } from "./stream";

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
};

class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];
  closed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  close(): void {
    this.closed = true;
  }
  receive(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  subscriptions(): Record<string, unknown>[] {
    return this.sent.filter((frame) => frame.op === "subscribe" && frame.channel === "portfolio");
  }
}

class Bench {
  readonly sockets: FakeSocket[] = [];
  readonly timers: { at: number; run: () => void; live: boolean }[] = [];
  readonly needs: string[] = [];
  readonly statuses: StreamStatus[] = [];
  readonly seen: number[] = [];
  readonly quotes: string[] = [];
  starts = 0;
  now = 0;
  token: () => Promise<string | undefined> = async () => "token";

  readonly client = new StreamClient(
    {
      openSocket: () => {
        const socket = new FakeSocket();
        this.sockets.push(socket);
        return socket;
      },
      access: (need) => {
        this.needs.push(need);
        return this.token();
      },
      after: (milliseconds, run) => {
        const timer = { at: this.now + milliseconds, run, live: true };
        this.timers.push(timer);
        return () => {
          timer.live = false;
        };
      },
      random: () => 0.5,
    },
    {
      onStatus: (status) => this.statuses.push(status),
      onQuote: (quote) => this.quotes.push(quote.symbol),
      onAlive: () => undefined,
    },
  );

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("no socket was opened");
    return socket;
  }

  follow(): void {
    this.client.follow("p1", {
      onStart: () => {
        this.starts += 1;
      },
      onMessage: (message) => this.seen.push(message.seq),
    });
  }

  async pass(milliseconds: number): Promise<void> {
    this.now += milliseconds;
    for (const timer of [...this.timers]) {
      if (!timer.live || timer.at > this.now) continue;
      timer.live = false;
      timer.run();
    }
    await settle();
  }

  /** Connected, followed from head 41. */
  async live(): Promise<void> {
    this.client.start();
    this.follow();
    await settle();
    this.authenticate();
    this.subscribed(41);
  }

  authenticate(): void {
    this.socket.onopen?.();
    this.socket.receive({ op: "authenticated" });
  }

  subscribed(head_seq: number, epoch = "e1"): void {
    this.socket.receive({
      op: "subscribed",
      channel: "portfolio",
      portfolio_id: "p1",
      epoch,
      head_seq,
      oldest_seq: 1,
    });
  }

  message(seq: number): void {
    this.socket.receive({ channel: "portfolio", portfolio_id: "p1", seq, type: "cash", time: "", data: {} });
  }

  heartbeat(head_seq: number): void {
    this.socket.receive({
      op: "heartbeat",
      time: "",
      heads: [{ channel: "portfolio", portfolio_id: "p1", head_seq }],
    });
  }
}

describe("the stream client", () => {
  it("sends the token in the first message and in no address", async () => {
    const bench = new Bench();
    await bench.live();
    expect(bench.socket.sent[0]).toEqual({ op: "auth", token: "token" });
    expect(bench.socket.subscriptions()).toEqual([
      { op: "subscribe", channel: "portfolio", portfolio_id: "p1" },
    ]);
    expect(bench.statuses).toEqual(["connecting", "live"]);
    expect(bench.starts).toBe(1);
  });

  it("hands on what follows the head, once and in order", async () => {
    const bench = new Bench();
    await bench.live();
    for (const seq of [40, 41, 42, 42, 43, 42]) bench.message(seq);
    expect(bench.seen).toEqual([42, 43]);
  });

  it("resumes after the last sequence with the epoch", async () => {
    const bench = new Bench();
    await bench.live();
    bench.message(42);
    bench.socket.onclose?.({ code: 1006 });
    expect(bench.statuses.at(-1)).toBe("reconnecting");
    await bench.pass(1_000);
    bench.authenticate();
    expect(bench.socket.subscriptions()).toEqual([
      { op: "subscribe", channel: "portfolio", portfolio_id: "p1", after_seq: 42, epoch: "e1" },
    ]);
    bench.subscribed(44);
    for (const seq of [43, 44]) bench.message(seq);
    expect(bench.seen).toEqual([42, 43, 44]);
    expect(bench.starts).toBe(1);
  });

  it("takes a gap as a loss and resumes before it", async () => {
    const bench = new Bench();
    await bench.live();
    bench.message(42);
    const first = bench.socket;
    bench.message(44);
    expect(first.closed).toBe(true);
    expect(bench.seen).toEqual([42]);
    await bench.pass(1_000);
    bench.authenticate();
    expect(bench.socket.subscriptions()[0]).toMatchObject({ after_seq: 42 });
  });

  it("ignores what a closed socket still says", async () => {
    const bench = new Bench();
    await bench.live();
    const first = bench.socket;
    bench.message(44);
    first.receive({ channel: "portfolio", portfolio_id: "p1", seq: 42, type: "cash", time: "", data: {} });
    expect(bench.seen).toEqual([]);
  });

  it.each(["EPOCH_CHANGED", "SEQ_AHEAD", "SOMETHING_NEW"])(
    "loads anew when resumption answers %s",
    async (code) => {
      const bench = new Bench();
      await bench.live();
      bench.message(42);
      bench.socket.onclose?.({ code: 1001 });
      await bench.pass(1_000);
      bench.authenticate();
      bench.socket.receive({ op: "error", code, message: "" });
      expect(bench.socket.subscriptions().at(-1)).toEqual({
        op: "subscribe",
        channel: "portfolio",
        portfolio_id: "p1",
      });
      bench.subscribed(7, "e2");
      bench.message(8);
      expect(bench.starts).toBe(2);
      expect(bench.seen).toEqual([42, 8]);
    },
  );

  it("loads anew when the epoch is another one without a word", async () => {
    const bench = new Bench();
    await bench.live();
    bench.socket.onclose?.({ code: 1001 });
    await bench.pass(1_000);
    bench.authenticate();
    bench.subscribed(99, "e2");
    bench.message(100);
    expect(bench.starts).toBe(2);
    expect(bench.seen).toEqual([100]);
  });

  it("resumes when two heartbeats show messages that never came", async () => {
    const bench = new Bench();
    await bench.live();
    bench.heartbeat(42);
    expect(bench.socket.closed).toBe(false);
    bench.message(42);
    bench.heartbeat(43);
    bench.heartbeat(43);
    expect(bench.socket.closed).toBe(true);
  });

  it("takes silence as a loss", async () => {
    const bench = new Bench();
    await bench.live();
    await bench.pass(SILENCE_MS_MAX - 1);
    bench.heartbeat(41);
    await bench.pass(SILENCE_MS_MAX - 1);
    expect(bench.socket.closed).toBe(false);
    await bench.pass(1);
    expect(bench.socket.closed).toBe(true);
    expect(bench.statuses.at(-1)).toBe("reconnecting");
  });

  it("asks for a renewed token after a refused one", async () => {
    const bench = new Bench();
    await bench.live();
    bench.socket.onclose?.({ code: 4001 });
    await bench.pass(1_000);
    expect(bench.needs).toEqual(["any", "renewed"]);
  });

  it("keeps trying while the token cannot be had, and stops when signed out", async () => {
    const bench = new Bench();
    bench.token = () => Promise.reject(new Error("unreachable"));
    bench.client.start();
    await settle();
    await bench.pass(1_000);
    expect(bench.needs).toHaveLength(2);
    bench.token = async () => undefined;
    await bench.pass(1_000);
    expect(bench.statuses.at(-1)).toBe("idle");
  });

  it("watches quotes again after coming back", async () => {
    const bench = new Bench();
    await bench.live();
    bench.client.watch(["AAPL", "MSFT"]);
    bench.socket.receive({ channel: "quotes", data: { symbol: "AAPL" } });
    expect(bench.quotes).toEqual(["AAPL"]);
    bench.socket.onclose?.({ code: 4008 });
    await bench.pass(1_000);
    bench.authenticate();
    expect(bench.socket.sent.at(-1)).toEqual({
      op: "subscribe",
      channel: "quotes",
      symbols: ["AAPL", "MSFT"],
    });
  });

  it("is unmoved by frames it cannot read", async () => {
    const bench = new Bench();
    await bench.live();
    for (const data of ["", "{", "null", "[]", '{"channel":"portfolio"}', 7, '{"op":"news"}'])
      bench.socket.onmessage?.({ data });
    bench.message(42);
    expect(bench.seen).toEqual([42]);
  });

  it("follows another portfolio and forgets the one before", async () => {
    const bench = new Bench();
    await bench.live();
    const seen: number[] = [];
    bench.client.follow("p2", { onStart: () => undefined, onMessage: (message) => seen.push(message.seq) });
    bench.socket.receive({
      op: "subscribed",
      channel: "portfolio",
      portfolio_id: "p2",
      epoch: "e1",
      head_seq: 5,
      oldest_seq: 1,
    });
    bench.message(42);
    bench.socket.receive({
      channel: "portfolio",
      portfolio_id: "p2",
      seq: 6,
      type: "cash",
      time: "",
      data: {},
    });
    expect(bench.seen).toEqual([]);
    expect(seen).toEqual([6]);
  });
});

describe("back-off", () => {
  it("doubles up to ten seconds, within its jitter", () => {
    expect([0, 1, 2, 3, 10, 1_000].map((attempt) => backoffOf(attempt, 0))).toEqual([
      125, 250, 500, 1_000, 5_000, 5_000,
    ]);
    expect(backoffOf(0, 0.999)).toBeLessThan(250);
  });
});
