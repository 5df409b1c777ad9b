//! The ticket without a mouse and without eyes: everything can be reached, in the order in which it stands, and is named.
//! Real key presses are in tests/browser/orders.mjs: jsdom moves no focus with Tab.

import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import axe from "axe-core";
import { createRef } from "react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Stage } from "../../../mocks/stage";
import { type Draft, FIRST_DRAFT, newLeg, useDraft } from "../../../store/draft";
import { Ticket } from "./Ticket";

let stage: Stage;

beforeEach(() => {
  stage = new Stage();
  stage.placed({ side: "BUY", type: "MARKET", qty: "200" });
  stage.load();
});
afterEach(() => stage.close());

function showTicket(change: Partial<Draft>): HTMLElement {
  useDraft.setState({ draft: { ...FIRST_DRAFT, ...change }, intent: undefined });
  stage.show(<Ticket sizeRef={createRef<HTMLInputElement>()} />);
  return screen.getByRole("form", { name: "Order ticket" });
}

const unfoldAll = (form: HTMLElement): void => {
  for (const fold of form.querySelectorAll<HTMLElement>('button[aria-expanded="false"]'))
    fireEvent.click(fold);
};

/** What Tab stops at, in turn. */
const stopsOf = (form: HTMLElement): HTMLElement[] =>
  [...form.querySelectorAll<HTMLElement>("button, input, select, textarea, a[href], [tabindex]")].filter(
    (element) => element.tabIndex >= 0 && !(element as HTMLButtonElement).disabled,
  );

const leg = newLeg(FIRST_DRAFT);
const STATES: [string, Partial<Draft>][] = [
  ["a market order", {}],
  ["a limit order", { type: "LIMIT" }],
  ["a trailing stop limit until a date", { type: "TRAILING_STOP_LIMIT", timeInForce: "GTD" }],
  ["a pegged sell order", { type: "PEGGED", side: "SELL" }],
  ["a bracket", { type: "LIMIT", orderClass: "BRACKET" }],
  ["an OCO", { side: "SELL", orderClass: "OCO" }],
  [
    "an OTO",
    { orderClass: "OTO", legs: [leg, { ...leg, key: "b", type: "STOP_LIMIT", timeInForce: "GTD" }] },
  ],
  ["an OTOCO", { orderClass: "OTOCO", legs: [leg, { ...leg, key: "b", type: "PEGGED" }] }],
];

describe("axe finds nothing in the ticket", () => {
  it.each(STATES)("of %s", async (_name, change) => {
    const form = showTicket(change);
    unfoldAll(form);
    fireEvent.submit(form);
    await waitFor(() => expect(form.querySelector('[aria-invalid="true"]')).toBeTruthy());
    // Colours are looked at in a real browser; a region is the page's to give.
    const { violations } = await axe.run(form, {
      rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
    });
    expect(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)])).toEqual([]);
  });
});

describe("Tab", () => {
  it.each(STATES)("reaches everything in %s, in the order in which it stands", (_name, change) => {
    const form = showTicket(change);
    unfoldAll(form);
    const stops = stopsOf(form);
    expect(stops.every((stop) => stop.tabIndex === 0)).toBe(true);
    for (const stop of stops) {
      stop.focus();
      expect(document.activeElement).toBe(stop);
    }
    const fields = [...form.querySelectorAll("input, select")].filter(
      (field) => field.getAttribute("type") !== "radio",
    );
    expect(fields.every((field) => stops.includes(field as HTMLElement))).toBe(true);
    expect(stops.at(-1)?.getAttribute("type")).toBe("submit");
  });

  it("goes from the quantity to the button past what is folded away", () => {
    const form = showTicket({ type: "LIMIT", limitPrice: "200" });
    const names = stopsOf(form).map((stop) => {
      const label = stop.id === "" ? undefined : form.querySelector(`label[for="${stop.id}"]`)?.textContent;
      return label ?? stop.getAttribute("aria-label") ?? stop.textContent?.trim() ?? "";
    });
    expect(names.slice(names.indexOf("Quantity"))).toEqual([
      "Quantity",
      "25%",
      "50%",
      "Max",
      "Limit price",
      "Time in force",
      "Exits and linked orders",
      "More options",
      "Place buy order",
    ]);
  });
});

describe("every field", () => {
  it.each(STATES)("of %s has a name and a help that is read with it", (_name, change) => {
    const form = showTicket(change);
    unfoldAll(form);
    const texts = form.querySelectorAll<HTMLInputElement>('input:not([type="radio"]):not([type="checkbox"])');
    expect(texts.length).toBeGreaterThan(0);
    for (const field of texts) {
      const name = field.labels?.[0]?.textContent ?? field.getAttribute("aria-label");
      expect(name, field.outerHTML).toBeTruthy();
      if (name === "Symbol") continue;
      const help = (field.getAttribute("aria-describedby") ?? "")
        .split(" ")
        .map((id) => (id === "" ? "" : (document.getElementById(id)?.textContent ?? "")))
        .join("");
      expect(help, name ?? "").not.toBe("");
    }
  });

  it("of every type has a sentence and a picture beside its name", async () => {
    const form = showTicket({});
    fireEvent.click(within(form).getByRole("button", { name: "Compare" }));
    const dialog = await screen.findByRole("dialog", { name: "Ways to buy" });
    const types = within(dialog).getAllByRole("listitem");
    expect(types).toHaveLength(9);
    for (const type of types) expect(type.querySelector("svg")).toBeTruthy();
    fireEvent.click(within(dialog).getByRole("button", { name: /^Trailing stop limit/ }));
    expect(useDraft.getState().draft.type).toBe("TRAILING_STOP_LIMIT");
    const { violations } = await axe.run(form, { rules: { "color-contrast": { enabled: false } } });
    expect(violations).toEqual([]);
  });
});
