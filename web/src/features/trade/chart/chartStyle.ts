//! Owns the chart's colours and its clock: the page's own colours, and the reader's own time zone.

import { type ChartOptions, ColorType, type DeepPartial, TickMarkType, type Time } from "lightweight-charts";
import type { Interval } from "../../../api/market";

export interface ChartColors {
  readonly surface: string;
  readonly text: string;
  readonly line: string;
  readonly gain: string;
  readonly loss: string;
  readonly gainFaint: string;
  readonly lossFaint: string;
  readonly buy: string;
  readonly sell: string;
}

/** The page's colours as they are now; the argument only says that the theme has changed. */
export function chartColors(_scheme: string): ChartColors {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(`--pt-${name}`).trim() || "#888888";
  return {
    surface: color("surface"),
    text: color("quiet"),
    line: color("line"),
    gain: color("gain"),
    loss: color("loss"),
    gainFaint: color("tint-up"),
    lossFaint: color("tint-down"),
    buy: color("buy"),
    sell: color("sell"),
  };
}

export function chartOptions(colors: ChartColors, interval: Interval): DeepPartial<ChartOptions> {
  const formats = formatsFor(interval);
  return {
    localization: { timeFormatter: (time: Time) => formats.whole.format(dateOf(time)) },
    layout: {
      background: { type: ColorType.Solid, color: colors.surface },
      textColor: colors.text,
      fontFamily: '"Inter Variable", system-ui, sans-serif',
      fontSize: 11,
      attributionLogo: true,
    },
    grid: { vertLines: { color: colors.line, style: 4 }, horzLines: { color: colors.line, style: 4 } },
    rightPriceScale: { borderColor: colors.line },
    timeScale: {
      borderColor: colors.line,
      timeVisible: interval !== "1d",
      secondsVisible: false,
      rightOffset: 4,
      tickMarkFormatter: (time: Time, kind: TickMarkType) => tickText(formats, time, kind),
    },
  };
}

const dateOf = (time: Time): Date => new Date(typeof time === "number" ? time * 1000 : 0);

/** Times in the reader's own zone; days as the exchange counts them, which is how their bars are stamped. */
function formatsFor(interval: Interval) {
  const zone = interval === "1d" ? { timeZone: "UTC" } : {};
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(undefined, { ...options, ...zone });
  return {
    clock: format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
    day: format({ day: "numeric", month: "short" }),
    month: format({ month: "short" }),
    year: format({ year: "numeric" }),
    whole: format(interval === "1d" ? { dateStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" }),
  };
}

function tickText(formats: ReturnType<typeof formatsFor>, time: Time, kind: TickMarkType): string {
  switch (kind) {
    case TickMarkType.Year:
      return formats.year.format(dateOf(time));
    case TickMarkType.Month:
      return formats.month.format(dateOf(time));
    case TickMarkType.DayOfMonth:
      return formats.day.format(dateOf(time));
    case TickMarkType.Time:
    case TickMarkType.TimeWithSeconds:
      return formats.clock.format(dateOf(time));
  }
}
