//! The quote store tells each reader once per frame, and only of what it reads.

import { describe, expect, it } from "vitest";
import { sampleQuote } from "../mocks/samples";
import { QuoteStore } from "./quotes";

describe("the quote store", () => {
  it("tells a reader once per frame, however many ticks came", () => {
    const frames: (() => void)[] = [];
    const store = new QuoteStore((run) => frames.push(run));
    let told = 0;
    store.subscribe(["AAPL", "MSFT"], () => {
      told += 1;
    });
    for (let tick = 0; tick < 100; tick += 1) {
      store.push(sampleQuote({ last: `${tick}` }));
      store.push(sampleQuote({ symbol: "MSFT" }));
    }
    expect([told, frames.length]).toEqual([0, 1]);
    frames[0]?.();
    expect(told).toBe(1);
    expect(store.read("AAPL")?.last).toBe("99");
  });

  it("does not tell of other symbols, or after leaving", () => {
    const frames: (() => void)[] = [];
    const store = new QuoteStore((run) => frames.push(run));
    let told = 0;
    const leave = store.subscribe(["AAPL"], () => {
      told += 1;
    });
    store.push(sampleQuote({ symbol: "MSFT" }));
    expect(frames).toHaveLength(0);
    leave();
    store.push(sampleQuote());
    for (const frame of frames) frame();
    expect(told).toBe(0);
  });

  it("keeps a streamed quote over a requested one", () => {
    const store = new QuoteStore(() => undefined);
    store.push(sampleQuote({ last: "2" }));
    store.seed(sampleQuote({ last: "1" }));
    expect(store.read("AAPL")?.last).toBe("2");
  });
});
