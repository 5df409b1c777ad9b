//! Owns how money, prices, quantities and times are written for people. The only place where amounts become
//! display text; never used to make what is sent to the server.

import { absolute, type Decimal, parseDecimal, roundTo, toText } from "./decimal";

/** Shown where a figure is not known. */
export const UNKNOWN = "–";
const MINUS = "−";

type Amount = Decimal | string | null | undefined;

/** How many digits a price step has after the point: 2 for `0.01`. */
export const precisionOfStep = (step: string | undefined): number =>
  step === undefined ? 2 : (step.replace(/0+$/, "").split(".")[1]?.length ?? 0);

const decimalOf = (value: Amount): Decimal | undefined =>
  typeof value === "bigint" ? value : parseDecimal(value);

function grouped(value: Decimal, digits: number, most = digits): string {
  const text = toText(roundTo(absolute(value), most), digits);
  const [whole = "0", fraction] = text.split(".");
  const separated = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return fraction === undefined ? separated : `${separated}.${fraction}`;
}

const signOf = (value: Decimal, digits: number): string => (roundTo(value, digits) < 0n ? MINUS : "");

/** A price at its instrument's precision; prices below one show at least four digits. */
export function formatPrice(value: Amount, precision = 2): string {
  const price = decimalOf(value);
  if (price === undefined) return UNKNOWN;
  const digits = priceDigits(price, precision);
  return signOf(price, digits) + grouped(price, digits);
}

/** A price that may lie between two steps, as averages and fills do: up to four digits. */
export function formatFinePrice(value: Amount, precision = 2): string {
  const price = decimalOf(value);
  if (price === undefined) return UNKNOWN;
  const digits = priceDigits(price, precision);
  return signOf(price, 4) + grouped(price, digits, Math.max(digits, 4));
}

const priceDigits = (price: Decimal, precision: number): number =>
  absolute(price) < 100_000_000n && price !== 0n ? Math.max(precision, 4) : precision;

/** Money with two digits, without a currency sign: `−1,234.50`. */
export function formatMoney(value: Amount): string {
  const money = decimalOf(value);
  return money === undefined ? UNKNOWN : signOf(money, 2) + grouped(money, 2);
}

/** A gain or loss: always with its sign, so that colour is never the only mark. */
export function formatSignedMoney(value: Amount): string {
  const money = decimalOf(value);
  if (money === undefined) return UNKNOWN;
  return (roundTo(money, 2) > 0n ? "+" : signOf(money, 2)) + grouped(money, 2);
}

/** A percentage with its sign; the value is already in per cent. */
export function formatSignedPercent(value: Amount): string {
  const percent = decimalOf(value);
  if (percent === undefined) return UNKNOWN;
  return `${(roundTo(percent, 2) > 0n ? "+" : signOf(percent, 2)) + grouped(percent, 2)}%`;
}

/** A quantity with no more digits than it has. */
export function formatQty(value: Amount): string {
  const qty = decimalOf(value);
  return qty === undefined ? UNKNOWN : signOf(qty, 8) + grouped(qty, 0, 8);
}

/** Which way a figure points, for its colour. */
export function directionOf(value: Amount): "up" | "down" | "flat" {
  const figure = decimalOf(value);
  if (figure === undefined || figure === 0n) return "flat";
  return figure > 0n ? "up" : "down";
}

const timeOfDay = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const dayAndTime = new Intl.DateTimeFormat(undefined, {
  day: "2-digit",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

/** The time of day today, the day and time otherwise, in the reader's own zone. */
export function formatTime(value: string | null | undefined, now: Date): string {
  if (value === null || value === undefined) return UNKNOWN;
  const time = new Date(value);
  if (Number.isNaN(time.getTime())) return UNKNOWN;
  const sameDay = time.toDateString() === now.toDateString();
  return (sameDay ? timeOfDay : dayAndTime).format(time);
}

/** The day and the time in the reader's own zone: `21 Nov, 16:00`. */
export function formatDayAndTime(value: Date | string | null | undefined): string {
  const time = value instanceof Date ? value : new Date(value ?? Number.NaN);
  return Number.isNaN(time.getTime()) ? UNKNOWN : dayAndTime.format(time);
}

/** An instant in full in a zone, with the zone's name: `Sat, 21 Nov, 10:00 EST`. */
export function formatInZone(time: Date, timeZone: string): string {
  return new Intl.DateTimeFormat(undefined, {
    weekday: "short",
    day: "2-digit",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
    timeZone,
  }).format(time);
}

/** A span in words: `8 s`, `4 min`, `2 h 10 min`, `3 d 4 h`. */
export function formatSpan(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** Words from a code: `TRAILING_STOP` becomes `Trailing stop`. */
export function formatCode(code: string): string {
  const words = code.toLowerCase().replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
