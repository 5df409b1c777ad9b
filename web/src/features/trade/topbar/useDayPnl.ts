//! Owns the gathering of what the day's profit or loss needs: marks, and the previous close of everything held or traded.

import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { fetchHistory } from "../../../api/market";
import type { Decimal } from "../../../decimal";
import type { Ledger } from "../../../store/fold";
import { useMarks } from "../../../store/useQuote";
import { dayPnlOf, tradesOfDay } from "../../../store/valuation";
import { dayStartOf, positionsOf, previousCloseOf } from "../data";

export function useDayPnl(ledger: Ledger): Decimal | undefined {
  const now = Date.now();
  const positions = positionsOf(ledger);
  const symbols = positions.map((position) => position.symbol);
  const marks = useMarks(symbols);
  const histories = useQueries({
    queries: symbols.map((symbol) => ({
      queryKey: ["history", symbol, "1d"],
      queryFn: () => fetchHistory(symbol, "1d"),
      staleTime: 600_000,
    })),
  });
  const { trades, tradesComplete } = ledger;
  const dayStart = dayStartOf(now);
  const today = useMemo(
    () => tradesOfDay([...trades.values()], tradesComplete, dayStart),
    [trades, tradesComplete, dayStart],
  );
  const closes = new Map<string, Decimal>();
  for (const [index, symbol] of symbols.entries()) {
    const close = previousCloseOf(histories[index]?.data, now);
    if (close !== undefined) closes.set(symbol, close);
  }
  return dayPnlOf({ positions, today, marks, previousCloses: closes });
}
