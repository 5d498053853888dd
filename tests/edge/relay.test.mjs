// The relay: what reaches the firm's endpoints, when it is tried again, and what becomes of what nobody
// takes. Real requests at a receiver, their signatures checked by node's crypto. Hours are not waited for:
// a ledger's outbox says when an attempt is due, and is told that it is due now.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import test, { after, describe } from "node:test";
import { Proxy, Sandbox, TORCH_KEY, casePath, receipts, unread, until } from "./support.mjs";

const WEBHOOK_SECRET = "correct horse battery";
const PATH = "token-in-the-path";
const KEYS = [Buffer.alloc(24, "the key that counts now "), Buffer.alloc(32, "and the one that it replaces    ")];
const whsec = (key) => `whsec_${key.toString("base64")}`;
const OPS = { authorization: "Bearer operator-token" };

/** What arrived, and what an endpoint answers to a case: a number, or a status with headers, after a while. */
const arrived = [];
const answers = new Map();
const receiver = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", async () => {
    const raw = String(Buffer.concat(chunks));
    const body = raw && JSON.parse(raw);
    const endpoint = request.url.split("/")[1];
    const receipt = body?.data?.receipt_number;
    const one = { endpoint, receipt, url: request.url, method: request.method, headers: request.headers, raw, body, at: Date.now() };
    arrived.push(one);
    const answer = answers.get(`${endpoint} ${receipt}`)?.(one) ?? 204;
    const { status, headers, wait } = typeof answer === "number" ? { status: answer } : answer;
    if (wait) await new Promise((resolve) => setTimeout(resolve, wait).unref());
    response.writeHead(status, headers).end();
    one.answeredAt = Date.now();
  });
});
await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));
const hooks = `http://127.0.0.1:${receiver.address().port}`;
const at = (endpoint, receipt) => arrived.filter((one) => one.endpoint === endpoint && one.receipt === receipt);
const ids = (list) => list.map(({ headers }) => headers["webhook-id"]);

// The harness takes the Worker's requests through this process, whose fetch would follow redirects itself.
const network = globalThis.fetch;
globalThis.fetch = (url, init) => String(url).startsWith(hooks)
  ? network(url, { method: init.method, headers: [...init.headers], body: init.body, duplex: "half", redirect: "manual", signal: init.signal })
  : network(url, init);

const subscriber = (name, more = {}) => ({ name, url: `${hooks}/${name}/${PATH}`, secrets: [whsec(KEYS[0])], ...more });
const start = (torch, subscribers) => Proxy.start(torch, {
  vars: { WEBHOOK_SCHEME: "shared-secret", WEBHOOK_HEADER: "x-torch-secret" },
  secrets: { WEBHOOK_SECRET, SUBSCRIBERS: JSON.stringify(subscribers) },
});
const NOWHERE = "http://127.0.0.1:9";
const FIRM = [
  subscriber("firm", { secrets: KEYS.map(whsec) }),
  subscriber("crm"),
  subscriber("approvals", { categories: ["approved"] }),
];
const LATER = [subscriber("firm"), subscriber("denials", { categories: ["denied"] }), subscriber("resting", { categories: ["rejected"], paused: true })];
const sandbox = await Sandbox.start();
const [proxy, later, changing, slow, strict] = await Promise.all([
  start(sandbox.url, FIRM),
  start(NOWHERE, LATER.slice(0, 2)),
  start(NOWHERE, LATER),
  start(NOWHERE, ["quick", "slow", "hung"].map((name) => subscriber(name))),
  start("https://torch.example", []),
]);
after(async () => {
  receiver.close();
  receiver.closeAllConnections();
  await Promise.all([proxy, later, changing, slow, strict, sandbox].map((one) => one.close()));
  globalThis.fetch = network;
});

let used = 0;
const fresh = (count = 1) => receipts(count, "RLY", (used += count) * 7919);
const [RECEIVED, APPROVED, DENIED, REJECTED] = ["Case Was Received", "Case Was Approved", "Case Was Denied", "Case Was Rejected Because It Was Improperly Filed"];

/** Torch tells a status; `day` of January 2026 is when it began. */
async function tell(to, receipt, status_text, day = 1, record) {
  const data = record ?? JSON.stringify({ receipt_number: receipt, status_text, status_category: null, last_status_at: `2026-01-${String(day).padStart(2, "0")}T09:00:00Z` });
  return webhook(to, `{"type":"case.status.updated","data":${data},"id":"evt_${receipt}_${day}"}`);
}
async function webhook(to, body) {
  const response = await fetch(`${to.url}/webhooks/torch`, { method: "POST", headers: { "x-torch-secret": WEBHOOK_SECRET }, body });
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()).outcome;
}

const storage = (of, object, name) => of.harness.getWorker().getDurableObjectStorage(object, { name });
const ledger = async (of, receipt, statement, ...values) => (await storage(of, "LEDGER", receipt)).exec(statement, ...values);
const outbox = (of, receipt, endpoint = "firm") => ledger(of, receipt, "SELECT * FROM outbox WHERE endpoint = ? ORDER BY seq", endpoint);
/** Waits until what an endpoint has taken is struck out of its outbox: with the next write, or by the alarm. */
const struckOut = (of, receipt, endpoint) => until("an empty outbox", async () => (await outbox(of, receipt, endpoint)).length === 0, 20_000);
const nudge = async (of, receipt, endpoint = "firm") => (await of.harness.getWorker().getEnv()).DELIVERIES.send(`${receipt} ${endpoint}`, { contentType: "text" });
const evict = (of, receipt) => of.harness.getWorker().evictDurableObject("LEDGER", { name: receipt });

/** Lets the time pass until the next attempt, and with `attempts` until the one after so many. */
async function pass(of, receipt, endpoint = "firm", attempts = null) {
  await ledger(of, receipt, "UPDATE outbox SET due_at = 0, attempts = coalesce(?, attempts) WHERE endpoint = ? AND dead_at IS NULL", attempts, endpoint);
  await nudge(of, receipt, endpoint);
}
/** The first row of an endpoint's outbox, after so many attempts. */
const tried = (of, receipt, attempts, endpoint = "firm") => until(`attempt ${attempts} of ${receipt}`, async () => {
  const [row] = await outbox(of, receipt, endpoint);
  return row?.attempts === attempts && row;
}, 10_000);
const count = (what, number, list, patience = 10_000) => until(`${number} deliveries of ${what}`, () => list().length >= number && list(), patience);

const deliveries = async (of) => (await of.get("/deliveries", OPS)).json();
const letters = async (of, receipt) => (await deliveries(of)).dead_letters.newest.filter((one) => one.receipt_number === receipt);
const dead = (of, receipt, number = 1) => until(`${number} dead letters of ${receipt}`, async () => {
  const list = await letters(of, receipt);
  return list.length === number && list;
}, 10_000);
const replay = (of, which, headers = OPS) => of.get("/deliveries/replay", headers, { method: "POST", body: typeof which === "string" ? which : JSON.stringify(which) });
const replayed = async (of, which) => (await replay(of, which)).json();
/** Makes a dead letter of a status. */
async function bury(of, receipt, day = 1) {
  answers.set(`firm ${receipt}`, () => 500);
  await tell(of, receipt, RECEIVED, day);
  await tried(of, receipt, 1);
  await pass(of, receipt, "firm", 6);
  return dead(of, receipt);
}

/** That a delivery is signed by these keys, now. */
function assertSigned({ headers, raw, at }, keys) {
  const time = headers["webhook-timestamp"];
  assert.match(time, /^\d+$/);
  assert.ok(Math.abs(time - at / 1000) < 5);
  const signatures = keys.map((key) => `v1,${createHmac("sha256", key).update(`${headers["webhook-id"]}.${time}.${raw}`).digest("base64")}`);
  assert.equal(headers["webhook-signature"], signatures.join(" "));
}
/** That an attempt is due in so many seconds, counted from now or a moment ago. */
function assertDueIn(due_at, seconds) {
  const wait = due_at - Date.now() / 1000;
  assert.ok(wait > seconds - 4 && wait <= seconds + 1, `due in ${wait} s, and not in ${seconds}`);
}

describe("ok the relay", { concurrency: true }, () => {
  describe("ok what endpoints are told", { concurrency: true }, () => {
    test("ok a delivery is Torch's record byte for byte with what it means, signed by each secret", async () => {
      const [receipt] = fresh();
      const record = `{ "receipt_number":"${receipt}", "status_text" : "${APPROVED}",\n "status_category":null,"last_status_at":"2026-01-01T00:00:00Z", "fee":1.50e2, "note":"\\u00a1Ol\\u00e9! ¡Olé! \\/", "more":{"a":[ ]} }`;
      assert.equal(await tell(proxy, receipt, null, 1, record), "case.status.updated");
      const [one] = await count(receipt, 1, () => at("firm", receipt));
      const { method, url, headers, raw, body } = one;
      assert.deepEqual([method, url, headers["content-type"]], ["POST", `/firm/${PATH}`, "application/json"]);
      assert.match(headers["webhook-id"], /^msg_[0-9a-f]{24}_firm$/);
      assertSigned(one, KEYS);
      const { timestamp } = body;
      assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 10_000 && /Z$/.test(timestamp), timestamp);
      const front = `{"type":"case.status.updated","timestamp":"${timestamp}","data":${record.slice(0, -1)},"normalized":{`;
      assert.equal(raw.slice(0, front.length), front);
      const { body: read } = await proxy.json(casePath(receipt));
      assert.deepEqual(body, { type: "case.status.updated", timestamp, data: read });
      const [crm] = await count(receipt, 1, () => at("crm", receipt));
      assertSigned(crm, [KEYS[0]]);
      assert.equal(crm.raw, raw);
      assert.equal(crm.headers["webhook-id"], headers["webhook-id"].replace("firm", "crm"));
    });

    test("ok an endpoint with categories hears of those alone, and another of all that is news, in its order", async () => {
      const [receipt] = fresh();
      const outcomes = [];
      for (const [text, day] of [[RECEIVED, 2], [APPROVED, 3], [APPROVED, 4], [RECEIVED, 1], [DENIED, 5]]) outcomes.push(await tell(proxy, receipt, text, day));
      outcomes.push(await webhook(proxy, `{"type":"case.note.added","data":{"receipt_number":"${receipt}", "note":1},"id":"evt_${receipt}_note"}`));
      assert.deepEqual(outcomes, ["case.status.updated", "case.status.updated", "case.touched", "case.status.late", "case.status.updated", "case.event"]);
      const told = await count(receipt, 5, () => at("firm", receipt));
      assert.deepEqual(told.map(({ body }) => [body.type, body.data.status_text]), [
        ["case.status.updated", RECEIVED], ["case.status.updated", APPROVED], ["case.status.late", RECEIVED], ["case.status.updated", DENIED], ["case.note.added", undefined],
      ]);
      assert.match(told[4].raw, new RegExp(`"data":\\{"receipt_number":"${receipt}", "note":1\\}\\}$`));
      // Each endpoint is told in its own time.
      await count(receipt, 5, () => at("crm", receipt));
      await count(receipt, 1, () => at("approvals", receipt));
      await struckOut(proxy, receipt);
      assert.equal(at("crm", receipt).length, 5);
      assert.deepEqual(at("approvals", receipt).map(({ body }) => body.data.status_text), [APPROVED]);
    });

    test("ok a change that a read sees first is delivered as well, and a first look at a case is not", async () => {
      const [receipt] = receipts(1, "IOE", 912345678);
      await sandbox.control("PUT", "clock", { now: "2023-06-15T00:00:00Z", frozen: true });
      const { body: before } = await proxy.json(casePath(receipt));
      await sandbox.advance("90d");
      await proxy.evict();
      // What the isolate remembers of it lasts five seconds.
      const after = await until("another status", async () => {
        await (await proxy.kv()).delete(`case:1:${receipt}`);
        const { body } = await proxy.json(casePath(receipt));
        return body.status_text !== before.status_text && body;
      }, 10_000);
      const [one] = await count(receipt, 1, () => at("firm", receipt));
      assert.deepEqual([one.body.type, one.body.data], ["case.status.updated", after]);
      const torch = await (await fetch(sandbox.url + casePath(receipt), { headers: { authorization: `Bearer ${TORCH_KEY}` } })).text();
      assert.ok(one.raw.includes(`"data":${torch.trim().slice(0, -1)},"normalized":`), "Torch's record byte for byte");
      assert.equal(at("firm", receipt).length, 1);
    });

    test("ok Retry-After makes an attempt later, up to twelve hours, and never sooner", async () => {
      const date = () => new Date(Date.now() + 600_000).toUTCString();
      const cases = [["120", 120], [date, 600], ["1", 5], ["999999", 43_200], ["soon", 5]];
      const list = fresh(cases.length);
      await Promise.all(cases.map(async ([field, seconds], n) => {
        answers.set(`firm ${list[n]}`, () => ({ status: 429, headers: { "retry-after": typeof field === "string" ? field : field() } }));
        await tell(proxy, list[n], RECEIVED);
        const row = await tried(proxy, list[n], 1);
        answers.delete(`firm ${list[n]}`);
        assertDueIn(row.due_at, seconds);
        assert.equal(row.reason, "http_429");
      }));
    });

    test("A6 a redirect is not followed: the target hears nothing, and the attempt has failed", async () => {
      const statuses = [301, 302, 303, 307, 308];
      const list = fresh(statuses.length);
      await Promise.all(statuses.map(async (status, n) => {
        answers.set(`firm ${list[n]}`, () => ({ status, headers: { location: `${hooks}/target/${list[n]}` } }));
        await tell(proxy, list[n], RECEIVED);
        const row = await tried(proxy, list[n], 1);
        answers.delete(`firm ${list[n]}`);
        assert.equal(row.reason, `http_${status}`);
      }));
      assert.deepEqual(arrived.filter(({ endpoint }) => endpoint === "target"), []);
    });

    test("R1 a ledger that is evicted between event and delivery delivers all the same", async () => {
      const [receipt] = fresh();
      await tell(proxy, receipt, RECEIVED, 1);
      await evict(proxy, receipt);
      await tell(proxy, receipt, APPROVED, 2);
      await evict(proxy, receipt);
      // The nudge may have been lost with it, and then it is the alarm's.
      const told = await count(receipt, 2, () => at("firm", receipt), 20_000);
      assert.deepEqual([...new Set(told.map(({ body }) => body.data.status_text))], [RECEIVED, APPROVED]);
      await struckOut(proxy, receipt);
    });

    test("R1 a nudge, or that it was followed, is lost with the ledger's memory: its alarm makes it good, by the same id", async () => {
      const [receipt] = fresh();
      await tell(proxy, receipt, RECEIVED);
      const [first] = await count(receipt, 1, () => at("firm", receipt));
      // Until the ledger knows.
      await new Promise((resolve) => setTimeout(resolve, 2000));
      await evict(proxy, receipt);
      assert.equal((await outbox(proxy, receipt)).length, 1, "not struck out yet");
      const [, again] = await count(receipt, 2, () => at("firm", receipt), 20_000);
      assert.deepEqual([again.headers["webhook-id"], again.raw], [first.headers["webhook-id"], first.raw]);
      assert.ok(again.at - first.at > 5000, `${again.at - first.at} ms: by the alarm`);
      await struckOut(proxy, receipt);
      assert.equal(at("firm", receipt).length, 2);
    });

    test("R4 an endpoint that is down for hours gets everything when it is back, in order per case, and holds nobody up", async () => {
      const list = fresh(3);
      const story = [RECEIVED, "Case Is Being Actively Reviewed By USCIS", "Request for Initial Evidence Was Sent", APPROVED];
      for (const receipt of list) answers.set(`firm ${receipt}`, () => 503);
      for (const [n, text] of story.entries()) await Promise.all(list.map((receipt) => tell(proxy, receipt, text, n + 1)));
      for (const attempts of [1, 2, 3, 4]) {
        await Promise.all(list.map((receipt) => tried(proxy, receipt, attempts)));
        if (attempts < 4) await Promise.all(list.map((receipt) => pass(proxy, receipt)));
      }
      for (const receipt of list) {
        const told = await count(receipt, 4, () => at("crm", receipt));
        assert.deepEqual(told.map(({ body }) => body.data.status_text), story, "another endpoint has it all");
        assert.deepEqual(at("firm", receipt).map(({ body }) => body.data.status_text), Array(4).fill(RECEIVED), "nothing overtakes what fails");
        answers.delete(`firm ${receipt}`);
        await pass(proxy, receipt);
      }
      for (const receipt of list) {
        const told = (await count(receipt, 8, () => at("firm", receipt))).slice(4);
        assert.deepEqual(told.map(({ body }) => body.data.status_text), story);
        assert.equal(new Set(ids(told)).size, 4);
        await struckOut(proxy, receipt);
        assert.deepEqual(await letters(proxy, receipt), []);
      }
    });
  });

  describe("ok what becomes of what nobody takes", { concurrency: false }, () => {
    test("W13 the schedule, the same id signed anew at each attempt, a dead letter after the seventh, and on to the next", async () => {
      const [receipt] = fresh();
      const taken = (one) => one.body.data.status_text === DENIED;
      answers.set(`firm ${receipt}`, (one) => (taken(one) ? 200 : 503));
      for (const [n, text] of [RECEIVED, APPROVED, DENIED].entries()) await tell(later, receipt, text, n + 1);
      for (const [n, seconds] of [5, 300, 1800, 7200, 18_000, 36_000].entries()) {
        const row = await tried(later, receipt, n + 1);
        assert.deepEqual([row.seq, row.reason], [1, "http_503"]);
        assertDueIn(row.due_at, seconds);
        await pass(later, receipt);
      }
      await dead(later, receipt);
      await tried(later, receipt, 1);
      await pass(later, receipt, "firm", 6);
      const [second, first] = (await dead(later, receipt, 2)).sort((a, b) => b.seq - a.seq);
      const told = await count(receipt, 10, () => at("firm", receipt));
      assert.deepEqual(told.map(({ body }) => body.data.status_text), [...Array(7).fill(RECEIVED), ...Array(2).fill(APPROVED), DENIED]);
      for (const one of told) assertSigned(one, [KEYS[0]]);
      assert.deepEqual([new Set(ids(told.slice(0, 7))).size, new Set(ids(told)).size], [1, 3]);
      const times = told.slice(0, 7).map(({ headers }) => Number(headers["webhook-timestamp"]));
      assert.ok(times[6] > times[0], `${times}: signed at each attempt`);
      const { seen_at, failed_at } = first;
      assert.deepEqual(first, { id: ids(told)[0], endpoint: "firm", receipt_number: receipt, seq: 1, type: "case.status.updated", seen_at, attempts: 7, reason: "http_503", failed_at });
      assert.deepEqual([second.id, second.seq, second.attempts, second.reason], [ids(told)[7], 2, 7, "http_503"]);
      assert.ok(Date.parse(seen_at) < Date.parse(failed_at) && Date.parse(failed_at) <= Date.now(), `${seen_at} ${failed_at}`);
      await struckOut(later, receipt);

      answers.delete(`firm ${receipt}`);
      assert.deepEqual(await replayed(later, { id: second.id }), { replayed: 1 });
      const again = (await count(receipt, 11, () => at("firm", receipt)))[10];
      assert.deepEqual([again.headers["webhook-id"], again.raw], [second.id, told[7].raw]);
      assertSigned(again, [KEYS[0]]);
      assert.deepEqual(await letters(later, receipt), [first]);
      assert.deepEqual(await replayed(later, { id: second.id }), { replayed: 0 }, "it is no dead letter any more");
      assert.deepEqual(await replayed(later, { endpoint: "denials" }), { replayed: 0 });
      assert.deepEqual(await replayed(later, { endpoint: "firm" }), { replayed: 1 });
      assert.equal((await count(receipt, 12, () => at("firm", receipt)))[11].headers["webhook-id"], first.id);
      await struckOut(later, receipt);
      assert.equal((await deliveries(later)).dead_letters.total, 0);
    });

    test("W13 dead letters are replayed by the time at which they were seen; what fails again starts over", async () => {
      const list = fresh(3);
      await Promise.all(list.map((receipt) => bury(later, receipt)));
      for (const [n, receipt] of list.entries()) {
        await (await storage(later, "RELAY", "relay")).exec("UPDATE dead SET seen_at = ? WHERE receipt = ?", Date.UTC(2026, 1, n + 1, 12) / 1000, receipt);
      }
      assert.deepEqual((await letters(later, list[1])).map(({ seen_at }) => seen_at), ["2026-02-02T12:00:00Z"]);
      answers.delete(`firm ${list[0]}`);
      answers.delete(`firm ${list[1]}`);
      assert.deepEqual(await replayed(later, { since: "2026-02-02T12:00:01Z", until: "2026-02-03T11:59:59Z" }), { replayed: 0 });
      assert.deepEqual(await replayed(later, { since: "2026-02-02T14:00:00+02:00", until: "2026-02-02T12:00:00Z" }), { replayed: 1 });
      assert.deepEqual(await replayed(later, { until: "2026-02-02T12:00:00Z", endpoint: "denials" }), { replayed: 0 });
      assert.deepEqual(await replayed(later, { until: "2026-02-02T12:00:00Z" }), { replayed: 1 });
      assert.deepEqual(await replayed(later, { endpoint: "firm", since: "2026-02-03T00:00:00Z" }), { replayed: 1 });
      for (const receipt of list) assert.equal(new Set(ids(await count(receipt, 3, () => at("firm", receipt)))).size, 1);
      assert.deepEqual(await letters(later, list[0]), []);
      const row = await tried(later, list[2], 1);
      assertDueIn(row.due_at, 5);
      answers.delete(`firm ${list[2]}`);
      await pass(later, list[2]);
      await struckOut(later, list[2]);
    });

    test("err a replay that says nothing clear, or comes from a reader, replays nothing", async () => {
      for (const body of ["", "replay", "[]", "{}", '"firm"', '{"id":5}', '{"name":"firm"}', '{"id":"msg_1","colour":"red"}', '{"since":"yesterday"}', '{"until":1767225600}', '{"endpoint":"nobody"}', '{"endpoint":"firm"']) {
        const response = await replay(later, body);
        assert.deepEqual([response.status, (await response.json()).code], [400, "body_malformed"], body);
      }
      const large = await unread(() => replay(later, { id: "x".repeat(300_000) }));
      assert.equal(large.status, 413);
      assert.equal((await replay(later, { endpoint: "firm" }, {})).status, 403);
      assert.equal((await replay(later, { endpoint: "firm" }, { authorization: "Bearer nobody" })).status, 401);
      assert.equal((await later.get("/deliveries")).status, 403);
    });

    test("ok a case that is erased takes its dead letters and what waits with it", async () => {
      const [receipt] = fresh();
      const [{ id }] = await bury(later, receipt);
      await tell(later, receipt, APPROVED, 2);
      await tried(later, receipt, 1);
      const calls = at("firm", receipt).length;
      const response = await later.get(`/case-status/history?receipt=${receipt}`, OPS, { method: "DELETE" });
      assert.deepEqual(await response.json(), { receipt_number: receipt, erased: true });
      assert.deepEqual(await letters(later, receipt), []);
      assert.deepEqual(await ledger(later, receipt, "SELECT name FROM sqlite_master WHERE name IN ('event', 'outbox')"), []);
      assert.deepEqual(await replayed(later, { id }), { replayed: 0 });
      await nudge(later, receipt);
      // Another case's delivery is in the same batch, so that one is over.
      const [other] = fresh();
      await tell(later, other, RECEIVED);
      await count(other, 1, () => at("firm", other));
      assert.equal(at("firm", receipt).length, calls);
    });
  });

  describe("ok what a change of the endpoints means", { concurrency: false }, () => {
    test("ok a paused endpoint is sent nothing, and what waits for it is delivered in order when it goes on", async () => {
      const [receipt] = fresh();
      await tell(changing, receipt, REJECTED, 1);
      await tell(changing, receipt, RECEIVED, 2);
      await tell(changing, receipt, REJECTED, 3);
      await nudge(changing, receipt, "resting");
      await count(receipt, 3, () => at("firm", receipt));
      const waiting = await outbox(changing, receipt, "resting");
      assert.deepEqual(waiting.map(({ seq, attempts, dead_at }) => [seq, attempts, dead_at]), [[1, 0, null], [3, 0, null]]);
      assert.equal((await deliveries(changing)).endpoints.find(({ name }) => name === "resting").paused, true);
      assert.deepEqual(at("resting", receipt), []);
      await change(changing, "resting", { paused: false });
      await nudge(changing, receipt, "resting");
      const told = await count(receipt, 2, () => at("resting", receipt));
      assert.deepEqual(told.map(({ body }) => body.data.last_status_at.slice(0, 10)), ["2026-01-01", "2026-01-03"]);
    });

    test("ok an endpoint that is removed leaves dead letters, and one of the same name can have them", async () => {
      const [receipt] = fresh();
      answers.set(`denials ${receipt}`, () => 503);
      await tell(changing, receipt, DENIED);
      const before = await tried(changing, receipt, 1, "denials");
      await change(changing, "denials", null);
      await nudge(changing, receipt, "denials");
      const [letter] = await dead(changing, receipt);
      assert.deepEqual([letter.endpoint, letter.reason, letter.attempts], ["denials", "endpoint_removed", before.attempts]);
      const { endpoints } = await deliveries(changing);
      assert.deepEqual(endpoints.map(({ name }) => name), ["firm", "resting"]);
      assert.equal((await replay(changing, { endpoint: "denials" })).status, 400);
      answers.delete(`denials ${receipt}`);
      await change(changing, "denials", subscriber("denials", { url: `${hooks}/denials/back`, categories: ["denied"] }));
      assert.deepEqual(await replayed(changing, { id: letter.id }), { replayed: 1 });
      assert.deepEqual(ids(await count(receipt, 2, () => at("denials", receipt))), [letter.id, letter.id]);
    });

    test("ok 410 ends it: what waits and what comes is a dead letter without a call, until it is replayed or has another url", async () => {
      const [receipt, another, third] = fresh(3);
      answers.set(`denials ${receipt}`, () => 410);
      await tell(changing, receipt, DENIED, 1);
      await tell(changing, receipt, `${DENIED} Again`, 2);
      const [one, two] = (await dead(changing, receipt, 2)).sort((a, b) => a.seq - b.seq);
      assert.deepEqual([one.reason, two.reason, two.attempts], ["http_410", "http_410", 0]);
      await tell(changing, another, DENIED);
      const [three] = await dead(changing, another);
      assert.deepEqual([three.reason, three.attempts], ["http_410", 0]);
      assert.equal(at("denials", receipt).length + at("denials", another).length, 1, "one call, and then none");
      await count(another, 1, () => at("firm", another));
      const { endpoints } = await deliveries(changing);
      assert.ok(Math.abs(Date.parse(endpoints.find(({ name }) => name === "denials").disabled_at) - Date.now()) < 20_000);
      assert.equal(endpoints.find(({ name }) => name === "firm").disabled_at, null);

      await change(changing, "denials", { url: `${hooks}/denials/moved` });
      assert.equal((await deliveries(changing)).endpoints.find(({ name }) => name === "denials").disabled_at, null);
      await tell(changing, third, DENIED);
      assert.equal((await count(third, 1, () => at("denials", third)))[0].url, "/denials/moved");
    });

    test("ok an endpoint that answered 410 is tried again at once when its dead letters are replayed", async () => {
      const [receipt] = fresh();
      answers.set(`denials ${receipt}`, () => 410);
      await tell(changing, receipt, DENIED);
      const [{ id }] = await dead(changing, receipt);
      answers.delete(`denials ${receipt}`);
      assert.ok((await replayed(changing, { endpoint: "denials" })).replayed >= 1);
      assert.equal((await deliveries(changing)).endpoints.find(({ name }) => name === "denials").disabled_at, null);
      assert.deepEqual(ids(await count(receipt, 2, () => at("denials", receipt), 5000)), [id, id]);
      assert.deepEqual(await letters(changing, receipt), []);
    });

    test("ok a dead letter of an endpoint that answered 410 to it says that it was tried", async () => {
      const [receipt] = fresh();
      await change(changing, "denials", { url: `${hooks}/denials/tried` });
      answers.set(`denials ${receipt}`, () => 410);
      await tell(changing, receipt, DENIED);
      const [letter] = await dead(changing, receipt);
      assert.equal(at("denials", receipt).length, 1);
      assert.deepEqual([letter.reason, letter.attempts], ["http_410", 1]);
    });
  });

  test("ok an endpoint that is slow delays no other, and one that does not answer in 15 seconds has failed", async () => {
    const [receipt] = fresh();
    answers.set(`slow ${receipt}`, () => ({ status: 200, wait: 4000 }));
    answers.set(`hung ${receipt}`, () => ({ status: 200, wait: 20_000 }));
    const began = Date.now();
    await tell(slow, receipt, RECEIVED, 1);
    await tell(slow, receipt, APPROVED, 2);
    const quick = await count(receipt, 2, () => at("quick", receipt));
    assert.deepEqual(quick.map(({ body }) => body.data.status_text), [RECEIVED, APPROVED]);
    const [first] = await count(receipt, 1, () => at("slow", receipt));
    assert.ok(!first.answeredAt, "the slow one has not answered yet");
    const told = await count(receipt, 2, () => at("slow", receipt));
    assert.deepEqual(told.map(({ body }) => body.data.status_text), [RECEIVED, APPROVED]);
    assert.ok(told[1].at >= first.answeredAt, "one after the other");
    const row = await until("an attempt that failed", async () => (await outbox(slow, receipt, "hung")).find(({ attempts }) => attempts === 1), 20_000);
    answers.delete(`hung ${receipt}`);
    assert.deepEqual([row.seq, row.reason, at("hung", receipt).length], [1, "timeout", 1]);
    assertDueIn(row.due_at, 5);
    assert.ok(Date.now() - began > 15_000);
    await struckOut(slow, receipt, "quick");
  });

  test("A6 each kind of url that leads to no public host makes the configuration wrong, and the log does not say the url", async () => {
    const wrong = [
      "http://hooks.example", "http://127.0.0.1", "ftp://hooks.example", "//hooks.example", "hooks.example",
      "https://10.0.0.1", "https://127.1", "https://2130706433", "https://0x7f000001", "https://0177.0.0.1", "https://169.254.169.254.",
      "https://[::1]", "https://[::ffff:127.0.0.1]:443", "https://localhost", "https://LOCALHOST.", "https://db.internal", "https://printer.local",
      "https://intranet", "https://10.0.0.1.nip.io", "https://firm:pass@hooks.example", "https://hooks.example\\@10.0.0.1", "https://hooks.example/#", "https://hooks.example:0",
    ].map((front) => `${front}/${PATH}`);
    for (const url of wrong) {
      strict.harness.clearLogs();
      await configure(strict, [subscriber("firm", { url })]);
      const response = await strict.get("/budget", OPS);
      assert.deepEqual([response.status, (await response.json()).code], [503, "misconfigured"], url);
      const log = await until("a sentence in the log", () => strict.logs().match(/configuration: [^"]+/)?.[0]);
      assert.match(log, /^configuration: SUBSCRIBERS: subscriber 1: the url/, url);
      assert.ok(!strict.logs().includes(PATH) && !strict.logs().includes("whsec_"), strict.logs());
    }
    await configure(strict, [subscriber("firm", { url: `https://hooks.example/${PATH}` })]);
    assert.deepEqual((await deliveries(strict)).endpoints, [{ name: "firm", host: "hooks.example", paused: false, disabled_at: null }]);
  });
});

test("A3 no log and no list tells a secret or a url, and no log a receipt number", async () => {
  const all = [["logs", [proxy, later, changing, slow].map((one) => one.logs()).join("\n")]];
  for (const one of [proxy, later, changing, slow]) all.push(["/deliveries", await (await one.get("/deliveries", OPS)).text()]);
  for (const [what, text] of all) {
    assert.ok(text.includes(what === "logs" ? "a delivery failed" : '"host":"127.0.0.1"'), what);
    for (const secret of [...KEYS.map((key) => key.toString("base64")), "whsec_", WEBHOOK_SECRET, PATH, hooks.slice(7)]) assert.ok(!text.includes(secret), `${what}: ${secret}`);
  }
  for (const { receipt } of arrived) assert.ok(!receipt || !all[0][1].includes(receipt), "a receipt number in the log");
});

/** Gives a proxy other subscribers; what is stored stays. */
async function configure(of, subscribers) {
  await of.harness.update((options) => {
    options.workers[0].secrets.SUBSCRIBERS = JSON.stringify(subscribers);
    return options;
  });
  of.subscribers = subscribers;
}
/** Changes a subscriber, adds it, or with null removes it. */
function change(of, name, changes) {
  const list = of.subscribers ?? LATER;
  const others = list.filter((one) => one.name !== name);
  const before = list.find((one) => one.name === name);
  return configure(of, changes ? [...others, { ...before, ...changes }] : others);
}
