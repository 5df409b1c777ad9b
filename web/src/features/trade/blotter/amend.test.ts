//! What a change of an order sends.

import { describe, expect, it } from "vitest";
import type { Order } from "../../../api/types";
import { sampleOrder } from "../../../mocks/samples";
import { changeOf, editablesOf, faultOf } from "./amend";

const limit = sampleOrder();
const stopLimit = sampleOrder({ type: "STOP_LIMIT", limit_price: "10.10", stop_price: "10" });
const touched = sampleOrder({ type: "MARKET_IF_TOUCHED", limit_price: null, trigger_price: "9" });
const trailing = sampleOrder({ type: "TRAILING_STOP", limit_price: null, trail_percent: "2.5" });
const byAmount = sampleOrder({ type: "MARKET", qty: null, notional: "500", limit_price: null });

describe("what can be changed", () => {
  it.each<[Order, string[]]>([
    [limit, ["qty", "limit_price"]],
    [stopLimit, ["qty", "limit_price", "stop_price"]],
    [{ ...stopLimit, triggered: true }, ["qty", "limit_price"]],
    [touched, ["qty", "trigger_price"]],
    [trailing, ["qty", "trail_percent"]],
    [byAmount, []],
  ])("of %o", (order, fields) => {
    expect(editablesOf(order)).toEqual(fields);
  });
});

describe("a change", () => {
  it("sends what is another value and nothing else", () => {
    expect(changeOf(limit, { qty: "100.0", limit_price: " 10.06 " })).toEqual({ limit_price: "10.06" });
    expect(changeOf(limit, { qty: "100", limit_price: "10.050" })).toEqual({});
    expect(changeOf(trailing, { qty: "90", trail_percent: "3" })).toEqual({ qty: "90", trail_percent: "3" });
  });

  it("must be plain numbers above zero", () => {
    expect(faultOf(limit, { qty: "1", limit_price: "10" })).toBeUndefined();
    for (const wrong of ["", "0", "-1", "1e3", "x"]) {
      expect(faultOf(limit, { qty: "1", limit_price: wrong })).toBe("limit_price");
    }
  });
});
