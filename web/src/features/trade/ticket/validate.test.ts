//! What is found wrong before anything is sent, and at which field.

import { describe, expect, it } from "vitest";
import { sampleInstrument } from "../../../mocks/samples";
import { type Draft, FIRST_DRAFT, type Leg, newLeg } from "../../../store/draft";
import { validate } from "./validate";

const NOW = new Date(2026, 10, 21, 12, 0).getTime();
const faults = (change: Partial<Draft>): string[] =>
  Object.keys(validate({ ...FIRST_DRAFT, ...change }, { instrument: sampleInstrument(), now: NOW })).sort();

describe("an order by itself", () => {
  it.each<[Partial<Draft>, string[]]>([
    [{ qty: "1" }, []],
    [{ qty: "" }, ["qty"]],
    [{ qty: "0" }, ["qty"]],
    [{ qty: "-1" }, ["qty"]],
    [{ qty: "1e3" }, ["qty"]],
    [{ qty: "1.5" }, ["qty"]],
    [{ sizing: "amount", notional: "12.5" }, []],
    [{ sizing: "amount", notional: "x" }, ["notional"]],
    [{ type: "LIMIT", qty: "1" }, ["limit_price"]],
    [{ type: "LIMIT", qty: "1", limitPrice: "10.005" }, ["limit_price"]],
    [{ type: "LIMIT", qty: "1", limitPrice: "0.5001" }, []],
    [{ type: "STOP_LIMIT", qty: "1" }, ["limit_price", "stop_price"]],
    [{ type: "TRAILING_STOP", qty: "1" }, ["trail_percent"]],
    [{ type: "TRAILING_STOP", qty: "1", trailPercent: "99.5" }, ["trail_percent"]],
    [{ type: "TRAILING_STOP", trailBy: "amount", qty: "1", trailAmount: "0.5" }, []],
    [{ type: "TRAILING_STOP", qty: "1", trailPercent: "2", activationPrice: "0" }, ["activation_price"]],
    [{ type: "TRAILING_STOP_LIMIT", qty: "1", trailPercent: "2" }, ["limit_offset"]],
    [{ type: "TRAILING_STOP_LIMIT", qty: "1", trailPercent: "2", limitOffset: "0.05" }, []],
    [{ type: "MARKET_IF_TOUCHED", qty: "1" }, ["trigger_price"]],
    [{ type: "LIMIT_IF_TOUCHED", qty: "1" }, ["limit_price", "trigger_price"]],
    [{ type: "PEGGED", qty: "1" }, []],
    [{ type: "PEGGED", qty: "1", pegOffset: "-0.01", pegCap: "10" }, []],
    [{ type: "PEGGED", qty: "1", pegOffset: "a", pegCap: "-10" }, ["peg.cap", "peg.offset"]],
    [{ qty: "1", timeInForce: "GTD" }, ["expires_at"]],
    [{ qty: "1", timeInForce: "GTD", expiresAt: "2026-11-21T11:59" }, ["expires_at"]],
    [{ qty: "1", timeInForce: "GTD", expiresAt: "2026-11-21T12:01" }, []],
    [{ type: "LIMIT", limitPrice: "10", qty: "10", displayQty: "11" }, ["display_qty"]],
    [{ type: "LIMIT", limitPrice: "10", qty: "10", displayQty: "2.5" }, ["display_qty"]],
    [{ type: "LIMIT", limitPrice: "10", qty: "10", displayQty: "2" }, []],
    // A market order shows nothing: what was typed for another type is not its fault.
    [{ qty: "10", displayQty: "11" }, []],
  ])("of %o finds %j", (change, fields) => {
    expect(faults(change)).toEqual(fields);
  });
});

describe("exits", () => {
  const with_ = (change: Partial<Draft["exits"]>) => ({ ...FIRST_DRAFT.exits, ...change });
  const buy: Partial<Draft> = { orderClass: "BRACKET", type: "LIMIT", limitPrice: "10", qty: "1" };
  const sell: Partial<Draft> = { ...buy, side: "SELL" };
  const oco: Partial<Draft> = { orderClass: "OCO", side: "SELL", qty: "1" };
  const [PROFIT, STOP] = ["take_profit.limit_price", "stop_loss.stop_price"];

  it.each<[Partial<Draft>, string[]]>([
    [{ ...buy, exits: with_({}) }, [STOP, PROFIT]],
    [{ ...buy, exits: with_({ takeProfit: "11", stopLoss: "9" }) }, []],
    [{ ...buy, exits: with_({ takeProfit: "9", stopLoss: "11" }) }, [STOP, PROFIT]],
    [{ ...buy, exits: with_({ takeProfit: "10", stopLoss: "9" }) }, [PROFIT]],
    [
      { ...buy, exits: with_({ takeProfit: "11", stopLoss: "9", stopLossLimit: "8.005" }) },
      ["stop_loss.limit_price"],
    ],
    [{ ...buy, exits: with_({ withStopLoss: false, takeProfit: "11" }) }, []],
    [{ ...buy, exits: with_({ withTakeProfit: false, stopLossBy: "percent", stopLossPercent: "2" }) }, []],
    [{ ...buy, exits: with_({ withTakeProfit: false, stopLossBy: "amount" }) }, ["stop_loss.trail_amount"]],
    [{ ...buy, exits: with_({ withTakeProfit: false, withStopLoss: false }) }, ["order_class"]],
    [{ ...sell, exits: with_({ takeProfit: "9", stopLoss: "11" }) }, []],
    [{ ...sell, exits: with_({ takeProfit: "11", stopLoss: "9" }) }, [STOP, PROFIT]],
    // The market's price is the server's to judge.
    [{ ...buy, type: "MARKET", exits: with_({ takeProfit: "3", stopLoss: "2" }) }, []],
    [{ ...buy, type: "MARKET", exits: with_({ takeProfit: "2", stopLoss: "3" }) }, [STOP]],
    [{ ...oco, exits: with_({ takeProfit: "11", stopLoss: "9" }) }, []],
    [{ ...oco, exits: with_({ takeProfit: "9", stopLoss: "11" }) }, [STOP]],
    [{ ...oco, exits: with_({ withStopLoss: false, takeProfit: "11" }) }, [STOP]],
    [{ ...oco, side: "BUY", exits: with_({ takeProfit: "9", stopLoss: "11" }) }, []],
  ])("of %o find %j", (change, fields) => {
    expect(faults(change)).toEqual([...fields].sort());
  });
});

describe("legs", () => {
  const leg = (change: Partial<Leg>): Leg => ({ ...newLeg(FIRST_DRAFT), ...change });

  it.each<[Draft["orderClass"], Leg[], string[]]>([
    ["OTO", [], ["legs"]],
    ["OTO", [leg({})], []],
    ["OTO", [leg({}), leg({ type: "LIMIT", qty: "x" })], ["legs.1.limit_price", "legs.1.qty"]],
    ["OTO", [leg({ timeInForce: "GTD" })], ["legs.0.expires_at"]],
    ["OTO", [leg({ type: "LIMIT", limitPrice: "1.005" })], ["legs.0.limit_price"]],
    // Another symbol's steps are not known here.
    ["OTO", [leg({ type: "LIMIT", limitPrice: "1.005", symbol: "MSFT" })], []],
    ["OTOCO", [leg({})], ["legs"]],
    ["OTOCO", [leg({}), leg({})], []],
    ["SIMPLE", [leg({ qty: "x" })], []],
  ])("of %s %j: %j", (orderClass, legs, fields) => {
    expect(faults({ qty: "1", orderClass, legs })).toEqual(fields);
  });
});
