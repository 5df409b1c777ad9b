//! One intent has one client order id.

import { beforeEach, describe, expect, it } from "vitest";
import { chooseSymbol, editDraft, FIRST_DRAFT, intentFor, intentSettled, newLeg, useDraft } from "./draft";

describe("an intent", () => {
  beforeEach(() => useDraft.setState({ draft: FIRST_DRAFT, intent: undefined }));

  it("keeps its id while its outcome is unknown", () => {
    expect(intentFor("buy 1").clientOrderId).toBe(intentFor("buy 1").clientOrderId);
  });

  it("is another one when the content is another, or after an answer", () => {
    const first = intentFor("buy 1").clientOrderId;
    expect(intentFor("buy 2").clientOrderId).not.toBe(first);
    const second = intentFor("buy 1").clientOrderId;
    intentSettled();
    expect(intentFor("buy 1").clientOrderId).not.toBe(second);
  });

  it("and the draft outlive a reload of the tab", () => {
    editDraft({ qty: "12", limitPrice: "10.05" });
    const { clientOrderId } = intentFor("buy 12");
    const stored: unknown = JSON.parse(sessionStorage.getItem("papertape.draft") ?? "null");
    expect(stored).toMatchObject({
      state: { draft: { qty: "12", limitPrice: "10.05" }, intent: { clientOrderId } },
    });
  });

  it("a draft's prices do not follow to another symbol", () => {
    editDraft({ limitPrice: "10.05", qty: "5", side: "SELL" });
    chooseSymbol("MSFT");
    expect(useDraft.getState().draft).toMatchObject({
      symbol: "MSFT",
      limitPrice: "",
      qty: "",
      side: "SELL",
    });
  });

  it("nor do those of its exits and legs, save a leg of a symbol of its own", () => {
    const leg = { ...newLeg(FIRST_DRAFT), limitPrice: "11", qty: "3" };
    editDraft({
      exits: { ...FIRST_DRAFT.exits, takeProfit: "12", stopLoss: "9", stopLossPercent: "2" },
      legs: [leg, { ...leg, key: "own", symbol: "IBM" }],
    });
    chooseSymbol("MSFT");
    const { exits, legs } = useDraft.getState().draft;
    expect(exits).toMatchObject({ takeProfit: "", stopLoss: "", stopLossPercent: "2" });
    expect(legs.map(({ limitPrice, qty }) => [limitPrice, qty])).toEqual([
      ["", ""],
      ["11", "3"],
    ]);
  });

  it("a draft of an older page keeps what it has and begins the rest as new", async () => {
    const { legs: _, exits: __, triggerPrice: ___, ...older } = { ...FIRST_DRAFT, qty: "7" };
    sessionStorage.setItem("papertape.draft", JSON.stringify({ state: { draft: older }, version: 0 }));
    await useDraft.persist.rehydrate();
    expect(useDraft.getState().draft).toEqual({ ...FIRST_DRAFT, qty: "7" });
  });

  it("an order that is turned round turns round what follows it", () => {
    editDraft({ side: "BUY", legs: [newLeg(FIRST_DRAFT)] });
    editDraft({ side: "SELL" });
    editDraft({ side: "SELL" });
    expect(useDraft.getState().draft.legs.map((leg) => leg.side)).toEqual(["BUY"]);
  });

  it("a new leg is the other way round, and those after it go with the first", () => {
    expect(newLeg(FIRST_DRAFT)).toMatchObject({ side: "SELL", type: "MARKET" });
    const sold = { ...newLeg(FIRST_DRAFT), side: "BUY" as const };
    expect(newLeg({ ...FIRST_DRAFT, orderClass: "OTOCO", legs: [sold] })).toMatchObject({
      side: "BUY",
      type: "LIMIT",
    });
  });
});
