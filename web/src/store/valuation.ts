//! Owns what holdings are worth at the prices of this moment. Pure; exact.

import type { Position, Trade } from "../api/types";
import {
  absolute,
  add,
  type Decimal,
  decimalOrZero,
  divide,
  HUNDRED,
  multiply,
  negate,
  parseDecimal,
  subtract,
  sum,
  ZERO,
} from "../decimal";
import { compareInstants } from "./fold";

/** One position at a mark; the figures are missing while there is no price at all. */
export interface ValuedPosition {
  readonly symbol: string;
  readonly qty: Decimal;
  readonly averagePrice: Decimal;
  readonly mark: Decimal | undefined;
  readonly marketValue: Decimal | undefined;
  readonly unrealizedPnl: Decimal | undefined;
  readonly unrealizedPercent: Decimal | undefined;
}

/** Cost basis is signed like the quantity, so that one subtraction serves long and short. */
export function valuePosition(position: Position, liveMark: Decimal | undefined): ValuedPosition {
  const qty = decimalOrZero(position.qty);
  const cost = decimalOrZero(position.cost_basis);
  const mark = liveMark ?? parseDecimal(position.current_price);
  const marketValue = mark === undefined ? undefined : multiply(qty, mark);
  const unrealizedPnl = marketValue === undefined ? undefined : subtract(marketValue, cost);
  const ratio = unrealizedPnl === undefined ? undefined : divide(unrealizedPnl, absolute(cost));
  return {
    symbol: position.symbol,
    qty,
    averagePrice: decimalOrZero(position.avg_price),
    mark,
    marketValue,
    unrealizedPnl,
    unrealizedPercent: ratio === undefined ? undefined : multiply(ratio, HUNDRED),
  };
}

/** Cash and holdings together; a position without a price counts at its cost. */
export function equityOf(
  cash: Decimal,
  positions: readonly Position[],
  marks: ReadonlyMap<string, Decimal>,
): Decimal {
  return positions.reduce((total, position) => {
    const value = valuePosition(position, marks.get(position.symbol)).marketValue;
    return add(total, value ?? decimalOrZero(position.cost_basis));
  }, cash);
}

export function unrealizedOf(positions: readonly Position[], marks: ReadonlyMap<string, Decimal>): Decimal {
  return sum(
    positions.map((position) => valuePosition(position, marks.get(position.symbol)).unrealizedPnl ?? ZERO),
  );
}

/** The fills since `dayStart`; undefined when earlier ones of the day may be missing. */
export function tradesOfDay(
  trades: readonly Trade[],
  complete: boolean,
  dayStart: string,
): Trade[] | undefined {
  const today = trades.filter((trade) => compareInstants(trade.time, dayStart) >= 0);
  return complete || today.length < trades.length ? today : undefined;
}

/** What the day's profit or loss is made from. */
export interface DayInputs {
  readonly positions: readonly Position[];
  /** Every fill of the day, from `tradesOfDay`. */
  readonly today: readonly Trade[] | undefined;
  readonly marks: ReadonlyMap<string, Decimal>;
  readonly previousCloses: ReadonlyMap<string, Decimal>;
}

/**
 * Profit or loss since the day began: what is held now at its mark, less what was held then at the previous close,
 * plus what today's fills brought in. Undefined while a needed price or an early fill is missing, rather than wrong.
 */
export function dayPnlOf({ positions, today, marks, previousCloses }: DayInputs): Decimal | undefined {
  if (today === undefined) return undefined;
  const held = new Map(positions.map((position) => [position.symbol, position]));
  let total = ZERO;
  for (const symbol of new Set([...held.keys(), ...today.map((trade) => trade.symbol)])) {
    const position = held.get(symbol);
    const trades = today.filter((trade) => trade.symbol === symbol);
    const qty = decimalOrZero(position?.qty);
    const qtyAtStart = subtract(qty, sum(trades.map(signedQty)));
    const mark = marks.get(symbol) ?? parseDecimal(position?.current_price);
    const close = previousCloses.get(symbol);
    if ((qty !== 0n && mark === undefined) || (qtyAtStart !== 0n && close === undefined)) return undefined;
    const worthNow = multiply(qty, mark ?? ZERO);
    const worthAtStart = multiply(qtyAtStart, close ?? ZERO);
    total = sum([total, worthNow, negate(worthAtStart), ...trades.map(cashFrom)]);
  }
  return total;
}

const signedQty = (trade: Trade): Decimal =>
  trade.side === "BUY" ? decimalOrZero(trade.qty) : negate(decimalOrZero(trade.qty));

/** What a fill put into the account: proceeds or cost, less fees. */
const cashFrom = (trade: Trade): Decimal =>
  subtract(negate(multiply(signedQty(trade), decimalOrZero(trade.price))), decimalOrZero(trade.fee));
