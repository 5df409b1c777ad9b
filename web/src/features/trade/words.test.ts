//! What the table and the details say of an order. Written by hand.

import { describe, expect, it } from "vitest";
import type { Order } from "../../api/types";
import { sampleOrder } from "../../mocks/samples";
import { fillRuleOf, nameOf, priceOf, resultOf, sizeOf, waitingFor } from "./words";

const bare: Partial<Order> = { limit_price: null };
const order = (change: Partial<Order>) => sampleOrder({ ...bare, ...change });

describe("a price condition", () => {
  it.each<[Partial<Order>, string]>([
    [{ type: "MARKET" }, "Market"],
    [{ type: "LIMIT", limit_price: "10.05" }, "10.05"],
    [{ type: "STOP", stop_price: "9" }, "Stop 9.00"],
    [{ type: "STOP_LIMIT", stop_price: "9", limit_price: "8.9" }, "8.90 after 9.00"],
    [{ type: "TRAILING_STOP", trail_percent: "2.5" }, "Trail 2.5%"],
    [{ type: "TRAILING_STOP", trail_amount: "0.5", working_price: "9.75" }, "Trail 0.5 → 9.75"],
    [
      { type: "TRAILING_STOP_LIMIT", trail_percent: "2", limit_offset: "0.05", working_price: "9.8" },
      "Trail 2% → 9.80 + 0.05",
    ],
    [{ type: "MARKET_IF_TOUCHED", trigger_price: "9" }, "Touch 9.00"],
    [{ type: "LIMIT_IF_TOUCHED", trigger_price: "9", limit_price: "9.1" }, "9.10 after 9.00"],
    [{ type: "PEGGED", peg: { reference: "PRIMARY" }, working_price: "10" }, "Peg bid → 10.00"],
    [{ type: "PEGGED", side: "SELL", peg: { reference: "MARKET" } }, "Peg bid"],
    [{ type: "PEGGED", side: "SELL", peg: { reference: "MIDPOINT" } }, "Peg middle"],
  ])("of %o is %s", (change, words) => {
    expect(priceOf(order(change), 2)).toBe(words);
  });
});

describe("what an open order waits for", () => {
  const trailing: Partial<Order> = { type: "TRAILING_STOP", trail_percent: "2" };

  it.each<[Partial<Order>, string]>([
    [{ type: "MARKET" }, "Waits for the next quote"],
    [{ type: "LIMIT" }, "Waits for its price"],
    [{ type: "LIMIT", status: "PARTIALLY_FILLED" }, "Part filled; waits for more"],
    [{ type: "STOP" }, "Waits for its trigger"],
    [{ type: "STOP", triggered: true }, "Set off; fills at the market"],
    [{ type: "LIMIT_IF_TOUCHED", triggered: true }, "Set off; waits for its price"],
    [trailing, "Follows the price"],
    [{ ...trailing, activation_price: "12" }, "Waits to begin following"],
    [{ ...trailing, activation_price: "12", hwm: "12.1" }, "Follows the price"],
    [{ type: "TRAILING_STOP_LIMIT", triggered: true }, "Set off; waits for its price"],
    [{ type: "PEGGED" }, "Waits for a two-sided quote"],
    [{ type: "PEGGED", working_price: "10" }, "Follows the quote"],
    [{ type: "LIMIT", time_in_force: "OPG" }, "Waits for the opening auction"],
    [{ type: "MARKET", time_in_force: "CLS" }, "Waits for the closing auction"],
  ])("%o: %s", (change, words) => {
    expect(waitingFor(order(change))).toBe(words);
  });

  it("is what it hangs on, while it is held", () => {
    const held = order({ held: true });
    expect(waitingFor(held, "take-profit")).toBe("Waits for entry");
    expect(waitingFor(held, "follower")).toBe("Waits for the order above");
    const part = sampleOrder({ status: "PARTIALLY_FILLED" });
    expect(waitingFor(held, "stop-loss", part)).toBe("Waits for more of its entry");
  });
});

describe("an end", () => {
  it("has its reason in words, whatever the server may send", () => {
    expect(resultOf(order({ status: "FILLED" }))).toBe("Filled");
    expect(resultOf(order({ status: "CANCELED", cancel_reason: "requested" }))).toBe("Cancelled");
    const sibling = "sibling" as Order["cancel_reason"];
    expect(resultOf(order({ status: "CANCELED", cancel_reason: sibling }))).toBe(
      "Cancelled: the order beside it traded or ended",
    );
    const newer = "something_new" as Order["cancel_reason"];
    expect(resultOf(order({ status: "CANCELED", cancel_reason: newer }))).toBe("Cancelled");
    expect(resultOf(order({ status: "REJECTED", reject_code: "STOP_IN_MARKET" }))).toContain(
      "past this stop",
    );
    expect(fillRuleOf("trade_at_limit")).toContain("queue");
    expect(fillRuleOf("some_new_rule")).toBe("Some new rule");
  });
});

describe("a name", () => {
  it("is the side, the size and the symbol", () => {
    expect(nameOf(order({}))).toBe("buy 100 AAPL");
    expect(sizeOf(order({ qty: null, notional: "500" }))).toBe("$500");
    expect(sizeOf(order({ qty: "0", held: true }))).toBe("as filled");
  });
});
