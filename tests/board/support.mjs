// The board in the system's Chromium, served by the real Worker before the sandbox, whose webhooks come to it.
import assert from "node:assert/strict";
import { after } from "node:test";
import axe from "axe-core";
import { launch } from "../chromium.mjs";
import { Proxy, Sandbox, sha256 } from "../edge/support.mjs";

export const TOKEN = "token-of-the-board-s-tests";
const SECRET = "correct horse battery";
const CLIENTS = JSON.stringify([
  { name: "board", sha256: [sha256(TOKEN)], scopes: ["read", "live", "grant", "ops"] },
  { name: "minting", sha256: [sha256("minting-token")], scopes: ["grant"] },
]);

export const sandbox = await Sandbox.start();
export const proxy = await Proxy.start(sandbox.url, {
  vars: { WEBHOOK_SCHEME: "shared-secret", WEBHOOK_HEADER: "X-Torch-Secret", TORCH_PER_DAY: "5000", TORCH_PER_MINUTE: "600" },
  secrets: { CLIENTS, GRANT_SECRET: "g".repeat(44), WEBHOOK_SECRET: SECRET },
});
await sandbox.control("PUT", "webhook", { url: `${proxy.url}/webhooks/torch`, scheme: "shared-secret", header: "X-Torch-Secret", secret: SECRET });
const browser = await launch();
after(() => Promise.all([browser.close(), proxy.close(), sandbox.close()]));

/** Whether this Worker has the live connection. */
export const hasLive = (await fetch(`${proxy.url}/live`, { headers: { authorization: `Bearer ${TOKEN}` } })).status !== 404;

/** What the browser itself says of an answer that failed is no complaint of the page's. */
const EXPECTED = /Failed to load resource|WebSocket connection to|ERR_INTERNET_DISCONNECTED/;

/** Opens the board as somebody who has never been there. `hash`: what stands behind the #; `before`: runs in the page
 * before its own scripts; `serviceWorkers`: whether there may be any; `url`: another server than the Worker. */
export async function visit(hash = `token=${TOKEN}`, { lang = "en", dark = false, width = 1200, height = 850, before, serviceWorkers, url } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light", locale: lang === "es" ? "es-US" : "en-US", reducedMotion: "reduce", acceptDownloads: true, serviceWorkers });
  if (before) await context.addInitScript(before);
  return open(context, `${url ?? proxy.url}/#${hash}`);
}

/** Another tab. */
export async function open(context, url = proxy.url) {
  const page = await context.newPage();
  page.complaints = [];
  page.on("console", (message) => message.type() === "error" && !EXPECTED.test(message.text()) && page.complaints.push(message.text()));
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  await page.goto(url);
  return page;
}

/** Adds receipts as a person does: by pasting. */
export async function paste(page, text) {
  await page.evaluate(() => (location.hash = "#/add"));
  await page.locator("#text").fill(text);
  await page.locator("form [type=submit]:not([disabled])").click();
}

export const row = (page, receipt) => page.locator(`tr[data-receipt="${receipt}"]`);
export const labelOf = async (page, receipt) => (await row(page, receipt).locator(".label").textContent());
/** Waits until nothing is being read any more. On a busy machine the first reading of hundreds takes its time: each has a
 * ledger that is begun. */
export const settled = async (page, count) => {
  await page.waitForFunction((count) => document.querySelectorAll("tr[data-receipt] .label").length >= count, count, { timeout: 120_000 });
  await page.waitForFunction(() => !document.querySelector("progress"), undefined, { timeout: 120_000 });
};

/** That nobody is kept out, that nothing is wider than the window, and that nothing was blocked or thrown. */
export async function assertSound(page, where) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`), [], where);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${where}: it scrolls sideways`);
  assert.deepEqual(page.complaints, [], where);
}
