//! Owns what of a working order can be changed in its row, and the change that was typed. Pure.

import type { Order, OrderPatch } from "../../../api/types";
import { parseDecimal } from "../../../decimal";

export type Editable =
  | "qty"
  | "limit_price"
  | "stop_price"
  | "trigger_price"
  | "trail_amount"
  | "trail_percent";

export const EDITABLE_NAMES: Record<Editable, { label: string; short: string }> = {
  qty: { label: "Quantity", short: "" },
  limit_price: { label: "Limit price", short: "limit" },
  stop_price: { label: "Stop price", short: "stop" },
  trigger_price: { label: "Trigger price", short: "trigger" },
  trail_amount: { label: "Trail in dollars", short: "$" },
  trail_percent: { label: "Trail in per cent", short: "%" },
};

const TRIGGERS: readonly Editable[] = ["stop_price", "trigger_price", "trail_amount", "trail_percent"];
const ALL: readonly Editable[] = ["qty", "limit_price", ...TRIGGERS];

/** The figures that an order has and that can still change: a trigger that was reached has done its work. */
export const editablesOf = (order: Order): readonly Editable[] =>
  ALL.filter(
    (field) =>
      order[field] !== null && order[field] !== undefined && !(order.triggered && TRIGGERS.includes(field)),
  );

export type Texts = Partial<Record<Editable, string>>;

export const textsOf = (order: Order): Texts =>
  Object.fromEntries(editablesOf(order).map((field) => [field, order[field] ?? ""]));

/** What was changed in value; an untouched field is not sent. */
export function changeOf(order: Order, texts: Texts): OrderPatch {
  const change: OrderPatch = {};
  for (const field of editablesOf(order)) {
    const next = parseDecimal(texts[field]);
    if (next !== undefined && next !== parseDecimal(order[field]))
      change[field] = texts[field]?.trim() ?? null;
  }
  return change;
}

/** The first figure that is no plain number above zero. */
export const faultOf = (order: Order, texts: Texts): Editable | undefined =>
  editablesOf(order).find((field) => (parseDecimal(texts[field]) ?? 0n) <= 0n);
