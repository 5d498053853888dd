// The only door to Torch: what readers see when calls are short, Torch is ill, keys change and the
// object goes. The sandbox's own counters are the witness of what Torch was asked.
import assert from "node:assert/strict";
import test, { after } from "node:test";
import { batchPath, cacheStatus, casePath, CLIENTS, Proxy, receipts, Sandbox, sha256, TORCH_KEY, until } from "./support.mjs";

const sandbox = await Sandbox.start();
after(() => sandbox.close());

let serial = 0;
const fresh = (count = 1) => receipts(count, "GAT", (serial += count) - count + 1);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Half a day from now the day of both begins anew, so that a test always runs at noon. */
const HALF_DAY = 43_200;
const resetsAt = (secondsAhead) => {
  const at = Math.floor(Date.now() / 1000) + secondsAhead;
  return { second: at % 86_400, clock: new Date(at * 1000).toISOString().slice(11, 19) };
};
async function noon() {
  await sandbox.reset();
  const { second, clock } = resetsAt(HALF_DAY);
  await sandbox.control("PUT", "limits", { day_resets_at: second });
  return clock;
}

/** A proxy of its own in front of a sandbox as new. */
function gate(what, options, work) {
  test(what, { timeout: 60_000 }, async (context) => {
    const DAY_RESETS_AT = await noon();
    const proxy = await Proxy.start(sandbox.url, { ...options, vars: { DAY_RESETS_AT, ...options.vars } });
    try {
      await work(proxy, context);
    } finally {
      await proxy.close();
    }
  });
}

/** Reads cases one after another. */
async function each(proxy, list, headers) {
  const answers = [];
  for (const receipt of list) answers.push(await proxy.json(casePath(receipt), headers));
  return answers;
}
const statuses = (answers) => answers.map(({ status }) => status);
const count = (answers, status) => answers.filter((answer) => answer.status === status).length;

gate("K6 1 000 readers of 1 000 cases that are not cached: at most 15 calls, everybody answered", {}, async (proxy, context) => {
  // Far apart, as those of a firm are: who walks neighbouring ones is slowed (shield.test.mjs).
  const list = Array.from({ length: 1000 }, (_, index) => `GAT${String(7_919 * (index + 1)).padStart(10, "0")}`);
  const answers = await Promise.all(list.map((receipt) => proxy.json(casePath(receipt))));
  assert.deepEqual(answers.map(({ status, body }) => [status, body.receipt_number]), list.map((receipt) => [200, receipt]));
  const { calls, receipts: asked, max_receipts_in_a_call: most } = await sandbox.counters();
  context.diagnostic(`${calls} calls`);
  assert.ok(calls <= 15, `${calls} calls`);
  assert.deepEqual([asked, most <= 100], [1000, true], "each case once");
  assert.equal((await proxy.budget()).saved.by_batching, 1000 - calls);
});

gate("K6 500 readers of one case that is not cached: one call, and the budget says what was saved", {}, async (proxy) => {
  const [receipt] = fresh();
  const answers = await Promise.all(Array.from({ length: 500 }, () => proxy.json(casePath(receipt))));
  assert.equal(count(answers, 200), 500);
  const { calls, by_route } = await sandbox.counters();
  assert.deepEqual([calls, by_route], [1, { "/case-status": 1 }], "one alone, by the single route");
  const { saved } = await proxy.budget();
  assert.equal(saved.by_cache + saved.by_coalescing, 499, JSON.stringify(saved));
  const collapsed = answers.filter(({ cache }) => cache.fwd && cache.collapsed).length;
  assert.equal(collapsed, saved.by_coalescing, "those that another's call served say so, and nobody else");
});

gate("ok a case that Torch rejects in a batch fails alone, and nothing that was answered is asked twice", {}, async (proxy) => {
  for (const [status, code] of [[409, "torch_conflict"], [400, "torch_bad_request"]]) {
    const list = fresh(32);
    await sandbox.reset();
    await sandbox.fault({ receipt: list[20], status });
    const answers = await Promise.all(list.map((receipt) => proxy.json(casePath(receipt))));
    assert.deepEqual(answers.map(({ status, body }) => body.code ?? status), list.map((_, index) => (index === 20 ? code : 200)));
    const { receipts: asked, calls } = await sandbox.counters();
    // Thirty-two and then half of each half, if all came in one batch; fewer halvings if in several.
    assert.ok(calls <= 16 && asked <= 32 + 32 + 16 + 8 + 4 + 2 + 2, `${calls} calls for ${asked}`);
  }
  assert.equal((await proxy.budget()).batch_max, 100);
});

gate("ok where Torch takes fewer cases in a call than was set, that is learnt once", {}, async (proxy) => {
  await sandbox.control("PUT", "limits", { batch_max: 30 });
  const { status } = await proxy.json(batchPath(fresh(100)));
  assert.equal(status, 200);
  assert.deepEqual([(await proxy.budget()).batch_max, (await sandbox.calls())], [25, 7]);
  await proxy.evict();
  assert.equal((await proxy.json(batchPath(fresh(50)))).status, 200);
  assert.equal(await sandbox.calls(), 9, "and kept");
});

gate("R2 the day's calls are counted, also over an eviction, and never exceeded", { vars: { TORCH_PER_DAY: "10" } }, async (proxy) => {
  await sandbox.control("PUT", "limits", { per_day: 10 });
  const [first, ...others] = fresh(14);
  assert.deepEqual(statuses(await each(proxy, [first, ...others.slice(0, 5)])), Array(6).fill(200));
  await proxy.evict();
  const rest = await each(proxy, others.slice(5));
  assert.deepEqual(statuses(rest), [200, 200, 200, 200, 429, 429, 429, 429]);
  const { body, headers, cache } = rest.at(-1);
  assert.deepEqual([body.code, body.retryable, cache], ["quota_exhausted", true, { detail: "quota_exhausted" }]);
  assert.ok(HALF_DAY - Number(headers.get("retry-after")) < 20, "until the day begins anew");
  const { calls, refused } = await sandbox.counters();
  assert.deepEqual([calls, refused], [10, 0]);
  const { day } = await proxy.budget();
  assert.deepEqual([day.used, day.left, day.exhausted_at !== null], [10, 0, true]);
  // Who has something to look at is shown it.
  const [known] = fresh();
  await proxy.seed(known, { age: 200_000 });
  const stale = await proxy.json(casePath(known));
  assert.deepEqual([stale.status, stale.body.seeded, stale.cache.hit, stale.cache.detail], [200, true, true, "quota_exhausted"]);
  assert.ok(stale.cache.ttl < -86_400 && !stale.cache.fwd);
  await proxy.evict();
  assert.equal((await proxy.json(casePath(fresh()[0]))).status, 429, "nor does a new object begin anew");
  assert.equal(await sandbox.calls(), 10);
});

gate("ok half of the day is kept for people over what nobody waits for", { vars: { TORCH_PER_DAY: "40" } }, async (proxy) => {
  await sandbox.control("PUT", "limits", { per_day: 40 });
  const stale = fresh(60);
  for (const receipt of stale) await proxy.seed(receipt, { age: 3600 });
  for (const receipt of stale) {
    const { body, cache } = await proxy.json(casePath(receipt));
    assert.deepEqual([body.seeded, cache.detail], [true, "refreshing"]);
    await pause(130);
  }
  const { day } = await proxy.budget();
  assert.ok(day.used_in_background <= 20 && day.left >= day.reserve, JSON.stringify(day));
  const answers = await each(proxy, fresh(day.left + 3));
  assert.deepEqual([count(answers, 200), count(answers, 429)], [day.left, 3]);
  const { calls, refused } = await sandbox.counters();
  assert.deepEqual([calls, refused], [40, 0]);
});

gate("ok what is due travels with people's calls and costs none of its own", { vars: { TORCH_PER_DAY: "4" } }, async (proxy) => {
  // Pinned cases, due at once; the day is so short that background work may have one call of it.
  const pinned = fresh(30);
  for (const receipt of pinned) assert.equal((await proxy.get(`/case-status/watch?receipt=${receipt}`, {}, { method: "PUT" })).status, 200);
  const [read] = fresh();
  assert.equal((await proxy.json(casePath(read))).status, 200);
  const { calls, receipts: asked } = await sandbox.counters();
  assert.deepEqual([calls, asked], [1, 31]);
  for (const receipt of pinned) await proxy.kept(receipt);
  assert.ok((await each(proxy, pinned)).every(({ cache }) => cache.hit));
});

gate("ok the minute's calls are kept too, and a reader who cannot wait so long is told", { vars: { TORCH_PER_MINUTE: "5" } }, async (proxy) => {
  await sandbox.control("PUT", "limits", { per_minute: 5 });
  const answers = await each(proxy, fresh(8));
  assert.deepEqual(statuses(answers), [200, 200, 200, 200, 200, 429, 429, 429]);
  const wait = Number(answers.at(-1).headers.get("retry-after"));
  assert.ok(wait > 40 && wait <= 61, String(wait));
  assert.equal((await sandbox.counters()).refused, 0);
});

for (const headers of ["ietf", "legacy"]) {
  gate(`ok Torch's own rate-limit fields are believed where nothing else is known: ${headers}`, {}, async (proxy) => {
    await sandbox.control("PUT", "limits", { per_minute: 600, per_day: 3, headers });
    const answers = await each(proxy, fresh(5));
    assert.deepEqual(statuses(answers), [200, 200, 200, 429, 429]);
    assert.equal(answers[3].body.code, "quota_exhausted");
    const { calls, refused } = await sandbox.counters();
    assert.deepEqual([calls, refused], [3, 0]);
    assert.equal((await proxy.budget()).day.left, 0);
  });
}

test("R2 the clock passes midnight: who waits is answered when the day begins anew", { timeout: 60_000 }, async () => {
  await sandbox.reset();
  // A midnight five seconds ahead, Torch's and ours alike.
  const ahead = Math.floor(Date.now() / 1000) + 6;
  const { second, clock } = resetsAt(6);
  await sandbox.control("PUT", "limits", { per_day: 2, day_resets_at: second });
  const proxy = await Proxy.start(sandbox.url, { vars: { TORCH_PER_DAY: "2", DAY_RESETS_AT: clock } });
  try {
    const [one, two, three, four] = fresh(4);
    assert.deepEqual(statuses(await each(proxy, [one, two])), [200, 200]);
    assert.equal((await proxy.budget()).day.left, 0);
    const [third, fourth] = await Promise.all([proxy.json(casePath(three)), proxy.json(casePath(four))]);
    assert.ok(Date.now() / 1000 >= ahead);
    assert.deepEqual([third.status, fourth.status], [200, 200]);
    const { calls, refused } = await sandbox.counters();
    assert.deepEqual([calls, refused], [3, 0], "together, in the new day's first call");
    assert.deepEqual((({ used, left }) => [used, left])((await proxy.budget()).day), [1, 1]);
  } finally {
    await proxy.close();
  }
});

gate("ok clients share the day where it runs short", {
  vars: { TORCH_PER_DAY: "20" },
  secrets: { CLIENTS: JSON.stringify([...CLIENTS, { name: "nightly", sha256: [sha256("nightly-token")], scopes: ["read"] }]) },
}, async (proxy) => {
  const nightly = { authorization: "Bearer nightly-token" };
  await proxy.json(casePath(fresh()[0]));
  const greedy = await each(proxy, fresh(25), nightly);
  const had = count(greedy, 200);
  assert.ok(had >= 10 && had < 19, `${had}`);
  assert.match(greedy.at(-1).body.detail, /share/);
  const others = await each(proxy, fresh(19 - had));
  assert.equal(count(others, 200), 19 - had, "what is left is the other's");
});

gate("ok a storm of 500s: tried again with pauses, then the breaker opens and Torch is left alone; one probe finds it well", {}, async (proxy) => {
  const stale = fresh(20);
  for (const receipt of stale) await proxy.seed(receipt, { age: 100_000 });
  await sandbox.fault({ status: 500 });
  const missed = await Promise.all(fresh(3).map((receipt) => proxy.json(casePath(receipt))));
  assert.ok(missed.every(({ status, body }) => status === 502 && body.code === "torch_failed"));
  assert.ok((await sandbox.calls()) <= 7, "one call for the three, two for its halves, then each half again");
  const shown = await each(proxy, stale);
  assert.ok(shown.every(({ status, body }) => status === 200 && body.seeded));
  const calls = await sandbox.calls();
  assert.ok(calls <= 12, `${calls} calls`);
  assert.deepEqual(shown.at(-1).cache, { hit: true, ttl: shown.at(-1).cache.ttl, detail: "circuit_open" });
  const { breaker } = await proxy.budget();
  assert.ok(breaker.state === "open" && breaker.retry_at, JSON.stringify(breaker));
  await proxy.evict();
  assert.equal((await proxy.json(casePath(stale[0]))).cache.detail, "circuit_open", "also after an eviction");
  await sandbox.mend();
  const [one, two] = fresh(2);
  const started = Date.now();
  const waited = await Promise.all([proxy.json(casePath(one)), proxy.json(casePath(two))]);
  assert.deepEqual(statuses(waited), [200, 200], "who has nothing waits for the probe");
  assert.ok(Date.now() - started < 11_000);
  assert.equal((await proxy.budget()).breaker.state, "closed");
});

gate("ok one failure is made good by another try, and the reader sees nothing of it", {}, async (proxy) => {
  for (const fault of [{ status: 503 }, { body: "html" }, { body: "cut" }]) {
    const [receipt] = fresh();
    await sandbox.fault({ receipt, times: 1, ...fault });
    const { status, body } = await proxy.json(casePath(receipt));
    assert.deepEqual([status, body.receipt_number], [200, receipt], JSON.stringify(fault));
  }
  assert.equal(await sandbox.calls(), 6);
});

gate("ok a 503 with a Retry-After is left alone until then", {}, async (proxy) => {
  await sandbox.fault({ status: 503, retry_after: "3", times: 1 });
  const started = Date.now();
  const answers = await Promise.all(fresh(2).map((receipt) => proxy.json(casePath(receipt))));
  assert.deepEqual(statuses(answers), [200, 200]);
  assert.ok(Date.now() - started >= 2900);
  assert.ok((await sandbox.calls()) <= 3);
});

gate("ok Torch is slow: who has an older answer gets it, who has none waits no longer than a client does", {}, async (proxy) => {
  const [old, none] = fresh(2);
  await proxy.seed(old, { age: 100_000 });
  await sandbox.fault({ delay_ms: 60_000 });
  const started = Date.now();
  const [shown, missed] = await Promise.all([proxy.json(casePath(old)), proxy.json(casePath(none))]);
  assert.deepEqual([shown.status, shown.body.seeded, shown.cache.detail], [200, true, "torch_timeout"]);
  assert.deepEqual([missed.status, missed.body.code], [504, "torch_timeout"]);
  assert.ok(Date.now() - started < 13_000);
  assert.ok((await sandbox.calls()) <= 2, "there was no time for another try");
});

gate("ok a key is revoked: the other is used, and the readers see nothing of it", { secrets: { PARLEY_API_KEY_NEXT: "the-next-key" } }, async (proxy) => {
  await sandbox.control("PUT", "keys", { key: "the-next-key", state: "active" });
  assert.equal((await proxy.json(casePath(fresh()[0]))).status, 200);
  await sandbox.control("PUT", "keys", { key: TORCH_KEY, state: "revoked" });
  assert.deepEqual(statuses(await Promise.all(fresh(5).map((receipt) => proxy.json(casePath(receipt))))), Array(5).fill(200));
  const calls = await sandbox.calls();
  await proxy.evict();
  assert.equal((await proxy.json(casePath(fresh()[0]))).status, 200);
  assert.equal(await sandbox.calls(), calls + 1, "which one works is remembered");
  const [first, second] = (await proxy.budget()).keys;
  assert.deepEqual([first.name, first.in_use, first.refused.status, first.refused.times], ["PARLEY_API_KEY", false, 401, 1]);
  assert.ok(first.refused.since && first.age_days === 0);
  assert.deepEqual([second.name, second.in_use, second.refused], ["PARLEY_API_KEY_NEXT", true, null]);
  assert.doesNotMatch(JSON.stringify(await proxy.budget()) + proxy.logs(), /the-next-key|sandbox-torch-key/);
});

gate("K14 both keys refused: what is stale is marked, what is missing is told, and Torch is left alone", { secrets: { PARLEY_API_KEY_NEXT: "the-next-key" } }, async (proxy) => {
  await sandbox.control("PUT", "keys", { key: TORCH_KEY, state: "revoked" });
  await sandbox.control("PUT", "keys", { key: "the-next-key", state: "forbidden" });
  const stale = fresh(5);
  for (const receipt of stale) await proxy.seed(receipt, { age: 100_000 });
  const [first, ...others] = await each(proxy, stale);
  assert.deepEqual([first.status, first.body.seeded, first.cache.fwd, first.cache["fwd-status"], first.cache.detail], [200, true, "stale", 403, "torch_forbidden"]);
  assert.ok(others.every(({ status, cache }) => status === 200 && cache.hit && /^torch_(unauthorized|forbidden)$/.test(cache.detail)));
  const missing = await proxy.json(casePath(fresh()[0]));
  assert.match(`${missing.status} ${missing.body.code}`, /^(401 torch_unauthorized|403 torch_forbidden)$/);
  assert.equal(missing.cache.fwd, undefined);
  assert.equal(await sandbox.calls(), 2, "each key was tried once");
});

gate("ok the object goes while readers wait: they are told or answered, and nothing is counted twice", { vars: { TORCH_PER_DAY: "20" } }, async (proxy) => {
  const list = fresh(5);
  await sandbox.fault({ delay_ms: 700, times: 1 });
  const reading = Promise.all(list.map((receipt) => proxy.json(casePath(receipt))));
  await pause(300);
  await proxy.evict();
  for (const { status } of await reading) assert.ok(status === 200 || status >= 500, String(status));
  assert.deepEqual(statuses(await each(proxy, list)), Array(5).fill(200));
  assert.equal((await proxy.budget()).day.used, await sandbox.calls());
});

gate("ok the roster: what was read or pinned is refreshed when it is due, final cases rest, nobody's are forgotten", { vars: { FRESHNESS: { active: 60, waiting: 60, moving: 60, unknown: 60 } } }, async (proxy) => {
  const list = fresh(40);
  const answers = await each(proxy, list);
  const moving = list.filter((_, index) => !answers[index].body.normalized.final);
  assert.ok(moving.length > 5 && moving.length < 40, String(moving.length));
  const { roster } = await proxy.budget();
  assert.deepEqual([roster.size, roster.resting], [40, 40 - moving.length]);
  // Each is due by five times its lifetime at the latest, for a status that has stood for long.
  await proxy.sql("UPDATE roster SET due_at = due_at - 400 WHERE due_at IS NOT NULL");
  await proxy.evict();
  const before = await sandbox.counters();
  await proxy.tick();
  await until("the refresh", async () => (await sandbox.calls()) > before.calls);
  await pause(300);
  const { calls, receipts: asked } = await sandbox.counters();
  assert.deepEqual([calls - before.calls, asked - before.receipts], [1, moving.length]);
  await proxy.tick();
  await pause(300);
  assert.equal(await sandbox.calls(), calls, "and is not due again at once");

  // Thirty days on, what nobody has read is struck out, but not what is pinned.
  const [pinned, lapsed] = moving;
  const watch = (method, receipt) => proxy.get(`/case-status/watch?receipt=${receipt}`, {}, { method });
  assert.deepEqual(await (await watch("PUT", pinned)).json(), { receipt_number: pinned, watched: true });
  await proxy.sql("UPDATE roster SET read_at = read_at - 31 * 86400");
  await proxy.tick();
  assert.deepEqual((({ size, pinned }) => [size, pinned])((await proxy.budget()).roster), [1, 1]);
  assert.deepEqual(await (await watch("DELETE", pinned)).json(), { receipt_number: pinned, watched: false });
  await proxy.tick();
  assert.equal((await proxy.budget()).roster.size, 0);
  assert.equal((await proxy.json(casePath(lapsed))).status, 200, "who reads it again puts it back");
  assert.equal((await watch("GET", pinned)).headers.get("allow"), "PUT, DELETE");
  assert.deepEqual((await (await watch("PUT", "nonsense")).json()).code, "receipt_malformed");
});

gate("ok the roster is refreshed oldest first, as far as the budget goes", { vars: { TORCH_PER_DAY: "4", TORCH_BATCH_MAX: "5" } }, async (proxy) => {
  const list = fresh(12);
  for (const receipt of list) await proxy.get(`/case-status/watch?receipt=${receipt}`, {}, { method: "PUT" });
  // The last ones have been due for the longest.
  for (const [index, receipt] of list.entries()) await proxy.sql("UPDATE roster SET due_at = due_at - ? WHERE receipt = ?", index * 60, receipt);
  await proxy.tick();
  await until("the refresh", () => sandbox.calls());
  await pause(500);
  const { calls } = await sandbox.counters();
  const { day, roster } = await proxy.budget();
  assert.ok(calls >= 1 && calls <= 3 && day.left >= day.reserve, JSON.stringify(day));
  const kv = await proxy.kv();
  const kept = await Promise.all(list.map(async (receipt) => (await kv.get(`case:1:${receipt}`)) !== null));
  assert.deepEqual(kept, list.map((_, index) => index >= 12 - 5 * calls));
  assert.equal(roster.due, 12 - 5 * calls);
});

gate("ok a read from the cache keeps a case on the roster, and is counted as saved", {}, async (proxy) => {
  const [seeded] = fresh();
  await proxy.seed(seeded);
  for (let read = 0; read < 5; read++) assert.equal((await proxy.json(casePath(seeded))).cache.hit, true);
  const { saved, roster, day } = await proxy.budget();
  assert.deepEqual([saved, roster.size, day.used], [{ by_cache: 5, by_coalescing: 0, by_batching: 0 }, 1, 0]);
});

gate("ok /budget is the operator's", {}, async (proxy) => {
  assert.equal((await proxy.get("/budget")).status, 403);
  assert.equal((await fetch(`${proxy.url}/budget`)).status, 401);
  const ops = { authorization: "Bearer operator-token" };
  for (const path of ["/budget", "/v1/budget"]) {
    const response = await proxy.get(path, ops);
    assert.deepEqual([response.status, response.headers.get("cache-control")], [200, "no-store"]);
    assert.deepEqual(Object.keys(await response.json()), ["now", "day", "minute", "limited_until", "batch_max", "breaker", "keys", "clients", "saved", "roster"]);
  }
  assert.equal((await proxy.get("/budget", ops, { method: "HEAD" })).status, 200);
  assert.equal((await proxy.get("/budget?x=1", ops)).status, 400);
  assert.equal((await proxy.get("/budget", ops, { method: "POST" })).headers.get("allow"), "GET, HEAD");
});

const LIMITED = [{ ...CLIENTS[0], allowance: 9 }, CLIENTS[1]];
gate("ok RateLimit and RateLimit-Policy stand on every answer to a client, and one that asks too much is told", { secrets: { CLIENTS: JSON.stringify(LIMITED) } }, async (proxy) => {
  // A minute that turns in the middle would begin the count anew.
  const into = Date.now() % 60_000;
  if (into > 50_000) await pause(60_500 - into);
  const [receipt, other] = fresh(2);
  const etag = (await proxy.get(casePath(receipt))).headers.get("etag");
  const asks = [
    [casePath(receipt), {}, 200], [casePath(receipt), { "if-none-match": etag }, 304], [batchPath([receipt, other]), {}, 200], [casePath("ZZZ0000000001"), {}, 404],
    [casePath("nonsense"), {}, 400], [casePath(fresh()[0]), { "cache-control": "only-if-cached" }, 504], [`${casePath(receipt)}&x=1`, {}, 400], [casePath(receipt), {}, 200], [casePath(receipt), {}, 429], [batchPath([receipt]), {}, 429],
  ];
  for (const [index, [path, headers, status]] of asks.entries()) {
    const response = await proxy.get(path, headers);
    assert.equal(response.status, status, path);
    assert.equal(response.headers.get("ratelimit-policy"), '"client";q=9;w=60', path);
    const [, left, resets] = response.headers.get("ratelimit").match(/^"client";r=(\d+);t=(\d+)$/);
    assert.equal(Number(left), Math.max(0, 7 - index), path);
    assert.ok(Number(resets) >= 1 && Number(resets) <= 60);
    if (status === 429) {
      assert.equal(response.headers.get("retry-after"), resets);
      assert.equal((await response.json()).code, "rate_limited");
    }
  }
  const ops = await proxy.get("/budget", { authorization: "Bearer operator-token" });
  assert.equal(ops.headers.get("ratelimit-policy"), '"client";q=60000;w=60', "each has its own");
  assert.equal((await fetch(`${proxy.url}${casePath(receipt)}`)).headers.get("ratelimit"), null, "a stranger has none");
});

gate("err what cannot be stored is not told as done", {}, async (proxy) => {
  const [receipt] = fresh();
  const answers = async () => Promise.all([["PUT", "watch"], ["DELETE", "watch"], ["DELETE", "history"]].map(async ([method, route]) => {
    const headers = route === "history" ? { authorization: "Bearer operator-token" } : {};
    return (await proxy.get(`/case-status/${route}?receipt=${receipt}`, headers, { method })).status;
  }));
  assert.deepEqual(await answers(), [200, 200, 200]);
  await proxy.sql("ALTER TABLE roster RENAME TO elsewhere");
  assert.deepEqual(await answers(), [500, 500, 500]);
  await proxy.sql("ALTER TABLE elsewhere RENAME TO roster");
  assert.deepEqual(await answers(), [200, 200, 200]);
});

gate("ok Cache-Status says whether Torch was asked", {}, async (proxy) => {
  const [missed, seeded, other] = fresh(3);
  const miss = await proxy.json(casePath(missed));
  assert.deepEqual(miss.cache, { fwd: "uri-miss", "fwd-status": 200, ttl: miss.cache.ttl, stored: true });
  await proxy.seed(seeded, { age: 60 });
  await sandbox.fault({ status: 429, retry_after: "100", times: 1 });
  const demanded = await proxy.json(casePath(seeded), { "cache-control": "no-cache" });
  assert.deepEqual([demanded.body.seeded, demanded.cache.fwd, demanded.cache["fwd-status"], demanded.cache.detail], [true, "request", 429, "torch_rate_limited"]);
  await proxy.seed(other, { age: 60 });
  const again = await proxy.get(casePath(other), { "cache-control": "no-cache" });
  assert.deepEqual(cacheStatus(again), { hit: true, ttl: cacheStatus(again).ttl, detail: "torch_rate_limited" });
  const cached = await proxy.json(casePath(fresh()[0]), { "cache-control": "only-if-cached" });
  assert.deepEqual(cached.cache, { detail: "only-if-cached" });
});
