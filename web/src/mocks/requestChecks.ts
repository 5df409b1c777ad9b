//! Owns what the pretend server finds wrong with an order request, whatever the market does: its members by type and class,
//! written after the API's text and not after the ticket, so that each can find the other out.

import type { OrderRequest } from "../api/types";

/** What is wrong, and at which member. */
export interface Fault {
  readonly field: string;
  readonly detail: string;
}

const PRICES = [
  "limit_price",
  "stop_price",
  "trigger_price",
  "trail_amount",
  "trail_percent",
  "limit_offset",
  "activation_price",
  "peg",
] as const;
type Member = (typeof PRICES)[number];

const MEMBERS: Record<string, readonly Member[]> = {
  MARKET: [],
  LIMIT: ["limit_price"],
  STOP: ["stop_price"],
  STOP_LIMIT: ["stop_price", "limit_price"],
  TRAILING_STOP: ["trail_amount", "trail_percent", "activation_price"],
  TRAILING_STOP_LIMIT: ["trail_amount", "trail_percent", "limit_offset", "activation_price"],
  MARKET_IF_TOUCHED: ["trigger_price"],
  LIMIT_IF_TOUCHED: ["trigger_price", "limit_price"],
  PEGGED: ["peg"],
};
const OPTIONAL: readonly Member[] = ["activation_price", "trail_amount", "trail_percent"];

const isThere = (value: unknown): boolean => value !== undefined && value !== null;

/** The first fault of a request, its own before its legs'. */
export function faultOf(request: OrderRequest): Fault | undefined {
  const orderClass = request.order_class ?? "SIMPLE";
  return (
    faultOfClass(request, orderClass) ??
    (orderClass === "OCO" ? faultOfDuration(request, "") : faultOfTerms(request)) ??
    faultOfSize(request) ??
    (request.legs ?? []).map(faultOfLeg).find(isThere)
  );
}

function faultOfClass(request: OrderRequest, orderClass: string): Fault | undefined {
  const { take_profit, stop_loss, legs } = request;
  const foreign = (field: string): Fault => ({ field, detail: "does not belong to this order_class" });
  const missing = (field: string): Fault => ({ field, detail: "is required" });
  const hasExits = orderClass === "BRACKET" || orderClass === "OCO";
  if (!hasExits && isThere(take_profit)) return foreign("take_profit");
  if (!hasExits && isThere(stop_loss)) return foreign("stop_loss");
  if (orderClass === "BRACKET" && !isThere(take_profit) && !isThere(stop_loss)) return missing("take_profit");
  if (orderClass === "OCO" && !isThere(take_profit)) return missing("take_profit");
  if (orderClass === "OCO" && !isThere(stop_loss)) return missing("stop_loss");
  if (orderClass === "OCO" && isThere(request.type)) return foreign("type");
  if (orderClass === "OCO" && isThere(request.notional)) return foreign("notional");
  const hasLegs = orderClass === "OTO" || orderClass === "OTOCO";
  if (!hasLegs && isThere(legs)) return foreign("legs");
  if (hasLegs && (legs ?? []).length === 0) return missing("legs");
  if (stop_loss) {
    const ways = [stop_loss.stop_price, stop_loss.trail_amount, stop_loss.trail_percent].filter(isThere);
    if (ways.length !== 1) return missing("stop_loss.stop_price");
    if (isThere(stop_loss.limit_price) && !isThere(stop_loss.stop_price))
      return { field: "stop_loss.limit_price", detail: "belongs to a stop_price, not to a trail" };
  }
  return undefined;
}

function faultOfTerms(request: OrderRequest): Fault | undefined {
  const { type } = request;
  const members = type ? MEMBERS[type] : undefined;
  if (members === undefined) return { field: "type", detail: "is required" };
  const foreign = PRICES.find((field) => isThere(request[field]) && !members.includes(field));
  if (foreign !== undefined) return { field: foreign, detail: "does not belong to an order of this type" };
  const missing = members.find((field) => !OPTIONAL.includes(field) && !isThere(request[field]));
  if (missing !== undefined) return { field: missing, detail: "is required" };
  if (members.includes("trail_amount") && isThere(request.trail_amount) === isThere(request.trail_percent))
    return { field: "trail_amount", detail: "exactly one kind of trail has to be given" };
  return faultOfDuration(request, type ?? "");
}

function faultOfDuration(request: OrderRequest, type: string): Fault | undefined {
  const time = request.time_in_force ?? "DAY";
  const lasts = ["DAY", "GTC", "GTD"].includes(time);
  const limit = ["LIMIT", "STOP_LIMIT", "TRAILING_STOP_LIMIT", "LIMIT_IF_TOUCHED", "PEGGED"].includes(type);
  const wrong = (field: string): Fault => ({ field, detail: "does not go with this order" });
  if (type === "" && !lasts) return wrong("time_in_force");
  if (["OPG", "CLS"].includes(time) && type !== "MARKET" && type !== "LIMIT") return wrong("time_in_force");
  if ((time === "GTD") !== isThere(request.expires_at)) return wrong("expires_at");
  if (request.extended_hours && !(type === "LIMIT" && lasts)) return wrong("extended_hours");
  if (request.post_only && !(limit && lasts)) return wrong("post_only");
  if (isThere(request.display_qty) && !(limit && lasts && isThere(request.qty))) return wrong("display_qty");
  const waits = /STOP|TOUCHED/.test(type);
  return isThere(request.trigger_source) && !waits ? wrong("trigger_source") : undefined;
}

function faultOfSize(request: OrderRequest): Fault | undefined {
  if (isThere(request.qty) === isThere(request.notional))
    return { field: "qty", detail: "or notional is required" };
  const text = request.qty ?? request.notional ?? "";
  return Number.parseFloat(text) > 0 ? undefined : { field: "qty", detail: "must be above 0" };
}

function faultOfLeg(leg: OrderRequest, place: number): Fault | undefined {
  const fault = isThere(leg.portfolio_id)
    ? { field: "portfolio_id", detail: "is that of the first order" }
    : isThere(leg.notional)
      ? { field: "notional", detail: "a leg has a quantity" }
      : faultOfTerms(leg);
  return fault === undefined ? undefined : { ...fault, field: `legs.${place}.${fault.field}` };
}
