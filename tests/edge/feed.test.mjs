// `GET /live`: each change of a case to whoever is told of it, once and in order, whatever breaks between.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { SignJWT } from "jose";
import { Live, upgrade } from "./live.mjs";
import { Worker } from "./storm/worker.mjs";
import { AUTHENTIC, casePath, event, pair, Proxy, receipts, ROOT, sha256, until, WEBHOOK } from "./support.mjs";

const SECRET = randomBytes(32).toString("base64");
const APP = "https://app.example.com";
const LIVE = "live-token-of-the-tests";
const CLIENTS = [
  { name: "tests", sha256: [sha256("client-token-of-the-tests")], scopes: ["read"] },
  { name: "operator", sha256: [sha256("operator-token")], scopes: ["ops"] },
  { name: "live", sha256: [sha256(LIVE)], scopes: ["live"] },
  { name: "few", sha256: [sha256("token-of-few-requests")], scopes: ["live"], allowance: 2 },
  { name: "portal", sha256: [sha256("portal-token")], scopes: ["grant"] },
];
const options = { vars: { ...WEBHOOK.vars, ALLOWED_ORIGINS: APP }, secrets: { ...WEBHOOK.secrets, CLIENTS: JSON.stringify(CLIENTS), GRANT_SECRET: SECRET } };
const { sandbox, proxy } = await pair(options);

let serial = 0;
const fresh = (count = 1) => receipts(count, "LIV", (serial += count) - count + 1);
const open = (more) => Live.open(proxy.url, LIVE, more);
let month = 0;
/** Torch tells of a new status. */
async function tell(receipt, text, more) {
  const at = new Date(Date.UTC(2025, month++)).toISOString().replace(".000Z", "Z");
  const { status, body } = await proxy.webhook(event(receipt, { text, at, ...more }));
  assert.equal(status, 200, JSON.stringify(body));
}
const grant = async (list, seconds = 600, claims = {}) => {
  const token = await new SignJWT({ aud: "torch-edge", sub: "portal", receipts: list, ...claims }).setProtectedHeader({ alg: "HS256" }).setIssuedAt(Math.floor(Date.now() / 1000) - 120).setExpirationTime(`${seconds}s`).sign(Buffer.from(SECRET));
  proxy.hidden.add(token);
  return token;
};
const feed = async (to = proxy) => to.harness.getWorker().getDurableObjectStorage("FEED", { name: "feed" });
const evict = (webSockets = "hibernate", to = proxy) => to.harness.getWorker().evictDurableObject("FEED", { name: "feed", webSockets });
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
proxy.hidden.add(LIVE);

test("ok a webhook's change is on the socket, with what an endpoint would get, and once", async () => {
  const [mine, another] = fresh(2);
  const live = await open();
  assert.equal(live.socket.protocol, "torch-edge.v1");
  const { receipts: told, refused, cursor } = await live.subscribe([`liv-${mine.slice(3)}`, mine]);
  assert.deepEqual([told, refused, typeof cursor], [[mine], [], "string"]);
  await tell(another, "Case Was Received");
  await tell(mine, "Case Was Approved", { id: "evt_live_1", more: "…" });
  await tell(mine, "Case Was Approved", { id: "evt_live_1", more: "…" });
  const [{ type, receipt, event: { id, timestamp, data, ...rest }, ...message }] = await live.changes(1);
  assert.deepEqual([type, receipt, Object.keys(message), rest], ["change", mine, ["cursor"], { type: "case.status.updated" }]);
  assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 60_000);
  assert.deepEqual([data.receipt_number, data.status_text, data.more, data.normalized.category], [mine, "Case Was Approved", "…", "approved"]);
  const [{ hash }] = (await proxy.history(mine)).events;
  assert.equal(id, `msg_${hash.slice(0, 24)}`, "an endpoint's webhook-id begins so");
  // A late status and an event that tells none are news too; one that is only dated anew is not.
  await tell(mine, "Case Was Received", { at: "2001-01-01T00:00:00Z" });
  await tell(mine, "Case Was Approved");
  await tell(mine, null, { type: "case.noted" });
  assert.deepEqual((await live.changes(3)).map(({ event }) => event.type), ["case.status.updated", "case.status.late", "case.noted"]);
  live.send({ type: "unsubscribe", receipts: [mine] });
  // Its answer says that what was sent before has been read.
  await live.subscribe([another]);
  await tell(mine, "Card Was Mailed To Me");
  await tell(another, "Case Was Approved");
  await live.changes(4);
  assert.deepEqual([live.texts(another), live.of("change").length], [["Case Was Approved"], 4]);
  assert.deepEqual(await live.close(), { code: 1000, reason: "" });
  const sql = await feed();
  await until("nothing is left of the socket", async () => !(await sql.exec("SELECT 1 FROM socket UNION SELECT 1 FROM subscription")).length);
});

test("ok a change that a refresh finds is on the socket", async () => {
  const [receipt] = fresh();
  const live = await open();
  await live.subscribe([receipt]);
  await proxy.json(casePath(receipt));
  const record = JSON.stringify({ receipt_number: receipt, status_text: "Case Was Approved", last_status_at: new Date().toISOString() });
  await sandbox.fault({ receipt, body: `raw:${record}`, times: 1 });
  await proxy.sql("UPDATE roster SET due_at = CASE receipt WHEN ? THEN 0 END", receipt);
  await proxy.evict();
  await proxy.tick();
  const [{ event: { data } }] = await live.changes(1);
  assert.deepEqual([data.status_text, live.of("change").length], ["Case Was Approved", 1], "and the first of all is no change");
  await live.close();
});

test("ok a ping is answered, and wakes nobody", async () => {
  const live = await open();
  await live.after("pong", () => live.send("ping"));
  await evict();
  await live.after("pong", () => live.send("ping"));
  await live.close();
});

test("A1 only who may is let in, and a problem says why", async () => {
  const none = await upgrade(proxy.url);
  assert.deepEqual([none.status, none.body.code, none.headers["content-type"]], [401, "unauthorized", "application/problem+json"]);
  const code = async (authorization, more) => {
    const { status, body } = await upgrade(proxy.url, { ...(authorization && { authorization }), ...more });
    return [status, body?.code];
  };
  assert.deepEqual(await code("Bearer nobody-has-this"), [401, "unauthorized"]);
  assert.deepEqual(await code("Bearer client-token-of-the-tests"), [403, "forbidden"]);
  assert.deepEqual(await code("Bearer portal-token"), [403, "forbidden"]);
  assert.deepEqual(await code(`Bearer ${await grant(["LIV0000000001"], -60)}`), [401, "grant_expired"]);
  assert.deepEqual(await code(undefined, { "sec-websocket-protocol": "torch-edge.v1, bearer.nobody-has-this" }), [401, "unauthorized"]);
  assert.deepEqual(await code(`Bearer ${LIVE}`, { upgrade: "h2c" }), [426, "upgrade_required"]);
  for (let n = 0; n < 2; n++) await upgrade(proxy.url, { authorization: "Bearer token-of-few-requests" });
  const tooMany = await Promise.all([1, 2, 3].map(() => code("Bearer token-of-few-requests")));
  assert.ok(tooMany.some(([status, word]) => status === 429 && word === "rate_limited"), JSON.stringify(tooMany));
  // Without the header of a browser the token goes as it goes elsewhere, and no protocol is chosen that was not offered.
  const plain = await upgrade(proxy.url, { authorization: `Bearer ${LIVE}` });
  assert.deepEqual([plain.status, plain.headers["sec-websocket-protocol"]], [101, undefined]);
  const offered = await upgrade(proxy.url, { "sec-websocket-protocol": `torch-edge.v1, bearer.${LIVE}` });
  assert.deepEqual([offered.status, offered.headers["sec-websocket-protocol"]], [101, "torch-edge.v1"]);
  assert.equal((await proxy.get("/v1/live", { authorization: `Bearer ${LIVE}` })).status, 426);
});

test("A2 a grant is told of its cases and no other, and from its own pages", async () => {
  const [mine, another] = fresh(2);
  const token = await grant([mine]);
  const live = await Live.open(proxy.url, token, { headers: { origin: APP } });
  const { receipts: told, refused } = await live.subscribe([mine, another]);
  assert.deepEqual([told, refused.length, refused[0].receipt, refused[0].problem.code, refused[0].problem.status], [[mine], 1, another, "receipt_not_granted", 403]);
  assert.ok(!JSON.stringify(refused[0].problem).includes(another), "a problem is masked");
  await tell(another, "Case Was Approved");
  await tell(mine, "Case Was Approved");
  await live.changes(1);
  assert.deepEqual(live.of("change").map(({ receipt }) => receipt), [mine]);
  await live.close();
  const from = async (origin, protocol) => (await upgrade(proxy.url, { origin, "sec-websocket-protocol": `torch-edge.v1, bearer.${protocol}` })).status;
  assert.deepEqual([await from(proxy.url, token), await from(APP, token)], [101, 101]);
  for (const origin of ["https://evil.example", `${APP}.evil.example`, "null", "http://127.0.0.1:9"]) assert.equal(await from(origin, token), 403, origin);
  assert.equal(await from("https://evil.example", LIVE), 101, "a client's token is on no page");
});

test("A2 a grant whose time is over is told nothing more, and its socket is closed", async () => {
  const [receipt] = fresh();
  const live = await Live.open(proxy.url, await grant([receipt], 3));
  await live.subscribe([receipt]);
  await tell(receipt, "Case Was Received");
  await live.changes(1);
  assert.deepEqual(await live.closed, { code: 4401, reason: "grant_expired" }, "by the alarm");
  await tell(receipt, "Case Was Approved");
  // Where the alarm is late, a message ends it, and a change does not go there.
  const late = await Live.open(proxy.url, await grant([receipt], 600));
  await late.subscribe([receipt]);
  const sql = await feed();
  await sql.exec("UPDATE socket SET expires_at = 1 WHERE expires_at IS NOT NULL");
  await tell(receipt, "Card Was Mailed To Me");
  await pause(200);
  late.send({ type: "subscribe", receipts: [receipt] });
  assert.deepEqual([await late.closed, late.of("change")], [{ code: 4401, reason: "grant_expired" }, []]);
});

test("err too many sockets, cases or messages", async () => {
  const [receipt] = fresh();
  const token = await grant([receipt]);
  const sockets = await Promise.all(Array.from({ length: 20 }, () => Live.open(proxy.url, token)));
  const refused = await upgrade(proxy.url, { authorization: `Bearer ${token}` });
  assert.deepEqual([refused.status, refused.body.code, refused.headers["retry-after"]], [429, "too_many_sockets", "60"]);
  const other = await Live.open(proxy.url, await grant([receipt], 601));
  await other.close();
  await sockets.pop().close();
  // Those that a process left behind when it ended do not count for ever.
  await (await feed()).exec("INSERT INTO socket (client, grant_id) SELECT client, grant_id FROM socket WHERE grant_id IS NOT NULL LIMIT 5");
  sockets.push(await Live.open(proxy.url, token));
  await Promise.all(sockets.map((live) => live.close()));

  const live = await open();
  const many = fresh(1001);
  const tooMany = await live.after("error", () => live.send({ type: "subscribe", receipts: many }));
  assert.equal(tooMany.problem.code, "too_many_receipts");
  assert.equal((await live.subscribe(many.slice(0, 1000))).receipts.length, 1000);
  const { receipts: told, refused: [{ receipt: beyond, problem }] } = await live.subscribe(many.slice(999));
  assert.deepEqual([told, beyond, problem.code], [[many[999]], many[1000], "too_many_receipts"]);
  live.send({ type: "unsubscribe", receipts: [many[0]] });
  assert.deepEqual((await live.subscribe([many[1000]])).receipts, [many[1000]]);
  for (let n = 0; n < 240; n++) live.send({ type: "subscribe", receipts: [] });
  assert.equal((await live.closed).code, 4429);
  assert.equal(live.of("error").at(-1).problem.code, "rate_limited");
});

test("err what is no message of the protocol ends it, and what a newer client may say does not", async () => {
  const live = await open();
  const { problem } = await live.after("error", () => live.send({ type: "hello" }));
  assert.deepEqual([problem.code, problem.status, typeof problem.request_id], ["body_malformed", 400, "string"]);
  await live.after("subscribed", () => live.send({ type: "subscribe", receipts: ["nonsense"], since: "tomorrow" }));
  assert.equal(live.of("subscribed")[0].refused[0].problem.code, "receipt_malformed");
  await live.close();
  for (const [message, code, word] of [["nonsense", 4400, "body_malformed"], ["[]", 4400, "body_malformed"], [Buffer.from("{}"), 4400, "body_malformed"], [`{"type":"subscribe","receipts":[]}${" ".repeat(65_536)}`, 1009, "body_too_large"]]) {
    const one = await open();
    one.socket.send(message);
    assert.deepEqual([(await one.closed).code, one.of("error")[0].problem.code], [code, word]);
  }
});

test("R1 who comes back with a cursor misses nothing and gets nothing twice", async () => {
  const [receipt, other] = fresh(2);
  const first = await open();
  await first.subscribe([receipt]);
  await tell(receipt, "Status 1");
  await first.changes(1);
  await first.close();
  for (const text of ["Status 2", "Status 3"]) await tell(receipt, text);
  await tell(other, "Case Was Received");
  // The feed has them.
  const watcher = await open();
  await watcher.subscribe([receipt, other], first.cursor);
  await until("all three", () => watcher.of("change").length === 3 || (watcher.send({ type: "unsubscribe", receipts: [receipt, other] }), watcher.messages.splice(0), watcher.subscribe([receipt, other], first.cursor), false));
  await watcher.close();

  const second = await open();
  await second.subscribe([receipt], first.cursor);
  assert.deepEqual(second.messages.map(({ type }) => type), ["change", "change", "subscribed"]);
  await tell(receipt, "Status 4");
  await second.changes(3);
  assert.deepEqual(second.texts(receipt), ["Status 2", "Status 3", "Status 4"]);
  await second.subscribe([receipt], first.cursor);
  assert.equal(second.of("change").length, 3, "it has been told of them all the time");
  await second.close();
});

test("R1 the feed sleeps, ends or breaks: sockets stay or come back, and nothing is missed", async () => {
  const [receipt] = fresh();
  const live = await open();
  await live.subscribe([receipt]);
  await evict();
  await tell(receipt, "Status 1");
  await live.changes(1);
  assert.equal(live.socket.readyState, WebSocket.OPEN, "it slept");

  await evict("close");
  await live.closed;
  await tell(receipt, "Status 2");
  const second = await open();
  await second.subscribe([receipt], live.cursor);
  await second.changes(1);

  // It cannot write: the ledger keeps the change, and those who listen come back.
  const sql = await feed();
  await sql.exec("CREATE TRIGGER full BEFORE INSERT ON change BEGIN SELECT RAISE(ABORT, 'the disk is full'); END");
  await tell(receipt, "Status 3");
  assert.equal((await second.closed).code, 1012);
  assert.equal((await proxy.ledger(receipt, "SELECT 1 FROM outbox WHERE endpoint = '/feed' AND attempts > 0")).length, 1);
  await sql.exec("DROP TRIGGER full");
  const third = await open();
  await third.subscribe([receipt], second.cursor);
  // What comes now goes behind it.
  await tell(receipt, "Status 4");
  await third.changes(2, 15_000);
  assert.deepEqual([live, second, third].map((one) => one.texts(receipt)), [["Status 1"], ["Status 2"], ["Status 3", "Status 4"]]);

  // And by its alarm where nothing comes.
  await sql.exec("CREATE TRIGGER full BEFORE INSERT ON change BEGIN SELECT RAISE(ABORT, 'the disk is full'); END");
  await tell(receipt, "Status 5");
  await third.closed;
  await sql.exec("DROP TRIGGER full");
  const fourth = await open();
  await fourth.subscribe([receipt], third.cursor);
  await fourth.changes(1, 20_000);
  assert.deepEqual(fourth.texts(receipt), ["Status 5"]);
  await fourth.close();
  await until("nothing is left to do", async () => !(await proxy.ledger(receipt, "SELECT 1 FROM outbox")).length, 20_000);
});

test("R1 the ledger ends before the feed has it, or before it knows that: it is told once", async () => {
  const list = fresh(8);
  const live = await open();
  await live.subscribe(list);
  await Promise.all(list.map(async (receipt, n) => {
    await tell(receipt, "Case Was Received");
    await pause(2 * n);
    await proxy.evictLedger(receipt).catch(() => {});
  }));
  await live.changes(list.length, 25_000);
  await until("the ledgers know it", async () => (await Promise.all(list.map((receipt) => proxy.ledger(receipt, "SELECT 1 FROM outbox")))).flat().length === 0, 40_000);
  assert.deepEqual(live.of("change").map(({ receipt }) => receipt).sort(), list);
  await live.close();
});

test("R1 the process is killed: what was acknowledged is told to who comes back", { timeout: 180_000 }, async () => {
  const state = mkdtempSync(join(tmpdir(), "torch-edge-feed-"));
  const worker = new Worker({ config: join(ROOT, "wrangler.toml"), state, vars: { TORCH_BASE_URL: sandbox.url, PARLEY_API_KEY: "no-torch-here", ...options.vars, ...options.secrets } });
  after(async () => (await worker.kill(), rmSync(state, { recursive: true, force: true, maxRetries: 3 })));
  await worker.start();
  const list = fresh(12);
  const sent = async (n, text) => (await fetch(`${worker.address}/webhooks/torch`, { method: "POST", headers: AUTHENTIC, body: event(list[n], { text }) })).status;
  const first = await Live.open(worker.address, LIVE);
  await first.subscribe(list);
  assert.equal(await sent(0, "Case Was Received"), 200);
  await first.changes(1);
  // It dies right behind the answers, before the feed has all of them or somebody has read them.
  const answered = await Promise.all(list.slice(1).map((_, n) => sent(n + 1, "Case Was Received")));
  const known = first.of("change").length;
  const { cursor } = first;
  await worker.killAndRestart();
  assert.deepEqual(answered, list.slice(1).map(() => 200));
  assert.equal((await first.closed).code, 1006);
  const second = await Live.open(worker.address, LIVE);
  await second.subscribe(list, cursor);
  // A ledger that was not looked at since sees to it by its alarm.
  await second.changes(list.length - known, 40_000);
  await pause(500);
  const told = [...first.of("change").slice(0, known), ...second.of("change")].map(({ receipt }) => receipt);
  assert.deepEqual(told.toSorted(), list);
  await second.close();
});

test("ok beyond what the feed remembers it says so, and of too much", async () => {
  const [receipt] = fresh();
  const live = await open();
  await live.subscribe([receipt]);
  await tell(receipt, "Status 1");
  await live.changes(1);
  await live.close();
  const sql = await feed();
  const resumed = async (cursor) => {
    const one = await open();
    await one.subscribe([receipt], cursor);
    await one.close();
    return one.messages.map(({ type }) => type);
  };
  assert.deepEqual(await resumed(live.cursor), ["subscribed"]);
  for (const cursor of ["", "nonsense", `00000000.${live.cursor.split(".")[1]}`]) assert.deepEqual(await resumed(cursor), ["resync", "subscribed"], cursor);

  // A day later. The alarm is set to now.
  await tell(receipt, "Status 2");
  await until("the feed has it", async () => (await sql.exec("SELECT 1 FROM change WHERE receipt = ?", receipt)).length === 2);
  await sql.exec("UPDATE change SET at = at - 86401");
  await sql.exec("UPDATE own SET wake_at = 0");
  await evict();
  const expiring = await Live.open(proxy.url, await grant([receipt], 2));
  await expiring.closed;
  assert.deepEqual(await sql.exec("SELECT 1 FROM change"), []);
  assert.deepEqual(await resumed(live.cursor), ["resync", "subscribed"]);

  // So many that the oldest go.
  await sql.exec("UPDATE sqlite_sequence SET seq = seq + 60000 WHERE name = 'change'");
  await tell(receipt, "Status 3");
  await until("the floor rises", async () => (await sql.exec("SELECT floor > 10000 AS high FROM own"))[0].high === 1);
  const [{ epoch, floor, last }] = await sql.exec("SELECT epoch, floor, (SELECT max(place) FROM change) AS last FROM own");
  assert.equal(last - floor, 50_000);
  assert.deepEqual(await resumed(`${epoch}.${floor}`), ["change", "subscribed"]);
  assert.deepEqual(await resumed(`${epoch}.${floor - 1}`), ["resync", "subscribed"]);
});

test("A5 what is erased is gone from the feed too, and the case can be told of anew", async () => {
  const [receipt] = fresh();
  const live = await open();
  await live.subscribe([receipt]);
  await tell(receipt, "Case Was Received", { at: "2025-01-01T00:00:00Z", id: "evt_erased" });
  await live.changes(1);
  const erased = await proxy.get(`/case-status/history?receipt=${receipt}`, { authorization: "Bearer operator-token" }, { method: "DELETE" });
  assert.equal(erased.status, 200);
  assert.deepEqual(await (await feed()).exec("SELECT 1 FROM change WHERE receipt = ?", receipt), []);
  await tell(receipt, "Case Was Received", { at: "2025-01-01T00:00:00Z", id: "evt_erased" });
  await live.changes(2);
  await live.close();
});

test("ok where nobody may be told, the feed is not asked", async () => {
  const quiet = await Proxy.start(sandbox.url, WEBHOOK);
  after(() => quiet.close());
  const [receipt] = fresh();
  assert.equal((await quiet.webhook(event(receipt))).status, 200);
  assert.deepEqual(await quiet.ledger(receipt, "SELECT 1 FROM outbox"), []);
  assert.deepEqual(await quiet.harness.getWorker().listDurableObjectIds("FEED"), []);
});
