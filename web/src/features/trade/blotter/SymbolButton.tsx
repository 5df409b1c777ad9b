//! Owns the symbol in a row: pressing it shows that instrument on the chart and in the ticket.

import { chooseSymbol } from "../../../store/draft";
import classes from "./Blotter.module.css";

export function SymbolButton({ symbol }: { symbol: string }) {
  return (
    <button type="button" className={classes.symbol} onClick={() => chooseSymbol(symbol)}>
      {symbol}
    </button>
  );
}
