// The sandbox's webhooks, at a receiver of their own: real requests, their signatures checked by node's
// crypto and not by the code that made them.
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { createServer } from "node:http";
import test, { after, beforeEach } from "node:test";
import { unstable_startWorker } from "wrangler";
import { ROOT, Sandbox, TORCH_KEY, casePath, receipts } from "./support.mjs";

const CASE = "IOE0912345678";
const SECRET = "correct horse battery";

/** What arrived since the last test, and what each is answered: a number, or a function of the response. */
let arrived = [];
let answers = () => 200;
const receiver = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", async () => {
    const raw = Buffer.concat(chunks);
    const { method, url, headers } = request;
    const one = { method, url, headers, raw, at: performance.now() };
    arrived.push(one);
    const answer = await answers(one, arrived.length);
    if (typeof answer === "function") answer(response, request);
    else response.writeHead(answer).end("so it is");
  });
});
await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));
const hook = `http://127.0.0.1:${receiver.address().port}/hook`;

const sandbox = await Sandbox.start();
after(() => {
  receiver.close();
  receiver.closeAllConnections();
  return sandbox.close();
});
beforeEach(async () => {
  await sandbox.reset();
  arrived = [];
  answers = () => 200;
});

const register = (more = {}) => sandbox.control("PUT", "webhook", { url: hook, secret: SECRET, ...more });
const deliver = (order) => sandbox.control("POST", "deliver", { backoff_ms: 20, ...order });
const clock = (setting) => sandbox.control("PUT", "clock", setting);
const event = ({ raw }) => JSON.parse(raw);
const life = (receipt, query = "") => sandbox.control("GET", `case?receipt=${receipt}${query}`);
async function refused(method, path, body) {
  const response = await fetch(`${sandbox.url}/__sandbox/${path}`, { method, body: body && JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
}

test("ok a webhook is the documented one, with the shared secret in its header", async () => {
  await clock({ now: "2026-01-20T00:00:00Z", frozen: true });
  await register();
  const report = await deliver({ receipts: [CASE] });
  const [{ method, url, headers, raw }] = arrived;
  assert.deepEqual([method, url, headers["content-type"], headers["x-torch-secret"]], ["POST", "/hook", "application/json", SECRET]);
  const { current } = await life(CASE);
  const id = `evt_${createHash("sha256").update(`torch-sandbox/event/1\0${CASE}\0${Date.parse(current.at) / 1000}\0${current.status_text}`).digest("hex").slice(0, 26)}`;
  assert.equal(String(raw), JSON.stringify({
    type: "case.status.updated",
    data: { receipt_number: CASE, status_text: current.status_text, status_category: current.status_category, last_status_at: current.at },
    id,
    sent_at: "2026-01-20T00:00:00Z",
  }));
  assert.deepEqual(report, { events: [{ id, receipt_number: CASE, attempts: [200], delivered: true }], sent: 1, delivered: 1, failed: 0 });
  const torch = await fetch(sandbox.url + casePath(CASE), { headers: { authorization: `Bearer ${TORCH_KEY}` } });
  const record = await torch.json();
  for (const [name, value] of Object.entries(event(arrived[0]).data)) assert.equal(record[name], value, "as a read says it");
});

test("ok each scheme's signature is right, with two secrets where there is room, and of the real time", async () => {
  await clock({ now: "2024-01-20T00:00:00Z", frozen: true });
  const [now, next] = [Buffer.from("a key of some bytes"), Buffer.from("and the one to come")];
  const code = (key, text, as) => createHmac("sha256", key).update(text).digest(as);
  const recent = (text) => {
    assert.match(text, /^\d+$/);
    assert.ok(Math.abs(Number(text) - Date.now() / 1000) < 30, "a receiver's clock is the real one, wherever the sandbox's stands");
    return text;
  };
  const base64 = (key) => `whsec_${key.toString("base64")}`;
  await register({ scheme: "standard-webhooks", secret: base64(now), secret_next: base64(next) });
  await deliver({ receipts: [CASE] });
  {
    const [{ headers, raw }] = arrived;
    const signed = `${headers["webhook-id"]}.${recent(headers["webhook-timestamp"])}.${raw}`;
    assert.equal(headers["webhook-signature"], [now, next].map((key) => `v1,${code(key, signed, "base64")}`).join(" "));
    assert.equal(headers["webhook-id"], event(arrived[0]).id);
  }
  await register({ scheme: "timestamped-hex", header: "X-Torch-Signature", secret_next: "another one" });
  await deliver({ receipts: [CASE] });
  {
    const { headers, raw } = arrived[1];
    const t = recent(headers["x-torch-signature"].match(/^t=([^,]+)/)[1]);
    const codes = [SECRET, "another one"].map((key) => `v1=${code(key, `${t}.${raw}`, "hex")}`);
    assert.equal(headers["x-torch-signature"], `t=${t},${codes.join(",")}`);
  }
  await register({ scheme: "sha256-hex", header: "X-Hub-Signature-256", secret_next: "another one" });
  await deliver({ raw: "Hello, World! ¡Olé!" });
  {
    const { headers, raw } = arrived[2];
    assert.equal(String(raw), "Hello, World! ¡Olé!");
    assert.equal(headers["x-hub-signature-256"], `sha256=${code(SECRET, raw, "hex")}`);
  }
  await register({ header: "X-Onboarding", secret_next: "another one" });
  await deliver({ receipts: [CASE] });
  assert.equal(arrived[3].headers["x-onboarding"], SECRET, "no room for two");
});

test("ok it is tried again after longer pauses, the same event and signed anew, until it is taken", async () => {
  await register({ scheme: "standard-webhooks", secret: "MDEyMzQ1" });
  answers = (_, count) => (count < 3 ? 500 : 204);
  const report = await deliver({ receipts: [CASE], backoff_ms: 600 });
  assert.deepEqual(report.events[0].attempts, [500, 500, 204]);
  assert.deepEqual([report.sent, report.delivered, report.failed], [3, 1, 0]);
  const [first, second, third] = arrived;
  assert.ok(first.raw.equals(second.raw) && first.raw.equals(third.raw));
  assert.equal(new Set(arrived.map(({ headers }) => headers["webhook-id"])).size, 1);
  const times = arrived.map(({ headers }) => Number(headers["webhook-timestamp"]));
  assert.ok(times[2] > times[0], `${times}: a signature has its time`);
  assert.ok(second.at - first.at >= 550 && third.at - second.at >= 1150, "600 ms, then twice that");
  assert.deepEqual((await sandbox.counters()).webhooks, { sent: 3, delivered: 1, failed: 0 });
});

test("err it is given up after so many tries", async () => {
  await register();
  answers = () => 503;
  const { events, ...totals } = await deliver({ receipts: [CASE] });
  assert.deepEqual(events[0].attempts, [503, 503, 503, 503, 503], "five tries unless it is said otherwise");
  assert.deepEqual([events[0].delivered, totals], [false, { sent: 5, delivered: 0, failed: 1 }]);
  assert.deepEqual((await deliver({ receipts: [CASE], attempts: 1 })).events[0].attempts, [503]);
  assert.deepEqual((await sandbox.counters()).webhooks, { sent: 6, delivered: 0, failed: 2 });
});

test("err redirects are not followed, and broken connections are tries too", async () => {
  // The harness makes a 500 of both on its way through this process. So here the sandbox has the network itself.
  const worker = await unstable_startWorker({
    config: `${ROOT}/wrangler.sandbox.toml`,
    dev: { server: { hostname: "127.0.0.1", port: 0 }, logLevel: "none", watch: false, persist: false, inspector: false },
  });
  try {
    const { origin } = await worker.url;
    const control = async (method, path, body) => {
      const response = await fetch(`${origin}/__sandbox/${path}`, { method, body: JSON.stringify(body) });
      assert.equal(response.status, 200);
      return response.json();
    };
    const order = { receipts: [CASE], backoff_ms: 20 };
    await control("PUT", "webhook", { url: hook, secret: SECRET });
    const redirect = (response) => response.writeHead(307, { location: `${hook}/elsewhere` }).end();
    const cut = (_, request) => request.socket.destroy();
    const kinds = [redirect, cut, 429, 302, 201];
    answers = (_, count) => kinds[count - 1];
    const { events } = await control("POST", "deliver", order);
    assert.deepEqual([events[0].attempts, events[0].delivered], [[307, 0, 429, 302, 201], true]);
    assert.deepEqual(arrived.map(({ url }) => url), Array(5).fill("/hook"));
    await control("PUT", "webhook", { url: "http://127.0.0.1:1/nobody", secret: SECRET });
    assert.deepEqual((await control("POST", "deliver", { ...order, attempts: 2 })).events[0].attempts, [0, 0]);
  } finally {
    await worker.dispose();
  }
});

test("ok every change between two moments, in order; copies and another order, the same for a seed", async () => {
  await clock({ now: "2026-01-20T00:00:00Z", frozen: true });
  await register();
  const list = receipts(3, "SBW");
  const span = { since: "2023-01-01T00:00:00Z", until: "2025-01-01T00:00:00Z" };
  const lives = await Promise.all(list.map((receipt) => life(receipt, `&since=${span.since}&until=${span.until}`)));
  const changes = lives.flatMap((one) => one.steps.map((step) => `${step.at} ${one.receipt_number} ${step.status_text}`)).sort();
  assert.ok(changes.length > 5);
  const told = () => arrived.map((one) => event(one).data).map((data) => `${data.last_status_at} ${data.receipt_number} ${data.status_text}`);

  const plain = await deliver({ receipts: list, ...span, concurrency: 1 });
  assert.deepEqual(told(), changes);
  assert.deepEqual(plain.events.map(({ id }) => id), arrived.map((one) => event(one).id));
  assert.equal(new Set(plain.events.map(({ id }) => id)).size, changes.length);

  const bodies = [];
  for (const seed of [7, 7, 8]) {
    arrived = [];
    await deliver({ receipts: list, ...span, duplicate: 3, shuffle: seed, concurrency: 1 });
    assert.deepEqual(told().sort(), changes.flatMap((change) => [change, change, change]));
    bodies.push(arrived.map(({ raw }) => String(raw)).join("\n"));
  }
  assert.equal(bodies[0], bodies[1], "the same seed, byte for byte");
  assert.notEqual(bodies[0], bodies[2]);
});

test("ok the same event a hundred times, four at once", async () => {
  await register();
  let [under, most] = [0, 0];
  answers = async () => {
    most = Math.max(most, ++under);
    await new Promise((resolve) => setTimeout(resolve, 10));
    under--;
    return 200;
  };
  const report = await deliver({ receipts: [CASE], duplicate: 100 });
  assert.deepEqual([report.sent, report.delivered, arrived.length], [100, 100, 100]);
  assert.equal(new Set(arrived.map((one) => event(one).id)).size, 1);
  assert.ok(most > 1 && most <= 4, `${most} at once`);
});

test("ok a move of the clock announces what it passes over, and nothing unless it is asked to", async () => {
  await clock({ now: "2023-06-15T00:00:00Z", frozen: true });
  const none = await clock({ advance: "1s", announce: [CASE] });
  assert.equal(none.delivered, null, "no endpoint is set");
  await register();
  const moved = await clock({ advance: "90d", announce: [CASE, "ZZZ0000000001"] });
  assert.deepEqual([moved.now, moved.frozen, moved.delivered.delivered], ["2023-09-13T00:00:01Z", true, 2]);
  assert.deepEqual(arrived.map((one) => event(one).data.last_status_at).sort(), ["2023-06-17T19:49:28Z", "2023-08-13T20:57:17Z"]);
  assert.deepEqual(moved.delivered.events.map(({ receipt_number }) => receipt_number), [CASE, CASE]);
  const silent = await clock({ advance: "90d" });
  assert.deepEqual([Object.keys(silent).sort(), arrived.length], [["frozen", "now", "offset_seconds"], 2]);
  await clock({ now: "2023-06-15T00:00:01Z" });
  const again = await clock({ now: "2023-09-13T00:00:01Z", announce: [CASE] });
  assert.deepEqual(again.delivered, moved.delivered, "the same moves, the same events");
});

test("ok an event with another id, none, another type; headers of one's own; and any text", async () => {
  await register();
  await deliver({ receipts: [CASE], event_id: "evt_mine" });
  await deliver({ receipts: [CASE], no_id: true, type: "case.archived" });
  await deliver({ receipts: [CASE], headers: { "X-Torch-Secret": null, "x-more": "1" } });
  await deliver({ raw: "{\r\n\u0000", headers: { "content-type": "text/plain", "x-torch-secret": "a guess" } });
  const [named, nameless, bare, raw] = arrived;
  assert.equal(event(named).id, "evt_mine");
  assert.deepEqual(Object.keys(event(nameless)), ["type", "data", "sent_at"]);
  assert.equal(event(nameless).type, "case.archived");
  assert.deepEqual([bare.headers["x-torch-secret"], bare.headers["x-more"]], [undefined, "1"]);
  assert.deepEqual([String(raw.raw), raw.headers["content-type"], raw.headers["x-torch-secret"]], ["{\r\n\u0000", "text/plain", "a guess"]);
});

test("err what is spoilt after the signing is well-formed and no longer right", async () => {
  await register({ scheme: "standard-webhooks", secret: "MDEyMzQ1" });
  const right = ({ headers, raw }) => {
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${raw}`;
    return headers["webhook-signature"] === `v1,${createHmac("sha256", "012345").update(signed).digest("base64")}`;
  };
  for (const tamper of [undefined, "body", "signature", "timestamp"]) {
    arrived = [];
    await deliver({ receipts: [CASE], tamper });
    assert.equal(right(arrived[0]), !tamper, tamper);
    assert.match(arrived[0].headers["webhook-signature"], /^v1,[A-Za-z0-9+/]{43}=$/);
    const { receipt_number } = event(arrived[0]).data;
    assert.equal(receipt_number, tamper === "body" ? CASE.replace("0", "1") : CASE);
  }
});

test("ok the endpoint is shown without its secrets, outlasts an eviction, and goes", async () => {
  assert.equal(await sandbox.control("GET", "webhook"), null);
  await register({ secret_next: "another one" });
  await sandbox.harness.getWorker().evictDurableObject("TORCH", { name: "torch" });
  const shown = await sandbox.control("GET", "webhook");
  assert.deepEqual(shown, { url: hook, scheme: "shared-secret", header: "x-torch-secret", secret: "[redacted]", secret_next: "[redacted]" });
  assert.deepEqual((await sandbox.control("GET", "state")).webhook, shown);
  assert.equal((await deliver({ receipts: [CASE] })).delivered, 1);
  assert.equal(await sandbox.control("DELETE", "webhook"), null);
  assert.equal((await refused("POST", "deliver", { receipts: [CASE] })).status, 400);
});

test("err what cannot be registered or delivered is said, and nothing goes out", async () => {
  for (const more of [
    { url: "http://hooks.example/" }, { url: "ftp://localhost/" }, { url: "https://name:word@hooks.example/" }, { secret: "" }, { secret: `${SECRET}\n` },
    { scheme: "hmac" }, { scheme: "sha256-hex" }, { scheme: "standard-webhooks" }, { header: "x torch" }, { colour: "red" },
  ]) {
    const { status, body } = await refused("PUT", "webhook", { url: hook, secret: SECRET, ...more });
    assert.equal(status, 400, JSON.stringify(more));
    assert.ok(!body.message.includes("horse"), body.message);
  }
  await register();
  for (const order of [
    {}, { receipts: ["nonsense"] }, { receipts: ["ZZZ0000000001"] }, { receipts: [CASE], duplicate: 201 }, { receipts: [CASE], attempts: 0 },
    { receipts: [CASE], tamper: "timestamp" }, { receipts: [CASE], raw: "x" }, { raw: "x", headers: { host: "elsewhere" } },
  ]) {
    assert.equal((await refused("POST", "deliver", order)).status, 400, JSON.stringify(order));
  }
  const now = (await sandbox.control("GET", "clock")).offset_seconds;
  assert.equal((await refused("PUT", "clock", { advance: "1d", announce: ["nonsense"] })).status, 400);
  assert.equal((await sandbox.control("GET", "clock")).offset_seconds, now, "what cannot be announced has not happened");
  assert.equal((await refused("GET", "deliver")).status, 405);
  assert.equal((await refused("POST", "webhook", {})).status, 405);
  assert.equal(arrived.length, 0);
});

test("ok others are answered while webhooks are under way: a receiver may ask at once", async () => {
  await register();
  answers = async () => {
    const read = await fetch(sandbox.url + casePath(CASE), { headers: { authorization: `Bearer ${TORCH_KEY}` } });
    return read.status === 200 ? 202 : 500;
  };
  assert.deepEqual((await deliver({ receipts: [CASE], attempts: 1 })).events[0].attempts, [202]);
});
