//! Where a refusal is shown.

import { describe, expect, it } from "vitest";
import { Problem } from "../../../api/problem";
import { type Draft, FIRST_DRAFT, newLeg } from "../../../store/draft";
import { failureOf } from "./useSubmit";

const draft = (change: Partial<Draft>): Draft => ({ ...FIRST_DRAFT, ...change });

describe("a failure", () => {
  it("stands at the field it names, where the ticket shows it", () => {
    const refused = new Problem(400, "INVALID_VALUE", "must be above 0", { field: "limit_price" });
    expect(failureOf(refused, draft({ type: "LIMIT" })).fieldErrors).toEqual({
      limit_price: "must be above 0",
    });
    expect(failureOf(refused, draft({ type: "MARKET" })).message).toBe("must be above 0");
  });

  it("says a refusal in words, with the server's figures", () => {
    const refused = new Problem(422, "INSUFFICIENT_BUYING_POWER", "needs 1002.00, 1000.00 is free");
    expect(failureOf(refused, draft({})).message).toContain("more than your buying power");
    expect(failureOf(refused, draft({})).message).toContain("needs 1002.00");
  });

  it("without an answer says that pressing again is safe", () => {
    expect(failureOf(new Problem(0, "UNREACHABLE", "No connection."), draft({})).message).toContain(
      "never placed twice",
    );
  });
});

describe("a refused part", () => {
  const at = (field: string, change: Partial<Draft>) =>
    failureOf(new Problem(400, "INVALID_VALUE", "no", { field }), draft(change)).fieldErrors;
  const leg = newLeg(FIRST_DRAFT);

  it.each<[string, Partial<Draft>, string | undefined]>([
    ["take_profit.limit_price", { orderClass: "BRACKET" }, "take_profit.limit_price"],
    ["stop_loss", { orderClass: "BRACKET" }, "stop_loss.stop_price"],
    ["take_profit.limit_price", {}, undefined],
    ["peg.offset", { type: "PEGGED" }, "peg.offset"],
    ["trail_amount", { type: "TRAILING_STOP" }, "trail_percent"],
    ["expires_at", { timeInForce: "GTD" }, "expires_at"],
    ["post_only", { type: "LIMIT" }, "post_only"],
    ["post_only", { type: "MARKET" }, undefined],
    ["legs.0.qty", { orderClass: "OTO", legs: [leg] }, "legs.0.qty"],
    ["legs[0].type", { orderClass: "OTO", legs: [leg] }, "legs.0.type"],
    ["legs", { orderClass: "OTO", legs: [leg] }, "legs"],
    ["legs.1.qty", { orderClass: "OTO", legs: [leg] }, "legs"],
  ])("%s stands where the ticket shows it", (field, change, shown) => {
    expect(at(field, change)).toEqual(shown === undefined ? {} : { [shown]: "no" });
  });
});
