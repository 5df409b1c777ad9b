//! Owns what order types, durations, classes and sources are called, and the one sentence that explains each.

import type { OrderClass, OrderType, PegReference, Side, TimeInForce, TriggerSource } from "../../api/types";

export interface Name {
  readonly label: string;
  readonly meaning: string;
}

export const TYPE_NAMES: Record<OrderType, Name> = {
  MARKET: { label: "Market", meaning: "Trades at once at the best price there is." },
  LIMIT: { label: "Limit", meaning: "Trades at your price or better, or waits." },
  STOP: { label: "Stop", meaning: "Becomes a market order when the price moves against you to your stop." },
  STOP_LIMIT: {
    label: "Stop limit",
    meaning: "Becomes a limit order when the price moves against you to your stop.",
  },
  TRAILING_STOP: {
    label: "Trailing stop",
    meaning: "A stop that follows the price when it moves your way, and stays when it turns.",
  },
  TRAILING_STOP_LIMIT: {
    label: "Trailing stop limit",
    meaning: "A trailing stop that becomes a limit order instead of taking any price.",
  },
  MARKET_IF_TOUCHED: {
    label: "Market if touched",
    meaning: "Becomes a market order when the price moves your way to your trigger.",
  },
  LIMIT_IF_TOUCHED: {
    label: "Limit if touched",
    meaning: "Becomes a limit order when the price moves your way to your trigger.",
  },
  PEGGED: {
    label: "Pegged",
    meaning: "A limit order that moves with the quote and waits for others to come to it.",
  },
};

export const TIME_NAMES: Record<TimeInForce, Name> = {
  DAY: { label: "Day", meaning: "Until the close of this session." },
  GTC: { label: "Until cancelled", meaning: "Stays until it fills or you cancel it." },
  GTD: { label: "Until a date", meaning: "Stays until the moment that you name." },
  IOC: { label: "Immediate or cancel", meaning: "Takes what is there now; the rest is cancelled." },
  FOK: { label: "Fill or kill", meaning: "All of it now, or nothing." },
  OPG: { label: "At the open", meaning: "Takes part in the next opening auction and nothing else." },
  CLS: { label: "At the close", meaning: "Takes part in the closing auction and nothing else." },
};

export const CLASS_NAMES: Record<OrderClass, Name> = {
  SIMPLE: { label: "None", meaning: "One order by itself." },
  BRACKET: {
    label: "Take profit and stop loss",
    meaning: "Once the order fills, its exits begin to work; when one of them trades, the other ends.",
  },
  OCO: {
    label: "Exits for a position (OCO)",
    meaning: "Two exits for what you hold already; when one of them trades, the other ends.",
  },
  OTO: { label: "Then other orders (OTO)", meaning: "Once the order fills, the others are sent." },
  OTOCO: {
    label: "Then one of several (OTOCO)",
    meaning: "Once the order fills, the others are sent; when one of them trades, the rest end.",
  },
};

export const SOURCE_NAMES: Record<TriggerSource, Name> = {
  LAST: { label: "Last trade", meaning: "Any trade at the price sets it off." },
  BID_ASK: { label: "Bid or ask", meaning: "The ask sets off a buy, the bid a sell; no trade is needed." },
  MID: { label: "Middle of bid and ask", meaning: "The middle of the quote has to reach the price." },
  DOUBLE_LAST: { label: "Two trades in a row", meaning: "One odd trade alone does not set it off." },
  DOUBLE_BID_ASK: { label: "Two quotes in a row", meaning: "One odd quote alone does not set it off." },
};

export const PEG_NAMES: Record<PegReference, Name> = {
  PRIMARY: { label: "Its own side", meaning: "A buy follows the bid, a sell the ask, and never falls back." },
  MARKET: { label: "The other side", meaning: "A buy stays behind the ask, a sell behind the bid." },
  MIDPOINT: { label: "The middle", meaning: "Follows the middle of bid and ask." },
};

export const sideWord = (side: Side): string => (side === "BUY" ? "Buy" : "Sell");
export const oppositeOf = (side: Side): Side => (side === "BUY" ? "SELL" : "BUY");
