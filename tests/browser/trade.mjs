// Drives the real interface in a real Chromium: registers, buys, sees the fill appear, places and
// cancels an order, and outlives a restart of the server without losing or doubling a row.
//
// usage: node trade.mjs ADDRESS. Writes `restart` when the server is to be killed and started again,
// and goes on when it reads a line. Ends with success only when everything held.
import { createInterface } from "node:readline";
import assert from "node:assert/strict";
import { onPage } from "./page.mjs";

const address = process.argv[2];
assert.ok(address, "usage: node trade.mjs ADDRESS");
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

await onPage(address, async (trader) => {
  await trader.register("browser");
  // A reload would lose this, so its presence at the end shows that there was none.
  await trader.page.evaluate(() => {
    window.neverReloaded = true;
  });
  await trade(trader);
  await outliveARestart(trader);
});

async function trade(trader) {
  const { page } = trader;
  await place(trader, { type: "MARKET", qty: "10" });
  await trader.open("Fills");
  await trader.holds("the fill appears without reloading", async () => (await bought(trader)) === 10);

  await place(trader, { type: "LIMIT", qty: "5", limit: "1", inForce: "GTC" });
  await trader.open("Orders");
  await trader.holds("the order appears", async () => (await trader.rows("Open orders")).length === 1);
  await page.getByRole("button", { name: /^Cancel buy 5/ }).click();
  await page.getByText("No open orders").waitFor();

  await place(trader, { type: "LIMIT", qty: "7", limit: "2", inForce: "GTC" });
  await trader.holds("the second order appears", async () => (await trader.rows("Open orders")).length === 1);
}

async function outliveARestart(trader) {
  const { page } = trader;
  const before = await everything(trader);
  assert.equal(before.orders.length, 1);
  console.log("restart");
  const answer = await answers.next();
  assert.ok(!answer.done, "nobody restarted the server");
  await trader.live();
  await trader.holds("the same rows are there after the restart", async () => {
    const after = await everything(trader);
    return JSON.stringify(after) === JSON.stringify(before);
  });
  await place(trader, { type: "MARKET", qty: "3" });
  await trader.open("Fills");
  await trader.holds("the next fill is added once", async () => (await bought(trader)) === 13);
  await trader.open("Orders");
  await page.getByRole("button", { name: /^Cancel buy 7/ }).click();
  await page.getByText("No open orders").waitFor();
  assert.ok(await page.evaluate(() => window.neverReloaded === true), "the page was reloaded");
}

async function place(trader, { type, qty, limit, inForce }) {
  const { ticket } = trader;
  await ticket.getByLabel("Order type").selectOption(type);
  if (inForce) await ticket.getByLabel("Time in force").selectOption(inForce);
  await ticket.getByLabel("Quantity", { exact: true }).fill(qty);
  if (limit) await ticket.getByLabel("Limit price").fill(limit);
  await trader.submit("Place buy order");
}

async function bought(trader) {
  return (await trader.rows("Fills")).reduce((sum, row) => sum + Number(row.Quantity), 0);
}

async function everything(trader) {
  const kept = (row) => ["Symbol", "Side", "Quantity", "Filled", "Price", "Value"].map((name) => row[name] ?? "");
  await trader.open("Orders");
  const orders = (await trader.rows("Open orders")).map(kept);
  await trader.open("Fills");
  const fills = (await trader.rows("Fills")).map(kept);
  await trader.open("History");
  const history = (await trader.rows("Order history")).map(kept);
  return { orders, fills, history };
}
