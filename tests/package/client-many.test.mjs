// Any number of cases, from the real proxy in front of the sandbox.
import assert from "node:assert/strict";
import test from "node:test";
import { pair, receipts, TOKEN } from "../edge/support.mjs";
import { caseOf, problem, rejection, serve } from "./client-support.mjs";
import { AuthError, InvalidRequestError, NotFoundError, ProtocolError, TimeoutError, TorchClient, UnavailableError } from "../../www/package/client/index.js";

const { sandbox, proxy } = await pair();
const client = (options) => new TorchClient({ baseUrl: proxy.url, token: TOKEN, ...options });
const collect = async (iterable) => {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
};
/** A stand-in for the proxy that knows every case, and how many batches it has at a time. */
async function standIn(answer = () => undefined) {
  const seen = { now: 0, most: 0 };
  const server = await serve(async (request, response) => {
    seen.most = Math.max(seen.most, ++seen.now);
    response.on("close", () => seen.now--);
    await new Promise((resolve) => setTimeout(resolve, 20));
    return (await answer(request, response)) ?? [200, request.receipts.map((receipt) => caseOf(receipt))];
  });
  return Object.assign(server, { seen });
}

test("ok 260 cases with duplicates, ill-formed and unknown ones: each once as it comes, and all in the order asked", async () => {
  const good = receipts(240, "MNY");
  const unknown = receipts(10, "ZZZ");
  const list = [...good.slice(0, 100), "nonsense", ...unknown, ...good.slice(100), good[3].toLowerCase(), `${good[4].slice(0, 3)}-${good[4].slice(3)}`, "IOE123", "nonsense", ...good.slice(0, 5)];
  assert.equal(list.length, 260);
  const many = client({ tryTimeout: 60_000, timeout: 120_000 }).getMany(list);
  const items = await collect(many);
  assert.equal(items.length, 252, "240 cases, 10 unknown ones, 2 that are none");
  assert.equal(new Set(items.map(({ receipt }) => receipt)).size, 252);
  assert.deepEqual(items.map(({ progress }) => progress.done), Array.from({ length: 252 }, (_, n) => n + 1));
  assert.deepEqual(items.at(-1).progress, { done: 252, total: 252, failed: 12 });
  for (const { receipt, case: found, error, meta } of items) {
    if (good.includes(receipt)) assert.ok(found.receipt_number === receipt && !error && meta.age >= 0);
    else if (unknown.includes(receipt)) assert.ok(error instanceof NotFoundError && error.code === "case_not_found" && !found, receipt);
    else assert.ok(error instanceof InvalidRequestError && error.code === "receipt_malformed" && !found, receipt);
  }
  const all = await many.all();
  assert.equal(all.length, 260);
  all.forEach((item, index) => assert.equal(item.receipt, /^[a-z]{3}\d|-/.test(list[index]) ? list[index].toUpperCase().replace("-", "") : list[index]));
});

test("ok a batch of which nothing is known fails case by case, and fails no other", async () => {
  const items = await client({ batchSize: 5, concurrency: 1 }).getMany([...receipts(5, "ZZZ", 50), ...receipts(5, "MNX")]).all();
  assert.deepEqual(items.map(({ error }) => error?.code), [...Array(5).fill("case_not_found"), ...Array(5).fill(undefined)]);
});

test("ok nothing is nothing, a set will do, and a text is refused", async () => {
  assert.deepEqual(await client().getMany([]).all(), []);
  assert.deepEqual((await client().getMany(new Set(receipts(2, "MNS"))).all()).map(({ receipt }) => receipt), receipts(2, "MNS"));
  assert.throws(() => client().getMany("IOE0012345678"), /must be an array/);
  assert.throws(() => client().getMany(undefined), TypeError);
});

test("ok at most so many batches are on their way, and each has at most so many cases", async () => {
  const { url, asked, seen } = await standIn();
  const items = await collect(new TorchClient({ baseUrl: url, token: "t", batchSize: 10, concurrency: 3 }).getMany(receipts(95, "CON")));
  assert.deepEqual([items.length, asked.length, seen.most, Math.max(...asked.map((one) => one.receipts.length))], [95, 10, 3, 10]);
});

test("ok cases come as they are known, not when all are", async () => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const { url } = await standIn(({ receipts }) => (receipts.includes("SLO0000000001") ? held : undefined));
  const seen = [];
  for await (const { receipt } of new TorchClient({ baseUrl: url, token: "t", batchSize: 2 }).getMany(receipts(6, "SLO"))) {
    seen.push(receipt);
    if (seen.length === 4) release();
  }
  assert.deepEqual(seen.slice(4), ["SLO0000000001", "SLO0000000002"]);
});

test("ok who leaves early has the rest aborted", async () => {
  const hang = async ({ receipts }, response) => (receipts.includes("LEA0000000001") ? undefined : new Promise((resolve) => response.on("close", () => resolve([]))));
  for (const leave of ["break", "throw", "return"]) {
    const { url, asked, seen } = await standIn(hang);
    const many = new TorchClient({ baseUrl: url, token: "t", batchSize: 1, concurrency: 4 }).getMany(receipts(50, "LEA"));
    if (leave === "return") {
      const iterator = many[Symbol.asyncIterator]();
      await iterator.next();
      const pending = iterator.next();
      assert.deepEqual(await iterator.return("done"), { done: true, value: "done" });
      assert.deepEqual(await pending, { done: true, value: undefined }, "who waits is told at once");
      assert.deepEqual(await iterator.next(), { done: true, value: undefined });
    } else {
      const run = async () => {
        for await (const { receipt } of many) {
          assert.equal(receipt, "LEA0000000001");
          if (leave === "throw") throw new Error("no more");
          break;
        }
      };
      if (leave === "throw") assert.equal((await rejection(run())).message, "no more");
      else await run();
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(seen.now, 0, `${leave}: every request was closed`);
    assert.ok(asked.length <= 5, `${leave}: ${asked.length} were asked`);
  }
});

test("err an abort at any moment is thrown as it is, and nothing goes on behind it", async () => {
  const { url, asked } = await standIn(() => new Promise((resolve) => setTimeout(resolve, 30)));
  for (const delay of [-1, 0, 1, 10, 45, 80]) {
    const controller = new AbortController();
    const reason = new Error(`after ${delay}`);
    if (delay < 0) controller.abort(reason);
    else setTimeout(() => controller.abort(reason), delay);
    const many = new TorchClient({ baseUrl: url, token: "t", batchSize: 1, concurrency: 2 }).getMany(receipts(30, "ABO"), { signal: controller.signal });
    assert.equal(await rejection(collect(many)), reason);
    // What was on its way may still arrive.
    await new Promise((resolve) => setTimeout(resolve, 30));
    const before = asked.length;
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.equal(asked.length, before);
    assert.equal(await rejection(many.all()), reason, "a signal that is spent stays so");
  }
  const controller = new AbortController();
  controller.abort(null);
  assert.equal(await rejection(new TorchClient({ baseUrl: url, token: "t" }).getMany(receipts(3), { signal: controller.signal }).all()), null);
});

test("err a batch that fails fails its own cases only, and one answer that is wrong its own case", async () => {
  const { url } = await standIn(({ receipts }) => {
    if (receipts.includes("BAD0000000001")) return [503, problem(503, "circuit_open", { retryable: false })];
    if (receipts.includes("BAD0000000003")) return [200, { not: "an array" }];
    if (receipts.includes("BAD0000000005")) return [200, [caseOf(receipts[0])]];
    if (receipts.includes("BAD0000000007")) return [200, [caseOf("BAD0000000099"), null]];
    if (receipts.includes("BAD0000000009")) return [200, [{ receipt_number: receipts[0], error: problem(502, "torch_failed", { retryable: true, retry_after: 7 }) }, { receipt_number: receipts[1], error: "no problem" }]];
    return undefined;
  });
  const items = await new TorchClient({ baseUrl: url, token: "t", batchSize: 2 }).getMany(receipts(12, "BAD")).all();
  assert.deepEqual(items.map(({ error }) => error?.code), ["circuit_open", "circuit_open", ...Array(6).fill("unusable_answer"), "torch_failed", "unusable_answer", undefined, undefined]);
  assert.ok(items[0].error instanceof UnavailableError && items[2].error instanceof ProtocolError);
  assert.deepEqual([items[8].error.retryAfter, items[8].error.retryable, items[8].error.status], [7, true, 502]);
});

test("err a token that is refused is not tried on every batch", async () => {
  const { url, asked } = await standIn(() => [401, problem(401, "unauthorized")]);
  const items = await new TorchClient({ baseUrl: url, token: "t", batchSize: 1, concurrency: 2 }).getMany(receipts(40, "REF")).all();
  assert.ok(items.every(({ error }) => error instanceof AuthError && error.code === "unauthorized"));
  assert.ok(asked.length <= 2, `${asked.length} were asked`);
});

test("err when its time is over, what is known is kept and the rest has failed", async () => {
  const { url } = await standIn(({ receipts }) => (receipts[0] < "TIM0000000011" ? undefined : new Promise((resolve) => setTimeout(resolve, 5000).unref())));
  const since = performance.now();
  const items = await new TorchClient({ baseUrl: url, token: "t", batchSize: 5 }).getMany(receipts(40, "TIM"), { timeout: 400 }).all();
  assert.ok(performance.now() - since < 2000);
  assert.ok(items.slice(0, 10).every((item) => item.case));
  assert.ok(items.slice(10).every(({ error }) => error instanceof TimeoutError && error.code === "deadline"));
  assert.throws(() => client().getMany([], { timeout: -1 }), TypeError);
});

test("ok where Torch fails for some, the others have their answer", async () => {
  const [failing, good] = receipts(2, "MNF");
  await sandbox.fault({ receipt: failing, status: 400 });
  const [one, other] = await client({ tryTimeout: 20_000 }).getMany([failing, good]).all();
  await sandbox.mend();
  assert.ok(one.error && !one.case, "the failing one");
  assert.equal(other.case.receipt_number, good);
});

test("ok each case is as old and as stale as it is itself, whatever else was in the batch; err a header that cannot be meant", async () => {
  const [fresh, due, failing, missing] = receipts(4, "MNA");
  await proxy.seed(fresh, { age: 100 });
  await proxy.seed(due, { age: 3_600 });
  await proxy.seed(failing, { age: 200_000 });
  await proxy.seed(missing, { kind: "absent", lifetime: 120 });
  await sandbox.fault({ status: 503 });
  const items = await client({ retries: 0 }).getMany([fresh, due, failing, missing]).all();
  await sandbox.mend();
  assert.deepEqual(items.map(({ meta: { fresh, stale, cacheStatus } }) => [fresh, stale, cacheStatus.detail]).slice(0, 3), [[true, false, undefined], [false, true, "refreshing"], [false, true, "torch_failed"]]);
  const near = (value, expected) => assert.ok(value >= expected && value < expected + 5, `${value}, not ${expected}`);
  items.slice(0, 3).forEach(({ meta }, index) => near(meta.age, [100, 3_600, 200_000][index]));
  near(-items[0].meta.freshFor, -800);
  assert.equal(items[3].error.code, "case_not_found");

  for (const field of ["", "nonsense", "?0, ?0", ";;;", "-1;ttl=5", ", , ,"]) {
    const { url } = await standIn((request) => [200, request.receipts.map((receipt) => caseOf(receipt)), { age: "7", "cache-control": "private, max-age=10", "torch-edge-items": field }]);
    const [item] = await new TorchClient({ baseUrl: url, token: "t" }).getMany(receipts(2, "MNB")).all();
    assert.deepEqual([item.meta.age, item.meta.freshFor, item.meta.stale], [7, 3, false], field);
  }
});
