//! How figures are written for people.

import { describe, expect, it } from "vitest";
import {
  directionOf,
  formatCode,
  formatDayAndTime,
  formatFinePrice,
  formatInZone,
  formatMoney,
  formatPrice,
  formatQty,
  formatSignedMoney,
  formatSignedPercent,
  formatSpan,
  precisionOfStep,
  UNKNOWN,
} from "./format";

describe("money and prices", () => {
  it.each([
    ["1234567.5", "1,234,567.50"],
    ["-1234.5", "−1,234.50"],
    ["0", "0.00"],
    ["-0.001", "0.00"],
    ["90071992547409.93", "90,071,992,547,409.93"],
    [null, UNKNOWN],
    ["rubbish", UNKNOWN],
  ])("writes %s as %s", (value, text) => {
    expect(formatMoney(value)).toBe(text);
  });

  it("always gives a gain or loss its sign", () => {
    expect(formatSignedMoney("12.3")).toBe("+12.30");
    expect(formatSignedMoney("-12.3")).toBe("−12.30");
    expect(formatSignedMoney("0.001")).toBe("0.00");
    expect(formatSignedPercent("1.005")).toBe("+1.01%");
  });

  it("writes prices at their own precision, with four digits below one", () => {
    expect(formatPrice("234.1")).toBe("234.10");
    expect(formatPrice("67122.03", 2)).toBe("67,122.03");
    expect(formatPrice("0.12")).toBe("0.1200");
    expect(formatPrice("234.125")).toBe("234.13");
    expect(formatFinePrice("234.1234")).toBe("234.1234");
    expect(formatFinePrice("234.1")).toBe("234.10");
  });

  it("writes quantities with no more digits than they have", () => {
    expect(formatQty("100.00000000")).toBe("100");
    expect(formatQty("0.25")).toBe("0.25");
    expect(formatQty("-1500")).toBe("−1,500");
  });

  it("knows which way a figure points", () => {
    expect([directionOf("0.01"), directionOf("-0.01"), directionOf("0"), directionOf(undefined)]).toEqual([
      "up",
      "down",
      "flat",
      "flat",
    ]);
  });

  it("knows the digits of a price step", () => {
    expect(["0.01", "0.0001", "1", "0.05", "0.010"].map(precisionOfStep)).toEqual([2, 4, 0, 2, 2]);
  });
});

describe("words", () => {
  it.each([
    [8_000, "8 s"],
    [240_000, "4 min"],
    [7_800_000, "2 h 10 min"],
    [273_600_000, "3 d 4 h"],
    [-5, "0 s"],
  ])("writes a span of %i ms as %s", (span, text) => {
    expect(formatSpan(span)).toBe(text);
  });

  it("makes words of a code", () => {
    expect(formatCode("took_standing_quote")).toBe("Took standing quote");
  });
});

describe("instants", () => {
  it("are written in full in the zone that is asked for, with its name", () => {
    const close = new Date("2026-11-20T21:00:00Z");
    expect(formatInZone(close, "America/New_York")).toMatch(/16:00.*(EST|GMT-5)/);
    expect(formatInZone(close, "UTC")).toMatch(/21:00.*UTC/);
  });

  it("that are none are unknown", () => {
    expect(formatDayAndTime("rubbish")).toBe(UNKNOWN);
    expect(formatDayAndTime(null)).toBe(UNKNOWN);
    expect(formatDayAndTime(new Date(2026, 10, 20, 16, 5))).toMatch(/20.*16:05|16:05/);
  });
});
