//! Owns how the cost of a ticket is shown before it is sent.

import type { Instrument } from "../../../api/types";
import { roundTo } from "../../../decimal";
import { formatMoney, formatQty } from "../../../format";
import type { Draft } from "../../../store/draft";
import { useQuote } from "../../../store/useQuote";
import { estimateOf, type Funds } from "./estimate";
import classes from "./Ticket.module.css";

interface EstimateViewProps {
  draft: Draft;
  instrument: Instrument | undefined;
  funds: Funds;
  /** Figures of the portfolio are unknown while it is loading. */
  loaded: boolean;
}

export function EstimateView({ draft, instrument, funds, loaded }: EstimateViewProps) {
  const estimate = estimateOf(draft, useQuote(draft.symbol), instrument, funds);
  return (
    <>
      <dl className={classes.estimate}>
        <dt>{draft.side === "BUY" ? "Estimated cost" : "Estimated proceeds"}</dt>
        <dd>{formatMoney(estimate?.value)}</dd>
        {draft.sizing === "amount" && (
          <>
            <dt>About</dt>
            <dd>{formatQty(estimate === undefined ? undefined : roundTo(estimate.qty, 4))} shares</dd>
          </>
        )}
        {draft.side === "SELL" && (
          <>
            <dt>Free to sell</dt>
            <dd>{formatQty(loaded ? funds.sellableQty : undefined)} shares</dd>
          </>
        )}
        <dt>Buying power after</dt>
        <dd className={loaded && estimate && estimate.buyingPowerAfter < 0n ? "down" : ""}>
          {formatMoney(loaded ? (estimate?.buyingPowerAfter ?? funds.buyingPower) : undefined)}
        </dd>
      </dl>
      {loaded && estimate?.warning !== undefined && <p className={classes.warning}>{estimate.warning}</p>}
    </>
  );
}
