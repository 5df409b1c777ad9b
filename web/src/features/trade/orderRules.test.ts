//! Every type with every time in force, flag and class, against a table that was written by hand from the API's rules.

import { describe, expect, it } from "vitest";
import type { OrderClass, OrderType, TimeInForce } from "../../api/types";
import {
  allowsAmount,
  type Flag,
  flagsOf,
  hasEntry,
  ORDER_CLASSES,
  ORDER_TYPES,
  priceFieldsOf,
  TIMES_IN_FORCE,
  timesInForceOf,
} from "./orderRules";

const LETTERS: Record<string, Flag> = {
  x: "extended_hours",
  p: "post_only",
  r: "reduce_only",
  d: "display_qty",
  t: "trigger_source",
};

/** A cell holds the flags of that type and time in force in shares; `-` where the two do not go together. */
const SHARES = `
                     DAY   GTC   GTD   IOC  FOK  OPG  CLS
MARKET               r     r     r     r    r    r    r
LIMIT                xprd  xprd  xprd  r    r    r    r
STOP                 rt    rt    rt    rt   rt   -    -
STOP_LIMIT           prdt  prdt  prdt  rt   rt   -    -
TRAILING_STOP        rt    rt    rt    rt   rt   -    -
TRAILING_STOP_LIMIT  prdt  prdt  prdt  rt   rt   -    -
MARKET_IF_TOUCHED    rt    rt    rt    rt   rt   -    -
LIMIT_IF_TOUCHED     prdt  prdt  prdt  rt   rt   -    -
PEGGED               prd   prd   prd   -    -    -    -
`;

const PRICES: Record<OrderType, { needed: string[]; optional: string[] }> = {
  MARKET: { needed: [], optional: [] },
  LIMIT: { needed: ["limit_price"], optional: [] },
  STOP: { needed: ["stop_price"], optional: [] },
  STOP_LIMIT: { needed: ["limit_price", "stop_price"], optional: [] },
  TRAILING_STOP: { needed: ["trail"], optional: ["activation_price"] },
  TRAILING_STOP_LIMIT: { needed: ["limit_offset", "trail"], optional: ["activation_price"] },
  MARKET_IF_TOUCHED: { needed: ["trigger_price"], optional: [] },
  LIMIT_IF_TOUCHED: { needed: ["limit_price", "trigger_price"], optional: [] },
  PEGGED: { needed: [], optional: ["peg.cap", "peg.offset"] },
};

const sorted = (flags: readonly Flag[]): string[] => [...flags].sort();
const cells = SHARES.trim()
  .split("\n")
  .map((line) => line.trim().split(/\s+/));
const [times = [], ...lines] = cells;
const expectations = lines.flatMap(([type = "", ...flags]) =>
  flags.map((cell, index): [OrderType, TimeInForce, string] => [
    type as OrderType,
    times[index] as TimeInForce,
    cell,
  ]),
);
const flagsIn = (cell: string): string[] => [...cell].map((letter) => LETTERS[letter] ?? letter).sort();

describe("the table", () => {
  it("speaks of every type and every time in force", () => {
    expect(lines.map(([type]) => type).sort()).toEqual([...ORDER_TYPES].sort());
    expect([...times].sort()).toEqual([...TIMES_IN_FORCE].sort());
  });
});

describe("what an order may have", () => {
  it.each(expectations)("%s %s: %s", (type, timeInForce, cell) => {
    const classes: OrderClass[] = ["SIMPLE", "BRACKET", "OTO", "OTOCO"];
    for (const orderClass of classes) {
      expect(timesInForceOf(type, orderClass).includes(timeInForce)).toBe(cell !== "-");
      if (cell === "-") continue;
      const shares = flagsOf({ type, orderClass, timeInForce, sizing: "shares" });
      expect(sorted(shares)).toEqual(flagsIn(cell));
      // A part of an amount cannot be shown.
      const amount = flagsOf({ type, orderClass, timeInForce, sizing: "amount" });
      expect(sorted(amount)).toEqual(flagsIn(cell.replace("d", "")));
    }
  });

  it.each(ORDER_TYPES)("%s has the prices that it needs, and may have others", (type) => {
    for (const trailBy of ["amount", "percent"] as const) {
      const named = (fields: readonly string[]) =>
        fields.map((field) => (field === `trail_${trailBy}` ? "trail" : field)).sort();
      const { needed, optional } = priceFieldsOf(type, trailBy);
      expect({ needed: named(needed), optional: named(optional) }).toEqual(PRICES[type]);
    }
  });
});

describe("classes", () => {
  it("an OCO has no type, lasts, and may only be told to reduce", () => {
    for (const type of ORDER_TYPES) {
      expect(timesInForceOf(type, "OCO")).toEqual(["DAY", "GTC", "GTD"]);
      for (const timeInForce of ["DAY", "GTC", "GTD"] as const) {
        expect(flagsOf({ type, orderClass: "OCO", timeInForce, sizing: "shares" })).toEqual(["reduce_only"]);
      }
    }
    expect(ORDER_CLASSES.filter((orderClass) => !hasEntry(orderClass))).toEqual(["OCO"]);
  });

  it("an amount is for simple orders and for a bracket's entry", () => {
    expect(ORDER_CLASSES.filter(allowsAmount)).toEqual(["SIMPLE", "BRACKET"]);
  });
});
