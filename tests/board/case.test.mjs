// A case's page is built on the package's <case-status>, which is given the board's own list: what it shows, that it asks
// nothing by itself, and that nothing is said twice. And by what an old answer, and a stage, are known.
import assert from "node:assert/strict";
import test from "node:test";
import { event, receipts, until } from "../edge/support.mjs";
import { assertSound, hasLive, paste, proxy, row, sandbox, settled, visit } from "./support.mjs";

const RFE = "Request for Additional Evidence Was Sent\n\nOn January 20, 2026, we sent a request for additional evidence for your Form I-485. Please respond by";
const dateIn = (days) => new Date(Date.now() + days * 86_400_000).toLocaleDateString("en-US", { year: "numeric", month: "long", day: "numeric", timeZone: "UTC" });
const tell = (receipt, text, at = new Date().toISOString()) => proxy.webhook(event(receipt, { text, at }), { "x-torch-secret": "correct horse battery" });
const open = async (page, receipt) => {
  await page.evaluate((receipt) => (location.hash = `#/case/${receipt}`), receipt);
  await page.locator(".timeline li, .history p").first().waitFor();
};
const CASE = /\/case-status(\/batch)?\?/;
/** What is to be seen of the element, in one line. */
const shown = async (page) => (await page.locator("case-status article").innerText()).replace(/\s+/g, " ").trim();
const shows = (page, words) => until(`${words} on the element`, async () => words.test(await shown(page)));
/** Everything that comes into a live region, of the page or of the element, in order. */
const listen = (page) => page.evaluate(() => {
  window.heard = [];
  const region = (node) => new MutationObserver(() => node.textContent.trim() && heard.push(node.textContent.trim())).observe(node, { childList: true, characterData: true, subtree: true });
  region(document.querySelector("#said"));
  region(document.querySelector("case-status").shadowRoot.querySelector("[role=status]"));
});
/** Makes each answer of a case, by batch or alone, one that Cache-Status calls old, for the reason that `why` has then. */
const aged = (page, why) => page.route(CASE, async (route) => {
  const answer = await route.fetch();
  const { "torch-edge-items": items = "", ...headers } = answer.headers();
  Object.assign(headers, { age: "7300", "cache-control": "private, max-age=900", "cache-status": `torch-edge; fwd=stale; ttl=-6400; detail=${why.now}`, "torch-edge-items": items.replace(/\d+;[^,]+/g, "7300;ttl=-6400") });
  await route.fulfill({ response: answer, headers });
});
const fail = (code, status, retryable) => (route) => route.fulfill({ status, contentType: "application/problem+json", body: JSON.stringify({ code, status, detail: `A sentence about ${code}.`, retryable }) });

test("ok the element says label, stage, action and age, in the page's language; what stands elsewhere it leaves out", async () => {
  const [one] = receipts(1, "ELM");
  await tell(one, `${RFE} ${dateIn(9)}.`);
  for (const [lang, width, words] of [
    ["en", 1200, /^Request for Evidence Stage: Evidence Action required Respond by \w+ \d+, \d{4} \(in [89] days\) As of (now|\d+ \w+ ago)$/],
    ["es", 320, /^Solicitud de evidencia Etapa: Evidencia Se requiere acción Responda a más tardar el \d+ de \w+ de \d{4} \(dentro de [89] días\) Consultado (ahora|hace \d+ \w+)$/],
  ]) {
    const page = await visit(undefined, { lang, width });
    await paste(page, one);
    await settled(page, 1);
    await open(page, one);
    await shows(page, words);
    assert.equal(await page.getByText(one, { exact: true }).count(), 1, "the receipt, once");
    assert.equal(await page.locator("blockquote").count(), 1);
    await assertSound(page, `a case, ${lang}`);
    await page.context().close();
  }
});

test("ok the element asks nothing of the network: a case's page is one look and one history, a retry one more", async () => {
  const [one] = receipts(1, "ASK");
  await tell(one, "Case Was Received");
  const page = await visit();
  await paste(page, one);
  await settled(page, 1);
  const asked = [];
  page.on("request", (request) => /\/case-status/.test(request.url()) && asked.push(new URL(request.url()).pathname));
  await open(page, one);
  await shows(page, /^Case Received Stage: Intake/);
  await page.waitForTimeout(500);
  assert.deepEqual(asked, ["/case-status", "/case-status/history"]);

  // What fails is told once, by the element; the case that is known stays, and its button asks.
  await page.route(CASE, fail("torch_unauthorized", 401, false));
  await page.getByRole("button", { name: "Take a new look" }).click();
  await shows(page, /^Case Received Stage: Intake A sentence about torch_unauthorized\. Trying again will not help until this is mended\. As of .*, because Torch refuses the key$/);
  assert.equal(await page.locator("#notices .notice").count(), 0, "our own access is not what is refused");
  await page.unroute(CASE);
  await page.route(CASE, fail("torch_bad_answer", 400, true));
  await page.getByRole("button", { name: "Take a new look" }).click();
  const again = page.locator("case-status").getByRole("button", { name: "Try again" });
  await again.waitFor();
  await assertSound(page, "a case that failed");
  await page.unroute(CASE);
  asked.length = 0;
  await again.click();
  await shows(page, /^Case Received Stage: Intake As of/);
  assert.deepEqual(asked.filter((path) => path === "/case-status"), ["/case-status"]);
  await page.context().close();
});

test("ok a change comes onto the element by itself, and is said once", { skip: !hasLive && "this Worker has no live connection" }, async () => {
  const [one, other] = receipts(2, "SAY");
  for (const receipt of [one, other]) await tell(receipt, "Case Was Received", "2025-01-15T14:03:27Z");
  const page = await visit();
  await paste(page, `${one} ${other}`);
  await settled(page, 2);
  await page.locator("#standing.live").waitFor();
  await open(page, one);
  await shows(page, /^Case Received/);
  // The element's first announcement is over.
  await page.waitForTimeout(1500);
  await listen(page);
  await page.locator("#note").focus();
  await tell(one, "Case Was Approved", "2025-03-15T14:03:27Z");
  await shows(page, /^Approved Stage: Decision As of now$/);
  await page.locator(".notice.new").waitFor();
  await until("it is said", () => page.evaluate(() => heard.length));
  await page.waitForTimeout(1500);
  assert.deepEqual(await page.evaluate(() => heard), [`Receipt ending in ${one.slice(-4)}: Approved`]);
  assert.equal(await page.evaluate(() => document.activeElement.id), "note", "the focus stays");
  // Of another case the board tells.
  await tell(other, "Case Was Denied", "2025-03-15T14:03:27Z");
  await until("the other is said", async () => (await page.evaluate(() => heard)).at(-1) === "2 changes since you last looked");
  // Back on the list, what was told is not told again.
  await page.evaluate(() => (location.hash = "#/"));
  await page.locator("tr.changed").nth(1).waitFor();
  await page.waitForTimeout(300);
  assert.equal(await page.evaluate(() => heard.length), 2);
  await page.context().close();
});

test("ok an old answer says why it is old, in the list and on the element, and without a connection too", async () => {
  const [one, two] = receipts(2, "OLD");
  for (const receipt of [one, two]) await tell(receipt, "Case Was Received");
  for (const [lang, width, reasons, offline] of [
    ["en", 1200, { refreshing: "being renewed", torch_timeout: "Torch does not answer", quota_exhausted: "the quota is used up", torch_unauthorized: "Torch refuses the key", torch_conflict: "Torch refuses the key", strange: "no newer answer" }, "no connection"],
    ["es", 320, { refreshing: "en renovación", torch_timeout: "Torch no responde", quota_exhausted: "se agotó la cuota", circuit_open: "Torch no responde" }, "sin conexión"],
  ]) {
    const page = await visit(undefined, { lang, width });
    await paste(page, `${one} ${two}`);
    await settled(page, 2);
    assert.equal(await page.locator(".because").count(), 0);
    const why = {};
    await aged(page, why);
    for (const [detail, words] of Object.entries(reasons)) {
      why.now = detail;
      await page.getByRole("button", { name: lang === "en" ? "Look again" : "Consultar de nuevo" }).click();
      await until(`${words} in the list`, async () => (await page.locator(".because").allTextContents()).join() === `${words},${words}`);
    }
    await settled(page, 2);
    await assertSound(page, `old, ${lang}`);
    why.now = "torch_timeout";
    await open(page, one);
    await shows(page, lang === "en" ? /As of 2 hours ago, because Torch does not answer$/ : /Consultado hace 2 horas, porque Torch no responde$/);
    await page.locator("aside").getByText(lang === "en" ? /Torch did not answer in time/ : /Torch no respondió a tiempo/).waitFor();
    await assertSound(page, `an old case, ${lang}`);
    await page.context().setOffline(true);
    await page.locator("#notices .warn").waitFor();
    await page.locator("aside").getByText(lang === "en" ? "There is no connection" : "No hay conexión").waitFor();
    assert.match(await shown(page), lang === "en" ? /^Case Received Stage: Intake As of 2 hours ago$/ : /^Caso recibido Etapa: Recepción Consultado hace 2 horas$/);
    assert.equal(await page.locator("case-status article.stale").count(), 1);
    await assertSound(page, `a case offline, ${lang}`);
    await page.locator(".back").click();
    assert.deepEqual(await page.locator(".because").allTextContents(), [offline, offline]);
    await assertSound(page, `offline, ${lang}`);
    await page.context().close();
  }
});

test("ok of a batch in which one is old, that one alone is marked", async () => {
  const [old, fresh] = receipts(2, "MIX");
  await proxy.seed(old, { age: 3 * 3600, lifetime: 900, stale: 0 });
  await tell(fresh, "Case Was Approved");
  await sandbox.fault({ status: 503 });
  const page = await visit();
  await paste(page, `${old} ${fresh}`);
  await settled(page, 2);
  await until("one is marked", async () => (await page.locator(".because").allTextContents()).join() === "Torch does not answer");
  assert.equal(await row(page, old).locator(".because").count(), 1);
  await page.context().close();
  await sandbox.mend();
  await proxy.forget();
});

test("ok a case that nothing is known of: not found, failed, and no connection", async () => {
  const [one] = receipts(1, "NIL");
  const page = await visit();
  await page.route(CASE, fail("case_not_found", 404, false));
  await paste(page, one);
  await row(page, one).getByText("Not available").waitFor();
  await open(page, one);
  await shows(page, /^Case not found Check the number\. A new case may take days to appear\.$/);
  await assertSound(page, "not found");
  await page.unroute(CASE);
  await page.route(CASE, fail("torch_unusable", 502, false));
  await page.evaluate(() => (location.hash = "#/"));
  await open(page, one);
  await shows(page, /^Status not available A sentence about torch_unusable\./);
  await assertSound(page, "failed");
  await page.context().close();

  // Without a token, and without a connection. The list is another's every time.
  for (const [hash, advice] of [["/access", /^Status not available Not read yet Trying again will not help/], [undefined, /^Status not available Not read yet Try again$/]]) {
    const unread = await visit(hash);
    if (!hash) for (const at of ["**/case-status*", "**/case-status/**", "**/grants"]) await unread.route(at, (route) => route.abort());
    await paste(unread, one);
    await row(unread, one).getByText("Not read yet").waitFor();
    await unread.evaluate((receipt) => (location.hash = `#/case/${receipt}`), one);
    await shows(unread, advice);
    await assertSound(unread, "not read yet");
    // What comes later is shown by itself.
    if (!hash) {
      await unread.unrouteAll();
      await until("it is read", async () => /^\S.* Stage: /.test(await shown(unread)), 20_000);
    }
    await unread.context().close();
  }
});

test("ok without a token the list is what was last known, and says so", async () => {
  const [one] = receipts(1, "TAB");
  const page = await visit();
  await paste(page, one);
  await settled(page, 1);
  // What is read is kept a moment later.
  await page.waitForTimeout(500);
  // As in a new tab.
  await page.evaluate(() => sessionStorage.clear());
  await page.reload();
  await page.getByText("The board needs a token.").waitFor();
  assert.deepEqual(await page.locator(".because").allTextContents(), ["no access"]);
  await row(page, one).locator("a").click();
  await shows(page, /^\S.* Stage: \w+ .*As of/);
  assert.equal(await page.locator("case-status article.stale").count(), 1);
  await page.context().close();
});

test("ok a stage is known by its shape, in captions and rows; ungrouped, a row says itself that it requires action", async () => {
  const [due, approved, denied] = receipts(3, "SHP");
  await tell(due, `${RFE} ${dateIn(20)}.`);
  await tell(approved, "Case Was Approved");
  await tell(denied, "Fingerprint Fee Was Received");
  const page = await visit();
  await paste(page, [due, approved, denied].join(" "));
  await settled(page, 3);
  const paths = (selector) => page.locator(`${selector} > .shape path, ${selector} > div > .shape path`).evaluateAll((found) => found.map((path) => path.getAttribute("d")));
  const [captions, rows] = [await paths("tr.group th"), await paths("td.status")];
  assert.equal(new Set(captions).size, captions.length, "each its own");
  assert.equal(rows.length, 3);
  assert.deepEqual(rows.slice(1).filter((path) => !captions.includes(path)), [], "a row has its caption's");
  assert.deepEqual(await page.locator(".shape").evaluateAll((found) => found.filter((svg) => svg.getAttribute("aria-hidden") !== "true")), []);
  assert.equal(await page.locator(".must:visible").count(), 0);
  await page.locator("#grouped").uncheck();
  assert.deepEqual(await page.locator(".must:visible").allTextContents(), ["Action required"]);
  await assertSound(page, "ungrouped");
  // In print they are there, and no wider than a letter or two.
  await page.emulateMedia({ media: "print" });
  for (const { width, height } of await page.locator("td.status > div > .shape").evaluateAll((found) => found.map((svg) => svg.getBoundingClientRect().toJSON()))) assert.ok(width > 8 && width < 24 && height === width);
  await page.context().close();
});
