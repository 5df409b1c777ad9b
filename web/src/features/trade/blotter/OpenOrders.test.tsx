//! The working orders as a tree: what hangs together, the change in a row, its refusal, and what a cancel takes with it.

import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Order } from "../../../api/types";
import { Stage } from "../../../mocks/stage";
import { useFolded } from "../../../store/folded";
import { Blotter } from "./Blotter";

let stage: Stage;
let bracket: Order;

beforeEach(() => {
  stage = new Stage();
  stage.placed({ side: "BUY", type: "MARKET", qty: "200" });
  bracket = stage.placed({
    side: "BUY",
    type: "LIMIT",
    qty: "100",
    limit_price: "200",
    order_class: "BRACKET",
    take_profit: { limit_price: "260" },
    stop_loss: { stop_price: "190", limit_price: "189" },
  });
  stage.load();
  stage.show(<Blotter tab="orders" onTab={() => undefined} />);
});
afterEach(() => stage.close());

const table = () => screen.getByRole("table", { name: "Open orders" });
const cells = (name: string) =>
  [...table().querySelectorAll(`td[data-name="${name}"]`)].map((cell) => cell.textContent);

describe("the tree", () => {
  it("shows exits below their entry, waiting for it", () => {
    expect(cells("Symbol")).toEqual([
      "AAPLbracket",
      "Take profit of buy 100 AAPL",
      "Stop loss of buy 100 AAPL",
    ]);
    expect(cells("Price")).toEqual(["200.00", "260.00", "189.00 after 190.00"]);
    expect(cells("Status")).toEqual(["Waits for its price", "Waits for entry", "Waits for entry"]);
  });

  it("follows the stream: exits take the size of what has filled", () => {
    stage.broker.fillPart(bracket.id, 40);
    stage.pump();
    expect(cells("Quantity")).toEqual(["100", "40", "40"]);
    expect(cells("Filled")).toEqual(["40", "0", "0"]);
    expect(cells("Status")).toEqual([
      "Part filled; waits for more",
      "Waits for its price",
      "Waits for its trigger",
    ]);
  });

  it("keeps a filled entry above its exits until they are over, and then moves to the history", () => {
    stage.broker.fillPart(bracket.id, 100);
    stage.pump();
    expect(cells("Status")).toEqual(["Filled", "Waits for its price", "Waits for its trigger"]);
    expect(table().querySelectorAll('tr[data-over="true"]')).toHaveLength(1);
    stage.server.market.put("AAPL", 27_000);
    stage.broker.match();
    stage.pump();
    expect(screen.getByText("No open orders")).toBeTruthy();
  });

  it("puts the newest chain first, and its stop under an OCO's target", () => {
    stage.placed({
      side: "SELL",
      qty: "50",
      order_class: "OCO",
      take_profit: { limit_price: "270" },
      stop_loss: { trail_percent: "3" },
    });
    stage.pump();
    expect(cells("Symbol").slice(0, 2)).toEqual(["AAPLOCO", "Stop loss of sell 50 AAPL"]);
    expect(cells("Status")[1]).toBe("Follows the price");
  });

  it("is folded and stays folded", () => {
    const toggle = within(table()).getByRole("button", { name: "2 orders below buy 100 AAPL" });
    expect(toggle.getAttribute("aria-expanded")).toBe("true");
    fireEvent.click(toggle);
    expect(cells("Symbol")).toEqual(["AAPLbracket+2"]);
    expect(useFolded.getState().ids).toEqual([bracket.id]);
    expect(localStorage.getItem("papertape.folded-orders")).toContain(bracket.id);
    fireEvent.click(within(table()).getByRole("button", { name: "2 orders below buy 100 AAPL" }));
    expect(cells("Symbol")).toHaveLength(3);
  });
});

describe("a change in the row", () => {
  const begin = () => fireEvent.click(within(table()).getByRole("button", { name: "Edit buy 100 AAPL" }));
  const field = (label: string) => screen.getByLabelText(`${label} of buy 100 AAPL`) as HTMLInputElement;
  const enter = (label: string, value: string) => {
    fireEvent.change(field(label), { target: { value } });
    fireEvent.keyDown(field(label), { key: "Enter" });
  };
  const patches = () => stage.sent.filter(({ method }) => method === "PATCH").map(({ body }) => body);

  it("is sent with Enter, as what was changed and nothing else", async () => {
    begin();
    expect(document.activeElement).toBe(field("Limit price"));
    enter("Limit price", "201.50");
    await waitFor(() => expect(cells("Price")[0]).toBe("201.50"));
    expect(patches()).toEqual([{ limit_price: "201.50" }]);
    expect(screen.queryByLabelText("Limit price of buy 100 AAPL")).toBeNull();
    await waitFor(() => expect(document.activeElement?.getAttribute("aria-label")).toBe("Edit buy 100 AAPL"));
  });

  it("is left with Esc, and sends nothing when nothing is another value", () => {
    begin();
    fireEvent.change(field("Quantity"), { target: { value: "5" } });
    fireEvent.keyDown(field("Quantity"), { key: "Escape" });
    expect(cells("Quantity")[0]).toBe("100");
    begin();
    enter("Limit price", "200.00");
    expect(patches()).toEqual([]);
  });

  it("is found wrong before it is sent", () => {
    begin();
    enter("Quantity", "many");
    expect(screen.getByText("Write a plain number above zero.")).toBeTruthy();
    expect(patches()).toEqual([]);
  });

  it("that is refused says why and leaves the row as it was", async () => {
    const [, stop] = within(table()).getAllByRole("button", { name: "Edit sell 100 AAPL" });
    if (stop === undefined) throw new Error("the stop has a row");
    fireEvent.click(stop);
    const price = screen.getByLabelText("Stop price of sell 100 AAPL");
    fireEvent.change(price, { target: { value: "300" } });
    fireEvent.keyDown(price, { key: "Enter" });
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toMatch(/^Not changed\. The price is already past this stop/);
    expect(alert.closest("tr")?.querySelector('td[data-name="Price"]')?.textContent).toContain(
      "189.00 after 190.00",
    );
    expect(screen.queryByLabelText("Stop price of sell 100 AAPL")).toBeNull();
    begin();
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("keeps what was typed while the outcome is not known", async () => {
    begin();
    const answer = stage.server.answer;
    stage.server.answer = () => Promise.reject(new TypeError("network"));
    enter("Limit price", "202");
    await screen.findByText(/Press Enter to try again/);
    expect(field("Limit price").value).toBe("202");
    stage.server.answer = answer;
    fireEvent.keyDown(field("Limit price"), { key: "Enter" });
    await waitFor(() => expect(cells("Price")[0]).toBe("202.00"));
  });
});

describe("a cancel", () => {
  const press = (name: string | RegExp) => fireEvent.click(screen.getByRole("button", { name }));
  const deletes = () => stage.sent.filter(({ method }) => method === "DELETE");

  it("of an order by itself asks nothing", async () => {
    stage.placed({ side: "BUY", type: "LIMIT", qty: "7", limit_price: "150" });
    stage.pump();
    press("Cancel buy 7 AAPL");
    await waitFor(() => expect(deletes()).toHaveLength(1));
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("of an entry names the exits that end with it, and asks first", async () => {
    press("Cancel buy 100 AAPL");
    const question = await screen.findByRole("dialog");
    const ended = within(question).getAllByRole("listitem");
    expect(ended.map((item) => item.textContent)).toEqual([
      "sell 100 AAPL, 260.00",
      "sell 100 AAPL, 189.00 after 190.00",
    ]);
    fireEvent.click(within(question).getByRole("button", { name: "Keep" }));
    expect(deletes()).toHaveLength(0);
    press("Cancel buy 100 AAPL");
    fireEvent.click(
      within(await screen.findByRole("dialog")).getByRole("button", { name: "Cancel 3 orders" }),
    );
    await waitFor(() => expect(deletes()).toHaveLength(1));
    stage.pump();
    expect(screen.getByText("No open orders")).toBeTruthy();
  });

  it("of an exit names the other exit", async () => {
    fireEvent.click(screen.getAllByRole("button", { name: "Cancel sell 100 AAPL" })[0] as HTMLElement);
    const question = await screen.findByRole("dialog");
    expect(within(question).getByText("This order ends with it:")).toBeTruthy();
    expect(within(question).getByRole("button", { name: "Cancel 2 orders" })).toBeTruthy();
  });

  it("of an entry that is filled in part says that its exits go on", async () => {
    stage.broker.fillPart(bracket.id, 40);
    stage.pump();
    press("Cancel buy 100 AAPL");
    const question = await screen.findByRole("dialog");
    expect(within(question).getByText(/40 are filled/)).toBeTruthy();
    fireEvent.click(within(question).getByRole("button", { name: "Cancel the rest" }));
    await waitFor(() => expect(deletes()).toHaveLength(1));
    stage.pump();
    expect(cells("Status")).toEqual(["Cancelled", "Waits for its price", "Waits for its trigger"]);
  });

  it("of all counts the open orders of every chain", () => {
    stage.broker.fillPart(bracket.id, 100);
    stage.pump();
    press("Cancel all");
    expect(screen.getByText(/Cancel 2 orders of this portfolio/)).toBeTruthy();
  });
});

describe("the details", () => {
  it("tell everything that an order asks for, its chain, and why each fill happened", async () => {
    stage.broker.fillPart(bracket.id, 40);
    stage.pump();
    fireEvent.click(screen.getByRole("button", { name: /details of buy 100 AAPL/ }));
    const drawer = await screen.findByRole("dialog", { name: "Buy 100 AAPL" }, { timeout: 5_000 });
    const terms = within(drawer).getByRole("region", { name: "What it asks for" });
    expect(terms.textContent).toContain("Limit price200.00");
    expect(terms.textContent).toContain("Take profit and stop loss");
    const fills = within(drawer).getByRole("region", { name: "Fills of this order" });
    await waitFor(() => expect(within(fills).getAllByRole("listitem")).toHaveLength(1));
    expect(fills.textContent).toContain("40 at 200.00");
    expect(fills.textContent).toContain("Took the quote that stood when the order began to work.");
    const chain = within(drawer).getByRole("region", { name: "Linked orders" });
    fireEvent.click(within(chain).getByRole("button", { name: /^Stop loss/ }));
    await screen.findByRole("dialog", { name: "Sell 40 AAPL" });
  });
});

describe("axe finds nothing", () => {
  it("in the tree, nor in a row that is being changed", async () => {
    const look = async () => {
      const { violations } = await axe.run(table(), {
        rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
      });
      return violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]);
    };
    expect(await look()).toEqual([]);
    fireEvent.click(within(table()).getByRole("button", { name: "Edit buy 100 AAPL" }));
    expect(await look()).toEqual([]);
  });
});
