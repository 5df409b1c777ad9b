//! The tables after any order of loading, streaming and resuming.

import { describe, expect, it } from "vitest";
import type { PortfolioMessage, PortfolioNews } from "../api/streamMessages";
import type { Order } from "../api/types";
import { sampleOrder, samplePortfolio, samplePosition, sampleTrade } from "../mocks/samples";
import {
  compareInstants,
  foldMessages,
  foldOrder,
  type Ledger,
  ledgerOf,
  missingParents,
  supersedes,
} from "./fold";

const message = (seq: number, news: PortfolioNews): PortfolioMessage => ({
  portfolioId: "portfolio-1",
  seq,
  time: "",
  ...news,
});

const ledgerWith = (orders: Order[] = []): Ledger =>
  ledgerOf({ portfolio: samplePortfolio(), orders, trades: [], positions: [], tradesComplete: true });

const placed = sampleOrder();
const part = sampleOrder({
  status: "PARTIALLY_FILLED",
  filled_qty: "40",
  leaves_qty: "60",
  updated_at: "2026-11-20T15:00:00.5Z",
});
const filled = sampleOrder({
  status: "FILLED",
  filled_qty: "100",
  leaves_qty: "0",
  updated_at: "2026-11-20T15:00:01Z",
});
const changed = sampleOrder({ revision: 1, limit_price: "10.10", updated_at: "2026-11-20T15:00:00.2Z" });

describe("orders", () => {
  it.each([
    ["a fill follows its placing", filled, placed, true],
    ["its placing does not follow a fill", placed, filled, false],
    ["a closed order never opens again", part, filled, false],
    [
      "a larger fill follows a smaller one at one instant",
      { ...part, updated_at: placed.updated_at },
      placed,
      true,
    ],
    ["a change follows what it changed", changed, placed, true],
    ["what was changed does not follow", placed, changed, false],
    ["the same row may replace itself", placed, placed, true],
  ])("%s", (_rule, next, known, expected) => {
    expect(supersedes(next, known)).toBe(expected);
  });

  it("end alike whatever order loading and messages come in", () => {
    const news = [placed, part, filled].map((data, index) => message(index + 1, { type: "order", data }));
    const streamed = foldMessages(ledgerWith(), news);
    const loadedLate = foldMessages(ledgerWith([filled]), news);
    const repliedLate = foldOrder(streamed, placed);
    for (const ledger of [streamed, loadedLate, repliedLate]) {
      expect([...ledger.orders.values()]).toEqual([filled]);
    }
  });

  it("in both the open and the closed list are one row", () => {
    expect([...ledgerWith([placed, filled]).orders.values()]).toEqual([filled]);
    expect([...ledgerWith([filled, placed]).orders.values()]).toEqual([filled]);
  });
});

describe("chains", () => {
  const entry = sampleOrder({ id: "entry", order_class: "BRACKET", status: "FILLED", leaves_qty: "0" });
  const exit = sampleOrder({ id: "exit", parent_id: "entry", side: "SELL" });

  it("legs that come inside their order are rows like all others, the newest word winning", () => {
    const later = { ...exit, revision: 1, limit_price: "12" };
    const ledger = foldOrder(ledgerWith([later]), { ...entry, legs: [exit] });
    expect([...ledger.orders.keys()].sort()).toEqual(["entry", "exit"]);
    expect(ledger.orders.get("exit")?.limit_price).toBe("12");
  });

  it("name the parents that are not here, once, and only for what is open", () => {
    const second = sampleOrder({ id: "second", parent_id: "entry" });
    const over = sampleOrder({ id: "over", parent_id: "elsewhere", status: "CANCELED" });
    expect(missingParents([exit, second, over])).toEqual(["entry"]);
    expect(missingParents([entry, exit, second])).toEqual([]);
  });

  it("keep an old filled entry as long as its exits are open", () => {
    const newer = Array.from({ length: 1_001 }, (_, index) =>
      sampleOrder({
        id: `o${index}`,
        status: "CANCELED",
        updated_at: new Date(Date.UTC(2026, 11, 1) + index * 1_000).toISOString(),
      }),
    );
    const other = sampleOrder({ id: "other", status: "CANCELED" });
    const ledger = foldMessages(
      ledgerWith([entry, exit, other]),
      newer.map((data, index) => message(index + 1, { type: "order", data })),
    );
    expect(ledger.orders.has("entry")).toBe(true);
    expect(ledger.orders.has("other")).toBe(false);
  });
});

describe("fills, positions and cash", () => {
  it("a fill told twice is one row", () => {
    const news = message(1, { type: "fill", data: sampleTrade() });
    const ledger = foldMessages(foldMessages(ledgerWith(), [news]), [news]);
    expect(ledger.trades.size).toBe(1);
  });

  it("a position comes, changes and goes", () => {
    const bought = foldMessages(ledgerWith(), [message(1, { type: "position", data: samplePosition() })]);
    expect(bought.positions.get("AAPL")?.qty).toBe("100");
    const unpriced = samplePosition({ qty: "60", cost_basis: "600", current_price: null });
    const reduced = foldMessages(bought, [message(2, { type: "position", data: unpriced })]);
    expect(reduced.positions.get("AAPL")).toMatchObject({ qty: "60", current_price: "11" });
    const sold = foldMessages(reduced, [
      message(3, { type: "position", data: samplePosition({ qty: "0" }) }),
    ]);
    expect(sold.positions.size).toBe(0);
  });

  it("cash replaces what it names and nothing else", () => {
    const ledger = foldMessages(ledgerWith(), [
      message(1, { type: "cash", data: { cash: "5", buying_power: "4" } }),
    ]);
    expect(ledger.portfolio).toMatchObject({ name: "Growth", cash: "5", buying_power: "4", reserved: "0" });
  });

  it("kinds unknown to this page leave everything as it is", () => {
    const before = ledgerWith([placed]);
    const after = foldMessages(before, [message(1, { type: "other", data: 7 })]);
    expect([...after.orders]).toEqual([...before.orders]);
  });

  it("old fills beyond the bound are dropped, and the list is then not complete", () => {
    const many = Array.from({ length: 2_001 }, (_, index) =>
      message(index + 1, {
        type: "fill",
        data: sampleTrade({
          id: `t${index}`,
          time: new Date(Date.UTC(2026, 0, 1) + index * 1_000).toISOString(),
        }),
      }),
    );
    const ledger = foldMessages(ledgerWith(), many);
    expect(ledger.trades.size).toBe(2_000);
    expect(ledger.trades.has("t0")).toBe(false);
    expect(ledger.tradesComplete).toBe(false);
  });
});

describe("instants", () => {
  it("are ordered to the nanosecond, with or without a fraction", () => {
    expect(compareInstants("2026-11-20T15:00:00Z", "2026-11-20T15:00:00.1Z")).toBeLessThan(0);
    expect(
      compareInstants("2026-11-20T15:00:00.000000002Z", "2026-11-20T15:00:00.000000001Z"),
    ).toBeGreaterThan(0);
    expect(compareInstants("2026-11-20T15:00:00.5Z", "2026-11-20T15:00:00.500Z")).toBe(0);
  });
});
