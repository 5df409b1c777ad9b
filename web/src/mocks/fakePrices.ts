//! Owns when the pretend server's orders trade and at what price, in cents: as near to the real rules as a picture needs.

import type { Order } from "../api/types";
import { dollars, type FakeMarket } from "./fakeMarket";

export const centsOf = (text: string | null | undefined): number =>
  Math.round(Number.parseFloat(text ?? "0") * 100);

/** What a look at the market does to an order: it trades, or only its marks move. */
export interface Look {
  readonly price?: number;
  readonly change?: Partial<Order>;
}

export function lookAt(order: Order, market: FakeMarket): Look {
  const buys = order.side === "BUY";
  const price = buys ? market.ask(order.symbol) : market.bid(order.symbol);
  const within = (limit: number): Look => ((buys ? price <= limit : price >= limit) ? { price } : {});
  const against = (stop: number) => (buys ? price >= stop : price <= stop);
  const favour = (trigger: number) => (buys ? price <= trigger : price >= trigger);
  const released = (isReached: boolean, then: () => Look): Look => {
    if (order.triggered) return then();
    return isReached ? { change: { triggered: true }, ...then() } : {};
  };
  switch (order.type) {
    case "MARKET":
      return { price };
    case "LIMIT":
      return within(centsOf(order.limit_price));
    case "STOP":
      return released(against(centsOf(order.stop_price)), () => ({ price }));
    case "STOP_LIMIT":
      return released(against(centsOf(order.stop_price)), () => within(centsOf(order.limit_price)));
    case "MARKET_IF_TOUCHED":
      return released(favour(centsOf(order.trigger_price)), () => ({ price }));
    case "LIMIT_IF_TOUCHED":
      return released(favour(centsOf(order.trigger_price)), () => within(centsOf(order.limit_price)));
    case "TRAILING_STOP":
    case "TRAILING_STOP_LIMIT":
      return trail(order, price, favour);
    case "PEGGED":
      return peg(order, market);
  }
}

function trail(order: Order, price: number, favour: (trigger: number) => boolean): Look {
  const buys = order.side === "BUY";
  const offset = centsOf(order.limit_offset) * (buys ? 1 : -1);
  const limit = centsOf(order.working_price) + offset;
  const fills = order.type === "TRAILING_STOP" || (buys ? price <= limit : price >= limit);
  if (order.triggered) return fills ? { price } : {};
  if (order.hwm === null && order.activation_price !== null && !favour(centsOf(order.activation_price)))
    return {};
  const known = order.hwm === null ? price : centsOf(order.hwm);
  if (
    order.hwm !== null &&
    (buys ? price >= centsOf(order.working_price) : price <= centsOf(order.working_price))
  )
    return { change: { triggered: true }, ...(fills ? { price } : {}) };
  const hwm = buys ? Math.min(known, price) : Math.max(known, price);
  if (order.hwm !== null && hwm === known) return {};
  const distance = order.trail_amount
    ? centsOf(order.trail_amount)
    : Math.round((hwm * Number.parseFloat(order.trail_percent ?? "0")) / 100);
  return { change: { hwm: dollars(hwm), working_price: dollars(hwm + (buys ? distance : -distance)) } };
}

function peg(order: Order, market: FakeMarket): Look {
  const buys = order.side === "BUY";
  const [bid, ask] = [market.bid(order.symbol), market.ask(order.symbol)];
  const offset = centsOf(order.peg?.offset);
  const own = buys ? bid : ask;
  const other = buys ? ask : bid;
  const middle = buys ? Math.floor((bid + ask) / 2) : Math.ceil((bid + ask) / 2);
  const ahead = buys ? offset : -offset;
  const wished = { PRIMARY: own + ahead, MARKET: other - ahead, MIDPOINT: middle + ahead }[
    order.peg?.reference ?? "PRIMARY"
  ];
  const behind = buys ? Math.min(wished, ask - 1) : Math.max(wished, bid + 1);
  const cap = order.peg?.cap ? centsOf(order.peg.cap) : behind;
  const limit = dollars(buys ? Math.min(behind, cap) : Math.max(behind, cap));
  return limit === order.working_price ? {} : { change: { working_price: limit } };
}
