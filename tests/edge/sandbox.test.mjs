// The sandbox is Torch as its documentation describes it: its table of errors, its limits, its lives.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { after } from "node:test";
import { ROOT, Sandbox, TORCH_KEY, batchPath, casePath, receipts } from "./support.mjs";

const sandbox = await Sandbox.start();
after(() => sandbox.close());

async function torch(path, { key = TORCH_KEY, ...init } = {}) {
  const response = await fetch(sandbox.url + path, { headers: key ? { authorization: `Bearer ${key}` } : {}, ...init });
  return { status: response.status, headers: response.headers, body: await response.json().catch(() => undefined) };
}

test("ok the fields of a status, and nothing else, also under /v1", async () => {
  for (const prefix of ["", "/v1"]) {
    const { status, body } = await torch(prefix + casePath("ABC1234567890"));
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body), ["receipt_number", "status_text", "status_category", "last_checked_at", "last_status_at", "source_hint"]);
    assert.equal(body.receipt_number, "ABC1234567890");
  }
  const list = receipts(5, "SBX");
  const { body } = await torch(batchPath(list));
  assert.deepEqual(body.map((one) => one.receipt_number), list);
});

test("err each row of the documentation's table", async () => {
  await sandbox.control("PUT", "keys", { key: "elsewhere", state: "forbidden" });
  const [a, b] = receipts(2, "SBX");
  for (const [path, options, status] of [
    ["/case-status", {}, 400], ["/case-status?receipt=nonsense", {}, 400], ["/case-status/batch", {}, 400], [batchPath(receipts(101, "SBX")), {}, 400],
    [casePath(a), { key: "" }, 401], [casePath(a), { key: "wrong" }, 401], [casePath(a), { key: "elsewhere" }, 403],
    [casePath("ZZZ0000000001"), {}, 404], ["/nowhere", {}, 404], [batchPath([a, b, a]), {}, 409], [casePath(a), { method: "POST" }, 405],
  ]) {
    const answer = await torch(path, options);
    assert.equal(answer.status, status, path);
    assert.equal(typeof answer.body.error, "string", path);
  }
  const { body } = await torch(batchPath([a, "ZZZ0000000001", b]));
  assert.deepEqual(body.map((one) => one.receipt_number), [a, b], "what is not recognised is left out of a batch");
});

test("err limits by the minute and by the day, with Retry-After; a batch counts once", async () => {
  await sandbox.reset();
  await sandbox.control("PUT", "limits", { per_minute: 3 });
  const seen = [];
  for (let call = 0; call < 5; call++) seen.push(await torch(call ? casePath("ABC1234567890") : batchPath(receipts(50, "SBX"))));
  const statuses = seen.map(({ status }) => status);
  // The minute may turn in between: then the count begins anew.
  assert.ok(statuses.includes(429) && statuses.indexOf(429) >= 3, String(statuses));
  const wait = Number(seen.find(({ status }) => status === 429).headers.get("retry-after"));
  assert.ok(wait >= 1 && wait <= 60, String(wait));
  await sandbox.reset();
  await sandbox.control("PUT", "limits", { per_day: 2 });
  for (let call = 0; call < 2; call++) assert.equal((await torch(casePath("ABC1234567890"))).status, 200);
  const day = await torch(casePath("ABC1234567890"));
  assert.equal(day.status, 429);
  assert.ok(Number(day.headers.get("retry-after")) <= 86_400);
  await sandbox.reset();
});

test("ok rate-limit headers of both kinds, once they are asked for, on all that a good key gets", async () => {
  await sandbox.reset();
  // Neither the minute nor the day turns while this runs.
  await sandbox.control("PUT", "clock", { now: "2026-01-20T12:00:00Z" });
  const named = ({ headers }) => [...headers.keys()].filter((name) => name.includes("ratelimit")).sort();
  assert.deepEqual(named(await torch(casePath("ABC1234567890"))), [], "the documentation names none");

  await sandbox.control("PUT", "limits", { per_minute: 1000, per_day: 4, headers: "ietf" });
  const twice = batchPath(["ABC1234567890", "ABC1234567890"]);
  for (const [path, status, left] of [
    [casePath("ZZZ0000000001"), 404, [998, 2]], ["/case-status", 400, [997, 1]], [twice, 409, [996, 0]], [casePath("ABC1234567890"), 429, [996, 0]],
  ]) {
    const answer = await torch(path);
    assert.equal(answer.status, status, path);
    assert.equal(answer.headers.get("ratelimit-policy"), '"minute";q=1000;w=60, "day";q=4;w=86400');
    const told = answer.headers.get("ratelimit").match(/^"minute";r=(\d+);t=(\d+), "day";r=(\d+);t=(\d+)$/);
    const [minute, minuteEnds, day, dayEnds] = told.slice(1).map(Number);
    assert.deepEqual([minute, day], left, path);
    assert.ok(minuteEnds >= 1 && minuteEnds <= 60 && dayEnds > 43_100 && dayEnds <= 43_200, told[0]);
    if (status === 429) assert.equal(Number(answer.headers.get("retry-after")), dayEnds);
  }
  assert.deepEqual(named(await torch(casePath("ABC1234567890"), { key: "wrong" })), [], "a key that is not good has no limits");

  await sandbox.control("PUT", "limits", { headers: "legacy" });
  const full = await torch(casePath("ABC1234567890"));
  assert.deepEqual(named(full), ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"]);
  assert.deepEqual([full.status, full.headers.get("x-ratelimit-limit"), full.headers.get("x-ratelimit-remaining")], [429, "4", "0"]);
  assert.equal(full.headers.get("x-ratelimit-reset"), full.headers.get("retry-after"));
  const { refused, by_key } = await sandbox.counters();
  assert.deepEqual([refused, by_key], [2, { "sand…": 6, unknown: 1 }]);
  await sandbox.reset();
});

test("ok a day begins anew at the second that it is told to", async () => {
  await sandbox.reset();
  await sandbox.control("PUT", "clock", { now: "2026-01-20T15:59:00Z" });
  await sandbox.control("PUT", "limits", { per_day: 1, day_resets_at: 16 * 3600 });
  assert.equal((await torch(casePath("ABC1234567890"))).status, 200);
  const full = await torch(casePath("ABC1234567890"));
  assert.equal(full.status, 429);
  const wait = Number(full.headers.get("retry-after"));
  assert.ok(wait >= 1 && wait <= 60, String(wait));
  await sandbox.advance(wait);
  assert.equal((await torch(casePath("ABC1234567890"))).status, 200);
  await sandbox.reset();
});

test("ok a life is the same for all time, made of real titles, and goes on as the clock does", async () => {
  const corpus = readFileSync(`${ROOT}/tests/vectors/corpus/titles.tsv`, "utf8").split("\n").map((line) => line.split("\t")[0]);
  const titles = new Set(corpus);
  const at = async (now, receipt) => {
    await sandbox.control("PUT", "clock", { now, frozen: true });
    return (await torch(casePath(receipt))).body;
  };
  let changed = 0;
  for (const receipt of receipts(20, "SBL")) {
    const states = [];
    for (const now of ["2024-02-01T00:00:00Z", "2025-02-01T00:00:00Z", "2026-02-01T00:00:00Z", "2027-02-01T00:00:00Z"]) {
      const state = await at(now, receipt);
      assert.ok(titles.has(state.status_text.split("\n")[0]), state.status_text);
      assert.ok(state.last_status_at <= state.last_checked_at);
      assert.equal(state.last_checked_at, now);
      states.push(state);
    }
    assert.deepEqual(await at("2025-02-01T00:00:00Z", receipt), states[1], "and back again");
    if (new Set(states.map((state) => state.status_text)).size > 1) changed++;
  }
  assert.ok(changed > 5, `${changed} of 20 have a life`);
  await sandbox.control("PUT", "clock", { real: true });
});

test("ok what it counts is what was asked", async () => {
  await sandbox.reset();
  await torch(casePath("ABC1234567890"));
  await torch(batchPath(receipts(7, "SBX")));
  await torch(casePath("ABC1234567890"), { key: "wrong" });
  const counters = await sandbox.counters();
  assert.deepEqual([counters.receipts, counters.max_receipts_in_a_call], [9, 7], "also what it refused");
  assert.equal(counters.by_route["/case-status"] + counters.by_route["/case-status/batch"], counters.calls);
});
