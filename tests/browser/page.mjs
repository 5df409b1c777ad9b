// The page under test, opened in a real Chromium: what every script in this folder begins and ends with.
import { createRequire } from "node:module";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

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

/** Opens a page and runs a script on it; the process ends with success only when everything held. */
export async function onPage(address, run) {
  const browser = await chromium.launch({
    executablePath: process.env.PAPERTAPE_CHROMIUM ?? "/usr/bin/chromium",
    args: ARGUMENTS,
  });
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(PATIENCE_MS);
  const failures = [];
  page.on("pageerror", (error) => failures.push(`the page failed: ${error.message}`));
  try {
    await page.goto(address);
    await run(new Trader(page));
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
}

/** A person at the page. Finds things by their role and name, as people and screen readers do. */
export class Trader {
  constructor(page) {
    this.page = page;
    this.ticket = page.getByRole("form", { name: "Order ticket" });
  }

  async register(name) {
    const { page } = this;
    await page.getByText("Register", { exact: true }).click();
    await page.getByLabel("User name").fill(name);
    await page.getByLabel("Password", { exact: true }).fill("correct horse battery staple");
    await page.getByRole("button", { name: "Create account" }).click();
    await this.ticket.waitFor();
    await this.live();
  }

  async live() {
    await this.page.getByRole("status", { name: "Connection: Live" }).waitFor();
  }

  /** Opens one of the tabs below the chart. */
  async open(tab) {
    await this.page.getByRole("tab", { name: new RegExp(`^${tab}`) }).click();
  }

  /** Presses the ticket's button. After an order it rests for a moment, so that a double click is one order. */
  async submit(name) {
    const button = this.ticket.locator('button[type=submit]:not([data-placed="true"])', { hasText: name });
    await button.click();
  }

  /** The cells of a table's rows by their column, without cells whose text moves with time or market. */
  async rows(label) {
    const table = this.page.getByRole("table", { name: label });
    if ((await table.count()) === 0) return [];
    return table.locator("tbody tr").evaluateAll((lines) =>
      lines.map((line) => {
        const cells = [...line.querySelectorAll("td[data-name]")];
        const texts = cells.map((cell) => [cell.dataset.name, cell.innerText.trim()]);
        return { ...Object.fromEntries(texts), depth: Number(line.dataset.depth) };
      }),
    );
  }

  /** Asks until something holds. */
  async holds(what, asked) {
    const end = Date.now() + PATIENCE_MS;
    while (!(await asked())) {
      assert.ok(Date.now() < end, what);
      await this.page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
    }
  }

  /** What axe finds wrong in a part of the page, colours included. */
  async faults(selector) {
    const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
    await this.page.evaluate(axe);
    return this.page.evaluate(async (part) => {
      // A colour on its way from one theme to the other is neither.
      const changes = document.getAnimations().filter((change) => change instanceof CSSTransition);
      await Promise.allSettled(changes.map((change) => change.finished));
      const { violations } = await window.axe.run(part, { rules: { region: { enabled: false } } });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
    }, selector);
  }
}
