//! The rules of exact decimals; expected values are worked out by hand.

import { describe, expect, it } from "vitest";
import {
  type Decimal,
  divide,
  floorToStep,
  isMultipleOf,
  multiply,
  parseDecimal,
  roundTo,
  toText,
  ZERO,
} from "./decimal";

const decimal = (text: string): Decimal => {
  const value = parseDecimal(text);
  if (value === undefined) throw new Error(`not a decimal: ${text}`);
  return value;
};

describe("decimals", () => {
  it.each([
    ["10.05", 1_005_000_000n],
    ["-0.00000001", -1n],
    [".5", 50_000_000n],
    ["7.", 700_000_000n],
    ["1.1000000000", 110_000_000n],
    ["90071992547409.93", 9_007_199_254_740_993_000_000n],
  ])("reads %s exactly", (text, units) => {
    expect(parseDecimal(text)).toBe(units);
  });

  it.each(["", ".", "1e5", "1,000", "abc", "0.123456789", "--1", "NaN", "1 2"])("refuses %j", (text) => {
    expect(parseDecimal(text)).toBeUndefined();
  });

  it("keeps what a float would lose", () => {
    // 0.1 + 0.2 style errors: 0.07 * 100 is 7.000000000000001 in binary floats.
    expect(toText(multiply(decimal("0.07"), decimal("100")))).toBe("7");
    expect(toText(multiply(decimal("123456789.12"), decimal("1000")))).toBe("123456789120");
  });

  it("rounds half away from zero, on both sides", () => {
    expect(toText(roundTo(decimal("2.345"), 2))).toBe("2.35");
    expect(toText(roundTo(decimal("-2.345"), 2))).toBe("-2.35");
    expect(toText(roundTo(decimal("2.344"), 2))).toBe("2.34");
  });

  it("divides to eight digits and never by zero", () => {
    expect(toText(divide(decimal("2"), decimal("3")) ?? ZERO)).toBe("0.66666667");
    expect(divide(decimal("1"), ZERO)).toBeUndefined();
  });

  it("floors to a step and knows multiples", () => {
    expect(toText(floorToStep(decimal("427.19"), decimal("1")))).toBe("427");
    expect(toText(floorToStep(decimal("0.12345"), decimal("0.001")))).toBe("0.123");
    expect(isMultipleOf(decimal("10.05"), decimal("0.01"))).toBe(true);
    expect(isMultipleOf(decimal("10.055"), decimal("0.01"))).toBe(false);
  });
});
