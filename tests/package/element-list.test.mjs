// <case-status-list>: many cases on a page. What the real Worker cannot be made to do at the right moment a stand-in for
// the client does (tests/package/element/stand-in.js).
import assert from "node:assert/strict";
import test from "node:test";
import { assertSound, caseOf, proxy, sandbox, seed, visit } from "./element/support.mjs";

const RFE = "Request for Additional Evidence Was Sent";
const NEWS = { last_status_at: "2026-02-02T00:00:00Z" };
let last = 0;
const receipts = (count) => Array.from({ length: count }, () => `LIS${String(++last * 1_000_003).padStart(10, "0")}`);
const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const list = (numbers, more = "") => `<case-status-list receipts="${numbers.join(" ")}" ${more}></case-status-list>`;

/** The groups that a list shows: `[title, [[label, receipt's end, state], …]]`. */
const groups = (page) => page.evaluate(() => [...document.querySelector("case-status-list").shadowRoot.querySelectorAll(".group:not([hidden])")].map((group) => [
  group.querySelector(".title").textContent,
  [...group.querySelectorAll(".case")].map((row) => [row.querySelector(".label").textContent, row.querySelector(".digits").textContent.slice(-4), row.className.split(" ")[1]]),
]));
const part = (page, name) => page.evaluate((name) => {
  const found = document.querySelector("case-status-list").shadowRoot.querySelector(name);
  return found.checkVisibility() ? found.textContent : undefined;
}, name);
const loaded = (page) => page.waitForFunction(() => document.querySelector("case-status-list").shadowRoot.querySelector(".summary")?.textContent);
const standing = async (body, answers, options) => {
  const page = await visit(body, { client: "none", ...options });
  await page.evaluate((answers) => {
    window.stand = new StandIn();
    for (const found of answers) stand.answer(found.receipt_number, { case: found });
    setClient(stand);
  }, answers);
  return page;
};
/** Every announcement from now on. */
const listen = (page) => page.evaluate(() => {
  window.announced = [];
  const region = document.querySelector("case-status-list").shadowRoot.querySelector("[role=status]");
  new MutationObserver(() => region.textContent.trim() && announced.push(region.textContent.trim())).observe(region, { childList: true });
});

test("ok cases stand in groups, first those that require action, what is due first before the rest; axe finds nothing", async () => {
  const [later, none, soon, received, approved, missing, failed, odd] = receipts(8);
  const all = [later, none, soon, received, approved, missing, failed, odd];
  await seed(later, RFE, { more: { normalized: { respond_by: day(40) } } });
  await seed(none, "Interview Was Scheduled");
  await seed(soon, RFE, { more: { normalized: { respond_by: day(4) } } });
  await seed(received, "Case Was Received");
  await seed(approved, "Case Was Approved");
  await seed(odd, "Something else", { more: { normalized: { stage: "another-planet" } } });
  await proxy.seed(missing, { kind: "absent" });
  await sandbox.fault({ status: 503, receipt: failed });
  for (const [lang, dark] of [["en", false], ["es", true]]) {
    const page = await visit(`<h2>A firm</h2>${list([...all, "no-receipt"], 'heading-level="3"')}`, { receipts: all, lang, dark });
    await loaded(page);
    const end = (receipt) => receipt.slice(-4);
    const words = (en, es) => (lang === "en" ? en : es);
    assert.deepEqual(await groups(page), [
      [words("Action required (3)", "Se requiere acción (3)"), [[words("Request for Evidence", "Solicitud de evidencia"), end(soon), "known"], [words("Request for Evidence", "Solicitud de evidencia"), end(later), "known"], [words("Interview Scheduled", "Entrevista programada"), end(none), "known"]]],
      [words("Intake (1)", "Recepción (1)"), [[words("Case Received", "Caso recibido"), end(received), "known"]]],
      [words("Decision (1)", "Decisión (1)"), [[words("Approved", "Aprobado"), end(approved), "known"]]],
      [words("Unknown (1)", "Desconocida (1)"), [[words("Unknown", "Desconocido"), end(odd), "known"]]],
      [words("Status not available (3)", "Estado no disponible (3)"), [[words("Case not found", "Caso no encontrado"), end(missing), "missing"], [words("Status not available", "Estado no disponible"), end(failed), "failed"], [words("Status not available", "Estado no disponible"), "eipt", "failed"]]],
    ]);
    assert.equal(await part(page, ".summary"), words("Cases: 9 · Action required: 3 · Status not available: 3", "Casos: 9 · Se requiere acción: 3 · Estado no disponible: 3"));
    assert.match(await part(page, ".problem"), /^Torch .*\.$/, "the one that another try may mend");
    assert.equal(await page.getByRole("heading", { level: 3 }).count(), 5);
    await assertSound(page);
    await page.context().close();
  }
  await sandbox.mend();
  await proxy.forget();
});

test("ok each row says how old its own answer is and why, whatever else was in the batch", async () => {
  const [fresh, stale] = receipts(2);
  await seed(fresh, "Case Was Approved", { age: 120 });
  await seed(stale, "Case Was Received", { age: 5 * 3600, lifetime: 900, stale: 0 });
  await sandbox.fault({ status: 503 });
  const page = await visit(list([fresh, stale]), { receipts: [fresh, stale] });
  await page.waitForFunction(() => document.querySelector("case-status-list").shadowRoot.querySelector(".case.stale") && document.querySelector("case-status-list").shadowRoot.querySelector(".case.known"));
  const ages = await page.evaluate(() => [...document.querySelector("case-status-list").shadowRoot.querySelectorAll(".age")].map((age) => age.textContent));
  assert.deepEqual(ages, ["As of 5 hours ago, because Torch does not answer", "As of 2 minutes ago"]);
  await sandbox.mend();
  await proxy.forget();
  await page.context().close();
});

test("ok the progress is real, and the whole list is announced once when it is there", async () => {
  const numbers = receipts(12);
  const page = await standing(list(numbers), numbers.slice(0, 5).map((number) => caseOf(number, "Case Was Received")));
  await listen(page);
  await page.waitForFunction(() => document.querySelector("case-status-list").shadowRoot.querySelectorAll(".case.known").length === 5);
  const bar = () => page.getByRole("progressbar").evaluate(({ value, max, labels }) => [value, max, labels[0].textContent]);
  assert.deepEqual(await bar(), [5, 12, "Loading … 5 / 12"]);
  await assertSound(page);
  await page.waitForTimeout(1300);
  assert.deepEqual(await page.evaluate(() => announced), []);
  await page.evaluate((rest) => rest.forEach((found) => stand.answer(found.receipt_number, { case: found })), numbers.slice(5).map((number) => caseOf(number, RFE)));
  await loaded(page);
  assert.equal(await page.getByRole("progressbar").count(), 0);
  await page.waitForFunction(() => announced.length);
  await page.waitForTimeout(1300);
  assert.deepEqual(await page.evaluate(() => announced), ["Cases: 12 · Action required: 7"]);
  await page.context().close();
});

test("ok many changes are one polite announcement, also over several elements, and one watch sees them all", async () => {
  const numbers = receipts(8);
  const [alone] = receipts(1);
  const page = await standing(`${list(numbers, "live")}<case-status receipt="${alone}" live></case-status>`, [...numbers, alone].map((number) => caseOf(number, "Case Was Received")));
  await loaded(page);
  await page.waitForFunction(() => stand.watched.length === 2);
  assert.deepEqual(await page.evaluate(() => stand.watched), [[alone], numbers]);
  await page.waitForTimeout(1300);
  await listen(page);
  const end = (number) => number.slice(-4);
  const change = (numbers, text) => page.evaluate((all) => all.forEach((found) => stand.change(found.receipt_number, found)), numbers.map((number) => caseOf(number, text, NEWS)));
  await change(numbers.slice(0, 2), "Case Was Approved");
  await page.waitForTimeout(600);
  await change([numbers[2]], RFE);
  await change([...numbers.slice(3, 5), alone], "Case Was Denied");
  // The same once more, and one that changes twice: nothing more to be said.
  await change([numbers[3]], "Case Was Denied");
  await page.waitForFunction(() => announced.length);
  await page.waitForTimeout(2500);
  assert.deepEqual(await page.evaluate(() => announced), [`6 cases have changed: Receipt ending in ${end(numbers[0])}: Approved; Receipt ending in ${end(numbers[1])}: Approved; Receipt ending in ${end(numbers[2])}: Request for Evidence, Action required; 3 more`]);
  const [[, [[label, first]]]] = await groups(page);
  assert.deepEqual([label, first], ["Request for Evidence", end(numbers[2])]);
  assert.equal(await page.evaluate(() => told.filter(({ via }) => via === "live").length), 6);
  await page.context().close();
});

test("ok the focus stays in a row that moves to another group", async () => {
  const numbers = receipts(3);
  const page = await standing(list(numbers, "live"), numbers.map((number) => caseOf(number, "Case Was Received")));
  await loaded(page);
  await page.waitForFunction(() => stand.watched.length === 1);
  await page.getByRole("button", { name: `Show: Receipt ending in ${numbers[1].slice(-4)}` }).focus();
  await page.keyboard.press("Enter");
  await page.evaluate((found) => stand.change(found.receipt_number, found), caseOf(numbers[1], RFE, NEWS));
  await page.waitForFunction(() => document.querySelector("case-status-list").shadowRoot.querySelector(".group.due .case"));
  const [name, row] = await page.evaluate(() => {
    const { activeElement } = document.querySelector("case-status-list").shadowRoot;
    return [activeElement.className, activeElement.closest(".case").querySelector(".digits").textContent];
  });
  assert.deepEqual([name, row], ["reveal", numbers[1]], "still pressed, too");
  await page.context().close();
});

test("ok other receipts keep what is known of those that stay, and another client starts anew", async () => {
  const numbers = receipts(4);
  const page = await standing(list(numbers.slice(0, 3)), numbers.map((number) => caseOf(number, "Case Was Received")));
  await loaded(page);
  await page.evaluate((numbers) => (document.querySelector("case-status-list").receipts = numbers), [numbers[3], numbers[1], `${numbers[1].slice(0, 3).toLowerCase()}-${numbers[1].slice(3)}`]);
  await page.waitForFunction(() => stand.reads.length === 4);
  await loaded(page);
  assert.deepEqual((await groups(page)).flatMap(([, rows]) => rows.map(([, end]) => end)), [numbers[3].slice(-4), numbers[1].slice(-4)]);
  assert.equal(await page.evaluate(() => stand.reads.at(-1)), numbers[3], "only the new one was read");
  // The one before answers too late: what it says is another client's.
  await page.evaluate(() => {
    window.other = new StandIn();
    document.querySelector("case-status-list").client = other;
  });
  await page.waitForFunction(() => document.querySelector("case-status-list").shadowRoot.querySelector(".progress").checkVisibility());
  assert.deepEqual(await groups(page), []);
  await page.evaluate(() => {
    document.querySelector("case-status-list").client = stand;
  });
  await loaded(page);
  await page.evaluate((found) => other.answer(found.receipt_number, { case: found }), caseOf(numbers[3], "Case Was Denied"));
  await page.waitForTimeout(100);
  assert.deepEqual((await groups(page)).map(([title]) => title), ["Intake (2)"]);
  await page.context().close();
});

test("ok receipt numbers are taken as people write them, each once, and the element can be hidden", async () => {
  const [one, other] = receipts(2);
  const page = await standing(`<case-status-list></case-status-list><case-status receipt=" ${one.slice(0, 3).toLowerCase()} ${one.slice(3, 8)}-${one.slice(8)}" hidden></case-status>`, [one, other].map((number) => caseOf(number, "Case Was Received")));
  for (const given of [`${one} ${other}`, ` ${one},\n${other} , ${one.toLowerCase()}`, [` ${one.slice(0, 3)} ${one.slice(3)}`, other, one]]) {
    const ends = await page.evaluate((given) => {
      const element = document.querySelector("case-status-list");
      element.receipts = given;
      return new Promise((resolve) => setTimeout(() => resolve([...element.shadowRoot.querySelectorAll(".digits")].map(({ textContent }) => textContent.slice(-4))), 50));
    }, given);
    assert.deepEqual(ends, [one.slice(-4), other.slice(-4)], String(given));
  }
  assert.deepEqual(await page.evaluate(() => [document.querySelector("case-status").shadowRoot.querySelectorAll(".case.known").length, document.querySelector("case-status").checkVisibility()]), [1, false]);
  assert.deepEqual(await page.evaluate(() => [...new Set(stand.reads)].length), 2);
  await page.context().close();
});

test("ok what failed in a list is tried again by one button, and only that", async () => {
  const numbers = receipts(3);
  const page = await standing(list(numbers), [caseOf(numbers[0], "Case Was Received")]);
  await page.evaluate((numbers) => numbers.forEach((number) => stand.answer(number, { error: { code: "torch_failed", message: `LIS******0000: Torch failed for ${number}.`, retryable: true } })), numbers.slice(1));
  await loaded(page);
  assert.equal(await part(page, ".problem"), `Torch failed for LIS******${numbers[1].slice(-4)}.`, "a number is covered in a message as well");
  await page.evaluate((all) => all.forEach((found) => stand.answer(found.receipt_number, { case: found })), numbers.slice(1).map((number) => caseOf(number, "Case Was Approved")));
  await page.getByRole("button", { name: "Try again" }).press("Enter");
  await page.waitForFunction(() => document.querySelector("case-status-list").shadowRoot.querySelectorAll(".case.known").length === 3);
  assert.equal(await part(page, ".notice"), undefined);
  assert.equal(await page.evaluate(() => document.activeElement.localName), "case-status-list");
  assert.equal(await page.evaluate(() => stand.reads.length), 5);
  await page.context().close();
});

test("err where a client fails as a whole, every row says so, it is announced once, and what comes later mends it", async () => {
  const numbers = receipts(5);
  const page = await standing(list(numbers), []);
  await page.evaluate(() => {
    stand.getMany = async function* () {
      throw Object.assign(new Error("No token could be had."), { code: "token", retryable: true });
    };
    document.querySelector("case-status-list").retry();
  });
  await loaded(page);
  await listen(page);
  assert.deepEqual((await groups(page)).map(([title]) => title), ["Status not available (5)"]);
  assert.match(await part(page, ".notice"), /^No token could be had\.Try again$/);
  await page.waitForFunction(() => announced.length);
  assert.deepEqual(await page.evaluate(() => [announced, told.filter(({ type }) => type === "case-error").length]), [["Cases: 5 · Status not available: 5"], 5]);
  // A client that names receipts that nobody asked for, or sends odd records, does no harm.
  await page.evaluate((numbers) => {
    stand.getMany = async function* () {
      yield { receipt: "XXX0000000000", case: {} };
      for (const receipt of numbers) yield { receipt, case: { status_text: 7, last_checked_at: "yesterday", normalized: receipt.endsWith("3") ? null : { stage: {}, labels: 5, respond_by: [], form: 3 } }, meta: {} };
    };
    document.querySelector("case-status-list").retry();
  }, numbers);
  await page.waitForFunction(() => document.querySelector("case-status-list").shadowRoot.querySelectorAll(".case.known").length === 5);
  assert.deepEqual((await groups(page)).map(([title]) => title), ["Unknown (5)"]);
  await assertSound(page);
  await page.context().close();
});

test("ok 400 cases are drawn without a frame that is felt, and a change of all of them too", async () => {
  const numbers = receipts(400);
  const texts = ["Case Was Received", "Case Was Approved", RFE, "Interview Was Scheduled", "Card Was Mailed To Me"];
  const answers = numbers.map((number, at) => caseOf(number, texts[at % 5]));
  const page = await visit(list([], "live"), { client: "none" });
  const longest = await page.evaluate(async ([numbers, answers, changed]) => {
    const tasks = [];
    new PerformanceObserver((entries) => tasks.push(...entries.getEntries().map(({ duration }) => Math.round(duration)))).observe({ type: "longtask" });
    const element = document.querySelector("case-status-list");
    const { shadowRoot } = element;
    window.stand = new StandIn();
    setClient(stand);
    element.receipts = numbers;
    const until = async (count, selector) => {
      while (shadowRoot.querySelectorAll(selector).length < count) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    await new Promise((resolve) => setTimeout(resolve, 300));
    // Batches of 25, as a client gives them.
    for (let at = 0; at < 400; at += 25) {
      answers.slice(at, at + 25).forEach((found) => stand.answer(found.receipt_number, { case: found }));
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    await until(400, ".case.known");
    await new Promise((resolve) => setTimeout(resolve, 300));
    const loading = tasks.splice(0);
    changed.forEach((found) => stand.change(found.receipt_number, found));
    await until(400, ".group.closed .case, .group.decision .case");
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { loading, changing: tasks };
  }, [numbers, answers, numbers.map((number) => caseOf(number, "Case Was Denied", NEWS))]);
  console.log(`400 cases: tasks of more than 50 ms while loading ${JSON.stringify(longest.loading)}, while all change ${JSON.stringify(longest.changing)}`);
  // What a person would feel, on a machine that does something else beside.
  assert.ok(Math.max(0, ...longest.loading, ...longest.changing) < 600, JSON.stringify(longest));
  assert.ok(longest.loading.filter((duration) => duration > 200).length <= 2, JSON.stringify(longest));
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
