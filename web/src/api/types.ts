//! Owns the names the interface uses for the API's shapes. Everything here comes from the generated schema; where the
//! document says only that a member is text, its values are those that requests may name.

import type { components } from "./schema";

type Schemas = components["schemas"];
type Refined<Base, Members> = Omit<Base, keyof Members> & Members;
type Wanted = Schemas["OrderRequest"];

export type Side = NonNullable<Wanted["side"]>;
/** The order types that this interface places and shows. */
export type OrderType = Extract<
  NonNullable<Wanted["type"]>,
  "MARKET" | "LIMIT" | "STOP" | "STOP_LIMIT" | "TRAILING_STOP"
>;
export type TimeInForce = Extract<NonNullable<Wanted["time_in_force"]>, "DAY" | "GTC" | "IOC" | "FOK">;
export type OrderStatus = "NEW" | "PARTIALLY_FILLED" | "FILLED" | "CANCELED" | "REJECTED" | "EXPIRED";

export type Order = Refined<
  Schemas["Order"],
  { side: Side; type: OrderType; time_in_force: TimeInForce; status: OrderStatus }
>;
export type Trade = Refined<Schemas["Trade"], { side: Side }>;
export type OrderRequest = Wanted;
export type OrderPatch = Schemas["AmendRequest"];
export type Position = Schemas["Position"];
export type Portfolio = Schemas["Portfolio"];
export type Quote = Schemas["Quote"];
export type Instrument = Schemas["Instrument"];
export type Bar = Schemas["Bar"];
export type MarketClock = Schemas["Clock"];

/** A refusal as the server writes it. */
export interface ProblemBody {
  readonly title: string;
  readonly detail: string;
  readonly code: string;
  readonly field?: string | null;
  readonly order?: Order | null;
}
