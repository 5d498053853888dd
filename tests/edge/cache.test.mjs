// How long an answer serves, and what a request may ask of it.
import assert from "node:assert/strict";
import test from "node:test";
import { batchPath, casePath, pair, Proxy, receipts, until } from "./support.mjs";

const { sandbox, proxy } = await pair();

/** Each test has its own cases: what one remembers is nothing to the next. */
let serial = 0;
const fresh = () => receipts(1, "CCH", ++serial)[0];
async function counting(work) {
  const before = await sandbox.calls();
  const result = await work();
  return [result, (await sandbox.calls()) - before];
}

test("ok the entry in KV is a line and the body, as docs/STORAGE.md has it", async () => {
  const receipt = fresh();
  const answer = await proxy.get(casePath(receipt));
  const body = await answer.text();
  const text = await proxy.kept(receipt);
  const [line, kept] = [text.slice(0, text.indexOf("\n")), text.slice(text.indexOf("\n") + 1)];
  assert.equal(kept, body);
  assert.match(line, /^1 ok \d{10} \d{10} \d{10} \d{10} \d{10} 2026-11 \d+ [0-9a-f]{32}$/);
  const [, , fetched, freshUntil, stale, error] = line.split(" ").map(Number);
  assert.equal(stale - freshUntil, 86_400);
  assert.equal(error - freshUntil, 604_800);
  assert.equal(answer.headers.get("cache-control"), `private, max-age=${freshUntil - fetched}`);
});

test("ok a hit passes the kept body on as it stands", async () => {
  const receipt = fresh();
  // Not even JSON: nothing reads it.
  await proxy.seed(receipt, { body: `{"receipt_number": "${receipt}",  "é😀": <not json> }` });
  const [response, calls] = await counting(() => proxy.get(casePath(receipt)));
  assert.equal(await response.text(), `{"receipt_number": "${receipt}",  "é😀": <not json> }`);
  assert.equal(calls, 0);
});

test("ok a stale answer serves at once and is refreshed behind it", async () => {
  const receipt = fresh();
  await proxy.seed(receipt, { age: 3600 });
  const [answer, calls] = await counting(async () => {
    const answer = await proxy.json(casePath(receipt));
    await until("the refresh", async () => !(await proxy.kept(receipt)).includes("seeded"));
    return answer;
  });
  assert.equal(answer.body.seeded, true);
  assert.deepEqual([answer.cache.hit, answer.cache.ttl, answer.cache.detail], [true, 900 - 3600, "refreshing"]);
  assert.equal(answer.headers.get("age"), "3600");
  assert.equal(calls, 1);
  const next = await proxy.json(casePath(receipt));
  assert.deepEqual([next.body.seeded, next.cache.hit, next.cache.ttl > 0], [undefined, true, true]);
});

test("ok many readers of a stale answer make one refresh", async () => {
  const receipt = fresh();
  await proxy.seed(receipt, { age: 3600 });
  await sandbox.fault({ receipt, delay_ms: 300, times: 1 });
  const [, calls] = await counting(async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => proxy.json(casePath(receipt))));
    assert.ok(answers.every(({ status }) => status === 200));
    await until("the refresh", async () => !(await proxy.kept(receipt)).includes("seeded"));
  });
  assert.equal(calls, 1);
});

test("ok a batch of stale answers is refreshed in one call", async () => {
  const list = receipts(60, "CCS");
  await Promise.all(list.map((receipt) => proxy.seed(receipt, { age: 3600 })));
  const [answer, calls] = await counting(async () => {
    const answer = await proxy.json(batchPath(list));
    for (const receipt of list) await until("the refresh", async () => !(await proxy.kept(receipt)).includes("seeded"));
    return answer;
  });
  assert.ok(answer.body.every(({ seeded }) => seeded));
  assert.deepEqual([calls, answer.cache.detail], [1, "refreshing"]);
});

test("ok a batch says of each case how old it is and why, also where it is 304", async () => {
  const [known, due, failing, odd] = [fresh(), fresh(), fresh(), "XYZ12"];
  await proxy.seed(known, { age: 100 });
  await proxy.seed(due, { age: 3600 });
  await proxy.seed(failing, { age: 200_000 });
  await sandbox.fault({ status: 503 });
  const items = (answer) => answer.headers.get("torch-edge-items").split(", ");
  const close = (item, age, ttl, rest) => {
    const [, itsAge, itsTtl, more] = item.match(/^(\d+);ttl=(-?\d+)(.*)$/);
    assert.ok(itsAge - age >= 0 && itsAge - age < 5 && ttl - itsTtl >= 0 && ttl - itsTtl < 5 && more === rest, item);
  };
  try {
    const answer = await proxy.json(batchPath([known, odd, failing, due]));
    const [first, second, third, fourth] = items(answer);
    close(first, 100, 800, "");
    assert.equal(second, "?0");
    // The reason of the whole is that of the one for which Torch was asked.
    close(third, 200_000, -199_100, "");
    assert.match(answer.cache.detail, /^torch_/);
    close(fourth, 3600, -2700, ";detail=refreshing");

    const path = batchPath([known, due]);
    const before = await proxy.json(path);
    const again = await proxy.get(path, { "if-none-match": before.headers.get("etag") });
    assert.equal(again.status, 304);
    assert.equal(items(again).length, 2);
    close(items(again)[0], 100, 800, "");
  } finally {
    await sandbox.mend();
  }
});

test("ok beyond the stale window the reader waits for Torch", async () => {
  const receipt = fresh();
  await proxy.seed(receipt, { age: 900 + 86_400 + 5 });
  const [answer, calls] = await counting(() => proxy.json(casePath(receipt)));
  assert.deepEqual([answer.body.seeded, answer.cache.fwd, calls], [undefined, "stale", 1]);
});

test("ok a stale answer serves where Torch fails, marked", async () => {
  for (const [fault, detail, status] of [[{ status: 503 }, "torch_failed", 503], [{ status: 401 }, "torch_unauthorized", 401], [{ status: 403 }, "torch_forbidden", 403], [{ status: 429, retry_after: "7" }, "torch_rate_limited", 429], [{ body: "html" }, "torch_unusable", 200]]) {
    const receipt = fresh();
    await proxy.seed(receipt, { age: 900 + 86_400 + 5 });
    await sandbox.fault({ receipt, ...fault });
    const answer = await proxy.json(casePath(receipt));
    assert.deepEqual([answer.status, answer.body.seeded], [200, true], detail);
    assert.deepEqual([answer.cache.fwd, answer.cache.detail, answer.cache["fwd-status"]], ["stale", detail, status]);
    assert.ok(answer.cache.ttl < -86_000 && Number(answer.headers.get("age")) > 87_000);
    await sandbox.mend();
    await proxy.forget();
  }
});

test("K12 the end of the error window: then an honest error", async () => {
  const [within, beyond] = [fresh(), fresh()];
  await proxy.seed(within, { age: 900 + 604_800 - 30 });
  await proxy.seed(beyond, { age: 900 + 604_800 + 5 });
  await sandbox.fault({ status: 500 });
  const kept = await proxy.json(casePath(within));
  assert.deepEqual([kept.status, kept.body.seeded, kept.cache.detail], [200, true, "torch_failed"]);
  const gone = await proxy.json(casePath(beyond));
  assert.deepEqual([gone.status, gone.body.code, gone.body.retryable], [502, "torch_failed", true]);
  await sandbox.mend();
});

test("K8 clocks that disagree: an entry from the near future is fresh with age 0, from the far future a miss", async () => {
  const [near, far] = [fresh(), fresh()];
  await proxy.seed(near, { age: -200 });
  await proxy.seed(far, { age: -100_000 });
  const answer = await proxy.json(casePath(near));
  assert.deepEqual([answer.body.seeded, answer.headers.get("age"), answer.cache.hit], [true, "0", true]);
  assert.equal(answer.cache.ttl, 900);
  const [other, calls] = await counting(() => proxy.json(casePath(far)));
  assert.deepEqual([other.body.seeded, calls], [undefined, 1]);
});

test("K10 a corrupt or old-format entry is a miss, never a 500", async () => {
  const kv = await proxy.kv();
  const now = Math.floor(Date.now() / 1000);
  const line = (version, length) => `${version} ok ${now} ${now + 900} ${now + 9000} ${now + 90000} - 2026-11 ${length} ${"a".repeat(32)}`;
  const broken = ["", "x", "{}", '{"receipt_number":"X"}', "\n", `${line(1, 2)}`, `${line(1, 3)}\n{}`, `${line(2, 2)}\n{}`, `${line(0, 2)}\n{}`, `${line(1, 2)} more\n{}`, `\u0000\uffff\n{}`, `1 ok a b c d - 2026-11 2 ${"a".repeat(32)}\n{}`, `1 ok ${"9".repeat(30)} 1 1 1 - 2026-11 2 ${"a".repeat(32)}\n{}`];
  for (const text of broken) {
    const receipt = fresh();
    await kv.put(`case:1:${receipt}`, text);
    const single = await proxy.json(casePath(receipt));
    assert.deepEqual([single.status, single.body.receipt_number, single.cache.fwd], [200, receipt, "uri-miss"], text);
  }
  const list = [];
  for (const text of broken) {
    const receipt = fresh();
    await kv.put(`case:1:${receipt}`, text);
    list.push(receipt);
  }
  const batch = await proxy.json(batchPath(list));
  assert.deepEqual(batch.body.map((one) => [one.receipt_number, one.error]), list.map((receipt) => [receipt, undefined]));
});

test("ok an entry of an older taxonomy is normalized anew when it is read, and Torch is not asked", async () => {
  const [single, batched, hopeless] = [fresh(), fresh(), fresh()];
  const body = (receipt) => `{"receipt_number":"${receipt}", "status_text":"Case Was Approved","x":[1.0],"normalized":{"category":"older","taxonomy":"2020-01"}}`;
  for (const receipt of [single, batched]) await proxy.seed(receipt, { taxonomy: "2020-01", age: 60, body: body(receipt) });
  await proxy.seed(hopeless, { taxonomy: "2020-01", body: "not what it was" });
  const [answers, calls] = await counting(async () => [await proxy.get(casePath(single)), await proxy.get(batchPath([batched]))]);
  assert.equal(calls, 0);
  const [one, [two]] = await Promise.all(answers.map((answer) => answer.clone().json()));
  for (const answer of [one, two]) assert.deepEqual([answer.normalized.category, answer.normalized.taxonomy], ["approved", "2026-11"]);
  assert.ok((await answers[0].text()).startsWith(`{"receipt_number":"${single}", "status_text":"Case Was Approved","x":[1.0],"normalized":{"category":"approved"`));
  assert.ok(Number(answers[0].headers.get("age")) >= 60, "of the same age");
  assert.match(answers[0].headers.get("cache-status"), /hit/);
  const [answer, asked] = await counting(() => proxy.json(casePath(hopeless)));
  assert.deepEqual([answer.status, answer.body.normalized.taxonomy, asked], [200, "2026-11", 1]);
});

test("ok no-cache asks Torch anew, but not more than once in thirty seconds for a case", async () => {
  const receipt = fresh();
  await proxy.seed(receipt, { age: 60 });
  const [first, calls] = await counting(() => proxy.json(casePath(receipt), { "cache-control": "no-cache" }));
  assert.deepEqual([first.body.seeded, first.cache.fwd, calls], [undefined, "request", 1]);
  const [again, none] = await counting(() => Promise.all([1, 2, 3].map(() => proxy.json(casePath(receipt), { "cache-control": "no-cache" }))));
  assert.ok(again.every(({ cache }) => cache.hit));
  assert.equal(none, 0);
});

test("ok max-age, max-stale, min-fresh and only-if-cached are obeyed", async () => {
  const ask = async (seed, field) => {
    const receipt = fresh();
    if (seed) await proxy.seed(receipt, seed);
    const [answer, calls] = await counting(() => proxy.json(casePath(receipt), { "cache-control": field }));
    return [answer.status, answer.body.seeded === true, calls];
  };
  assert.deepEqual(await ask({ age: 100 }, "max-age=200"), [200, true, 0]);
  assert.deepEqual(await ask({ age: 100 }, "max-age=50"), [200, false, 1]);
  assert.deepEqual(await ask({ age: 100 }, "min-fresh=500"), [200, true, 0]);
  assert.deepEqual(await ask({ age: 100 }, "min-fresh=850"), [200, false, 1]);
  assert.deepEqual(await ask({ age: 2000 }, "max-stale=10"), [200, false, 1]);
  assert.deepEqual(await ask({ age: 100 }, "only-if-cached"), [200, true, 0]);
  assert.deepEqual(await ask({ age: 2000 }, "only-if-cached"), [200, true, 0]);
  assert.deepEqual(await ask({ age: 200_000 }, "only-if-cached"), [504, false, 0]);
  assert.deepEqual(await ask(undefined, "only-if-cached"), [504, false, 0]);
  assert.deepEqual(await ask({ age: 100 }, "only-if-cached, max-age=50"), [504, false, 0]);
});

test("ok FRESHNESS, FIELD_NAMES and TORCH_BATCH_MAX are taken as texts and as wrangler.toml's own tables and numbers", async () => {
  const table = { active: 100, waiting: 100, moving: 100, final: 100, unknown: 100 };
  const names = { status_text: "source_hint", status_category: "no_such_field" };
  for (const vars of [{ FRESHNESS: table, FIELD_NAMES: names, TORCH_BATCH_MAX: 2 }, { FRESHNESS: JSON.stringify(table), FIELD_NAMES: JSON.stringify(names), TORCH_BATCH_MAX: "2" }]) {
    const other = await Proxy.start(sandbox.url, { vars });
    try {
      const list = [fresh(), fresh(), fresh()];
      const [answer, calls] = await counting(() => other.json(batchPath(list)));
      assert.equal(calls, 2);
      const maxAge = Number(answer.headers.get("cache-control").match(/max-age=(\d+)/)[1]);
      assert.ok(maxAge >= 90 && maxAge <= 110, String(maxAge));
      // The sandbox's source_hint is no status.
      assert.deepEqual(answer.body.map(({ normalized }) => normalized.matched_by), ["none", "none", "none"]);
    } finally {
      await other.close();
    }
  }
});

test("ok a batch of 100 fresh cases costs one KV operation and no call to Torch", async () => {
  const other = await Proxy.start(sandbox.url, { worker: { configPath: "tests/edge/counting/wrangler.toml" } });
  const operations = async () => (await fetch(`${other.url}/__operations`)).json();
  try {
    const list = receipts(100, "CCB");
    await Promise.all(list.map((receipt) => other.seed(receipt)));
    const before = await operations();
    const [answer, calls] = await counting(() => other.json(batchPath(list)));
    const after = await operations();
    assert.deepEqual(answer.body.map((one) => [one.receipt_number, one.seeded]), list.map((receipt) => [receipt, true]));
    assert.deepEqual([after.get - before.get, after.keys - before.keys, calls], [1, 100, 0]);
    assert.equal(answer.cache.hit, true);
    await other.json(batchPath(list));
    assert.equal((await operations()).get, after.get, "and none while this isolate remembers");
    // A miss on the single route looks into KV once too, though it takes the long way afterwards.
    const missing = receipts(1, "CCM")[0];
    await other.json(casePath(missing));
    assert.equal((await operations()).get - after.get, 1);
  } finally {
    await other.close();
  }
});
