// Drives the real interface in a real Chromium: registers, buys, sees the fill appear, places and
// cancels an order, and outlives a restart of the server without losing or doubling a row.
//
// usage: node trade.mjs ADDRESS. Writes `restart` when the server is to be killed and started again,
// and goes on when it reads a line. Ends with success only when everything held.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import assert from "node:assert/strict";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const PATIENCE_MS = 30_000;
const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const address = process.argv[2];
assert.ok(address, "usage: node trade.mjs ADDRESS");
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const browser = await chromium.launch({
  executablePath: process.env.PAPERTAPE_CHROMIUM ?? "/usr/bin/chromium",
  args: ARGUMENTS,
});
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
page.setDefaultTimeout(PATIENCE_MS);
const failures = [];
page.on("pageerror", (error) => failures.push(`the page failed: ${error.message}`));

try {
  await register();
  await trade();
  await outliveARestart();
  assert.deepEqual(failures, []);
} catch (error) {
  const picture = process.env.PAPERTAPE_SCREENSHOT;
  if (picture) await page.screenshot({ path: picture });
  console.error(`at ${page.url()}: ${error.stack}\n${failures.join("\n")}`);
  console.error((await page.locator("body").innerText()).slice(0, 4_000));
  process.exitCode = 1;
} finally {
  await browser.close();
  process.stdin.destroy();
}

async function register() {
  await page.goto(address);
  await page.getByText("Register", { exact: true }).click();
  await page.getByLabel("User name").fill("browser");
  await page.getByLabel("Password", { exact: true }).fill("correct horse battery staple");
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("form", { name: "Order ticket" }).waitFor();
  await live();
  // A reload would lose this, so its presence at the end shows that there was none.
  await page.evaluate(() => {
    window.neverReloaded = true;
  });
}

async function trade() {
  await place({ type: "MARKET", qty: "10" });
  await open("Fills");
  await holds("the fill appears without reloading", async () => (await bought()) === 10);

  await place({ type: "LIMIT", qty: "5", limit: "1", inForce: "GTC" });
  await open("Orders");
  await holds("the order appears", async () => (await rows("Open orders")).length === 1);
  await page.getByRole("button", { name: /^Cancel buy 5/ }).click();
  await page.getByText("No open orders").waitFor();

  await place({ type: "LIMIT", qty: "7", limit: "2", inForce: "GTC" });
  await holds("the second order appears", async () => (await rows("Open orders")).length === 1);
}

async function outliveARestart() {
  const before = await everything();
  assert.equal(before.orders.length, 1);
  console.log("restart");
  const answer = await answers.next();
  assert.ok(!answer.done, "nobody restarted the server");
  await live();
  await holds("the same rows are there after the restart", async () => {
    const after = await everything();
    return JSON.stringify(after) === JSON.stringify(before);
  });
  await place({ type: "MARKET", qty: "3" });
  await open("Fills");
  await holds("the next fill is added once", async () => (await bought()) === 13);
  await open("Orders");
  await page.getByRole("button", { name: /^Cancel buy 7/ }).click();
  await page.getByText("No open orders").waitFor();
  assert.ok(await page.evaluate(() => window.neverReloaded === true), "the page was reloaded");
}

async function place({ type, qty, limit, inForce }) {
  const ticket = page.getByRole("form", { name: "Order ticket" });
  await ticket.getByLabel("Order type").selectOption(type);
  if (inForce) await ticket.getByLabel("Time in force").selectOption(inForce);
  await ticket.getByLabel("Quantity", { exact: true }).fill(qty);
  if (limit) await ticket.getByLabel("Limit price").fill(limit);
  // After an order the button rests for a moment, so that a double click is one order.
  await ticket.locator('button[type=submit]:not([data-placed="true"])', { hasText: "Place buy order" }).click();
}

async function live() {
  await page.getByRole("status", { name: "Connection: Live" }).waitFor();
}

async function open(tab) {
  await page.getByRole("tab", { name: new RegExp(`^${tab}`) }).click();
}

/** The cells of a table's rows, without cells whose text moves with time or market. */
async function rows(label) {
  const table = page.getByRole("table", { name: label });
  if ((await table.count()) === 0) return [];
  return table.locator("tbody tr").evaluateAll((lines) =>
    lines.map((line) => {
      const cells = [...line.querySelectorAll("td[data-name]")];
      return Object.fromEntries(cells.map((cell) => [cell.dataset.name, cell.innerText.trim()]));
    }),
  );
}

async function bought() {
  return (await rows("Fills")).reduce((sum, row) => sum + Number(row.Quantity), 0);
}

async function everything() {
  const kept = (row) => ["Symbol", "Side", "Quantity", "Filled", "Price", "Value"].map((name) => row[name] ?? "");
  await open("Orders");
  const orders = (await rows("Open orders")).map(kept);
  await open("Fills");
  const fills = (await rows("Fills")).map(kept);
  await open("History");
  const history = (await rows("Order history")).map(kept);
  return { orders, fills, history };
}

/** Asks until something holds. */
async function holds(what, asked) {
  const end = Date.now() + PATIENCE_MS;
  while (!(await asked())) {
    assert.ok(Date.now() < end, what);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
  }
}
