//! Owns the list of watched symbols with their live prices.

import { ActionIcon } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { memo, type RefObject } from "react";
import { divide, HUNDRED, multiply, subtract } from "../../../decimal";
import { directionOf, formatPrice, formatSignedPercent, precisionOfStep } from "../../../format";
import { useConnection } from "../../../store/connection";
import { chooseSymbol, useDraft } from "../../../store/draft";
import { markOf, useQuote } from "../../../store/useQuote";
import { unwatchSymbol, useWatchlist } from "../../../store/watchlist";
import { useDailyBars, useInstrument, usePreviousClose } from "../data";
import { PriceCell } from "../PriceCell";
import { Sparkline } from "./Sparkline";
import { SymbolSearch } from "./SymbolSearch";
import classes from "./Watchlist.module.css";

interface WatchlistProps {
  searchRef: RefObject<HTMLInputElement | null>;
  onChosen: () => void;
}

export function Watchlist({ searchRef, onChosen }: WatchlistProps) {
  const symbols = useWatchlist((watchlist) => watchlist.symbols);
  const chosen = useDraft(({ draft }) => draft.symbol);
  const choose = (symbol: string) => {
    chooseSymbol(symbol);
    onChosen();
  };
  return (
    <section className={classes.panel} aria-label="Watchlist">
      <SymbolSearch inputRef={searchRef} onChoose={choose} />
      {symbols.length === 0 ? (
        <p className={classes.empty}>
          Nothing is watched. Search for a symbol, then press the star beside its name.
        </p>
      ) : (
        <ul className={classes.list}>
          {symbols.map((symbol) => (
            <WatchedSymbol key={symbol} symbol={symbol} chosen={symbol === chosen} onChoose={choose} />
          ))}
        </ul>
      )}
    </section>
  );
}

interface WatchedSymbolProps {
  symbol: string;
  chosen: boolean;
  onChoose: (symbol: string) => void;
}

const WatchedSymbol = memo(function WatchedSymbol({ symbol, chosen, onChoose }: WatchedSymbolProps) {
  const quote = useQuote(symbol);
  const bars = useDailyBars(symbol);
  const close = usePreviousClose(symbol);
  const instrument = useInstrument(symbol);
  const live = useConnection((connection) => connection.status === "live");
  const mark = markOf(quote);
  const precision = precisionOfStep(instrument?.tick_size);
  const move = mark === undefined || close === undefined ? undefined : divide(subtract(mark, close), close);
  const percent = move === undefined ? undefined : multiply(move, HUNDRED);
  const stale = !live || quote?.stale === true;
  return (
    <li className={classes.row} data-chosen={chosen}>
      <button
        type="button"
        className={classes.choose}
        aria-current={chosen}
        title={instrument?.name}
        onClick={() => onChoose(symbol)}
      >
        <strong>{symbol}</strong>
        <Sparkline bars={bars} />
        <PriceCell className={classes.last} value={mark} text={formatPrice(mark, precision)} stale={stale} />
        <span className={`${classes.touch} ${stale ? "stale" : ""}`}>
          <span className="visually-hidden">bid and ask </span>
          {formatPrice(quote?.bid, precision)} × {formatPrice(quote?.ask, precision)}
        </span>
        <span className={`${classes.change} ${directionOf(percent)} ${stale ? "stale" : ""}`}>
          {formatSignedPercent(percent)}
        </span>
      </button>
      <ActionIcon
        className={classes.remove ?? ""}
        variant="subtle"
        color="gray"
        size="xs"
        aria-label={`Stop watching ${symbol}`}
        onClick={() => unwatchSymbol(symbol)}
      >
        <IconX size={12} aria-hidden />
      </ActionIcon>
    </li>
  );
});
