// The board while the Worker's process dies and comes back: it reconnects by itself, and shows all that was told meanwhile.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { launch } from "../chromium.mjs";
import { Worker } from "../edge/storm/worker.mjs";
import { AUTHENTIC, ROOT, WEBHOOK, event, receipts, sha256, until } from "../edge/support.mjs";

test("R1 the Worker restarts: every change that was acknowledged is on the screen, each case once", { timeout: 180_000 }, async () => {
  const state = mkdtempSync(join(tmpdir(), "torch-edge-board-"));
  const token = "token-of-the-board-s-restart";
  const CLIENTS = JSON.stringify([{ name: "board", sha256: [sha256(token)], scopes: ["grant", "live"] }]);
  const worker = new Worker({ config: join(ROOT, "wrangler.toml"), state, vars: { TORCH_BASE_URL: "http://127.0.0.1:9", PARLEY_API_KEY: "no-torch-here", CLIENTS, GRANT_SECRET: "g".repeat(44), ...WEBHOOK.vars, ...WEBHOOK.secrets } });
  const browser = await launch();
  after(async () => {
    await Promise.all([browser.close(), worker.kill()]);
    rmSync(state, { recursive: true, force: true, maxRetries: 3 });
  });
  await worker.start();
  const list = receipts(6, "RST");
  const sent = async (receipt, text, at) => (await fetch(`${worker.address}/webhooks/torch`, { method: "POST", headers: AUTHENTIC, body: event(receipt, { text, at }) })).status;
  for (const receipt of list) assert.equal(await sent(receipt, "Case Was Received", "2025-01-15T14:03:27Z"), 200);

  const page = await (await browser.newContext({ locale: "en-US" })).newPage();
  await page.goto(`${worker.address}/#token=${token}`);
  await page.locator("#nav a").first().click();
  await page.locator("#text").fill(list.join(" "));
  await page.locator("form [type=submit]:not([disabled])").click();
  await page.locator("#standing.live").waitFor();
  const approved = () => page.locator("tr.changed .label").filter({ hasText: "Approved" }).count();

  // Three right before it dies, three as soon as it is back.
  const before = await Promise.all(list.slice(0, 3).map((receipt) => sent(receipt, "Case Was Approved", "2025-03-01T00:00:00Z")));
  await worker.killAndRestart();
  const behind = await Promise.all(list.slice(3).map((receipt) => sent(receipt, "Case Was Approved", "2025-03-01T00:00:00Z")));
  assert.deepEqual([...before, ...behind], list.map(() => 200));
  await until("every change on the screen", async () => (await approved()) === list.length, 90_000);
  assert.equal(await page.locator("tr[data-receipt]").count(), list.length);
  await page.locator("#standing.live").waitFor({ timeout: 90_000 });
});
