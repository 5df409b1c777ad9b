//! Owns the request that a ticket makes: exactly the members that its type and class have, the figures as typed. Pure.

import type { OrderRequest, StopLoss } from "../../../api/types";
import type { Draft, Leg, Terms } from "../../../store/draft";
import { flagsOf, hasEntry, hasExits } from "../orderRules";
import { instantOf } from "./expiry";
import { applied, exitFieldsOf, exitText, figuresOf, sizeField, sizeText, textOf } from "./fields";

/** The request, with only the fields that its type and class have. */
export function requestOf(typed: Draft, portfolioId: string): OrderRequest {
  const draft = applied(typed);
  const request: OrderRequest = {
    portfolio_id: portfolioId,
    symbol: draft.symbol,
    side: draft.side,
    ...(hasEntry(draft.orderClass) ? termsOf(draft) : durationOf(draft)),
    [sizeField(draft)]: sizeText(draft).trim(),
    ...flagsAsked(draft),
  };
  if (draft.orderClass !== "SIMPLE") request.order_class = draft.orderClass;
  if (hasExits(draft.orderClass)) Object.assign(request, exitsOf(draft));
  if (draft.legs.length > 0) request.legs = draft.legs.map((leg) => legOf(leg, draft.symbol));
  return request;
}

type Sent = Partial<OrderRequest>;

/** Type, figures and duration. */
function termsOf(terms: Terms): Sent {
  const sent: Sent = { type: terms.type, ...durationOf(terms) };
  const peg: Record<string, string> = {};
  for (const field of figuresOf(terms)) {
    const text = textOf(terms, field).trim();
    if (text === "") continue;
    if (field === "peg.offset") peg.offset = text;
    else if (field === "peg.cap") peg.cap = text;
    else sent[field] = text;
  }
  return terms.type === "PEGGED" ? { ...sent, peg: { reference: terms.pegReference, ...peg } } : sent;
}

function durationOf({ timeInForce, expiresAt }: Terms): Sent {
  const end = timeInForce === "GTD" ? instantOf(expiresAt) : undefined;
  return { time_in_force: timeInForce, ...(end === undefined ? {} : { expires_at: end.toISOString() }) };
}

/** Only what differs from the server's defaults. */
function flagsAsked(draft: Draft): Sent {
  const sent: Sent = {};
  for (const flag of flagsOf(draft)) {
    if (flag === "extended_hours" && draft.extendedHours) sent.extended_hours = true;
    if (flag === "post_only" && draft.postOnly) sent.post_only = true;
    if (flag === "reduce_only" && draft.reduceOnly) sent.reduce_only = true;
    if (flag === "display_qty" && draft.displayQty.trim() !== "") sent.display_qty = draft.displayQty.trim();
    if (flag === "trigger_source" && draft.triggerSource !== "LAST")
      sent.trigger_source = draft.triggerSource;
  }
  return sent;
}

function exitsOf(draft: Draft): Sent {
  const sent: Sent = {};
  const loss: StopLoss = {};
  for (const field of exitFieldsOf(draft)) {
    const text = exitText(draft, field).trim();
    if (text === "") continue;
    if (field === "take_profit.limit_price") sent.take_profit = { limit_price: text };
    if (field === "stop_loss.stop_price") loss.stop_price = text;
    if (field === "stop_loss.limit_price") loss.limit_price = text;
    if (field === "stop_loss.trail_amount") loss.trail_amount = text;
    if (field === "stop_loss.trail_percent") loss.trail_percent = text;
  }
  return Object.keys(loss).length === 0 ? sent : { ...sent, stop_loss: loss };
}

/** A leg without a quantity is as large as what its order fills. */
function legOf(leg: Leg, symbol: string): OrderRequest {
  const own = leg.symbol.trim();
  return {
    side: leg.side,
    ...termsOf(leg),
    ...(own === "" || own === symbol ? {} : { symbol: own }),
    ...(leg.qty.trim() === "" ? {} : { qty: leg.qty.trim() }),
  };
}
