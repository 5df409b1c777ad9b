//! Owns the middle of the page: the instrument's name and price, the bar length, and the chart, loaded when needed.

import { ActionIcon, Button, SegmentedControl, Skeleton } from "@mantine/core";
import { IconStar, IconStarFilled } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { INTERVALS, type Interval } from "../../../api/market";
import { messageOf } from "../../../api/problem";
import { divide, HUNDRED, multiply, subtract } from "../../../decimal";
import {
  directionOf,
  formatPrice,
  formatSignedMoney,
  formatSignedPercent,
  formatSpan,
  precisionOfStep,
} from "../../../format";
import { useConnection } from "../../../store/connection";
import { markOf, useQuote } from "../../../store/useQuote";
import { unwatchSymbol, useWatchlist, watchSymbol } from "../../../store/watchlist";
import { useHistory, useInstrument, usePreviousClose } from "../data";
import { PriceCell } from "../PriceCell";
import { useNow } from "../topbar/MarketClock";
import classes from "./ChartPanel.module.css";

const PriceChart = lazy(() => import("./PriceChart").then(({ PriceChart }) => ({ default: PriceChart })));

export function ChartPanel({ symbol }: { symbol: string }) {
  const [interval, setInterval] = useState<Interval>("5m");
  const history = useHistory(symbol, interval);
  return (
    <section className={classes.panel} aria-label={`Chart of ${symbol}`}>
      <div className={classes.head}>
        <Headline symbol={symbol} />
        <SegmentedControl
          size="xs"
          aria-label="Bar length"
          value={interval}
          onChange={(value) =>
            setInterval(INTERVALS.find((known) => known.interval === value)?.interval ?? "5m")
          }
          data={INTERVALS.map((known) => known.interval)}
        />
      </div>
      <div className={classes.place}>
        {history.isError ? (
          <div className={classes.message} role="alert">
            <p>
              The history of {symbol} could not be loaded. {messageOf(history.error)}
            </p>
            <Button size="xs" variant="default" onClick={() => void history.refetch()}>
              Try again
            </Button>
          </div>
        ) : history.data === undefined ? (
          <Skeleton className={classes.fill ?? ""} aria-label="Loading the chart" />
        ) : (
          <Suspense fallback={<Skeleton className={classes.fill ?? ""} />}>
            <PriceChart key={symbol} symbol={symbol} interval={interval} bars={history.data} />
          </Suspense>
        )}
      </div>
    </section>
  );
}

/** A younger price needs no remark. */
const AGE_MS_MIN = 2_000;

function Headline({ symbol }: { symbol: string }) {
  const quote = useQuote(symbol);
  const instrument = useInstrument(symbol);
  const close = usePreviousClose(symbol);
  const live = useConnection((connection) => connection.status === "live");
  const now = useNow(5_000);
  const mark = markOf(quote);
  const precision = precisionOfStep(instrument?.tick_size);
  const change = mark === undefined || close === undefined ? undefined : subtract(mark, close);
  const ratio = change === undefined || close === undefined ? undefined : divide(change, close);
  const stale = !live || quote?.stale === true;
  const age = quote?.time ? now - new Date(quote.time).getTime() : undefined;
  return (
    <div className={classes.headline}>
      <WatchStar symbol={symbol} />
      <h1 title={instrument?.name}>
        {symbol} <span>{instrument?.name}</span>
      </h1>
      <PriceCell className={classes.price} value={mark} text={formatPrice(mark, precision)} stale={stale} />
      <span
        className={`${classes.change} ${directionOf(change)} ${stale ? "stale" : ""}`}
        title="Since the previous close"
      >
        {formatSignedMoney(change)} (
        {formatSignedPercent(ratio === undefined ? undefined : multiply(ratio, HUNDRED))})
      </span>
      {stale && age !== undefined && age >= AGE_MS_MIN && (
        <span className={classes.age}>{formatSpan(age)} old</span>
      )}
      {quote !== undefined && quote.delayed_by_s > 0 && (
        <span className={classes.age}>delayed {formatSpan(quote.delayed_by_s * 1000)}</span>
      )}
    </div>
  );
}

function WatchStar({ symbol }: { symbol: string }) {
  const watched = useWatchlist((watchlist) => watchlist.symbols.includes(symbol));
  const label = watched ? `Stop watching ${symbol}` : `Watch ${symbol}`;
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      aria-label={label}
      aria-pressed={watched}
      onClick={() => (watched ? unwatchSymbol(symbol) : watchSymbol(symbol))}
    >
      {watched ? <IconStarFilled size={16} aria-hidden /> : <IconStar size={16} aria-hidden />}
    </ActionIcon>
  );
}
