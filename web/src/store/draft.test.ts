//! One intent has one client order id.

import { beforeEach, describe, expect, it } from "vitest";
import { chooseSymbol, editDraft, FIRST_DRAFT, intentFor, intentSettled, useDraft } from "./draft";

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
});
