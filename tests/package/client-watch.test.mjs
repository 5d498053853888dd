// Watching where there is no live connection: by asking when an answer is no longer fresh.
import assert from "node:assert/strict";
import test, { afterEach } from "node:test";
import { pair, receipts, TOKEN, until } from "../edge/support.mjs";
import { caseOf, problem, rejection, serve } from "./client-support.mjs";
import { AuthError, TorchClient } from "../../www/package/client/index.js";

const STALE = { "cache-control": "private, max-age=0", "cache-status": "torch-edge; hit; ttl=-1; detail=refreshing" };
const [A, B, C] = receipts(3, "WAT");
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const watches = [];
afterEach(() => Promise.all(watches.splice(0).map((watch) => watch.return())));
/** A watch that ends with its test, however that ends. */
function watching(client, list, options) {
  const watch = client.watch(list, options);
  watches.push(watch);
  return watch;
}

/** A stand-in for the proxy without `/live`, whose cases can be changed. */
async function standIn(cases = { [A]: "Case Was Received", [B]: "Case Was Received" }, options = {}) {
  const fault = {};
  const server = await serve(({ path, receipts }) => {
    if (path === "/live") return [404, problem(404, "no_such_route")];
    if (fault.now) return fault.now(receipts);
    return [200, receipts.map((one) => (cases[one] ? caseOf(one, cases[one]) : { receipt_number: one, error: problem(404, "case_not_found") })), options.headers ?? STALE];
  });
  const client = new TorchClient({ baseUrl: server.url, token: "t", retries: 0, ...options.client });
  const polls = () => server.asked.filter(({ path }) => path === "/case-status/batch");
  return { ...server, cases, client, fault, polls };
}
const next = async (watch) => {
  const { value, done } = await watch.next();
  return done ? "done" : [value.receipt, value.case.status_text, value.previous?.status_text, value.via];
};

test("ok the real proxy and the sandbox: first what is, then what changes, as the sandbox's clock goes on", async () => {
  const { sandbox, proxy } = await pair({ vars: { FRESHNESS: Object.fromEntries(["active", "waiting", "moving", "final", "unknown"].map((row) => [row, 1])) } });
  await sandbox.control("PUT", "clock", { now: "2020-01-01T00:00:00Z", frozen: true });
  const list = receipts(2, "SRC");
  const client = new TorchClient({ baseUrl: proxy.url, token: TOKEN });
  const watch = watching(client, [...list, list[0].toLowerCase()], { live: "never", pollEvery: 300 });
  const seen = new Map();
  for (let n = 0; n < 2; n++) {
    const { value } = await watch.next();
    assert.deepEqual([value.via, value.previous], ["snapshot", undefined]);
    seen.set(value.receipt, value.case);
  }
  assert.deepEqual([...seen.keys()].sort(), list);
  await sandbox.control("PUT", "clock", { now: "2026-06-01T00:00:00Z", frozen: true });
  for (let n = 0; n < 2; n++) {
    const { value } = await watch.next();
    assert.equal(value.via, "poll");
    assert.deepEqual(value.previous, seen.get(value.receipt));
    assert.notEqual(value.case.status_text, value.previous.status_text);
    seen.set(value.receipt, value.case);
  }
});

test("ok what is the same is not told again, though Torch has looked again or dated it anew", async () => {
  const { client, cases, polls } = await standIn();
  const watch = watching(client, [A, B], { pollEvery: 40 });
  assert.deepEqual([await next(watch), await next(watch)], [[A, "Case Was Received", undefined, "snapshot"], [B, "Case Was Received", undefined, "snapshot"]]);
  const change = next(watch);
  await until("some polls", () => polls().length >= 4);
  cases[B] = "Case Was Approved";
  assert.deepEqual(await change, [B, "Case Was Approved", "Case Was Received", "poll"]);
  await watch.return();
  const count = polls().length;
  await pause(150);
  assert.equal(polls().length, count, "nobody asks any more");
  assert.deepEqual(await next(watch), "done");
});

test("ok cases that are due are asked for together, those that are fresh are not", async () => {
  const { client, polls } = await standIn({ [A]: "x", [B]: "y" }, { headers: { "cache-control": "private, max-age=1" } });
  const watch = watching(client, [A, B], { pollEvery: 50 });
  await next(watch);
  await next(watch);
  const pending = next(watch);
  await pause(2600);
  assert.ok(polls().length >= 2 && polls().length <= 5, `${polls().length} polls in 2.6 s of one second's freshness`);
  assert.ok(polls().some((one) => one.receipts.length === 2));
  await watch.return();
  assert.equal(await pending, "done");
});

test("ok each case of a batch is asked for when it is due itself, also where another was not found", async () => {
  const headers = { "cache-control": "private, max-age=0", "cache-status": "torch-edge; hit; ttl=0", "torch-edge-items": "12;ttl=900, ?0" };
  const { client, polls } = await standIn({ [A]: "Received" }, { headers });
  const watch = watching(client, [A, B], { pollEvery: 30 });
  await next(watch);
  await pause(300);
  assert.equal(polls().length, 1);
  const without = await standIn({ [A]: "Received" }, { headers: { ...headers, "torch-edge-items": "12;ttl=0" } });
  await next(watching(without.client, [A], { pollEvery: 30 }));
  await until("more polls", () => without.polls().length > 3);
});

test("ok errors are told beside, and the watch goes on: not found, ill-formed, a proxy that is away", async () => {
  const { client, cases, fault } = await standIn({ [A]: "Case Was Received" });
  const errors = [];
  const watch = watching(client, [A, B, "nonsense"], { pollEvery: 40, onError: (error, receipt) => errors.push([error.code, receipt]) });
  assert.deepEqual(await next(watch), [A, "Case Was Received", undefined, "snapshot"]);
  await until("the errors", () => errors.length === 2);
  assert.deepEqual(errors, [["receipt_malformed", undefined], ["case_not_found", B]]);
  const change = next(watch);
  fault.now = () => [503, problem(503, "circuit_open", { retryable: true, retry_after: 0.05 })];
  await until("trouble", () => errors.some(([code]) => code === "circuit_open"));
  cases[A] = "Case Was Approved";
  fault.now = undefined;
  assert.deepEqual(await change, [A, "Case Was Approved", "Case Was Received", "poll"]);
});

test("ok an older status never takes the place of a newer one", async () => {
  const { client, fault, polls } = await standIn();
  const say = (text, at) => (fault.now = () => [200, [caseOf(A, text, { last_status_at: at })], STALE]);
  say("Two", "2026-02-01T00:00:00Z");
  const watch = watching(client, [A], { pollEvery: 40 });
  assert.deepEqual(await next(watch), [A, "Two", undefined, "snapshot"]);
  const change = next(watch);
  say("One", "2026-01-01T00:00:00Z");
  const count = polls().length;
  await until("polls", () => polls().length > count + 2);
  say("Three", "2026-03-01T00:00:00Z");
  assert.deepEqual(await change, [A, "Three", "Two", "poll"]);
});

test("err it ends with the error where nothing can come any more", async () => {
  const refused = await standIn();
  refused.fault.now = () => [401, problem(401, "unauthorized")];
  const error = await rejection(next(watching(refused.client, [A])));
  assert.deepEqual([error.constructor, error.code], [AuthError, "unauthorized"]);
  const notMine = await standIn();
  notMine.fault.now = () => [403, problem(403, "receipt_not_granted")];
  assert.equal((await rejection(next(notMine.client.watch([A, B])))).code, "receipt_not_granted");
  const none = notMine.client.watch(["nonsense"]);
  assert.equal((await rejection(next(none))).code, "receipt_malformed");
  assert.equal(await next(none), "done");
  assert.equal(await next(notMine.client.watch([])), "done");
  assert.throws(() => notMine.client.watch(A), /must be an array/);
  assert.throws(() => notMine.client.watch([A], { pollEvery: 0 }), TypeError);
});

test("err an abort ends it at once, whatever it does just then", async () => {
  for (const delay of [-1, 0, 5, 60]) {
    const { client, asked } = await standIn();
    const controller = new AbortController();
    const reason = new Error(`after ${delay}`);
    if (delay < 0) controller.abort(reason);
    else setTimeout(() => controller.abort(reason), delay);
    const run = async () => {
      for await (const item of client.watch([A, B, C], { signal: controller.signal, pollEvery: 20 })) assert.ok(item.case);
    };
    assert.equal(await rejection(run()), reason);
    await pause(30);
    const count = asked.length;
    await pause(80);
    assert.equal(asked.length, count);
  }
});

test("ok many watches leave nothing behind", async () => {
  const { client } = await standIn();
  const { signal } = new AbortController();
  for (let n = 0; n < 30; n++) {
    for await (const item of client.watch([A], { signal })) {
      assert.equal(item.receipt, A);
      break;
    }
  }
});
