//! Owns everything an order asked for and came to, as names and values to read. Pure.

import type { Order } from "../../../api/types";
import { decimalOrZero, parseDecimal } from "../../../decimal";
import { formatDayAndTime, formatFinePrice, formatMoney, formatPrice, formatQty } from "../../../format";
import { isOpen } from "../../../store/fold";
import { CLASS_NAMES, PEG_NAMES, SOURCE_NAMES, TIME_NAMES, TYPE_NAMES } from "../orderNames";
import { sizeOf } from "../words";

export interface Term {
  readonly name: string;
  readonly value: string;
  /** One sentence more, where the value alone does not teach it. */
  readonly meaning?: string;
}

const when = (there: unknown, term: Term): Term[] =>
  there === null || there === undefined || there === false || there === "" ? [] : [term];

/** What was asked: only what the order has. */
export function termsOf(order: Order, precision: number): Term[] {
  const price = (text: string | null) => formatPrice(text, precision);
  const type = TYPE_NAMES[order.type];
  const time = TIME_NAMES[order.time_in_force];
  return [
    { name: "Type", value: type.label, meaning: type.meaning },
    ...when(order.order_class !== "SIMPLE", {
      name: "Linked orders",
      value: CLASS_NAMES[order.order_class].label,
      meaning: CLASS_NAMES[order.order_class].meaning,
    }),
    { name: order.notional === null ? "Quantity" : "Amount", value: sizeOf(order) },
    ...when(order.limit_price, { name: "Limit price", value: price(order.limit_price) }),
    ...when(order.stop_price, { name: "Stop price", value: price(order.stop_price) }),
    ...when(order.trigger_price, { name: "Trigger price", value: price(order.trigger_price) }),
    ...when(order.trail_amount, { name: "Trails by", value: `$${formatQty(order.trail_amount)}` }),
    ...when(order.trail_percent, { name: "Trails by", value: `${formatQty(order.trail_percent)}%` }),
    ...when(order.limit_offset, { name: "Limit offset", value: `$${formatQty(order.limit_offset)}` }),
    ...when(order.activation_price, { name: "Follows from", value: price(order.activation_price) }),
    ...pegTerms(order, precision),
    { name: "Time in force", value: time.label, meaning: time.meaning },
    ...when(order.expires_at, { name: "Ends", value: formatDayAndTime(order.expires_at) }),
    ...when(order.trigger_source !== null && order.trigger_source !== "LAST", {
      name: "Set off by",
      value: SOURCE_NAMES[order.trigger_source ?? "LAST"].label,
      meaning: SOURCE_NAMES[order.trigger_source ?? "LAST"].meaning,
    }),
    ...when(order.extended_hours, { name: "Extended hours", value: "Yes" }),
    ...when(order.post_only, { name: "Post only", value: "Yes" }),
    ...when(order.reduce_only, { name: "Reduce only", value: "Yes" }),
    ...when(order.display_qty, { name: "Shows at a time", value: formatQty(order.display_qty) }),
  ];
}

function pegTerms({ peg }: Order, precision: number): Term[] {
  if (peg === null) return [];
  const { label, meaning } = PEG_NAMES[peg.reference];
  return [
    { name: "Follows", value: label, meaning },
    ...when(decimalOrZero(peg.offset) !== 0n, { name: "Offset", value: `$${formatQty(peg.offset)}` }),
    ...when(peg.cap, { name: "Never beyond", value: formatPrice(peg.cap, precision) }),
  ];
}

/** Where it stands now. */
export function standingOf(order: Order, precision: number): Term[] {
  const filled = decimalOrZero(order.filled_qty) > 0n;
  return [
    { name: "Filled", value: formatQty(order.filled_qty) },
    ...when(filled, { name: "Average price", value: formatFinePrice(order.filled_avg_price, precision) }),
    ...when(isOpen(order) && !order.held, { name: "Still to fill", value: formatQty(order.leaves_qty) }),
    ...when(order.working_price, { name: "Works at", value: formatPrice(order.working_price, precision) }),
    ...when(order.hwm, {
      name: order.side === "SELL" ? "Highest price seen" : "Lowest price seen",
      value: formatPrice(order.hwm, precision),
    }),
    ...when((parseDecimal(order.reserved_cash) ?? 0n) > 0n, {
      name: "Cash held back",
      value: formatMoney(order.reserved_cash),
    }),
    ...when(order.revision > 0, {
      name: "Changed",
      value: order.revision === 1 ? "Once" : `${order.revision} times`,
    }),
    { name: "Placed", value: formatDayAndTime(order.created_at) },
    { name: "Updated", value: formatDayAndTime(order.updated_at) },
    { name: "Client order id", value: order.client_order_id },
  ];
}
