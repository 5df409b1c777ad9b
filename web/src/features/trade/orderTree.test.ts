//! How orders hang together: rows, what a cancel takes with it, and what is held back. Written by hand.

import { describe, expect, it } from "vitest";
import type { Order } from "../../api/types";
import { toText } from "../../decimal";
import { sampleOrder } from "../../mocks/samples";
import { endsWith, heldBackQty, isAlive, rowsOf, treesOf } from "./orderTree";

const at = (second: number) => `2026-11-20T15:00:${String(second).padStart(2, "0")}Z`;
const order = (id: string, change: Partial<Order> = {}) => sampleOrder({ id, ...change });

const entry = order("entry", { order_class: "BRACKET", created_at: at(1) });
const profit = order("profit", {
  parent_id: "entry",
  side: "SELL",
  limit_price: "11",
  held: true,
  created_at: at(1),
});
const stop = order("stop", {
  parent_id: "entry",
  side: "SELL",
  type: "STOP",
  limit_price: null,
  stop_price: "9",
  held: true,
  created_at: at(1),
});
const target = order("target", { order_class: "OCO", side: "SELL", limit_price: "12", created_at: at(3) });
const guard = order("guard", {
  parent_id: "target",
  side: "SELL",
  type: "TRAILING_STOP",
  limit_price: null,
  trail_percent: "2",
  created_at: at(3),
});
const plain = order("plain", { created_at: at(2) });
const first = order("first", { order_class: "OTO", created_at: at(4) });
const follower = order("follower", { parent_id: "first", held: true, created_at: at(4) });
const second = order("second", { parent_id: "first", held: true, created_at: at(5) });
const pick = order("pick", { order_class: "OTOCO", created_at: at(5) });
const one = order("one", { parent_id: "pick", side: "SELL", created_at: at(5) });
const other = order("other", {
  parent_id: "pick",
  side: "SELL",
  type: "STOP",
  stop_price: "9",
  created_at: at(5),
});

const shown = (orders: Order[], folded: string[] = []) =>
  rowsOf(treesOf(orders), new Set(folded)).map(
    (row) => `${"  ".repeat(row.depth)}${row.order.id}: ${row.role}`,
  );

describe("rows", () => {
  it("stand below their parent whatever order they come in, the newest parent first", () => {
    const all = [stop, follower, plain, guard, entry, profit, other, target, second, first, one, pick];
    const expected = [
      "pick: first",
      "  one: alternative",
      "  other: alternative",
      "first: first",
      "  follower: follower",
      "  second: follower",
      "target: take-profit",
      "  guard: stop-loss",
      "plain: single",
      "entry: first",
      "  profit: take-profit",
      "  stop: stop-loss",
    ];
    expect(shown(all)).toEqual(expected);
    expect(shown([...all].reverse())).toEqual(expected);
  });

  it("below a folded one are hidden, and counted", () => {
    const rows = rowsOf(treesOf([entry, profit, stop, plain]), new Set(["entry", "plain"]));
    expect(rows.map((row) => [row.order.id, row.below, row.folded])).toEqual([
      ["plain", 0, false],
      ["entry", 2, true],
    ]);
  });

  it("of a leg's own legs stand below it", () => {
    const own = order("own", { parent_id: "follower", created_at: at(4) });
    expect(shown([own, follower, first])).toEqual([
      "first: first",
      "  follower: follower",
      "    own: follower",
    ]);
  });

  it("without their parent stand by themselves", () => {
    expect(shown([stop])).toEqual(["stop: stop-loss"]);
  });

  it("live as long as one of them is open", () => {
    const done = { status: "FILLED" } as const;
    const alive = (orders: Order[]) => treesOf(orders).filter(isAlive).length;
    expect(alive([{ ...entry, ...done }, profit, { ...stop, ...done }])).toBe(1);
    expect(
      alive([
        { ...entry, ...done },
        { ...profit, ...done },
        { ...stop, ...done },
      ]),
    ).toBe(0);
  });
});

describe("a cancel takes with it", () => {
  const ended = (cancelled: Order, orders: Order[]) =>
    endsWith(cancelled, orders)
      .map(({ id }) => id)
      .sort();

  it.each<[string, Order, Order[], string[]]>([
    ["nothing, for an order by itself", plain, [plain, entry, profit], []],
    ["its exits, for an entry without a fill", entry, [entry, profit, stop], ["profit", "stop"]],
    [
      "nothing, for an entry that is filled in part",
      { ...entry, filled_qty: "40" },
      [entry, profit, stop],
      [],
    ],
    ["the other exit and not the entry", stop, [entry, profit, stop], ["profit"]],
    ["the stop, for the target of an OCO", target, [target, guard], ["guard"]],
    ["the target, for the stop of an OCO", guard, [target, guard], ["target"]],
    ["both, even when one has traded in part", { ...target, filled_qty: "5" }, [target, guard], ["guard"]],
    ["no other follower", follower, [first, follower, second], []],
    ["all followers of an order without a fill", first, [first, follower, second], ["follower", "second"]],
    ["the other alternatives", one, [pick, one, other], ["other"]],
    ["only what is open", entry, [entry, profit, { ...stop, status: "CANCELED" }], ["profit"]],
  ])("%s", (_rule, cancelled, orders, expected) => {
    expect(ended(cancelled, orders)).toEqual(expected);
  });

  it("a leg's own legs", () => {
    const own = order("own", { parent_id: "follower" });
    expect(ended(first, [first, follower, own])).toEqual(["follower", "own"]);
  });
});

describe("what is held back", () => {
  const sells = (change: Partial<Order>) => ({
    side: "SELL" as const,
    held: false,
    leaves_qty: "100",
    ...change,
  });
  const heldBack = (...orders: Order[]) => toText(heldBackQty(orders, "AAPL"));

  it("counts alternatives once, at the most that one of them has left", () => {
    expect(
      heldBack({ ...target, ...sells({ leaves_qty: "60" }) }, { ...guard, ...sells({ leaves_qty: "60" }) }),
    ).toBe("60");
    expect(
      heldBack(
        entry,
        { ...profit, ...sells({ leaves_qty: "40" }) },
        { ...stop, ...sells({ leaves_qty: "30" }) },
      ),
    ).toBe("40");
  });

  it("adds up what stands side by side", () => {
    expect(
      heldBack({ ...plain, ...sells({}) }, { ...target, ...sells({}) }, { ...guard, ...sells({}) }),
    ).toBe("200");
  });

  it("leaves out what waits, what only reduces, what buys, and other symbols", () => {
    expect(
      heldBack(
        entry,
        profit,
        { ...plain, ...sells({ reduce_only: true }) },
        order("buy"),
        order("other", sells({ symbol: "MSFT" })),
      ),
    ).toBe("0");
  });
});
