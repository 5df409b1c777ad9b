//! Owns the plain words for the server's codes: why an order was refused, how it stands, what it waits for.

import type { Order } from "../../api/types";
import { formatCode, formatPrice, formatQty } from "../../format";

const REFUSALS: Record<string, string> = {
  UNKNOWN_SYMBOL: "There is no instrument with this symbol.",
  NOT_TRADABLE: "This instrument takes no orders now.",
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
};

/** Why an order was refused: our words for the code, with the server's detail when it says more. */
export function refusalOf(code: string | null | undefined, detail: string | null | undefined): string {
  const words = code ? REFUSALS[code] : undefined;
  if (words === undefined) return detail ?? (code ? formatCode(code) : "The order was refused.");
  return detail && detail !== words ? `${words} (${detail})` : words;
}

/** An order's price condition in a few words, for a table cell. */
export function priceOf(order: Order, precision: number): string {
  const price = (text: string | null | undefined) => formatPrice(text, precision);
  switch (order.type) {
    case "MARKET":
      return "Market";
    case "LIMIT":
      return price(order.limit_price);
    case "STOP":
      return `Stop ${price(order.stop_price)}`;
    case "STOP_LIMIT":
      return `${price(order.limit_price)} after ${price(order.stop_price)}`;
    case "TRAILING_STOP": {
      const trail = order.trail_percent ? `${formatQty(order.trail_percent)}%` : price(order.trail_amount);
      return order.working_price ? `Trail ${trail} → ${price(order.working_price)}` : `Trail ${trail}`;
    }
    default:
      return formatCode(order.type);
  }
}

/** What an open order is waiting for. */
export function waitingFor(order: Order): string {
  if (order.held) return "Held until its parent fills";
  if (order.status === "PARTIALLY_FILLED") return "Part filled; waiting for more at its price";
  switch (order.type) {
    case "MARKET":
      return "Waiting for the next quote";
    case "LIMIT":
      return "Waiting for its price";
    case "STOP":
    case "TRAILING_STOP":
      return order.triggered ? "Triggered; filling at the market" : "Waiting for its trigger";
    case "STOP_LIMIT":
      return order.triggered ? "Triggered; waiting for its price" : "Waiting for its trigger";
    default:
      return "Waiting";
  }
}

export const sideWord = (side: "BUY" | "SELL"): string => (side === "BUY" ? "Buy" : "Sell");

/** How much is ordered: shares, or an amount. */
export const sizeOf = (order: Order): string =>
  order.qty === null || order.qty === undefined ? `$${formatQty(order.notional)}` : formatQty(order.qty);
