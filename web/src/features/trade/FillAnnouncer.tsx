//! Owns the telling of fills as they happen: a notice that is seen, and a line that is read aloud.

import { useEffect, useState } from "react";
import type { Trade } from "../../api/types";
import { formatFinePrice, formatQty } from "../../format";
import { notify } from "../../notice";
import { live } from "../../store/live";

/** More fills than this at once are told as a number. */
const TOLD_MAX = 3;

const wordsOf = (trade: Trade): string =>
  `${trade.side === "BUY" ? "Bought" : "Sold"} ${formatQty(trade.qty)} ${trade.symbol} at ${formatFinePrice(trade.price)}`;

export function FillAnnouncer() {
  const [line, setLine] = useState("");
  useEffect(
    () =>
      live.onFills((trades) => {
        const words = trades.length > TOLD_MAX ? [`${trades.length} fills`] : trades.map(wordsOf);
        for (const message of words) notify("done", "Filled", message);
        setLine(words.join(". "));
      }),
    [],
  );
  return (
    <div className="visually-hidden" role="log" aria-label="Latest fill">
      {line}
    </div>
  );
}
