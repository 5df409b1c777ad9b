//! Owns the money side of a ticket: what it would cost, what it leaves, and the quick sizes. Pure; estimates only, the
//! server alone decides.

import type { Instrument, Quote } from "../../../api/types";
import {
  add,
  type Decimal,
  divide,
  floorToStep,
  HUNDRED,
  multiply,
  ONE,
  parseDecimal,
  roundTo,
  subtract,
  toText,
  ZERO,
} from "../../../decimal";
import type { Draft } from "../../../store/draft";
import { flagsOf, hasEntry, priceFieldsOf } from "../orderRules";
import { applied, sizeText } from "./fields";

export interface Funds {
  readonly buyingPower: Decimal;
  /** Held and not already offered by other open sell orders. */
  readonly sellableQty: Decimal;
}

export interface Estimate {
  /** Price times quantity, before fees. */
  readonly value: Decimal;
  /** About how many shares an amount buys. */
  readonly qty: Decimal;
  readonly buyingPowerAfter: Decimal;
  /** Why the server would probably refuse. */
  readonly warning: string | undefined;
}

/** The price the order would trade near: what an estimate is made from. */
export function expectedPrice(draft: Draft, quote: Quote | undefined): Decimal | undefined {
  const touch = parseDecimal(draft.side === "BUY" ? quote?.ask : quote?.bid) ?? parseDecimal(quote?.last);
  if (!hasEntry(draft.orderClass)) return parseDecimal(draft.exits.takeProfit) ?? touch;
  const { needed } = priceFieldsOf(draft.type, draft.trailBy);
  if (needed.includes("limit_price")) return parseDecimal(draft.limitPrice);
  if (needed.includes("stop_price")) return parseDecimal(draft.stopPrice);
  if (needed.includes("trigger_price")) return parseDecimal(draft.triggerPrice);
  return (draft.type === "PEGGED" ? parseDecimal(draft.pegCap) : undefined) ?? touch;
}

/** Undefined until there is a size and a price to reckon with. */
export function estimateOf(
  typed: Draft,
  quote: Quote | undefined,
  instrument: Instrument | undefined,
  funds: Funds,
): Estimate | undefined {
  const draft = applied(typed);
  const size = parseDecimal(sizeText(draft));
  const price = expectedPrice(draft, quote);
  if (size === undefined || size <= 0n || price === undefined || price <= 0n) return undefined;
  const lot = parseDecimal(instrument?.lot_size) ?? ONE;
  const qty = draft.sizing === "shares" ? size : floorToStep(divide(size, price) ?? ZERO, lot);
  const value = draft.sizing === "shares" ? multiply(size, price) : size;
  const buyingPowerAfter =
    draft.side === "BUY" ? subtract(funds.buyingPower, value) : add(funds.buyingPower, value);
  return { value, qty, buyingPowerAfter, warning: warningOf(draft, qty, value, funds) };
}

function warningOf(draft: Draft, qty: Decimal, value: Decimal, funds: Funds): string | undefined {
  // It takes only what is there when it trades.
  if (draft.reduceOnly && flagsOf(draft).includes("reduce_only")) return undefined;
  if (draft.side === "BUY" && value > funds.buyingPower) return "This is more than your buying power.";
  if (draft.side === "SELL" && qty > funds.sellableQty) {
    return funds.sellableQty === 0n
      ? `You hold no ${draft.symbol} that is free to sell.`
      : `You hold only ${toText(funds.sellableQty)} ${draft.symbol} that is free to sell.`;
  }
  return undefined;
}

/** The quick steps, in per cent; 100 reads "Max". */
export const QUICK_STEPS = [25, 50, 100] as const;

/** A buy at the market can slip before it fills: leave one per cent of room, so that "Max" is not refused. */
const ROOM: Decimal = subtract(ONE, divide(ONE, HUNDRED) ?? ZERO);

/** The size for a quick step, as text for the field; undefined while it cannot be known. */
export function quickSize(
  step: number,
  typed: Draft,
  quote: Quote | undefined,
  instrument: Instrument | undefined,
  funds: Funds,
): string | undefined {
  const draft = applied(typed);
  const share = divide(multiply(parseDecimal(String(step)) ?? ZERO, ONE), HUNDRED) ?? ZERO;
  const price = expectedPrice(draft, quote);
  if (draft.side === "SELL") {
    const qty = step === 100 ? funds.sellableQty : plainQty(multiply(funds.sellableQty, share), instrument);
    if (draft.sizing === "shares") return qty > 0n ? toText(qty) : undefined;
    return price === undefined || qty <= 0n ? undefined : toText(roundTo(multiply(qty, price), 2), 2);
  }
  const settled = priceFieldsOf(draft.type, draft.trailBy).needed.includes("limit_price");
  const power = settled ? funds.buyingPower : multiply(funds.buyingPower, ROOM);
  const amount = multiply(power > 0n ? power : ZERO, share);
  if (draft.sizing === "amount") return amount > 0n ? toText(floorToStep(amount, CENT), 2) : undefined;
  if (price === undefined || price <= 0n) return undefined;
  const qty = plainQty(divide(amount, price) ?? ZERO, instrument);
  return qty > 0n ? toText(qty) : undefined;
}

/** A quantity that reads well: whole shares where there is one, at most four digits otherwise, always whole lots. */
function plainQty(qty: Decimal, instrument: Instrument | undefined): Decimal {
  const lot = parseDecimal(instrument?.lot_size) ?? ONE;
  const whole = qty >= ONE && instrument?.asset_class !== "crypto";
  return floorToStep(floorToStep(qty, whole ? ONE : FINE), lot);
}

const FINE: Decimal = parseDecimal("0.0001") ?? ONE;
const CENT: Decimal = parseDecimal("0.01") ?? ONE;
