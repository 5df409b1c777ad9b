//! Owns the plain words for the server's codes: why an order was refused or ended, how it stands, what it waits for, and by
//! which rule it filled.

import type { Order } from "../../api/types";
import { decimalOrZero } from "../../decimal";
import { formatCode, formatDayAndTime, formatPrice, formatQty } from "../../format";
import type { Role } from "./orderTree";

const REFUSALS: Record<string, string> = {
  UNKNOWN_SYMBOL: "There is no instrument with this symbol.",
  NOT_TRADABLE: "This instrument takes no orders now.",
  NOT_AMENDABLE: "This cannot be changed in an order that is working.",
  INVALID_CHAIN: "These orders do not fit together.",
  INVALID_PRICE_INCREMENT: "The price does not fit this instrument's price steps.",
  INVALID_LOT_SIZE: "The quantity does not fit this instrument's steps.",
  QTY_BELOW_FILLED: "More than that is filled already.",
  AMOUNT_TOO_SMALL: "The amount is too small to buy any.",
  TOO_MANY_OPEN_ORDERS: "The portfolio has as many open orders as it may. Cancel some first.",
  PRICE_BELOW_MINIMUM: "The price is below this portfolio's minimum.",
  MAX_ORDER_VALUE: "One order of this portfolio may not be worth that much.",
  MAX_POSITIONS: "The portfolio already has as many positions as its limits allow.",
  MAX_POSITION_PCT: "The position would take more of the portfolio than its limits allow.",
  MAX_GROSS_EXPOSURE: "All holdings together would exceed the portfolio's limit.",
  INSUFFICIENT_BUYING_POWER:
    "This costs more than your buying power. Buy less, or cancel another buy order first.",
  INSUFFICIENT_QUANTITY: "You do not hold that many that are free to sell.",
  EXPIRY_IN_PAST: "The order would have expired already.",
  STOP_IN_MARKET: "The price is already past this stop: it would trigger at once.",
  EXIT_ON_WRONG_SIDE: "This exit is on the wrong side of the price that the entry would trade at.",
  WOULD_TAKE: "It would trade at once, and was asked only to wait. Choose a price further away.",
  NOTHING_TO_REDUCE: "There is no position that it could make smaller.",
  NO_AUCTION: "This market holds no auctions.",
  AUCTION_CUTOFF: "This auction takes no more orders.",
  ORDER_NOT_OPEN: "The order has ended already.",
};

/** Why an order was refused: our words for the code, with the server's detail when it says more. */
export function refusalOf(code: string | null | undefined, detail: string | null | undefined): string {
  const words = code ? REFUSALS[code] : undefined;
  if (words === undefined) return detail ?? (code ? formatCode(code) : "The order was refused.");
  return detail && detail !== words ? `${words} (${detail})` : words;
}

const ENDS: Record<string, string> = {
  requested: "Cancelled",
  immediate_or_cancel: "Cancelled: the rest could not be had at once",
  fill_or_kill: "Cancelled: not all of it could be had at once",
  insufficient_buying_power: "Cancelled: buying power was too small when it came to trade",
  post_only: "Cancelled: it would have traded at once when it was set off",
  reduce_only: "Cancelled: no position was left to make smaller",
  price_protection: "Cancelled: the market was further away than an order without a limit may go",
  sibling: "Cancelled: the order beside it traded or ended",
  parent: "Cancelled: the order it waited for ended",
};

/** How an order ended, with the reason where there is one. */
export function resultOf(order: Order): string {
  if (order.status === "REJECTED") return `Refused: ${refusalOf(order.reject_code, order.reject_message)}`;
  if (order.status === "CANCELED") return ENDS[order.cancel_reason ?? ""] ?? "Cancelled";
  if (order.status === "EXPIRED") return `Expired ${formatDayAndTime(order.updated_at)}`;
  return formatCode(order.status);
}

const FILL_RULES: Record<string, string> = {
  took_standing_quote: "Took the quote that stood when the order began to work.",
  took_new_quote: "Took a quote that arrived while it waited.",
  quote_crossed_limit: "Waited at its limit until a quote came to it.",
  trade_at_limit: "Waited at its limit until enough had traded there to use up the queue ahead of it.",
  trade_through_limit: "Waited at its limit until a trade went through it.",
  opening_auction: "Took part in the opening auction, at its price.",
  closing_auction: "Took part in the closing auction, at its price.",
  auction_fallback: "No auction price came in time, so that it filled at the last price.",
  bar_open: "Waited for a bar and traded at its open.",
  bar_middle: "Waited for a bar and traded halfway between its open and its close.",
  bar_close: "Traded at a bar's close.",
  bar_at_limit: "Waited at its limit until a bar's price came to it.",
  bar_through_limit: "Waited at its limit until a bar's price went through it.",
  bar_trigger: "Was set off within a bar and traded where that happened.",
  bar_path: "Wanted more than there was, and traded on along the bar's path.",
};

/** The rule that made a fill, as a sentence. */
export const fillRuleOf = (reason: string): string => FILL_RULES[reason] ?? formatCode(reason);

/** How far a trailing stop stays behind. */
const trailOf = (order: Order): string =>
  order.trail_percent ? `${formatQty(order.trail_percent)}%` : formatQty(order.trail_amount);

const PEGGED_TO = {
  PRIMARY: ["bid", "ask"],
  MARKET: ["ask", "bid"],
  MIDPOINT: ["middle", "middle"],
} as const;

/** An order's price condition in a few words, for a table cell. */
export function priceOf(order: Order, precision: number): string {
  const price = (text: string | null | undefined) => formatPrice(text, precision);
  const now = order.working_price ? ` → ${price(order.working_price)}` : "";
  switch (order.type) {
    case "MARKET":
      return "Market";
    case "LIMIT":
      return price(order.limit_price);
    case "STOP":
      return `Stop ${price(order.stop_price)}`;
    case "STOP_LIMIT":
      return `${price(order.limit_price)} after ${price(order.stop_price)}`;
    case "TRAILING_STOP":
      return `Trail ${trailOf(order)}${now}`;
    case "TRAILING_STOP_LIMIT":
      return `Trail ${trailOf(order)}${now} ${order.side === "BUY" ? "+" : "−"} ${formatQty(order.limit_offset)}`;
    case "MARKET_IF_TOUCHED":
      return `Touch ${price(order.trigger_price)}`;
    case "LIMIT_IF_TOUCHED":
      return `${price(order.limit_price)} after ${price(order.trigger_price)}`;
    case "PEGGED": {
      const [buy, sell] = PEGGED_TO[order.peg?.reference ?? "PRIMARY"];
      return `Peg ${order.side === "BUY" ? buy : sell}${now}`;
    }
  }
}

/** What an open order is waiting for; of a leg, what its parent still has to do. */
export function waitingFor(order: Order, role: Role = "single", parent?: Order): string {
  if (order.held) return heldFor(order, role, parent);
  if (order.time_in_force === "OPG") return "Waits for the opening auction";
  if (order.time_in_force === "CLS") return "Waits for the closing auction";
  const waits = order.triggered ? "Set off; " : "";
  switch (order.type) {
    case "MARKET":
      return "Waits for the next quote";
    case "LIMIT":
      return order.status === "PARTIALLY_FILLED" ? "Part filled; waits for more" : "Waits for its price";
    case "STOP":
    case "MARKET_IF_TOUCHED":
      return waits === "" ? "Waits for its trigger" : `${waits}fills at the market`;
    case "STOP_LIMIT":
    case "LIMIT_IF_TOUCHED":
      return waits === "" ? "Waits for its trigger" : `${waits}waits for its price`;
    case "TRAILING_STOP":
    case "TRAILING_STOP_LIMIT":
      if (waits !== "")
        return `${waits}${order.type === "TRAILING_STOP" ? "fills at the market" : "waits for its price"}`;
      return order.activation_price !== null && order.hwm === null
        ? "Waits to begin following"
        : "Follows the price";
    case "PEGGED":
      return order.working_price === null ? "Waits for a two-sided quote" : "Follows the quote";
  }
}

function heldFor(order: Order, role: Role, parent: Order | undefined): string {
  const isExit = role === "take-profit" || role === "stop-loss" || role === "alternative";
  const what = isExit ? "entry" : "the order above";
  const hasTraded = decimalOrZero(order.filled_qty) > 0n || parent?.status === "PARTIALLY_FILLED";
  return hasTraded ? `Waits for more of ${isExit ? "its entry" : what}` : `Waits for ${what}`;
}

const ROLE_WORDS: Record<Role, string> = {
  single: "",
  first: "",
  "take-profit": "Take profit",
  "stop-loss": "Stop loss",
  follower: "Then",
  alternative: "One of several",
};

/** What an order is in its chain, for its row. */
export const roleWord = (role: Role): string => ROLE_WORDS[role];

/** How much is ordered: shares, or an amount. An exit of an amount is as large as what fills. */
export function sizeOf(order: Order): string {
  if (order.qty === null || order.qty === undefined) return `$${formatQty(order.notional)}`;
  return order.held && decimalOrZero(order.qty) === 0n ? "as filled" : formatQty(order.qty);
}

/** An order named in a few words, for buttons and messages: `buy 100 AAPL`. */
export const nameOf = (order: Order): string =>
  `${order.side === "BUY" ? "buy" : "sell"} ${sizeOf(order)} ${order.symbol}`;
