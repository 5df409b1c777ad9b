//! Owns how the cost of a ticket is shown before it is sent.

import { roundTo } from "../../../decimal";
import { formatMoney, formatQty } from "../../../format";
import type { Draft } from "../../../store/draft";
import type { Estimate, Funds } from "./estimate";
import classes from "./Ticket.module.css";

interface EstimateViewProps {
  draft: Draft;
  estimate: Estimate | undefined;
  /** Missing while the portfolio is loading. */
  funds: Funds | undefined;
}

export function EstimateView({ draft, estimate, funds }: EstimateViewProps) {
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
            <dd>{formatQty(funds?.sellableQty)} shares</dd>
          </>
        )}
        <dt>Buying power after</dt>
        <dd className={funds && estimate && estimate.buyingPowerAfter < 0n ? "down" : ""}>
          {formatMoney(funds && (estimate?.buyingPowerAfter ?? funds.buyingPower))}
        </dd>
      </dl>
      {funds && estimate?.warning !== undefined && <p className={classes.warning}>{estimate.warning}</p>}
    </>
  );
}
