// The client reads single cases and their histories, from the real proxy in front of the sandbox.
import assert from "node:assert/strict";
import test from "node:test";
import { inspect } from "node:util";
import { pair, receipts, sha256, TOKEN, until } from "../edge/support.mjs";
import { rejection } from "./client-support.mjs";
import { AuthError, InvalidRequestError, NotFoundError, RateLimitError, TorchClient, TorchError, UnavailableError } from "../../www/package/client/index.js";

const CLIENTS = [{ name: "tests", sha256: [sha256(TOKEN)], scopes: ["read"] }, { name: "other", sha256: [sha256("other-token")], scopes: ["read"] }, { name: "few", sha256: [sha256("few-token")], scopes: ["read"], allowance: 3 }];
const { sandbox, proxy } = await pair({ secrets: { CLIENTS: JSON.stringify(CLIENTS) } });

/** A client, and the requests that it sends. */
function counted(options) {
  const sent = [];
  const counting = (url, init) => {
    sent.push({ url, headers: init.headers });
    return fetch(url, init);
  };
  return { sent, client: new TorchClient({ baseUrl: proxy.url, token: TOKEN, fetch: counting, ...options }) };
}
let serial = 0;
const fresh = (count = 1) => receipts(count, "CLI", (serial += count) - count + 1);

test("ok a case comes with what the headers say of it, however its number is typed", async () => {
  const [receipt] = fresh();
  const { client } = counted();
  const first = await client.get(` cli-000-000-${receipt.slice(-4)}\n`);
  assert.deepEqual([first.case.receipt_number, typeof first.case.status_text, typeof first.case.normalized.labels.es], [receipt, "string", "string"]);
  const { meta } = first;
  assert.deepEqual([meta.age, meta.fresh, meta.stale, meta.cacheStatus.hit, meta.cacheStatus.fwd, meta.cacheStatus.fwdStatus, meta.cacheStatus.stored], [0, true, false, false, "uri-miss", 200, true]);
  assert.ok(meta.freshFor > 60 && meta.rateLimit.remaining > 0 && meta.rateLimit.reset <= 60);
  assert.match(meta.requestId, /^[0-9a-f-]{36}$/);
  assert.match(meta.etag, /^"[0-9a-f]{32}"$/);
  await proxy.kept(receipt);
  assert.equal((await new TorchClient({ baseUrl: `${proxy.url}/v1/`, token: TOKEN }).get(receipt)).meta.cacheStatus.hit, true, "a path of the base URL is kept");
});

test("ok a case that is known is asked for by its ETag, and a 304 gives it with what is new of it; never to another token", async () => {
  const [receipt] = fresh();
  let token = TOKEN;
  const { client, sent } = counted({ token: undefined, getToken: () => token });
  const first = await client.get(receipt);
  await proxy.seed(receipt, { age: 30, body: JSON.stringify(first.case) });
  first.case.status_text = "what the application does to its copy";
  const second = await client.get(receipt);
  assert.equal(sent[1].headers["if-none-match"], first.meta.etag);
  assert.notEqual(second.case.status_text, first.case.status_text);
  assert.deepEqual(second.case.normalized, first.case.normalized);

  const foreign = counted({ token: "other-token" });
  await foreign.client.get(receipt);
  assert.equal(foreign.sent[0].headers["if-none-match"], undefined);
  // The same client, with another token from now on.
  const mine = counted({ token: undefined, getToken: () => token });
  await mine.client.get(receipt);
  await mine.client.get(receipt);
  assert.ok(mine.sent[1].headers["if-none-match"]);
});

test("ok it may ask for a new look, for what is cached, for a younger answer", async () => {
  const [receipt, unseen] = fresh(2);
  const { client, sent } = counted();
  await client.get(receipt);
  await client.get(receipt, { noCache: true, maxAge: 5 });
  assert.equal(sent[1].headers["cache-control"], "max-age=5, no-cache");
  const error = await rejection(client.get(unseen, { onlyIfCached: true }));
  assert.deepEqual([error.constructor, error.status, error.code, error.retryable], [UnavailableError, 504, "not_cached", true]);
  assert.equal(sent.length, 3, "what is not cached is not asked for again");
  assert.ok((await rejection(client.get(receipt, { maxAge: -1 }))) instanceof TypeError);
});

test("ok a stale answer says so", async () => {
  const [receipt] = fresh();
  await proxy.seed(receipt, { age: 1000, lifetime: 900 });
  const { meta } = await counted().client.get(receipt);
  assert.deepEqual([meta.stale, meta.fresh, meta.freshFor, meta.cacheStatus.detail, meta.cacheStatus.hit], [true, false, 0, "refreshing", true]);
  assert.ok(meta.age >= 1000 && meta.cacheStatus.ttl <= -100);
});

test("ok concurrent reads of one case are one request, and one who leaves does not take the others with him", async () => {
  const [receipt] = fresh();
  const { client, sent } = counted();
  const leaving = new AbortController();
  const [left, ...rest] = [client.get(receipt, { signal: leaving.signal }), ...Array.from({ length: 20 }, () => client.get(receipt))];
  leaving.abort(new Error("I have seen enough"));
  assert.equal((await rejection(left)).message, "I have seen enough");
  const answers = await Promise.all(rest);
  assert.equal(sent.length, 1);
  assert.notEqual(answers[0].case, answers[1].case, "each has its own");
  assert.deepEqual(answers[0], answers[19]);
  const [one, other] = [client.get(receipt), client.get(receipt, { maxAge: 1 })];
  await Promise.all([one, other]);
  assert.equal(sent.length, 3, "what is asked otherwise is another request");
});

test("err each problem is an error of its class, with nothing in it that a log should not have", async () => {
  const { client } = counted();
  const [receipt] = fresh();
  const unknown = await rejection(client.get("ZZZ0000000007"));
  assert.ok(unknown instanceof NotFoundError && unknown instanceof TorchError && unknown instanceof Error);
  assert.deepEqual([unknown.name, unknown.status, unknown.code, unknown.retryable, unknown.problem.code, unknown.receipt], ["NotFoundError", 404, "case_not_found", false, "case_not_found", "ZZZ0000000007"]);
  assert.match(unknown.message, /^ZZZ\*{6}0007: Torch does not recognize this receipt number/);
  assert.equal(unknown.requestId, unknown.problem.request_id);
  assert.ok(!inspect(unknown).includes("ZZZ0000000007") && inspect(unknown).includes("NotFoundError"));

  for (const typed of ["", "IOE123", "IOE00123456789", "ıOE0012345678", "IOE００12345678", undefined, 12, {}, "x".repeat(1e6)]) {
    const error = await rejection(client.get(typed));
    assert.deepEqual([error.constructor, error.code, error.status], [InvalidRequestError, "receipt_malformed", undefined], String(typed).slice(0, 20));
  }
  const stranger = new TorchClient({ baseUrl: proxy.url, token: "nobodys-token" });
  const refused = await rejection(stranger.get(receipt));
  assert.deepEqual([refused.constructor, refused.status, refused.code], [AuthError, 401, "unauthorized"]);
  assert.ok(!inspect(refused).includes("nobodys-token"));
  const lost = await rejection(new TorchClient({ baseUrl: `${proxy.url}/elsewhere`, token: TOKEN }).get(receipt));
  assert.deepEqual([lost.constructor, lost.code], [NotFoundError, "no_such_route"]);
  const grant = await rejection(client.grant({ receipts: [receipt] }));
  assert.deepEqual([grant.constructor, grant.code], [AuthError, "forbidden"]);
});

test("ok a history is the case's ledger", async () => {
  const [receipt] = fresh();
  const { client } = counted();
  await client.get(receipt);
  const { history, meta } = await until("the first row", async () => {
    const answer = await client.history(receipt.toLowerCase());
    return answer.history.events.length && answer;
  });
  assert.deepEqual([history.receipt_number, history.chain.valid, history.events[0].kind], [receipt, true, "case.first_seen"]);
  assert.ok(meta.rateLimit.remaining > 0);
  assert.equal((await rejection(client.history("nothing"))).code, "receipt_malformed");
});

test("ok where Torch fails, it is asked again until it is good", async () => {
  const [receipt] = fresh();
  await sandbox.fault({ receipt, status: 503 });
  const waits = [];
  const { client } = counted({
    tryTimeout: 20_000,
    retries: 10,
    onRetry({ error, attempt, wait }) {
      waits.push([error.code, attempt, wait <= 300]);
      return sandbox.mend();
    },
  });
  const { case: found } = await client.get(receipt);
  assert.equal(found.receipt_number, receipt);
  assert.deepEqual(waits[0], ["torch_failed", 1, true]);
});

test("err Torch's 429 is not waited for where the caller has not the time", async () => {
  await proxy.forget();
  const [receipt] = fresh();
  await sandbox.fault({ receipt, status: 429, retry_after: "40", times: 1 });
  const { client, sent } = counted();
  const since = performance.now();
  const error = await rejection(client.get(receipt));
  assert.deepEqual([error.constructor, error.code, error.status, error.retryable, sent.length], [RateLimitError, "torch_rate_limited", 429, true, 1]);
  assert.ok(error.retryAfter > 30 && error.retryAfter <= 41);
  assert.ok(performance.now() - since < 5000);
  await proxy.forget();
});

test("ok where nothing is left of the allowance, nothing is sent until it begins anew", async () => {
  const { client, sent } = counted({ token: "few-token", timeout: 1500 });
  const outcomes = [];
  for (const receipt of fresh(8)) outcomes.push(await client.get(receipt).then(() => "good", (error) => error));
  const errors = outcomes.filter((outcome) => outcome !== "good");
  // A minute may have begun meanwhile, which gives three more.
  assert.ok(errors.length >= 2 && sent.length < 8, `${errors.length} errors, ${sent.length} requests`);
  const last = errors.at(-1);
  assert.deepEqual([last.constructor, last.code, last.status], [RateLimitError, "rate_limited", undefined]);
  assert.ok(last.retryAfter > 0 && last.retryAfter <= 61);
});

test("err what cannot be meant is refused when the client is made", () => {
  const make = (options) => () => new TorchClient({ baseUrl: proxy.url, token: "t", ...options });
  for (const [options, says] of [
    [{ baseUrl: "torch.example.com" }, /baseUrl must be an address such as/], [{ baseUrl: undefined }, /baseUrl/], [{ baseUrl: "ftp://x" }, /baseUrl must be an address/],
    [{ baseUrl: "https://user:pw@x" }, /without user name/], [{ baseUrl: "https://x/?a=1" }, /without user name, query/], [{ token: undefined }, /needs a token or a function getToken/], [{ getToken: "x" }, /a function getToken/],
    [{ timeout: 0 }, /timeout must be a number from 1 to Infinity/], [{ timeout: NaN }, /timeout/], [{ tryTimeout: "1000" }, /tryTimeout/], [{ retries: -1 }, /retries must be a number from 0 to 100/], [{ batchSize: 501 }, /batchSize must be a number from 1 to 500/],
    [{ concurrency: 0 }, /concurrency/],
  ]) assert.throws(make(options), (error) => error instanceof TypeError && says.test(error.message), JSON.stringify(options));
  for (const token of ["", "two words", "line\nbreak", "ключ"]) assert.throws(make({ token }), (error) => error.code === "token_malformed" && !(token && error.message.includes(token)));
  assert.throws(() => new TorchClient(), TypeError);
});
