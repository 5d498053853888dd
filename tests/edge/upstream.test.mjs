// Torch in all its moods: what the reader sees, and what Torch was asked.
import assert from "node:assert/strict";
import test from "node:test";
import { batchPath, casePath, pair, Proxy, receipts, Sandbox } from "./support.mjs";

const { sandbox, proxy } = await pair();

let serial = 0;
const fresh = () => receipts(1, "UPS", ++serial)[0];

async function faulted(fault, receipt = fresh(), headers = {}) {
  await sandbox.fault({ receipt, ...fault });
  const answer = await proxy.json(casePath(receipt), headers);
  await sandbox.mend();
  // Of a refused key or a 429 the gate would remember more than this case.
  if ([401, 403, 429].includes(fault.status)) await proxy.forget();
  assert.equal(await (await proxy.kv()).get(`case:1:${receipt}`), null, "not stored");
  assert.doesNotMatch(JSON.stringify(answer.body), /<html|sandbox-torch-key|127\.0\.0\.1/i, "nothing leaked");
  return answer;
}

test("K13 an answer that is HTML, cut off, 26 MB, of the wrong type, another case's, a 200 with an error inside: 502, not stored", async () => {
  for (const [body, code] of [
    // Under the harness a call goes out through the test's own process, which passes a broken body on
    // as a short one; tests/edge/start.test.mjs sees the break itself.
    ["html", "torch_unusable"], ["cut", "torch_unusable"], ["huge", "torch_unusable"], ["wrong_type", "torch_unusable"], ["error_inside", "torch_unusable"],
    ["wrong_receipt", "torch_unusable"], ["not_utf8", "torch_unusable"], ["raw:", "torch_unusable"], ["raw:[]", "torch_unusable"], ['raw:{"receipt_number":5}', "torch_unusable"], ["redirect", "torch_failed"],
  ]) {
    const receipt = fresh();
    const { status, body: problem, headers } = await faulted({ body }, receipt);
    assert.deepEqual([status, problem.code, problem.retryable], [502, code, true], body);
    assert.equal(headers.get("cache-control"), "no-store");
    await new Promise((resolve) => setTimeout(resolve, 1100));
    assert.equal((await proxy.json(casePath(receipt))).status, 200, `${body}: and the next reader is answered`);
  }
});

test("K13 a slow answer: 504 after ten seconds", { timeout: 30_000 }, async () => {
  const start = Date.now();
  const [dribbling, silent] = await Promise.all([fresh(), fresh()].map(async (receipt, index) => {
    await sandbox.fault(index ? { receipt, delay_ms: 60_000 } : { receipt, body: "slow" });
    return proxy.json(casePath(receipt));
  }));
  await sandbox.mend();
  for (const { status, body } of [dribbling, silent]) assert.deepEqual([status, body.code], [504, "torch_timeout"]);
  const took = Date.now() - start;
  assert.ok(took > 9000 && took < 15_000, `${took} ms`);
});

test("err Torch's own statuses keep their meaning", async () => {
  for (const [status, seen, code] of [[400, 400, "torch_bad_request"], [401, 401, "torch_unauthorized"], [403, 403, "torch_forbidden"], [409, 409, "torch_conflict"], [500, 502, "torch_failed"], [503, 502, "torch_failed"], [418, 502, "torch_failed"]]) {
    const answer = await faulted({ status });
    assert.deepEqual([answer.status, answer.body.code, answer.cache["fwd-status"]], [seen, code, status]);
    assert.equal(answer.headers.has("www-authenticate"), seen === 401);
  }
});

test("K7 429 passes on how long to wait, whatever form it comes in, and nothing is asked until then", async () => {
  const date = (seconds) => new Date(Date.now() + seconds * 1000).toUTCString();
  for (const [given, least, most] of [["7", 7, 7], [120, 110, 121], [-500, 4, 4], ["99999999999999", 86_400, 86_400], ["-5", 60, 60], ["soon", 60, 60], [undefined, 60, 60]]) {
    const field = typeof given === "number" ? date(given) : given;
    // A reader waits three times for what says "now": a second, two, and then is told of four.
    const receipt = fresh();
    await sandbox.fault({ receipt, status: 429, retry_after: field });
    const answer = await proxy.json(casePath(receipt));
    const calls = await sandbox.calls();
    const other = await proxy.json(casePath(fresh()), { "cache-control": "max-age=1" });
    const wait = Number(answer.headers.get("retry-after"));
    assert.deepEqual([answer.status, answer.body.code, answer.body.retry_after], [429, "torch_rate_limited", wait]);
    assert.ok(wait >= least && wait <= most, `${field}: ${wait}`);
    if (wait > 10) assert.deepEqual([other.status, other.body.code, other.cache.fwd, await sandbox.calls()], [429, "torch_rate_limited", undefined, calls]);
    else assert.equal(other.status, 200, "and who can wait so long does");
    await sandbox.mend();
    await proxy.forget();
  }
});

test("K6 500 readers of one miss: one call", async () => {
  const receipt = fresh();
  await sandbox.fault({ receipt, delay_ms: 400, times: 1 });
  const before = await sandbox.calls();
  const answers = await Promise.all(Array.from({ length: 500 }, () => proxy.json(casePath(receipt))));
  await sandbox.mend();
  assert.ok(answers.every(({ status, body }) => status === 200 && body.receipt_number === receipt));
  assert.equal((await sandbox.calls()) - before, 1);
  assert.ok(answers.some(({ cache }) => cache.collapsed), "those that waited say so");
});

test("K6 500 readers of one case that fails: a bounded number of calls", async () => {
  const receipt = fresh();
  await sandbox.fault({ receipt, status: 500, delay_ms: 200 });
  const before = await sandbox.calls();
  const answers = await Promise.all(Array.from({ length: 500 }, () => proxy.json(casePath(receipt))));
  await sandbox.mend();
  assert.ok(answers.every(({ status }) => status === 502));
  const calls = (await sandbox.calls()) - before;
  assert.ok(calls <= 5, `${calls} calls`);
});

test("K6 a batch of 250 misses: three calls, each within Torch's maximum", async () => {
  const list = receipts(250, "UPB");
  await sandbox.control("PUT", "limits", { batch_max: 100 });
  const before = await sandbox.calls();
  const { body, cache } = await proxy.json(batchPath(list));
  assert.deepEqual(body.map((one) => one.receipt_number), list);
  assert.ok(body.every((one) => one.normalized));
  assert.equal((await sandbox.calls()) - before, 3);
  assert.deepEqual([cache.fwd, cache.stored], ["uri-miss", true]);
});

test("ok a batch that Torch rejects for some of its cases is divided until the others are answered", async () => {
  await sandbox.control("PUT", "limits", { batch_unknown: "reject" });
  const list = [...receipts(6, "UPD"), "ZZZ0000000009", ...receipts(6, "UPE")];
  const { status, body } = await proxy.json(batchPath(list));
  await sandbox.control("PUT", "limits", { batch_unknown: "omit" });
  assert.equal(status, 200);
  assert.deepEqual(body.map((one) => one.error?.code ?? one.receipt_number), list.map((receipt) => (receipt.startsWith("ZZZ") ? "case_not_found" : receipt)));
});

test("ok a record of a batch that cannot be read fails alone", async () => {
  const list = receipts(3, "UPF");
  await sandbox.fault({ receipt: list[1], body: "wrong_type" });
  const { status, body } = await proxy.json(batchPath(list));
  await sandbox.mend();
  assert.equal(status, 200);
  assert.deepEqual(body.map((one) => one.error?.code ?? "ok"), ["ok", "torch_unusable", "ok"]);
});

test("ok where Torch fails a whole batch, what is cached still serves", async () => {
  const [stale, missing] = receipts(2, "UPG");
  await proxy.seed(stale, { age: 200_000 });
  await sandbox.fault({ status: 500 });
  const { status, body } = await proxy.json(batchPath([stale, missing]));
  await sandbox.mend();
  assert.equal(status, 200);
  assert.deepEqual([body[0].seeded, body[1].error.code], [true, "torch_failed"]);
});

test("ok the key goes to Torch and nowhere else", async () => {
  const answer = await proxy.json(casePath(fresh()));
  assert.equal(answer.status, 200);
  assert.doesNotMatch(JSON.stringify([answer.body, [...answer.headers]]) + proxy.logs(), /sandbox-torch-key/);
});

test("ok with Torch gone a case read before is answered, marked stale; one never read gets a 502 problem", async () => {
  const [read, never, aged] = receipts(3, "UPH");
  const lonely = await Sandbox.start();
  const other = await Proxy.start(lonely.url);
  try {
    await other.json(casePath(read));
    await other.seed(aged, { age: 100_000 });
    await lonely.close();
    assert.equal((await other.json(casePath(read))).cache.hit, true);
    const kept = await other.json(casePath(aged));
    assert.deepEqual([kept.status, kept.body.seeded, kept.cache.fwd], [200, true, "stale"]);
    assert.match(kept.cache.detail, /^torch_(failed|unreachable)$/);
    const { status, body } = await other.json(casePath(never));
    assert.ok([502, 504].includes(status) && body.code.startsWith("torch_"), JSON.stringify(body));
  } finally {
    await other.close();
  }
});

test("ok TORCH_PATH_PREFIX puts a version segment in the path", async () => {
  const other = await Proxy.start(sandbox.url, { vars: { TORCH_PATH_PREFIX: "v1" } });
  try {
    assert.equal((await other.json(casePath(fresh()))).status, 200);
    assert.ok(JSON.stringify(await sandbox.counters()).includes("case-status"));
  } finally {
    await other.close();
  }
});
