// <case-status>: one case on a page, before the real Worker. What cannot be had from it at the right moment comes from
// a stand-in for the client (tests/package/element/stand-in.js).
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";
import { ROOT } from "../edge/support.mjs";
import { assertSound, caseOf, proxy, sandbox, seed, shown, visit } from "./element/support.mjs";

const WWW = new URL("../../www/package/element/", import.meta.url);
const RFE = "Request for Additional Evidence Was Sent";
let last = 0;
const receipt = () => `ELE${String(++last * 1_000_003).padStart(10, "0")}`;
const tag = (number, more = "") => `<case-status receipt="${number}" ${more}></case-status>`;
const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
/** All that a shadow root holds, as text and in attributes. */
const inside = (page, selector = "case-status") => page.evaluate((selector) => {
  const { shadowRoot } = document.querySelector(selector);
  const attributes = [...shadowRoot.querySelectorAll("*")].flatMap((node) => [...node.attributes].map(({ value }) => value));
  return [shadowRoot.textContent, ...attributes].join("\n");
}, selector);
const spoken = (page, selector = "case-status") => page.evaluate((selector) => document.querySelector(selector).shadowRoot.querySelector("[role=status]").textContent.trim(), selector);
/** A page on which `stand` is the client of all; `answers` are the cases that it knows. */
const standing = async (body, answers, options) => {
  const page = await visit(body, { client: "none", ...options });
  await page.evaluate((answers) => {
    window.stand = new StandIn();
    for (const found of answers) stand.answer(found.receipt_number, { case: found });
    setClient(stand);
  }, answers);
  return page;
};

test("ok every state says what it is, in English and in Spanish, light and dark, and axe finds nothing in any", async () => {
  const [known, due, stale, missing, failed, loading] = Array.from({ length: 6 }, receipt);
  await seed(known, "Case Was Approved", { age: 600 });
  await seed(due, RFE, { more: { normalized: { respond_by: day(12), form: "I-485" } } });
  await seed(stale, "Case Was Received", { age: 3 * 3600, lifetime: 900, stale: 0 });
  await proxy.seed(missing, { kind: "absent" });
  // All calls fail: others would travel with them, and be renewed.
  await sandbox.fault({ status: 503 });
  const says = {
    en: {
      [known]: ["known", /^Approved\s+Stage: Decision\s+Official text: Case Was Approved\s+Receipt ending in \d{4}\s+ELE\*{6}\d{4}\s+As of 10 minutes ago$/],
      [due]: ["known", /Action required\s+Respond by \w+ \d+, \d{4} \(in 12 days\)/],
      [stale]: ["stale", /As of 3 hours ago, because Torch does not answer$/],
      [missing]: ["missing", /^Case not found\s+Check the number/],
      [failed]: ["failed", /^Status not available\s+Torch .*\.(\s+Try again in .*)?\s+Try again\s/],
      [loading]: ["loading", /^Loading …/],
    },
    es: {
      [known]: ["known", /^Aprobado\s+Etapa: Decisión\s+Texto oficial: Case Was Approved\s+Recibo que termina en \d{4}\s+ELE\*{6}\d{4}\s+Consultado hace 10 minutos$/],
      [due]: ["known", /Se requiere acción\s+Responda a más tardar el \d+ de \w+ de \d{4} \(dentro de 12 días\)/],
      [stale]: ["stale", /Consultado hace 3 horas, porque Torch no responde$/],
      [missing]: ["missing", /^Caso no encontrado\s+Verifique el número/],
      [failed]: ["failed", /^Estado no disponible\s+Torch .*\.(\s+Reintentar dentro .*)?\s+Reintentar\s/],
      [loading]: ["loading", /^Cargando …/],
    },
  };
  for (const [lang, states] of Object.entries(says)) for (const dark of [false, true]) {
    const body = `<case-status-list>${Object.keys(states).map((number) => tag(number)).join("")}</case-status-list>${tag(known, "id=alone")}`;
    const page = await visit(body, { receipts: [known, due, stale, missing, failed], lang, dark, client: "none" });
    // What has no client of its own has that of the list around it.
    await page.evaluate((loading) => {
      document.querySelector(`[receipt=${loading}]`).client = new StandIn();
      document.querySelector("case-status-list").client = real;
    }, loading);
    for (const [number, [state, words]] of Object.entries(states)) assert.match(await shown(page, state, `[receipt=${number}]`), words, `${lang} ${state}`);
    const alone = await shown(page, "failed", "#alone");
    assert.match(alone, lang === "es" ? /^Estado no disponible\s+Falta el cliente/ : /^Status not available\s+No client/);
    await assertSound(page);
    await page.context().close();
    await proxy.forget();
  }
  await sandbox.mend();
});

test("t1 HTML and script in status_text are shown as text, to the letter, and do nothing", async () => {
  const hostile = `</q><img src=x onerror="window.broken=1"><script>window.broken=1</script><style>*{display:none}</style>&lt;b&gt; \u202e evil "'\`\${1}`;
  const [one, other] = [receipt(), receipt()];
  for (const number of [one, other]) await seed(number, hostile, { more: { normalized: { form: "<i>I-1</i>", labels: { en: "<b>label</b>", es: "<b>label</b>" } } } });
  const page = await visit(`${tag(one)}<case-status-list receipts="${one} ${other}"></case-status-list>`, { receipts: [one, other] });
  for (const selector of ["case-status", "case-status-list"]) {
    await shown(page, "known", selector);
    const [text, names] = await page.evaluate((selector) => {
      const { shadowRoot } = document.querySelector(selector);
      return [shadowRoot.querySelector(".text").textContent, [...new Set([...shadowRoot.querySelectorAll("*")].map(({ localName }) => localName))]];
    }, selector);
    assert.equal(text, hostile);
    assert.deepEqual(names.filter((name) => ["img", "script", "style", "b", "i"].includes(name)), []);
  }
  assert.equal(await page.evaluate(() => window.broken), undefined);
  assert.match(await shown(page, "known"), /<b>label<\/b>[^]*<i>I-1<\/i>/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("ok an application in TypeScript has the types, under strict", () => {
  const options = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--module", "nodenext"];
  execFileSync(process.execPath, [`${ROOT}/node_modules/typescript/bin/tsc`, ...options, `${ROOT}/tests/package/element/types.ts`], { encoding: "utf8" });
});

test("ok nothing in the sources writes HTML", () => {
  const files = readdirSync(WWW).filter((name) => name.endsWith(".js"));
  assert.ok(files.length > 5);
  for (const name of files) assert.doesNotMatch(readFileSync(new URL(name, WWW), "utf8"), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|setHTML|DOMParser|\beval\b|\.cssText|\.style\b/, name);
});

test("ok the receipt number is nowhere to be read until it is asked for, and is hidden again, by the keyboard", async () => {
  const number = receipt();
  await seed(number, `On May 2, 2025, we received your Form I-485, Receipt Number ${number}, and sent you ${number.slice(0, 3)}-${number.slice(3, 6)}-${number.slice(6, 9)}-${number.slice(9)}.`);
  const page = await visit("<case-status></case-status>", { receipts: [number] });
  // As a property, it stands in no attribute of the element either.
  await page.evaluate((number) => (document.querySelector("case-status").receipt = number), number);
  await shown(page, "known");
  const digits = number.slice(3, 9);
  assert.ok(!(await inside(page)).replace(/[\s-]/g, "").includes(digits), await inside(page));
  assert.ok(!(await page.evaluate(() => document.documentElement.outerHTML)).includes(number));

  const button = page.getByRole("button", { name: `Show: Receipt ending in ${number.slice(-4)}` });
  assert.equal(await button.getAttribute("aria-pressed"), "false");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await button.getAttribute("aria-pressed"), "true");
  const text = await page.evaluate(() => document.querySelector("case-status").shadowRoot.querySelector(".body").innerText);
  assert.equal(text.split(number).length, 3, "as the receipt number, and in the official text");
  assert.match(text, new RegExp(`${number.slice(0, 3)}-${number.slice(3, 6)}-`));
  await assertSound(page);
  await page.keyboard.press("Space");
  assert.ok(!(await inside(page)).replace(/[\s-]/g, "").includes(digits));
  assert.equal(await page.evaluate(() => document.activeElement.shadowRoot.activeElement.className), "reveal", "the focus stays");
  await page.context().close();
});

test("ok what failed is tried again by the keyboard, is announced, and the focus is not lost", async () => {
  const number = receipt();
  const page = await standing(tag(number), []);
  const problem = { detail: "Torch did not answer within 10 seconds.", code: "torch_timeout" };
  await page.evaluate(([number, problem]) => stand.answer(number, { error: { message: "x", code: problem.code, retryable: true, retryAfter: 120, problem } }), [number, problem]);
  assert.match(await shown(page, "failed"), /Torch did not answer within 10 seconds\.\s+Try again in 2 minutes|in 1 minute/);
  await page.evaluate((number) => stand.answers.delete(number), number);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.shadowRoot.activeElement.className), "retry");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("case-status").shadowRoot.querySelector(".retry").ariaDisabled === "true");
  await page.keyboard.press("Enter");
  await page.evaluate((found) => stand.answer(found.receipt_number, { case: found }), caseOf(number, "Case Was Approved"));
  assert.match(await shown(page, "known"), /^Approved/);
  assert.equal(await page.evaluate(() => document.activeElement.localName), "case-status", "who pressed the button is still there");
  assert.deepEqual(await page.evaluate(() => stand.reads.length), 2, "a second press while it works does nothing");
  assert.deepEqual(await page.evaluate(() => told.map(({ type, error }) => [type, error])), [["case-error", "torch_timeout"], ["case-change", undefined]]);
  await page.waitForTimeout(1200);
  assert.equal(await spoken(page), `Receipt ending in ${number.slice(-4)}: Approved`);
  await assertSound(page);
  await page.context().close();
});

test("err what another try cannot mend has no button, and says so", async () => {
  const number = receipt();
  const page = await visit(tag(number), { receipts: [receipt()] });
  assert.match(await shown(page, "failed"), /grant[^]*Trying again will not help until this is mended\./);
  assert.equal(await page.getByRole("button", { name: "Try again" }).count(), 0);
  assert.deepEqual(await page.evaluate(() => told.map(({ type, error }) => [type, error])), [["case-error", "receipt_not_granted"]]);
  await page.context().close();
});

test("ok the live region stands empty before there is anything to say", async () => {
  const number = receipt();
  const page = await visit("");
  const before = await page.evaluate((number) => {
    const element = document.createElement("case-status");
    element.receipt = number;
    document.querySelector("main").append(element);
    const region = element.shadowRoot.firstChild;
    return [region.role, region.textContent, region.isConnected];
  }, number);
  assert.deepEqual(before, ["status", "", true]);
  await page.context().close();
});

test("ok another receipt number never shows the answer that the one before was given", async () => {
  const [slow, quick] = [receipt(), receipt()];
  const page = await standing(tag(slow), [caseOf(quick, "Case Was Approved")]);
  await shown(page, "loading");
  await page.evaluate((quick) => document.querySelector("case-status").setAttribute("receipt", quick), quick);
  assert.match(await shown(page, "known"), new RegExp(`^Approved[^]*${quick.slice(-4)}`));
  await page.evaluate((found) => stand.answer(found.receipt_number, { case: found }), caseOf(slow, "Case Was Denied"));
  await page.waitForTimeout(1200);
  assert.match(await shown(page, "known"), /^Approved/);
  assert.doesNotMatch(await inside(page), /Denied/);
  // There and back in one go is no change, and reads nothing.
  const reads = await page.evaluate(([slow, quick]) => {
    const element = document.querySelector("case-status");
    element.setAttribute("receipt", slow);
    element.setAttribute("receipt", quick);
    return new Promise((resolve) => setTimeout(() => resolve(stand.reads.length), 50));
  }, [slow, quick]);
  assert.equal(reads, 2);
  await page.context().close();
});

test("ok live, it shows and announces changes, ends with the element, and begins again with it", async () => {
  const number = receipt();
  const page = await standing(tag(number, "live"), [caseOf(number, "Case Was Received")]);
  await shown(page, "known");
  await page.waitForFunction(() => stand.watched.length === 1);
  await page.waitForTimeout(1200);
  await page.evaluate((found) => stand.change(found.receipt_number, found), caseOf(number, RFE, { last_status_at: "2026-02-02T00:00:00Z" }));
  await page.waitForFunction(() => document.querySelector("case-status").shadowRoot.querySelector(".label").textContent === "Request for Evidence");
  await page.waitForTimeout(1200);
  assert.equal(await spoken(page), `Receipt ending in ${number.slice(-4)}: Request for Evidence, Action required`);
  assert.deepEqual(await page.evaluate(() => told.map(({ type, via, previous }) => [type, via, previous?.status_text])), [["case-change", "read", undefined], ["case-change", "live", "Case Was Received"]]);
  // What is older than what is shown is not shown: neither from the watch nor from a cache.
  await page.evaluate((found) => {
    stand.change(found.receipt_number, found);
    stand.answer(found.receipt_number, { case: found });
    document.querySelector("case-status").records.values().next().value.error = new Error("made up, to have it read again");
    document.querySelector("case-status").retry();
  }, caseOf(number, "Case Was Received"));
  await page.waitForFunction(() => stand.reads.length === 2 && stand.watched.length === 1);
  await page.waitForTimeout(50);
  assert.match(await shown(page, "known"), /^Request for Evidence/);
  assert.equal(await page.evaluate(() => told.length), 2);
  // Moved within the page in one go, it goes on.
  const reads = await page.evaluate(() => document.querySelector("main").prepend(document.querySelector("case-status")) ?? stand.reads.length);
  await page.waitForTimeout(50);
  assert.deepEqual(await page.evaluate(() => [stand.reads.length, stand.watched.length]), [reads, 1]);
  await page.evaluate(() => (window.element = document.querySelector("case-status")).remove());
  await page.waitForFunction(() => stand.watched.length === 0);
  await page.evaluate(() => document.querySelector("main").append(element));
  await page.waitForFunction(() => stand.watched.length === 1);
  // A watch that ends for good leaves what is known, and says that it is not kept up to date.
  await page.evaluate(() => stand.fail(Object.assign(new Error("The grant has expired."), { code: "grant_expired", retryable: true })));
  assert.match(await shown(page, "stale"), /The grant has expired\.\s+Try again/);
  await assertSound(page);
  await page.context().close();
});

test("ok an answer that is being renewed is read again, and ages are said anew without being announced", async () => {
  const number = receipt();
  const meta = { age: 3600, stale: true, cacheStatus: { detail: "refreshing" } };
  const page = await visit("", { client: "none" });
  await page.clock.install();
  await page.evaluate(([found, meta]) => {
    window.stand = new StandIn();
    stand.answer(found.receipt_number, { case: found, meta });
    setClient(stand);
    document.querySelector("main").append(Object.assign(document.createElement("case-status"), { receipt: found.receipt_number }));
  }, [caseOf(number, "Case Was Received"), meta]);
  await page.clock.runFor(100);
  assert.match(await shown(page, "stale"), /As of 1 hour ago, being renewed$/);
  await page.evaluate((found) => stand.answer(found.receipt_number, { case: found, meta: { age: 0, stale: false, cacheStatus: {} } }), caseOf(number, "Case Was Received"));
  await page.clock.runFor(40_000);
  assert.match(await shown(page, "known"), /As of now$/);
  await page.clock.runFor(20_000);
  await page.evaluate(() => document.querySelector("case-status").shadowRoot.querySelector("[role=status]").replaceChildren());
  await page.clock.runFor(180_000);
  assert.match(await shown(page, "known"), /As of 3 minutes ago$/);
  assert.deepEqual([await spoken(page), await page.evaluate(() => stand.reads.length)], ["", 2]);
  await page.context().close();
});

test("ok the language is that of the element, or the nearest around it, across shadow roots, and changes with it", async () => {
  const number = receipt();
  const page = await standing(`<section lang="es-MX">${tag(number, "id=a")}</section>${tag(number, 'id=b lang="en-US"')}<div lang="fr" id=c></div>`, [caseOf(number, "Case Was Approved")], { lang: "es" });
  await page.evaluate((number) => {
    const root = document.querySelector("#c").attachShadow({ mode: "open" });
    root.append(Object.assign(document.createElement("case-status"), { receipt: number }));
  }, number);
  assert.match(await shown(page, "known", "#a"), /^Aprobado/);
  assert.match(await shown(page, "known", "#b"), /^Approved/);
  await page.waitForFunction(() => document.querySelector("#c").shadowRoot.firstChild.shadowRoot.querySelector(".label")?.textContent === "Approved");
  assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll("case-status")].map((each) => [each.shadowRoot.querySelector(".body").lang, each.shadowRoot.querySelector(".text").lang])), [["es", "en"], ["en", "en"]]);
  await page.evaluate(() => {
    document.querySelector("#b").removeAttribute("lang");
    document.querySelector("section").removeAttribute("lang");
  });
  await page.waitForFunction(() => document.querySelector("#b").shadowRoot.querySelector(".label").textContent === "Aprobado");
  await page.evaluate(() => (document.documentElement.lang = "en"));
  await page.waitForFunction(() => document.querySelector("#a").shadowRoot.querySelector(".label").textContent === "Approved");
  await page.context().close();
});

test("ok a page sets its colours and parts, narrow pages do not scroll sideways, and nothing moves where it should not", async () => {
  const number = receipt();
  const long = caseOf(number, `${RFE} ${"Verylongword".repeat(20)}`, { normalized: { respond_by: day(3) } });
  const page = await standing(tag(number), [long], { width: 320, lang: "es" });
  await shown(page, "known");
  const { overflow, animation } = await page.evaluate(() => ({
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    animation: getComputedStyle(document.querySelector("case-status").shadowRoot.querySelector(".icon")).animationName,
  }));
  assert.deepEqual([overflow, animation], [0, "none"]);
  const colour = await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("case-status { --case-paper: rgb(1, 2, 3) } case-status::part(label) { color: rgb(4, 5, 6) } case-status::part(due) { outline: 7px solid }");
    document.adoptedStyleSheets = [sheet];
    const { shadowRoot } = document.querySelector("case-status");
    const style = (selector) => getComputedStyle(shadowRoot.querySelector(selector));
    return [style(".case").backgroundColor, style(".label").color, style(".case").outlineWidth];
  });
  assert.deepEqual(colour, ["rgb(1, 2, 3)", "rgb(4, 5, 6)", "7px"]);
  await page.context().close();
});

test("ok on a server the classes are there and register nothing, and in a page they are registered once", async () => {
  const script = `const { CaseStatus, CaseStatusList, setClient } = await import("${new URL("index.js", WWW)}");
    await import("${new URL("define.js", WWW)}");
    setClient(undefined);
    console.log(typeof CaseStatus, typeof CaseStatusList, typeof globalThis.HTMLElement, typeof globalThis.customElements);`;
  assert.equal(execFileSync(process.execPath, ["--input-type=module", "-e", script]).toString().trim(), "function function undefined undefined");
  const page = await visit("");
  const same = await page.evaluate(async () => {
    const before = customElements.get("case-status");
    await import("/package/element/define.js?again");
    return customElements.get("case-status") === before;
  });
  assert.equal(same, true);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("ok what was set before the class was there holds, and what the server wrote stands until then", async () => {
  const number = receipt();
  const page = await visit("");
  const text = await page.evaluate(async ([found]) => {
    const { CaseStatus } = await import("/package/element/index.js");
    const client = new StandIn();
    client.answer(found.receipt_number, { case: found });
    const early = document.createElement("case-early");
    Object.assign(early, { client, receipt: found.receipt_number });
    early.append("Case Was Received");
    document.querySelector("main").append(early);
    customElements.define("case-early", class extends CaseStatus {});
    await new Promise((resolve) => setTimeout(resolve, 50));
    return [early.shadowRoot.querySelector(".label").textContent, early.innerText.includes("Case Was Received")];
  }, [caseOf(number, "Case Was Approved")]);
  assert.deepEqual(text, ["Approved", false]);
  await page.context().close();
});
