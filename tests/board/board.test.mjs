// The board as people use it: at first, with four hundred cases, while cases change, by the keyboard, in Spanish, without
// a connection, and with a grant that ends.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { ROOT, event, receipts, until } from "../edge/support.mjs";
import { TOKEN, assertSound, hasLive, labelOf, paste, proxy, row, sandbox, settled, visit } from "./support.mjs";

const RFE = (by) => `Request for Additional Evidence Was Sent\n\nOn January 20, 2026, we sent a request for additional evidence for your Form I-485, Application to Register Permanent Residence or Adjust Status. Please respond by ${by}.`;
const dateIn = (days) => new Date(Date.now() + days * 86_400_000);
const long = (date) => date.toLocaleDateString("en-US", { year: "numeric", month: "long", day: "numeric", timeZone: "UTC" });
const tell = (receipt, text, at = new Date().toISOString()) => proxy.webhook(event(receipt, { text, at }), { "x-torch-secret": "correct horse battery" });
const grant = async (list, expires = 3600, token = TOKEN) => {
  const response = await proxy.get("/grants", { authorization: `Bearer ${token}` }, { method: "POST", body: JSON.stringify({ receipts: list, expires_in: expires }) });
  return (await response.json()).token;
};

test("ok the first use: a link opens the demo firm's cases, the token leaves the address, and the clock moves changes in", async () => {
  const page = await visit(`token=${TOKEN}&demo`);
  await settled(page, 40);
  assert.equal(new URL(page.url()).hash, "");
  assert.deepEqual(await page.evaluate(() => [Object.keys(localStorage), Object.values(localStorage).join().includes("token"), document.cookie]), [[], false, ""]);
  const groups = await page.locator("tr.group th").allTextContents();
  assert.match(groups[0], /^Action required/);
  assert.ok(groups.length > 5, groups.join());
  await page.locator(".budget").waitFor();
  await assertSound(page, "the list");
  await page.getByRole("button", { name: "One month on" }).click();
  await page.getByText(/changes told by webhook/).waitFor();
  const told = Number((await page.getByText(/changes told by webhook/).first().textContent()).match(/(\d+) changes told/)[1]);
  assert.ok(told > 5);
  const changed = page.locator("tr.changed");
  await until("changes on the screen", async () => (await changed.count()) > 5);
  assert.match(await changed.first().textContent(), /Changed was /);
  assert.match(await page.title(), /^\(\d+\) /);
  await assertSound(page, "the list with changes");
  const before = await changed.count();
  await changed.first().getByRole("button").click();
  await until("one less", async () => (await changed.count()) === before - 1);
  // Until they are acknowledged, they stay.
  await page.reload();
  await settled(page, 40);
  assert.equal(await changed.count(), before - 1);
  await page.getByRole("button", { name: "Mark all as seen" }).click();
  await until("none", async () => (await changed.count()) === 0);
  await page.getByRole("button", { name: "Today again" }).click();
  await page.context().close();
  await sandbox.control("PUT", "clock", { real: true });
});

test("ok four hundred cases come in with a progress bar, each once", async () => {
  const page = await visit();
  const list = receipts(400, "BRD");
  const seen = [];
  await page.exposeFunction("progressed", (value, max) => void seen.push([value, max]));
  await page.evaluate(() => new MutationObserver(() => {
    const bar = document.querySelector("progress");
    if (bar) window.progressed(bar.value, bar.max);
  }).observe(document.querySelector("#notices"), { childList: true, subtree: true }));
  const began = Date.now();
  await paste(page, list.concat(list.slice(0, 50)).join("\n"));
  await settled(page, 400);
  console.log(`# 400 cases on the screen after ${Date.now() - began} ms`);
  assert.ok(seen.some(([value, max]) => max === 400 && value > 0 && value < 400), JSON.stringify(seen));
  assert.equal(await page.locator("tr[data-receipt]").count(), 400);
  const again = Date.now();
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll("tr[data-receipt] .label").length === 400);
  console.log(`# after a reload, as last known: ${Date.now() - again} ms`);
  await page.locator("#search").fill(list[7]);
  await until("one is left", async () => (await page.locator("tr[data-receipt]").count()) === 1);
  assert.match(await page.locator(".count").textContent(), /^1 of 400 cases$/);
  await page.locator("#search").fill("");
  await page.locator("#stage").selectOption("evidence");
  const stages = await page.locator("tr.group th").allTextContents();
  assert.ok(stages.length <= 2 && stages.every((name) => /Action required|Evidence/.test(name)), stages.join());
  await page.locator("#stage").selectOption("");
  await page.locator("#grouped").uncheck();
  await page.getByRole("button", { name: "Case", exact: true }).click();
  await page.getByRole("button", { name: "Case", exact: true }).click();
  assert.equal(await page.locator("tr[data-receipt]").first().getAttribute("data-receipt"), list.at(-1));
  assert.equal(await page.locator("th[aria-sort]").getAttribute("aria-sort"), "descending");
  await page.evaluate(() => (location.hash = "#/access"));
  page.once("dialog", (dialog) => dialog.accept());
  await page.getByRole("button", { name: "Remove the whole list" }).click();
  await page.getByRole("heading", { name: "No cases yet" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "No cases yet" }).waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("ok receipts are found in an e-mail and a CSV, and what is none is explained beside where it stands", async () => {
  const page = await visit("token=" + TOKEN);
  await page.evaluate(() => (location.hash = "#/add"));
  const encoded = Buffer.from("Por favor siga el caso ADD0000000003, gracias.").toString("base64");
  await page.locator("#text").fill(`MIME-Version: 1.0\nSubject: cases\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n${encoded}\n\n--x\nContent-Transfer-Encoding: quoted-printable\n\nOurs are add-0000-000-001 and ADD00000=\n00002.\nNot IOE09123456 nor MSC2O90123456.\n`);
  await page.locator(".found .new li").nth(2).waitFor();
  assert.deepEqual((await page.locator(".found .new li").allTextContents()).sort(), ["ADD0000000001", "ADD0000000002", "ADD0000000003"]);
  assert.deepEqual((await page.locator(".found .bad code").allTextContents()), ["IOE09123456\u2038", "MSC2O90123456"]);
  assert.match(await page.locator(".found .bad").textContent(), /too short[^]*should be a digit/);
  assert.equal(await page.locator(".found .bad mark").nth(1).textContent(), "O");
  await assertSound(page, "adding");
  await page.locator("#text").fill("Client;Receipt number\n\"Núñez, María\";ADD0000000004\n=HYPERLINK(1);ADD0000000005\n");
  await page.getByRole("button", { name: "Add 2 cases" }).click();
  await settled(page, 2);
  assert.match(await row(page, "ADD0000000004").textContent(), /Núñez, María/);

  // Out, safe in a spreadsheet, and in again in another browser: the same cases and names.
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download CSV" }).click()]);
  const csv = await readFile(await download.path(), "utf8");
  assert.match(csv, /^\ufeffreceipt_number,name,label,/);
  assert.match(csv, /\r\nADD0000000005,'=HYPERLINK\(1\),/);
  assert.match(csv, /ADD0000000004,"Núñez, María",/);
  const other = await visit();
  await paste(other, csv);
  await settled(other, 2);
  assert.match(await row(other, "ADD0000000004").textContent(), /Núñez, María/);
  assert.equal(await row(other, "ADD0000000005").locator("th a").textContent(), "=HYPERLINK(1)");
  await Promise.all([page.context().close(), other.context().close()]);
});

test("ok what needs action stands first by the day to respond by, and a change shows by itself", { timeout: 60_000 }, async () => {
  const [late, soon, calm] = receipts(3, "ACT");
  await tell(calm, "Case Was Received");
  await tell(late, RFE(long(dateIn(40))));
  await tell(soon, RFE(long(dateIn(9))));
  const page = await visit();
  await paste(page, [calm, late, soon].join(" "));
  await settled(page, 3);
  assert.deepEqual(await page.locator("tbody[data-group=due] tr[data-receipt]").evaluateAll((rows) => rows.map((one) => one.dataset.receipt)), [soon, late]);
  assert.match(await row(page, soon).locator("td.due").textContent(), /in (8|9) days/);
  await assertSound(page, "the list with dates");
  if (hasLive) {
    await page.locator("#standing.live").waitFor();
    const began = Date.now();
    await tell(calm, "Case Was Approved", dateIn(0).toISOString());
    await page.locator(`tr.changed[data-receipt="${calm}"]`).waitFor();
    const took = Date.now() - began;
    console.log(`# from the webhook to the screen: ${took} ms`);
    assert.ok(took < 2000, `${took} ms`);
  } else {
    await tell(calm, "Case Was Approved", dateIn(0).toISOString());
    await page.getByRole("button", { name: "Look again" }).click();
    await page.locator(`tr.changed[data-receipt="${calm}"]`).waitFor();
  }
  assert.equal(await labelOf(page, calm), "Approved");

  await row(page, soon).locator("a").click();
  await page.locator(".timeline li").waitFor();
  assert.equal(await page.locator("blockquote").textContent(), RFE(long(dateIn(9))), "the official text, to the letter");
  await page.locator("blockquote mark").first().waitFor();
  assert.match(await page.locator(".why").textContent(), /Rule: /);
  assert.match(await page.locator("case-status .action").textContent(), /Respond by .* \(in [89] days\)/);
  assert.match(await page.locator("aside").last().textContent(), /I-485/);
  assert.match(await page.locator(".history").textContent(), /1 entry in the ledger; [^]*told by webhook/);
  await assertSound(page, "a case");
  await page.context().close();
});

test("ok by the keyboard alone: cases in, open one, back, acknowledge", async () => {
  const [one] = receipts(1, "KEY");
  await tell(one, "Case Was Received", "2025-01-15T14:03:27Z");
  const page = await visit();
  await page.locator("#nav a").first().waitFor();
  const press = async (key, until, most = 40) => {
    for (let n = 0; n < most; n++) {
      await page.keyboard.press(key);
      if (await page.evaluate(until)) return;
    }
    assert.fail(`${key} never came to ${until}`);
  };
  await press("Tab", () => document.activeElement.getAttribute("href") === "#/add");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement.id === "text");
  await page.keyboard.type(one);
  await page.locator("form [type=submit]:not([disabled])").waitFor();
  await press("Tab", () => document.activeElement.type === "submit");
  await page.keyboard.press("Enter");
  await settled(page, 1);
  await tell(one, "Case Was Approved", "2025-02-15T14:03:27Z");
  await press("Tab", () => /^(Look again)$/.test(document.activeElement.textContent));
  await page.keyboard.press("Enter");
  await page.locator("tr.changed").waitFor();
  await press("Tab", () => document.activeElement.matches("th.name a"));
  assert.ok(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle !== "none"), "the focus is to be seen");
  await page.keyboard.press("Enter");
  await page.locator(".timeline li").first().waitFor();
  await press("Tab", () => document.activeElement.dataset.key === "seen");
  await page.keyboard.press("Enter");
  await press("Shift+Tab", () => document.activeElement.matches(".back"));
  await page.keyboard.press("Enter");
  await settled(page, 1);
  assert.equal(await page.locator("tr.changed").count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("ok in Spanish, narrow and dark, every view is whole and axe finds nothing", async () => {
  const [one, two] = receipts(2, "ESP");
  await tell(one, RFE(long(dateIn(5))));
  for (const [width, dark] of [[320, false], [320, true], [1200, true]]) {
    const page = await visit(undefined, { lang: "es", dark, width });
    await page.getByRole("heading", { name: "Aún no hay casos" }).waitFor();
    await assertSound(page, "nothing yet");
    await paste(page, `${one} ${two}`);
    await settled(page, 2);
    assert.match(await page.locator("tr.group th").first().textContent(), /^Se requiere acción/);
    assert.equal(await page.locator("html").getAttribute("lang"), "es");
    await assertSound(page, `the list, ${width} ${dark}`);
    await row(page, one).locator("a").click();
    await page.locator(".timeline li").first().waitFor();
    await page.locator("case-status").getByText("Solicitud de evidencia").waitFor();
    assert.match(await page.locator("main").textContent(), /Texto oficial[^]*avisado por webhook/);
    await assertSound(page, `a case, ${width} ${dark}`);
    await page.evaluate(() => (location.hash = "#/access"));
    await page.getByRole("heading", { name: "Acceso" }).waitFor();
    await assertSound(page, `access, ${width} ${dark}`);
    await page.locator("#language").selectOption("en");
    await page.getByRole("heading", { name: "Access" }).waitFor();
    await page.context().close();
  }
});

test("ok without a connection the last known stays, and says so; with one again it goes on", async () => {
  const list = receipts(3, "OFF");
  const page = await visit();
  await paste(page, list.join("\n"));
  await settled(page, 3);
  await page.context().setOffline(true);
  await page.locator("#notices").getByText("No connection").waitFor();
  assert.equal(await page.locator("td.age .old").count(), 3, "every answer is marked");
  assert.equal(await page.locator("tr[data-receipt] .label").count(), 3);
  await assertSound(page, "offline");
  await page.context().setOffline(false);
  await page.locator("#notices .notice").waitFor({ state: "detached", timeout: 20_000 });
  assert.equal(await page.locator("td.age .old").count(), 0);
  await page.context().close();
});

test("ok a grant brings its cases, and where it has expired the last known stays and a new one is asked for", async () => {
  const [mine, alien] = receipts(2, "GRA");
  const page = await visit("/access");
  await page.locator("#token").fill("not a token at all");
  await page.locator("form [type=submit]").click();
  await page.getByText("This is no token").waitFor();
  await page.locator("#token").fill(await grant([mine], 60, "minting-token"));
  await page.locator("form [type=submit]").click();
  await settled(page, 1);
  assert.equal(await page.locator(".budget").count(), 0, "a grant may not see the budget");
  await paste(page, alien);
  await row(page, alien).getByText("No grant that you pasted is good for this case.").waitFor();
  // Its minute over: the proxy says so, whatever this machine's clock does.
  const before = await page.evaluate(() => sessionStorage.getItem("board.access"));
  // Of another length: two for the same case and time, minted within a second, are the same token.
  const expired = await grant([mine], 61, "minting-token");
  await page.route("**/case-status/**", (route) => route.fulfill({ status: 401, contentType: "application/problem+json", body: JSON.stringify({ code: "grant_expired", status: 401, detail: "The grant has expired." }) }));
  await page.getByRole("button", { name: "Look again" }).click();
  await page.getByText("The grant has expired, or was refused").waitFor();
  assert.equal(await page.locator("tr[data-receipt] .label").count(), 1);
  await assertSound(page, "expired");
  await page.unroute("**/case-status/**");
  await page.getByRole("link", { name: "Give a token" }).click();
  await page.locator("#token").fill(expired);
  await page.locator("form [type=submit]").click();
  await page.locator("#notices .notice").waitFor({ state: "detached" });
  assert.notEqual(await page.evaluate(() => sessionStorage.getItem("board.access")), before);
  // A link with a token, opened where the board is open already.
  await page.evaluate((token) => (location.hash = `token=${token}`), TOKEN);
  await page.locator(".budget").waitFor();
  assert.equal(new URL(page.url()).hash, "");
  await page.context().close();
});

test("ok the list is painted before the wasm, and the first load weighs at most 90 KB", async () => {
  const files = readdirSync(`${ROOT}/build/board/board`).filter((name) => /\.(js|wasm)$/.test(name));
  const sizes = files.map((name) => [name, gzipSync(readFileSync(`${ROOT}/build/board/board/${name}`), { level: 9 }).length]);
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  console.log(`# first load, gzipped: ${sizes.map(([name, size]) => `${name} ${size}`).join(", ")}; ${total} of 90000`);
  assert.ok(total <= 90_000);
  const [one] = receipts(1, "WAS");
  // A service worker would have the wasm.
  const page = await visit(undefined, { serviceWorkers: "block" });
  await paste(page, one);
  await settled(page, 1);
  await page.route("**/*.wasm", () => {});
  await page.reload();
  await settled(page, 1);
  await row(page, one).locator("a").click();
  await page.locator("blockquote").waitFor();
  await page.context().close();
});

test("err the sandbox's clock is turned from the board's own page alone", async () => {
  const asked = (headers) => fetch(`${proxy.url}/__sandbox/clock`, { headers });
  assert.equal((await asked({})).status, 404);
  assert.equal((await asked({ "sec-fetch-site": "cross-site" })).status, 404);
  assert.equal((await asked({ "sec-fetch-site": "same-origin" })).status, 200);
  assert.equal((await fetch(`${proxy.url}/__sandbox/reset`, { method: "POST", headers: { "sec-fetch-site": "same-origin" } })).status, 404);
});
