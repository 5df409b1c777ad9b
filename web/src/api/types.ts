//! Owns the names the interface uses for the API's shapes. Everything here comes from the generated schema, save what it
//! does not say yet about chains and pegs: that stands below under "ahead of the schema", and goes when it is generated anew.

import type { components } from "./schema";

type Schemas = components["schemas"];

export type Side = Schemas["Side"];
export type OrderType = Schemas["OrderType"];
export type TimeInForce = Schemas["TimeInForce"];
export type TriggerSource = Schemas["TriggerSource"];
export type OrderClass = Schemas["OrderClass"];
export type OrderStatus = Schemas["OrderStatus"];
export type PegReference = Schemas["PegReference"];
export type Peg = Schemas["Peg"];
export type TakeProfit = Schemas["TakeProfit"];
export type StopLoss = Schemas["StopLoss"];

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

/** An order as the server tells of it; a chain's later orders name the one they hang on in `parent_id`. */
export type Order = Schemas["Order"];
