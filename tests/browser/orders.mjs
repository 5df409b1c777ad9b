// Places one order of every type and one of every class in the real interface, in a real Chromium: by role and label, sees
// them as a tree, changes and cancels them in their rows, asks why one filled, and does it once more without the mouse.
//
// usage: node orders.mjs ADDRESS, of a server with a moving market. Ends with success only when everything held.
import assert from "node:assert/strict";
import { onPage } from "./page.mjs";

const address = process.argv[2];
assert.ok(address, "usage: node orders.mjs ADDRESS");
const TABLE = "Open orders";
/** Places at which Tab may stop on the way: more than the ticket has. */
const STOPS_MAX = 60;

await onPage(address, async (trader) => {
  await trader.register("orders");
  await buySome(trader);
  await everyType(trader);
  await aBracketIsATree(trader);
  await anOcoAndAnOto(trader);
  await changedInTheRow(trader);
  await whyItFilled(trader);
  await withoutTheMouse(trader);
  await readableInBothThemes(trader);
});

/** Something to sell, and the proof that the market moves. */
async function buySome(trader) {
  await fill(trader, { type: "MARKET", qty: "120" });
  await trader.submit("Place buy order");
  await trader.open("Fills");
  await trader.holds("the market order fills", async () => {
    const fills = await trader.rows("Fills");
    return fills.some((row) => row.Side === "Buy" && Number(row.Quantity) > 0);
  });
  await trader.open("Orders");
}

/** Each type far from the market, so that it stays; each with a quantity of its own, so that it is found again. */
async function everyType(trader) {
  const at = await priceNear(trader);
  const wanted = [
    { side: "Buy", type: "LIMIT", qty: "11", fields: { "Limit price": at(0.8) }, price: at(0.8) },
    { side: "Buy", type: "STOP", qty: "12", fields: { "Stop price": at(1.2) }, price: `Stop ${at(1.2)}` },
    {
      side: "Sell",
      type: "STOP_LIMIT",
      qty: "13",
      fields: { "Stop price": at(0.8), "Limit price": at(0.79) },
      price: `${at(0.79)} after ${at(0.8)}`,
    },
    { side: "Sell", type: "TRAILING_STOP", qty: "14", fields: { "Trail by (%)": "20" }, price: /^Trail 20% → / },
    {
      side: "Sell",
      type: "TRAILING_STOP_LIMIT",
      qty: "15",
      fields: { "Trail by (%)": "21", "Limit offset ($)": "1" },
      price: /^Trail 21% → .* − 1$/,
    },
    { side: "Buy", type: "MARKET_IF_TOUCHED", qty: "16", fields: { "Trigger price": at(0.8) }, price: `Touch ${at(0.8)}` },
    {
      side: "Sell",
      type: "LIMIT_IF_TOUCHED",
      qty: "17",
      fields: { "Trigger price": at(1.2), "Limit price": at(1.19) },
      price: `${at(1.19)} after ${at(1.2)}`,
    },
    { side: "Buy", type: "PEGGED", qty: "18", fields: { "Never beyond": at(0.8) }, price: /^Peg bid/ },
  ];
  for (const order of wanted) {
    await fill(trader, { ...order, inForce: "GTC" });
    await trader.submit(`Place ${order.side.toLowerCase()} order`);
    await seen(trader, (row) => row.Quantity === order.qty && row.Side === order.side && fits(row.Price, order.price), order.type);
  }
}

async function aBracketIsATree(trader) {
  const { page, ticket } = trader;
  const at = await priceNear(trader);
  await fill(trader, { side: "Buy", type: "LIMIT", qty: "21", fields: { "Limit price": at(0.8) }, inForce: "GTC" });
  await ticket.getByRole("button", { name: "Exits and linked orders" }).click();
  await ticket.getByLabel("What follows").selectOption("BRACKET");
  await ticket.getByLabel("Take-profit price").fill(at(1.2));
  await ticket.getByLabel("Stop-loss price").fill(at(0.6));
  await ticket.getByLabel("Stop-loss limit").fill(at(0.59));
  await ticket
    .getByText(`Buy 21 AAPL at ${at(0.8)} or better until you cancel it; then sell at ${at(1.2)}, or stop out at ${at(0.6)}`)
    .waitFor();
  await trader.submit("Place buy order and 2 exits");
  await treeIs(trader, "21", [
    ["Symbol", /^AAPL/, 0],
    ["Symbol", /^Take profit/, 1],
    ["Symbol", /^Stop loss/, 1],
  ]);
  await treeIs(trader, "21", [
    ["Status", "Waits for its price", 0],
    ["Status", "Waits for entry", 1],
    ["Status", "Waits for entry", 1],
  ]);

  const toggle = page.getByRole("button", { name: "2 orders below buy 21 AAPL" });
  await toggle.click();
  await treeIs(trader, "21", [["Symbol", /^AAPL/, 0]]);
  await trader.open("Positions");
  await trader.open("Orders");
  await treeIs(trader, "21", [["Symbol", /^AAPL/, 0]]);
  await toggle.click();

  await page.getByRole("button", { name: "Cancel buy 21 AAPL" }).click();
  const question = page.getByRole("dialog");
  await question.getByText("These orders end with it:").waitFor();
  assert.equal(await question.getByRole("listitem").count(), 2);
  await question.getByRole("button", { name: "Cancel 3 orders" }).click();
  await trader.holds("the whole bracket ends", async () => (await tree(trader, "21")).length === 0);
  await trader.open("History");
  await trader.holds("the bracket is in the history, as a tree", async () => {
    const rows = await trader.rows("Order history");
    const place = rows.findIndex((row) => row.Quantity === "21" && row.depth === 0);
    return place >= 0 && rows[place + 1]?.depth === 1 && rows[place + 2]?.depth === 1;
  });
  await trader.open("Orders");
}

async function anOcoAndAnOto(trader) {
  const { ticket } = trader;
  const at = await priceNear(trader);
  await ticket.getByLabel("What follows").selectOption("OCO");
  await side(trader, "Sell");
  await ticket.getByLabel("Quantity", { exact: true }).fill("31");
  await ticket.getByLabel("Take-profit price").fill(at(1.2));
  await ticket.getByLabel("Stop-loss price").fill(at(0.8));
  await ticket.getByLabel("Stop-loss limit").fill("");
  await trader.submit("Place both sell exits");
  await treeIs(trader, "31", [
    ["Price", at(1.2), 0],
    ["Price", `Stop ${at(0.8)}`, 1],
  ]);

  await ticket.getByLabel("What follows").selectOption("OTO");
  await ticket.getByRole("button", { name: "Add an order" }).click();
  await side(trader, "Buy");
  await ticket.getByLabel("Order type").first().selectOption("LIMIT");
  await ticket.getByLabel("Quantity", { exact: true }).first().fill("32");
  await ticket.getByLabel("Limit price").first().fill(at(0.8));
  const [first, second] = [1, 2].map((place) => ticket.getByRole("group", { name: `Linked order ${place}` }));
  await first.getByLabel("Order type").selectOption("LIMIT");
  await first.getByLabel("Limit price").fill(at(1.2));
  await second.getByLabel("Order type").selectOption("TRAILING_STOP");
  await second.getByLabel("Trail by (%)").fill("20");
  await trader.submit("Place buy order and 2 more");
  await treeIs(trader, "32", [
    ["Status", "Waits for its price", 0],
    ["Status", "Waits for the order above", 1],
    ["Status", "Waits for the order above", 1],
  ]);
  await ticket.getByLabel("What follows").selectOption("SIMPLE");
  await ticket.getByRole("button", { name: "Exits and linked orders" }).click();
}

async function changedInTheRow(trader) {
  const { page } = trader;
  const at = await priceNear(trader);
  await page.getByRole("button", { name: "Edit buy 11 AAPL" }).click();
  await page.getByLabel("Limit price of buy 11 AAPL").fill(at(0.81));
  await page.keyboard.press("Enter");
  await seen(trader, (row) => row.Quantity === "11" && row.Price === at(0.81), "the changed price");

  await page.getByRole("button", { name: "Edit buy 11 AAPL" }).click();
  await page.getByLabel("Limit price of buy 11 AAPL").fill("1");
  await page.keyboard.press("Escape");
  await seen(trader, (row) => row.Quantity === "11" && row.Price === at(0.81), "the price that was left");

  const before = (await trader.rows(TABLE)).find((row) => row.Quantity === "12")?.Price;
  await page.getByRole("button", { name: "Edit buy 12 AAPL" }).click();
  await page.getByLabel("Stop price of buy 12 AAPL").fill(at(0.5));
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "Not changed. The price is already past this stop" }).waitFor();
  const after = (await trader.rows(TABLE)).find((row) => row.Quantity === "12")?.Price;
  assert.ok(before && after?.startsWith(before), `${after} is still ${before}`);
}

async function whyItFilled(trader) {
  const { page } = trader;
  await trader.open("History");
  await page.getByRole("button", { name: "Filled: details of buy 120 AAPL" }).click();
  const drawer = page.getByRole("dialog", { name: "Buy 120 AAPL" });
  const fills = drawer.getByRole("region", { name: "Fills of this order" });
  await fills.getByText(/^Took (the|a) quote/).first().waitFor();
  await fills.getByText("Took the other side (taker)").first().waitFor();
  await page.keyboard.press("Escape");
  await drawer.waitFor({ state: "hidden" });
  await trader.open("Orders");
}

/** A bracket from the first key to the last: b, the quantity, Tab, the arrows, and Enter. */
async function withoutTheMouse(trader) {
  const { page, ticket } = trader;
  const at = await priceNear(trader);
  await page.evaluate(() => document.activeElement?.blur?.());
  await page.keyboard.press("b");
  await isFocused(ticket.getByLabel("Quantity", { exact: true }), "b goes to the quantity");
  await page.keyboard.type("41");
  await tabTo(page, ticket.getByLabel("Order type"), "Shift+Tab");
  await second(page, ticket.getByLabel("Order type"), "LIMIT");
  await tabTo(page, ticket.getByLabel("Limit price"));
  await retype(page, at(0.8));
  await tabTo(page, ticket.getByLabel("Time in force"));
  await second(page, ticket.getByLabel("Time in force"), "GTC");
  await tabTo(page, ticket.getByRole("button", { name: "Exits and linked orders" }));
  await page.keyboard.press("Enter");
  await tabTo(page, ticket.getByLabel("What follows"));
  await second(page, ticket.getByLabel("What follows"), "BRACKET");
  await tabTo(page, ticket.getByLabel("Take-profit price"));
  await retype(page, at(1.2));
  await tabTo(page, ticket.getByLabel("Stop-loss price"));
  await retype(page, at(0.6));
  await page.keyboard.press("Enter");
  await treeIs(trader, "41", [
    ["Price", at(0.8), 0],
    ["Price", at(1.2), 1],
    ["Price", `Stop ${at(0.6)}`, 1],
  ]);

  const edit = page.getByRole("button", { name: "Edit buy 41 AAPL" });
  await edit.focus();
  await page.keyboard.press("Enter");
  await isFocused(page.getByLabel("Limit price of buy 41 AAPL"), "Enter on Edit goes to the price");
  await page.keyboard.press("Escape");
  await isFocused(edit, "Esc goes back to where the change began");
  await tabTo(page, page.getByRole("button", { name: "Cancel buy 41 AAPL" }));
  await page.keyboard.press("Enter");
  const keep = page.getByRole("dialog").getByRole("button", { name: "Keep" });
  await keep.waitFor();
  await tabTo(page, keep);
  await page.keyboard.press("Enter");
  assert.equal((await tree(trader, "41")).length, 3);
}

async function readableInBothThemes(trader) {
  const { page, ticket } = trader;
  await ticket.getByLabel("Order type").selectOption("TRAILING_STOP_LIMIT");
  await ticket.getByRole("button", { name: "More options" }).click();
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    assert.deepEqual(await trader.faults("form"), [], `the ticket, ${colorScheme}`);
    assert.deepEqual(await trader.faults("table"), [], `the orders, ${colorScheme}`);
  }
}

async function fill(trader, { side: wanted = "Buy", type, qty, fields = {}, inForce }) {
  const { ticket } = trader;
  await side(trader, wanted);
  await ticket.getByLabel("Order type").selectOption(type);
  await ticket.getByLabel("Quantity", { exact: true }).fill(qty);
  for (const [label, value] of Object.entries(fields)) await ticket.getByLabel(label, { exact: true }).fill(value);
  if (inForce) await ticket.getByLabel("Time in force").selectOption(inForce);
}

async function side(trader, name) {
  await trader.ticket.getByRole("group", { name: "Side" }).first().getByRole("button", { name, exact: true }).click();
}

/** Prices so far from the ask as a factor says, as the page writes them. */
async function priceNear(trader) {
  let ask = Number.NaN;
  await trader.holds("there is an ask", async () => {
    const text = await trader.ticket.getByTitle("Use the ask as the price").innerText();
    ask = Number(/[\d,]+\.\d+/.exec(text)?.[0].replaceAll(",", ""));
    return ask > 5;
  });
  return (factor) => (ask * factor).toFixed(2);
}

function fits(text, wanted) {
  return wanted instanceof RegExp ? wanted.test(text) : text === wanted;
}

async function seen(trader, isIt, what) {
  await trader.holds(`${what} is in the table`, async () => (await trader.rows(TABLE)).some(isIt));
}

/** The rows of the chain whose first order has this quantity. */
async function tree(trader, qty) {
  const rows = await trader.rows(TABLE);
  const first = rows.findIndex((row) => row.depth === 0 && row.Quantity === qty);
  if (first < 0) return [];
  const next = rows.findIndex((row, place) => place > first && row.depth === 0);
  return rows.slice(first, next < 0 ? undefined : next);
}

/** Waits until the chain has these cells, row by row. */
async function treeIs(trader, qty, wanted) {
  let rows = [];
  await trader.holds(`the chain of ${qty} is ${JSON.stringify(wanted.map(String))}`, async () => {
    rows = await tree(trader, qty);
    const isRight = ([name, text, depth], place) => rows[place]?.depth === depth && fits(rows[place][name], text);
    return rows.length === wanted.length && wanted.every(isRight);
  });
}

/** Presses a key until something has the focus: whoever has no mouse gets there. */
async function tabTo(page, target, key = "Tab") {
  for (let stop = 0; stop < STOPS_MAX; stop += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press(key);
  }
  assert.fail(`${key} does not reach ${target}`);
}

async function isFocused(target, what) {
  const end = Date.now() + 5_000;
  while (!(await target.evaluate((element) => element === document.activeElement))) assert.ok(Date.now() < end, what);
}

/** Chooses the second of a list. */
async function second(page, list, value) {
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowDown");
  assert.equal(await list.inputValue(), value);
}

async function retype(page, text) {
  await page.keyboard.press("Control+a");
  await page.keyboard.type(text);
}
