//! Owns the names the interface uses for the API's shapes. Everything here comes from the generated schema.

import type { components } from "./schema";

type Schemas = components["schemas"];

export type Side = Schemas["Side"];
/** The order types that this interface places. */
export type OrderType = Extract<
  Schemas["OrderType"],
  "MARKET" | "LIMIT" | "STOP" | "STOP_LIMIT" | "TRAILING_STOP"
>;
/** How long the orders of this interface work. */
export type TimeInForce = Extract<Schemas["TimeInForce"], "DAY" | "GTC" | "IOC" | "FOK">;
export type OrderStatus = Schemas["OrderStatus"];

export type Order = Schemas["Order"];
export type Trade = Schemas["Trade"];
export type OrderRequest = Schemas["OrderRequest"];
export type OrderPatch = Schemas["AmendRequest"];
export type Position = Schemas["Position"];
export type Portfolio = Schemas["Portfolio"];
export type Quote = Schemas["Quote"];
export type Instrument = Schemas["Instrument"];
export type Bar = Schemas["Bar"];
export type MarketClock = Schemas["Clock"];

/** A refusal as the server writes it. */
export type ProblemBody = Schemas["Problem"];
