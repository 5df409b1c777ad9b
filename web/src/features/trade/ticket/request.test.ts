//! The request of a ticket: exactly the members that its type and class have. Written by hand from the API.

import { describe, expect, it } from "vitest";
import { type Draft, FIRST_DRAFT, type Leg, newLeg } from "../../../store/draft";
import { requestOf } from "./request";

/** Everything is typed in, so that what a type does not have would show. */
const FULL: Partial<Draft> = {
  qty: " 100 ",
  notional: "7",
  limitPrice: "10.10",
  stopPrice: "10.00",
  triggerPrice: "9.90",
  trailAmount: "0.50",
  trailPercent: "3",
  limitOffset: "0.05",
  activationPrice: "12",
  pegOffset: "0.01",
  pegCap: "10.20",
  expiresAt: "2027-01-02T03:04",
  displayQty: "20",
};
const SENT = { portfolio_id: "p1", symbol: "AAPL", side: "BUY", time_in_force: "DAY", qty: "100" };
const request = (change: Partial<Draft>) => requestOf({ ...FIRST_DRAFT, ...FULL, ...change }, "p1");
const shown = { display_qty: "20" };

describe("each type sends its own members and no others, as typed", () => {
  it.each<[Partial<Draft>, object]>([
    [{ type: "MARKET" }, {}],
    [{ type: "LIMIT" }, { limit_price: "10.10", ...shown }],
    [{ type: "STOP" }, { stop_price: "10.00" }],
    [{ type: "STOP_LIMIT" }, { stop_price: "10.00", limit_price: "10.10", ...shown }],
    [{ type: "TRAILING_STOP" }, { trail_percent: "3", activation_price: "12" }],
    [{ type: "TRAILING_STOP", trailBy: "amount", activationPrice: "" }, { trail_amount: "0.50" }],
    [
      { type: "TRAILING_STOP_LIMIT" },
      { trail_percent: "3", limit_offset: "0.05", activation_price: "12", ...shown },
    ],
    [{ type: "MARKET_IF_TOUCHED" }, { trigger_price: "9.90" }],
    [{ type: "LIMIT_IF_TOUCHED" }, { trigger_price: "9.90", limit_price: "10.10", ...shown }],
    [
      { type: "PEGGED", pegReference: "MIDPOINT" },
      { peg: { reference: "MIDPOINT", offset: "0.01", cap: "10.20" }, ...shown },
    ],
    [
      { type: "PEGGED", pegOffset: "", pegCap: "" },
      { peg: { reference: "PRIMARY" }, ...shown },
    ],
  ])("%o", (change, members) => {
    expect(request(change)).toEqual({ ...SENT, type: change.type, ...members });
  });
});

describe("size, duration and options", () => {
  it("an amount takes the quantity's place", () => {
    const { qty: _, ...rest } = SENT;
    expect(request({ sizing: "amount" })).toEqual({ ...rest, type: "MARKET", notional: "7" });
  });

  it("a date is sent in UTC, and only with GTD", () => {
    const expires_at = new Date(2027, 0, 2, 3, 4).toISOString();
    expect(request({ timeInForce: "GTD" })).toMatchObject({ time_in_force: "GTD", expires_at });
    expect(request({ timeInForce: "GTC" })).not.toHaveProperty("expires_at");
  });

  it("a duration that the type does not have is a day", () => {
    expect(request({ type: "STOP", timeInForce: "OPG" }).time_in_force).toBe("DAY");
    expect(request({ type: "LIMIT", timeInForce: "OPG" }).time_in_force).toBe("OPG");
    expect(request({ type: "PEGGED", timeInForce: "IOC" }).time_in_force).toBe("DAY");
  });

  it("options are sent where the type has them, and only when they are asked for", () => {
    const all: Partial<Draft> = {
      extendedHours: true,
      postOnly: true,
      reduceOnly: true,
      triggerSource: "DOUBLE_LAST",
    };
    const members = { extended_hours: true, post_only: true, reduce_only: true, ...shown };
    expect(request({ ...all, type: "LIMIT" })).toEqual({
      ...SENT,
      type: "LIMIT",
      limit_price: "10.10",
      ...members,
    });
    expect(request({ ...all, type: "STOP" })).toEqual({
      ...SENT,
      type: "STOP",
      stop_price: "10.00",
      reduce_only: true,
      trigger_source: "DOUBLE_LAST",
    });
    expect(request({ ...all, type: "LIMIT", timeInForce: "IOC" })).toEqual({
      ...SENT,
      type: "LIMIT",
      limit_price: "10.10",
      time_in_force: "IOC",
      reduce_only: true,
    });
  });
});

describe("classes", () => {
  const exits = { ...FIRST_DRAFT.exits, takeProfit: "11.00", stopLoss: "9.00", stopLossLimit: "8.90" };
  const leg = (change: Partial<Leg>): Leg => ({ ...newLeg(FIRST_DRAFT), ...change });

  it("a bracket has its exits beside the entry, in shares or for an amount", () => {
    const members = {
      order_class: "BRACKET",
      take_profit: { limit_price: "11.00" },
      stop_loss: { stop_price: "9.00", limit_price: "8.90" },
    };
    expect(request({ orderClass: "BRACKET", exits })).toEqual({ ...SENT, type: "MARKET", ...members });
    expect(request({ orderClass: "BRACKET", sizing: "amount", exits })).toMatchObject({
      notional: "7",
      ...members,
    });
  });

  it("a bracket has only the exits that are chosen", () => {
    const onlyStop = {
      ...exits,
      withTakeProfit: false,
      stopLossBy: "percent" as const,
      stopLossPercent: "2",
    };
    expect(request({ orderClass: "BRACKET", exits: onlyStop })).toEqual({
      ...SENT,
      type: "MARKET",
      order_class: "BRACKET",
      stop_loss: { trail_percent: "2" },
    });
    const onlyProfit = { ...exits, withStopLoss: false };
    expect(request({ orderClass: "BRACKET", exits: onlyProfit })).not.toHaveProperty("stop_loss");
  });

  it("an OCO has two exits, a quantity, and nothing of a type", () => {
    const typed = { ...exits, withTakeProfit: false, stopLossBy: "amount" as const, stopLossAmount: "0.40" };
    expect(
      request({
        orderClass: "OCO",
        side: "SELL",
        type: "LIMIT",
        sizing: "amount",
        timeInForce: "GTC",
        exits: typed,
        postOnly: true,
      }),
    ).toEqual({
      ...SENT,
      side: "SELL",
      time_in_force: "GTC",
      order_class: "OCO",
      take_profit: { limit_price: "11.00" },
      stop_loss: { trail_amount: "0.40" },
    });
  });

  it("an OTO's legs are orders of their own; without a quantity they follow what fills", () => {
    const legs = [
      leg({ type: "LIMIT", limitPrice: "11", qty: "50" }),
      leg({ side: "BUY", symbol: "MSFT", type: "STOP", stopPrice: "400", timeInForce: "DAY" }),
    ];
    expect(request({ orderClass: "OTO", sizing: "amount", legs })).toEqual({
      ...SENT,
      type: "MARKET",
      order_class: "OTO",
      legs: [
        { side: "SELL", type: "LIMIT", limit_price: "11", qty: "50", time_in_force: "GTC" },
        { side: "BUY", symbol: "MSFT", type: "STOP", stop_price: "400", time_in_force: "DAY" },
      ],
    });
  });

  it("an OTOCO's legs trade one thing in one direction and have no quantity of their own", () => {
    const legs = [
      leg({ type: "LIMIT", limitPrice: "11", symbol: "AAPL" }),
      leg({ side: "BUY", symbol: "MSFT", type: "STOP", stopPrice: "9", qty: "3" }),
    ];
    expect(request({ orderClass: "OTOCO", legs }).legs).toEqual([
      { side: "SELL", type: "LIMIT", limit_price: "11", time_in_force: "GTC" },
      { side: "SELL", type: "STOP", stop_price: "9", time_in_force: "GTC" },
    ]);
  });

  it("what another class had stays typed and is not sent", () => {
    const sent = request({ orderClass: "SIMPLE", exits, legs: [leg({})] });
    expect(sent).toEqual({ ...SENT, type: "MARKET" });
  });
});
