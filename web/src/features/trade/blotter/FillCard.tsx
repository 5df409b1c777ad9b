//! Owns one fill and why it happened: the rule in words, the quote and the print it was made from, and what it cost.

import type { Trade } from "../../../api/types";
import { absolute, decimalOrZero } from "../../../decimal";
import {
  directionOf,
  formatFinePrice,
  formatMoney,
  formatPrice,
  formatQty,
  formatSignedMoney,
  formatTime,
} from "../../../format";
import { usePrecision } from "../data";
import { fillRuleOf } from "../words";
import classes from "./OrderDrawer.module.css";

export function FillCard({ trade }: { trade: Trade }) {
  const precision = usePrecision(trade.symbol);
  const { quote } = trade;
  const price = (text: string | null) => formatPrice(text, precision);
  const isThere = (text: string | null | undefined) => decimalOrZero(text) !== 0n;
  return (
    <li className={classes.fill}>
      <p className={classes.fillHead}>
        <strong>
          {formatQty(trade.qty)} at {formatFinePrice(trade.price, precision)}
        </strong>
        <span className={classes.meaning}>{formatTime(trade.time, new Date())}</span>
      </p>
      <p>{fillRuleOf(trade.reason)}</p>
      <dl className={classes.evidence}>
        <div>
          <dt>Quote</dt>
          <dd>
            {price(quote.bid)} × {formatQty(quote.bid_size)} bid, {price(quote.ask)} ×{" "}
            {formatQty(quote.ask_size)} ask
          </dd>
        </div>
        {quote.trade_price !== null && (
          <div>
            <dt>Trade</dt>
            <dd>
              {formatQty(quote.trade_size)} at {price(quote.trade_price)}
              {quote.trade_aggressor === null ? "" : `, by a ${quote.trade_aggressor.toLowerCase()}`}
            </dd>
          </div>
        )}
        <div>
          <dt>Liquidity</dt>
          <dd>
            {trade.liquidity === "MAKER"
              ? "Waited for the other side (maker)"
              : "Took the other side (taker)"}
          </dd>
        </div>
        {isThere(trade.fee) && (
          <div>
            <dt>{decimalOrZero(trade.fee) < 0n ? "Rebate" : "Fee"}</dt>
            <dd>{formatMoney(absolute(decimalOrZero(trade.fee)))}</dd>
          </div>
        )}
        {isThere(trade.slippage) && (
          <div>
            <dt>Slippage</dt>
            <dd>{formatMoney(trade.slippage)}</dd>
          </div>
        )}
        {isThere(trade.synthetic_qty) && (
          <div>
            <dt>Beyond the size shown</dt>
            <dd>{formatQty(trade.synthetic_qty)}</dd>
          </div>
        )}
        {isThere(trade.realized_pnl) && (
          <div>
            <dt>Realised</dt>
            <dd className={directionOf(trade.realized_pnl)}>{formatSignedMoney(trade.realized_pnl)}</dd>
          </div>
        )}
      </dl>
    </li>
  );
}
