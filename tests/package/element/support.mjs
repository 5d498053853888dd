// Pages with the elements on them, under a strict Content-Security-Policy, before the real Worker and the sandbox.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after } from "node:test";
import axe from "axe-core";
import { normalize } from "../../../www/package/core/node.js";
import { launch, serve } from "../../chromium.mjs";
import { Proxy, ROOT, Sandbox, sha256 } from "../../edge/support.mjs";

const TYPES = { js: "text/javascript", css: "text/css", html: "text/html" };
const HERE = new URL(".", import.meta.url);
const CLIENTS = JSON.stringify([{ name: "portal", sha256: [sha256("portal-token")], scopes: ["read", "grant"] }]);

const pages = new Map();
const granted = new Set();
const web = await serve(async (path) => {
  if (path === "/grant") return { type: "text/plain", body: await grant() };
  const page = pages.get(path);
  if (page) return page;
  const [, file] = path.match(/^\/(?:package\/(?:client|element)\/)?([\w-]+\.(?:js|css))$/) ?? [];
  if (!file) return undefined;
  const at = path.startsWith("/package/") ? `${ROOT}/www${path}` : new URL(file, HERE);
  return { type: TYPES[file.split(".").at(-1)], body: await readFile(at) };
});
export const sandbox = await Sandbox.start();
export const proxy = await Proxy.start(sandbox.url, { vars: { ALLOWED_ORIGINS: web.url }, secrets: { CLIENTS, GRANT_SECRET: "g".repeat(44) } });
const browser = await launch();
after(() => Promise.all([browser.close(), proxy.close(), sandbox.close(), web.close()]));

async function grant() {
  const response = await proxy.get("/grants", { authorization: "Bearer portal-token" }, { method: "POST", body: JSON.stringify({ receipts: [...granted] }) });
  return (await response.json()).token;
}

/** A case as the proxy answers it. */
export const caseOf = (receipt, text, more = {}) => ({
  receipt_number: receipt, status_text: text, last_checked_at: "2026-01-02T03:04:05Z", last_status_at: "2026-01-02T03:04:05Z", ...more,
  normalized: { ...normalize(text), ...more.normalized },
});

/** Puts a case before the proxy, as `Proxy.seed` does: with an age, for one. */
export const seed = (receipt, text, { more, ...options } = {}) => proxy.seed(receipt, { body: JSON.stringify(caseOf(receipt, text, more)), ...options });

let count = 0;
/** Opens a page with `body` on it. `receipts`: those that its grant is good for. */
export async function visit(body, { receipts = [], lang = "en", dark = false, width = 900, height = 700, client = "real", motion = "reduce", forced = "none" } = {}) {
  granted.clear();
  receipts.forEach((receipt) => granted.add(receipt));
  const path = `/page/${++count}`;
  pages.set(path, {
    type: "text/html",
    headers: { "content-security-policy": `default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self' ${proxy.url}` },
    body: `<!doctype html><html lang="${lang}" data-proxy="${proxy.url}" data-client="${client}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
      <title>Cases</title><link rel="stylesheet" href="/page.css"><link rel="icon" href="data:,"><script type="module" src="/page.js"></script><script type="module" src="/stand-in.js"></script><main><h1>Cases</h1>${body}</main></html>`,
  });
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light", reducedMotion: motion, forcedColors: forced, deviceScaleFactor: 1.5 });
  const page = await context.newPage();
  page.complaints = [];
  page.on("console", (message) => message.type() === "error" && !/favicon|Failed to load resource|data:,/.test(message.text()) && page.complaints.push(message.text()));
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  await page.goto(web.url + path);
  await page.waitForFunction(() => window.StandIn && window.told && customElements.get("case-status"));
  return page;
}

/** Waits for an element to show a state, and gives back what its shadow root says. */
export async function shown(page, state, selector = "case-status") {
  await page.waitForFunction(([selector, state]) => document.querySelector(selector)?.shadowRoot?.querySelector(`.case.${state}`), [selector, state]);
  return page.evaluate((selector) => document.querySelector(selector).shadowRoot.querySelector(".body").innerText, selector);
}

/** What axe-core finds. */
export async function violations(page) {
  await page.evaluate(axe.source);
  const { violations: found } = await page.evaluate(() => window.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`);
}

/** That nobody is kept out, and that nothing was blocked or thrown. */
export async function assertSound(page) {
  assert.deepEqual(await violations(page), []);
  assert.deepEqual(page.complaints, []);
}
