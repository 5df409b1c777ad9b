//! Dates as typed, in any zone that the tests run in.

import { describe, expect, it } from "vitest";
import { sampleInstrument } from "../../../mocks/samples";
import { daysAfter, exchangeZoneOf, instantOf, localTextOf } from "./expiry";

describe("a date", () => {
  it("is read in the reader's own zone, and written back as it was", () => {
    expect(instantOf("2026-11-21T16:30")).toEqual(new Date(2026, 10, 21, 16, 30));
    expect(localTextOf(new Date(2026, 0, 2, 3, 4))).toBe("2026-01-02T03:04");
    const end = instantOf("2026-03-29T12:00");
    expect(end && localTextOf(end)).toBe("2026-03-29T12:00");
  });

  it.each(["", "2026-11-21", "21.11.2026 16:30", "2026-13-41T16:30"])("is not %j", (text) => {
    expect(instantOf(text)).toBeUndefined();
  });

  it("some days later is at the same time of the day, whatever the clocks do between", () => {
    expect(daysAfter(new Date(2026, 2, 27, 21, 0), 7)).toEqual(new Date(2026, 3, 3, 21, 0));
  });
});

describe("the exchange's zone", () => {
  it("is New York's for its sessions, and UTC around the clock", () => {
    expect(exchangeZoneOf(sampleInstrument({ calendar: "XNYS" })).zone).toBe("America/New_York");
    expect(exchangeZoneOf(sampleInstrument({ calendar: "24x7" })).zone).toBe("UTC");
  });
});
