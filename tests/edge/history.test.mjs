// A case's ledger as it is told: by webhooks and by reads, as JSON and as a spreadsheet; and that nobody reads
// what is older than it.
import assert from "node:assert/strict";
import test from "node:test";
import { link } from "./storm/check.mjs";
import { batchPath, casePath, event, historyPath, pair, receipts, until, WEBHOOK } from "./support.mjs";

const { sandbox, proxy } = await pair(WEBHOOK);
const OPERATOR = { authorization: "Bearer operator-token" };
const ZERO = "0".repeat(64);

let serial = 0;
const fresh = (count = 1, prefix = "HIS") => receipts(count, prefix, (serial += count) - count + 1);
async function tell(receipt, more) {
  const { status, body } = await proxy.webhook(event(receipt, more));
  assert.equal(status, 200, JSON.stringify(body));
  return body.outcome;
}
const record = (receipt, status_text, last_status_at) => JSON.stringify({ receipt_number: receipt, status_text, last_status_at, source_hint: "a test" });
/** What Torch answers once when it is asked for a case. */
const answers = (receipt, body, more) => sandbox.fault({ receipt, body: `raw:${body}`, times: 1, ...more });
/** Has the cron trigger ask Torch for a case now, whatever is remembered of it. */
async function poll(receipt) {
  const calls = await sandbox.calls();
  await proxy.sql("UPDATE roster SET due_at = CASE receipt WHEN ? THEN 0 END", receipt);
  await proxy.evict();
  await proxy.tick();
  await until("a call", async () => (await sandbox.calls()) > calls);
}
const kinds = async (receipt) => (await proxy.history(receipt)).events.map(({ kind, source }) => `${kind} ${source}`);
const texts = async (receipt) => (await proxy.history(receipt)).events.map(({ status_text }) => status_text);

/** The cells of a CSV (RFC 4180). */
const cells = (csv) => csv.split(/\r\n(?=\d+,|$)/).filter(Boolean).map((line) => [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare));

test("ok a ledger is told whole, and its chain can be followed by anybody", async () => {
  const [receipt] = fresh();
  await tell(receipt, { id: "evt_1", text: "Case Was Received “ñ” \"😀\"\n", status_category: "Case Received" });
  await tell(receipt, { id: null, text: "Case Was Approved", at: "2025-06-01T00:00:00.5+02:00" });
  await tell(receipt, { id: "evt_3", text: "Long Ago", at: "1969-07-20T20:17:40Z" });
  await tell(receipt, { id: "evt_4", type: "case.noted", text: null });
  await tell(receipt, { id: "evt_5", text: "Undated", at: null });
  const { receipt_number, chain, events } = await proxy.history(receipt);
  assert.deepEqual(Object.keys(events[0]), ["seq", "kind", "source", "event_id", "event_type", "status_text", "status_category", "last_status_at", "seen_at", "normalized", "hash", "record"]);
  let head = ZERO;
  for (const [index, row] of events.entries()) {
    assert.equal(row.seq, index + 1);
    assert.ok(Math.abs(Date.parse(row.seen_at) - Date.now()) < 60_000);
    head = link(head, receipt, row, row.record);
    assert.equal(row.hash, head, `row ${row.seq}`);
  }
  assert.deepEqual([receipt_number, chain], [receipt, { valid: true, length: 5, head }]);
  assert.deepEqual(events.map(({ kind }) => kind), ["case.status.updated", "case.status.updated", "case.status.late", "case.event", "case.status.updated"]);
  assert.deepEqual(events.map(({ event_id }) => event_id), ["evt_1", null, "evt_3", "evt_4", "evt_5"]);
  assert.deepEqual(events.map(({ last_status_at }) => last_status_at), ["2025-01-15T14:03:27Z", "2025-05-31T22:00:00Z", "1969-07-20T20:17:40Z", null, null]);
  const { status_text, normalized, record } = events[0];
  assert.deepEqual([status_text, normalized.category, JSON.parse(record).status_text], ["Case Was Received “ñ” \"😀\"\n", "received", status_text]);
  assert.equal(events[3].normalized, null);
});

test("ok the answer is kept by nobody, and a case that was never seen has an empty ledger", async () => {
  const [receipt] = fresh();
  const response = await proxy.get(historyPath(receipt));
  assert.deepEqual([response.status, response.headers.get("cache-control"), response.headers.get("vary"), response.headers.get("content-type")], [200, "no-store", "Accept", "application/json"]);
  assert.deepEqual(await response.json(), { receipt_number: receipt, chain: { valid: true, length: 0, head: ZERO }, events: [] });
  const csv = await proxy.get(historyPath(receipt), { accept: "text/csv" });
  assert.equal((await csv.text()).split("\r\n").length, 2, "the columns' names");
  assert.deepEqual(await proxy.ledger(receipt, "SELECT name FROM sqlite_master WHERE name = 'event'"), [], "to look leaves nothing behind");
});

test("err a row that was changed, taken out or put in breaks the chain, and it is said where", async () => {
  const [changed, removed, moved] = fresh(3);
  for (const receipt of [changed, removed, moved]) {
    for (let month = 1; month <= 4; month++) await tell(receipt, { text: `Status ${month}`, at: `2025-0${month}-01T00:00:00Z` });
  }
  await proxy.ledger(changed, "UPDATE event SET status_text = 'Case Was Denied' WHERE seq = 3");
  await proxy.ledger(removed, "DELETE FROM event WHERE seq = 2");
  await proxy.ledger(moved, "UPDATE event SET record = replace(record, '2025', '2024') WHERE seq = 4");
  for (const [receipt, at, length] of [[changed, 3, 4], [removed, 2, 3], [moved, 4, 4]]) {
    const { chain } = await proxy.history(receipt);
    assert.deepEqual([chain.valid, chain.broken_at, chain.length], [false, at, length]);
  }
});

test("ok a spreadsheet is an attachment, and no cell of it is a formula", async () => {
  const [receipt] = fresh();
  const odd = ["=HYPERLINK(\"http://x\",\"y\")", "+1", "-1", "@SUM(A1)", "\t=1", "Case, \"Was\"\r\nReceived"];
  for (const [n, text] of odd.entries()) await tell(receipt, { text, at: `2025-01-0${n + 1}T00:00:00Z`, id: `=${n}+${receipt}` });
  const response = await proxy.get(historyPath(receipt), { accept: "text/csv" });
  assert.deepEqual([response.status, response.headers.get("content-type"), response.headers.get("vary"), response.headers.get("cache-control")], [200, "text/csv; charset=utf-8", "Accept", "no-store"]);
  assert.equal(response.headers.get("content-disposition"), `attachment; filename="${receipt}.csv"`);
  const [names, ...rows] = cells(await response.text());
  assert.equal(names.join(), "seq,receipt_number,kind,source,event_id,event_type,status_text,status_category,last_status_at,seen_at,hash,record");
  const { events } = await proxy.history(receipt);
  assert.deepEqual(rows.map((row) => row[6]), odd.map((text) => (text.startsWith("Case") ? text : `'${text}`)));
  assert.deepEqual(rows.map((row) => [row[0], row[1], row[10], JSON.parse(row[11]).status_text]), events.map(({ seq, hash }, n) => [String(seq), receipt, hash, odd[n]]));
  for (const cell of rows.flat()) assert.doesNotMatch(cell, /^[=+\-@\t\r\n]/);
});

test("ok which form is told follows from Accept", async () => {
  const [receipt] = fresh();
  for (const [accept, type] of [
    ["text/csv", "text/csv"], ["TEXT/CSV; q=0.9", "text/csv"], ["application/json;q=0.5, text/csv", "text/csv"], ["text/csv;q=0.1, application/json", "application/json"],
    ["application/json", "application/json"], ["*/*", "application/json"], ["text/csv;q=0", "application/json"], ["image/png", "application/json"], ["", "application/json"],
  ]) {
    const { headers } = await proxy.get(historyPath(receipt), { accept });
    assert.equal(headers.get("content-type").split(";")[0], type, accept);
  }
});

test("err who may read a ledger, and who may erase it", async () => {
  const [receipt] = fresh();
  await tell(receipt);
  const asks = (method, headers) => proxy.get(historyPath(receipt), headers, { method });
  for (const [method, headers, status, code] of [
    ["GET", { authorization: "" }, 401, "unauthorized"], ["GET", { authorization: "Bearer nonsense" }, 401, "unauthorized"], ["GET", OPERATOR, 403, "forbidden"],
    ["DELETE", {}, 403, "forbidden"], ["DELETE", { authorization: "" }, 401, "unauthorized"], ["POST", {}, 405, "method_not_allowed"], ["PUT", OPERATOR, 405, "method_not_allowed"],
  ]) {
    const response = await asks(method, headers);
    const body = await response.json();
    assert.deepEqual([response.status, body.code], [status, code], method);
    if (status === 405) assert.equal(response.headers.get("allow"), "GET, HEAD, DELETE");
    assert.ok(!JSON.stringify(body).includes("Received"));
  }
  assert.deepEqual(await kinds(receipt), ["case.status.updated webhook"]);
});

test("K5 the case is named in any way that is the same, and otherwise a 400", async () => {
  const [receipt, other] = fresh(2);
  await tell(receipt);
  const typed = `${receipt.slice(0, 3).toLowerCase()}-${receipt.slice(3, 6)}%20${receipt.slice(6)}`;
  assert.equal((await proxy.history(typed)).receipt_number, receipt);
  assert.equal((await proxy.history(typed)).events.length, 1);
  for (const [path, code] of [
    ["/case-status/history", "receipt_missing"], [historyPath("nonsense"), "receipt_malformed"], [historyPath(`${receipt}%00`), "receipt_malformed"],
    [`${historyPath(receipt)}&receipt=${other}`, "too_many_receipts"], [`${historyPath(receipt)}&format=csv`, "unknown_parameter"],
  ]) {
    for (const [method, headers] of [["GET", {}], ["DELETE", OPERATOR]]) {
      const response = await proxy.get(path, headers, { method });
      assert.deepEqual([response.status, (await response.json()).code], [400, code], `${method} ${path}`);
    }
  }
  assert.equal((await proxy.history(receipt)).events.length, 1);
});

test("ok what reads and refreshes find goes into the ledger, and only what is new", async () => {
  const [receipt] = fresh();
  const first = record(receipt, "Case Was Received", "2025-01-01T00:00:00Z").replace('"source', '"é": 1.0, "source');
  await answers(receipt, first);
  assert.equal((await proxy.json(casePath(receipt))).body.status_text, "Case Was Received");
  const { events: [row] } = await proxy.history(receipt);
  assert.deepEqual([row.kind, row.source, row.event_id, row.event_type, row.record], ["case.first_seen", "poll", null, null, first]);
  const approved = ["Case Was Approved", "2025-06-01T00:00:00Z"];
  for (const [text, at] of [["Case Was Received", "2025-01-01T00:00:00Z"], approved, approved, ["Case Was Approved", "2025-06-02T00:00:00Z"], ["Case Was Received", "2025-01-01T00:00:00Z"]]) {
    await answers(receipt, record(receipt, text, at));
    await poll(receipt);
  }
  await until("the last of them", async () => (await kinds(receipt)).length >= 3);
  assert.deepEqual(await kinds(receipt), ["case.first_seen poll", "case.status.updated poll", "case.touched poll"]);
  assert.equal(await tell(receipt, { text: "Case Was Approved", at: "2025-06-01T00:00:00Z" }), "duplicate", "a webhook of what a read has found");
  assert.equal((await proxy.history(receipt)).chain.valid, true);
});

test("ok a webhook is what everybody reads at once: fresh, normalized, and without a call", async () => {
  const [receipt] = fresh();
  const calls = await sandbox.calls();
  await tell(receipt, { text: "Case Was Approved", at: "2025-06-01T00:00:00Z" });
  const { status, body, cache, headers } = await proxy.json(casePath(receipt));
  assert.deepEqual([status, body.status_text, body.normalized.category, cache.hit, cache.ttl > 0], [200, "Case Was Approved", "approved", true, true]);
  assert.equal(headers.get("last-modified"), "Sun, 01 Jun 2025 00:00:00 GMT");
  assert.equal((await proxy.json(batchPath([receipt]))).body[0].status_text, "Case Was Approved");
  assert.match(await proxy.kept(receipt), /^1 ok [^]*Case Was Approved/, "also for the isolates that know nothing of it");
  assert.equal(await sandbox.calls(), calls);
});

test("ok a case that Torch did not know is known from its first webhook on", async () => {
  // The sandbox knows no case of this prefix.
  const [receipt] = fresh(1, "ZZZ");
  assert.equal((await proxy.json(casePath(receipt))).status, 404);
  assert.deepEqual(await texts(receipt), []);
  await tell(receipt);
  const { status, body, cache } = await proxy.json(casePath(receipt));
  assert.deepEqual([status, body.status_text, cache.hit], [200, "Case Was Received", true]);
});

test("K9 a webhook comes while Torch is asked, and Torch's answer is older: who asked is told the newer, and so is everybody after", async () => {
  const [single, one, two] = fresh(3);
  for (const receipt of [single, one, two]) await sandbox.fault({ receipt, delay_ms: 600, times: 1 });
  const calls = await sandbox.calls();
  const reads = [proxy.json(casePath(single)), proxy.json(batchPath([one, two]))];
  await until("the calls", async () => (await sandbox.calls()) >= calls + 1);
  for (const receipt of [single, one, two]) assert.equal(await tell(receipt, { text: "Case Was Reopened", at: new Date().toISOString() }), "case.status.updated");
  const [alone, batch] = await Promise.all(reads);
  assert.deepEqual([alone.body, ...batch.body].map(({ status_text }) => status_text), Array(3).fill("Case Was Reopened"));
  for (const receipt of [single, one, two]) {
    assert.equal((await proxy.json(casePath(receipt))).body.status_text, "Case Was Reopened");
    assert.equal((await proxy.json(casePath(receipt), { "cache-control": "no-cache" })).body.status_text, "Case Was Reopened");
    assert.match(await proxy.kept(receipt), /Case Was Reopened/);
    assert.deepEqual(await kinds(receipt), ["case.status.updated webhook", "case.status.late poll"]);
  }
});

test("K9 a refresh that finds an older status changes nothing that is read", async () => {
  const [receipt] = fresh();
  assert.equal((await proxy.get(`/case-status/watch?receipt=${receipt}`, {}, { method: "PUT" })).status, 200);
  await tell(receipt, { text: "Case Was Approved", at: "2025-06-01T00:00:00Z" });
  await proxy.kept(receipt);
  await answers(receipt, record(receipt, "Case Was Received", "2025-01-01T00:00:00Z"));
  await poll(receipt);
  await until("its row", async () => (await texts(receipt)).length === 2);
  assert.equal((await proxy.json(casePath(receipt))).body.status_text, "Case Was Approved");
  assert.match(await proxy.kept(receipt), /Case Was Approved/);
});

test("K9 where an old answer is still cached, whoever demands a new look is told what the ledger has", { timeout: 15_000 }, async () => {
  const [receipt] = fresh();
  await tell(receipt, { text: "Case Was Approved", at: "2025-06-01T00:00:00Z" });
  await proxy.kept(receipt);
  await proxy.seed(receipt, { age: 120, body: record(receipt, "Case Was Received", "2025-01-01T00:00:00Z") });
  await until("the end of the isolate's memory", async () => (await proxy.json(casePath(receipt))).body.status_text === "Case Was Received", 8000);
  await answers(receipt, record(receipt, "Case Was Received", "2025-01-01T00:00:00Z"));
  const { body, cache } = await proxy.json(casePath(receipt), { "cache-control": "no-cache" });
  assert.deepEqual([body.status_text, cache.fwd], ["Case Was Approved", "request"]);
  assert.equal((await proxy.json(casePath(receipt))).body.status_text, "Case Was Approved");
});

test("K9 a webhook comes while Torch is asked, and Torch does not know the case yet: the webhook's status is what is read", async () => {
  const [receipt] = fresh(1, "ZZZ");
  await sandbox.fault({ receipt, delay_ms: 400, times: 1 });
  const calls = await sandbox.calls();
  const read = proxy.json(casePath(receipt));
  await until("the call", async () => (await sandbox.calls()) > calls);
  assert.equal(await tell(receipt, { at: new Date().toISOString() }), "case.status.updated");
  await read;
  const { status, body } = await proxy.json(casePath(receipt));
  assert.deepEqual([status, body.status_text], [200, "Case Was Received"]);
  assert.match(await proxy.kept(receipt), /^1 ok [^]*Case Was Received/);
});

test("ok a case is erased: its ledger, its entry, its place on the roster, its dead letters", async () => {
  const [receipt, other] = fresh(2);
  for (const one of [receipt, other]) {
    await proxy.json(casePath(one));
    assert.equal((await proxy.get(`/case-status/watch?receipt=${one}`, {}, { method: "PUT" })).status, 200);
    for (const [text, at] of [["Case Was Approved", "2026-06-01T00:00:00Z"], ["Card Was Mailed To Me", "2026-07-01T00:00:00Z"]]) await tell(one, { text, at });
    await proxy.kept(one);
  }
  const deliveries = async () => (await proxy.get("/deliveries", OPERATOR)).json();
  await deliveries();
  const store = await proxy.harness.getWorker().getDurableObjectStorage("RELAY", { name: "relay" });
  for (const one of [receipt, other]) await store.exec("INSERT INTO dead VALUES (?, 'firm', ?, 1, 'case.status.updated', 1, 8, 'http_500', 2)", `msg_${one}`, one);
  const response = await proxy.get(historyPath(receipt.toLowerCase()), OPERATOR, { method: "DELETE" });
  assert.deepEqual([response.status, await response.json()], [200, { receipt_number: receipt, erased: true }]);

  const kv = await proxy.kv();
  assert.deepEqual([await kv.get(`case:1:${receipt}`), (await proxy.history(receipt)).events], [null, []]);
  assert.match(await kv.get(`case:1:${other}`), /^1 ok/);
  assert.deepEqual(await proxy.sql("SELECT receipt FROM roster WHERE receipt IN (?, ?)", receipt, other), [{ receipt: other }]);
  assert.deepEqual((await deliveries()).dead_letters.newest.map(({ receipt_number }) => receipt_number).filter((one) => [receipt, other].includes(one)), [other]);
  assert.equal((await proxy.history(other)).events.length, 3);
  assert.deepEqual(await proxy.ledger(receipt, "SELECT name FROM sqlite_master WHERE name IN ('event', 'own', 'outbox')"), []);

  const calls = await sandbox.calls();
  assert.equal((await proxy.json(casePath(receipt))).cache.fwd, "uri-miss", "nor does the isolate or the gate remember it");
  assert.equal(await sandbox.calls(), calls + 1);
  assert.deepEqual(await kinds(receipt), ["case.first_seen poll"], "from here on it is a case as any other");
});

test("ok what was erased begins anew with the next webhook, and to erase nothing is no error", async () => {
  const [receipt] = fresh();
  const erase = async () => assert.equal((await proxy.get(historyPath(receipt), OPERATOR, { method: "DELETE" })).status, 200);
  await erase();
  const body = event(receipt);
  for (const round of [1, 2]) {
    const { body: { outcome } } = await proxy.webhook(body);
    assert.equal(outcome, "case.status.updated", `round ${round}`);
    const { chain, events: [row] } = await proxy.history(receipt);
    assert.deepEqual([chain.valid, chain.length, row.hash], [true, 1, link(ZERO, receipt, row, row.record)]);
    await erase();
    assert.equal(await (await proxy.kv()).get(`case:1:${receipt}`), null, "nor does what was on its way into KV land behind it");
  }
});

test("ok the log holds no whole receipt number", () => assert.doesNotMatch(proxy.logs(), /(HIS|ZZZ)\d{10}/));
