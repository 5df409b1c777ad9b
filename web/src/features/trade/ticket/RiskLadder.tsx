//! Owns the drawing of risk against reward: stop, entry and target on one line, and what each is worth.

import { type Decimal, larger, smaller, subtract, toChartNumber } from "../../../decimal";
import { formatMoney, formatPrice, formatQty } from "../../../format";
import type { Outlook } from "./exits";
import classes from "./RiskLadder.module.css";

const [WIDTH, HEIGHT, EDGE] = [252, 14, 4];

export function RiskLadder({ outlook, precision }: { outlook: Outlook | undefined; precision: number }) {
  if (outlook === undefined) return null;
  const { entry, target, stop, risk, reward, ratio } = outlook;
  const prices = [entry, target, stop].filter((price): price is Decimal => price !== undefined);
  const place = placer(prices);
  const bar = (price: Decimal | undefined, name: string | undefined) =>
    price !== undefined && (
      <rect
        className={name}
        x={Math.min(place(price), place(entry))}
        y={4}
        width={Math.abs(place(price) - place(entry))}
        height={6}
        rx={3}
      />
    );
  return (
    <div className={classes.ladder}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
        {bar(stop, classes.risk)}
        {bar(target, classes.reward)}
        <rect className={classes.entry} x={place(entry) - 1} y={0} width={2} height={HEIGHT} />
      </svg>
      <dl>
        {stop !== undefined && (
          <div>
            <dt>{risk === undefined ? "Stop" : "Risk"}</dt>
            <dd className="down">{risk === undefined ? formatPrice(stop, precision) : formatMoney(risk)}</dd>
          </div>
        )}
        {target !== undefined && (
          <div>
            <dt>{reward === undefined ? "Target" : "Reward"}</dt>
            <dd className="up">
              {reward === undefined ? formatPrice(target, precision) : formatMoney(reward)}
            </dd>
          </div>
        )}
        {ratio !== undefined && (
          <div>
            <dt>Ratio</dt>
            <dd>1 : {formatQty(ratio)}</dd>
          </div>
        )}
      </dl>
    </div>
  );
}

/** Where a price lies on the line; the outermost prices at its ends. */
function placer(prices: readonly Decimal[]): (price: Decimal) => number {
  const [first, ...rest] = prices;
  if (first === undefined) return () => 0;
  const low = rest.reduce(smaller, first);
  const high = rest.reduce(larger, first);
  const span = toChartNumber(subtract(high, low)) || 1;
  return (price) => EDGE + ((WIDTH - 2 * EDGE) * toChartNumber(subtract(price, low))) / span;
}
