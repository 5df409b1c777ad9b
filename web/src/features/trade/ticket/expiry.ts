//! Owns the end of an order as a date: typed in the reader's own zone, sent in UTC, and shown in the exchange's zone, too.

import type { Instrument } from "../../../api/types";

const LOCAL = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/;

/** The instant that a local date and time name, where they name one. */
export function instantOf(localText: string): Date | undefined {
  if (!LOCAL.test(localText)) return undefined;
  const instant = new Date(localText);
  return Number.isNaN(instant.getTime()) ? undefined : instant;
}

/** The same the other way, to the minute. */
export function localTextOf(instant: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${instant.getFullYear()}-${two(instant.getMonth() + 1)}-${two(instant.getDate())}`;
  return `${day}T${two(instant.getHours())}:${two(instant.getMinutes())}`;
}

/** An instant so many days later, at the same time of the reader's day. */
export function daysAfter(instant: Date, days: number): Date {
  const later = new Date(instant);
  later.setDate(later.getDate() + days);
  return later;
}

export const readersZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The zone of the market that an instrument is traded on. */
export const exchangeZoneOf = (instrument: Instrument | undefined): { zone: string; place: string } =>
  instrument === undefined || instrument.calendar === "XNYS"
    ? { zone: "America/New_York", place: "New York" }
    : { zone: "UTC", place: "UTC" };
