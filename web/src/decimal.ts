//! Owns exact decimal arithmetic for prices, quantities and money: a bigint of hundred-millionths, as the
//! server counts. Never goes through a binary float. Invariant: a text the server sent comes back unchanged in value.

declare const decimalBrand: unique symbol;

/** An exact decimal number, in units of 1e-8. */
export type Decimal = bigint & { readonly [decimalBrand]: true };

const DIGITS = 8;
const ONE_UNITS = 100_000_000n;
const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?$/;

const of = (units: bigint): Decimal => units as Decimal;

export const ZERO: Decimal = of(0n);
export const ONE: Decimal = of(ONE_UNITS);
export const HUNDRED: Decimal = of(100n * ONE_UNITS);

/** Reads a plain decimal such as `10.05`; undefined for anything else, also for more than 8 digits after the point. */
export function parseDecimal(text: string | null | undefined): Decimal | undefined {
  if (text === null || text === undefined) return undefined;
  const match = PATTERN.exec(text.trim());
  if (match === null) return undefined;
  const [, sign = "", whole = "", fraction = ""] = match;
  if (whole === "" && fraction === "") return undefined;
  const significant = fraction.replace(/0+$/, "");
  if (significant.length > DIGITS || whole.length > 18) return undefined;
  const units = BigInt(whole === "" ? "0" : whole) * ONE_UNITS + BigInt(significant.padEnd(DIGITS, "0"));
  return of(sign === "-" ? -units : units);
}

/** A decimal the server sent; zero when it sent none. */
export const decimalOrZero = (text: string | null | undefined): Decimal => parseDecimal(text) ?? ZERO;

export const add = (left: Decimal, right: Decimal): Decimal => of(left + right);
export const subtract = (left: Decimal, right: Decimal): Decimal => of(left - right);
export const negate = (value: Decimal): Decimal => of(-value);
export const absolute = (value: Decimal): Decimal => of(value < 0n ? -value : value);

/** Product, rounded half away from zero to 8 digits. */
export const multiply = (left: Decimal, right: Decimal): Decimal =>
  of(divideRounded(left * right, ONE_UNITS));

/** Quotient, rounded half away from zero to 8 digits; undefined when dividing by zero. */
export function divide(left: Decimal, right: Decimal): Decimal | undefined {
  return right === 0n ? undefined : of(divideRounded(left * ONE_UNITS, right));
}

/** Quotient rounded towards zero to a whole number of steps: what can be had in lots of `step`. */
export function floorToStep(value: Decimal, step: Decimal): Decimal {
  return step <= 0n ? value : of((value / step) * step);
}

export const isMultipleOf = (value: Decimal, step: Decimal): boolean => step <= 0n || value % step === 0n;

export function larger(left: Decimal, right: Decimal): Decimal {
  if (left > right) return left;
  return right;
}

export function smaller(left: Decimal, right: Decimal): Decimal {
  if (left < right) return left;
  return right;
}

export const sum = (values: readonly Decimal[]): Decimal =>
  of(values.reduce((total, value) => total + value, 0n));

/** Rounds half away from zero to `digits` digits after the point. */
export function roundTo(value: Decimal, digits: number): Decimal {
  if (digits >= DIGITS) return value;
  const step = 10n ** BigInt(DIGITS - digits);
  return of(divideRounded(value, step) * step);
}

/** Plain text with at least `least` and at most 8 digits after the point: what goes into a request. */
export function toText(value: Decimal, least = 0): string {
  const magnitude = value < 0n ? -value : value;
  const fraction = (magnitude % ONE_UNITS)
    .toString()
    .padStart(DIGITS, "0")
    .replace(/0+$/, "")
    .padEnd(least, "0");
  const sign = value < 0n ? "-" : "";
  return `${sign}${magnitude / ONE_UNITS}${fraction === "" ? "" : `.${fraction}`}`;
}

/** Where on a picture a value lies. A float is exact enough for pixels, and for nothing else. */
export const toChartNumber = (value: Decimal): number => Number.parseFloat(toText(value));

function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const negative = dividend < 0n !== divisor < 0n;
  const top = dividend < 0n ? -dividend : dividend;
  const bottom = divisor < 0n ? -divisor : divisor;
  const rounded = (top + bottom / 2n) / bottom;
  return negative ? -rounded : rounded;
}
