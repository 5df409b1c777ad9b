// Takes the pictures of the README from a running server with a simulated market:
//   node web/scripts/screenshots.mjs http://127.0.0.1:8080
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const address = process.argv[2] ?? "http://127.0.0.1:8080";
const images = join(dirname(fileURLToPath(import.meta.url)), "../../docs/images");

async function place(page, { side, type, quantity, prices = {} }) {
  await page.getByRole("button", { name: side, exact: true }).click();
  await page.getByLabel("Order type").selectOption(type);
  await page.getByLabel("Quantity").fill(quantity);
  for (const [label, value] of Object.entries(prices)) {
    await page.getByLabel(label).fill(value);
  }
  await page.getByRole("button", { name: `Place ${side.toLowerCase()} order` }).click();
  // The ticket ignores presses for a moment after each order.
  await page.waitForTimeout(1000);
}

async function shoot(browser, colorScheme) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme });
  const page = await context.newPage();
  await page.goto(address);
  await page.getByText("Register", { exact: true }).click();
  await page.getByLabel("User name").fill(`picture${Date.now()}`);
  await page.getByLabel("Password").first().fill("a password for pictures");
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByLabel("Connection: Live").waitFor();
  const quote = await page.request.get(`${address}/api/market/quote/?symbol=AAPL`, {
    headers: { authorization: `Bearer ${await token(page)}` },
  });
  const bid = Number((await quote.json()).bid);
  await place(page, { side: "Buy", type: "MARKET", quantity: "120" });
  await place(page, {
    side: "Buy",
    type: "LIMIT",
    quantity: "50",
    prices: { "Limit price": (bid * 0.995).toFixed(2) },
  });
  await place(page, {
    side: "Sell",
    type: "LIMIT",
    quantity: "60",
    prices: { "Limit price": (bid * 1.005).toFixed(2) },
  });
  await place(page, {
    side: "Sell",
    type: "TRAILING_STOP",
    quantity: "60",
    prices: { "Trail by (%)": "1.5" },
  });
  await page.getByRole("tab", { name: /^Orders/ }).click();
  await page.waitForTimeout(9000);
  await page.screenshot({ path: join(images, `trade-${colorScheme}.png`) });
  await context.close();
}

/** A token of a user of its own: the page keeps its own to itself. */
async function token(page) {
  const user = { username: `quotes${Date.now()}`, password: "a password for quotes" };
  await page.request.post(`${address}/api/users/register/`, { data: user });
  return (await (await page.request.post(`${address}/api/token/`, { data: user })).json()).access;
}

const browser = await chromium.launch({
  executablePath: process.env.PAPERTAPE_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
});
await shoot(browser, "dark");
await shoot(browser, "light");
await browser.close();
