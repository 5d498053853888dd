// What goes wrong between the client and the proxy: a network, a machine in the middle, a clock. The faults are a
// small server's, because the real proxy cannot be made to have them.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import test from "node:test";
import { inspect } from "node:util";
import { caseOf, problem, rejection, serve } from "./client-support.mjs";
import { NetworkError, NotFoundError, ProtocolError, RateLimitError, TimeoutError, TorchClient, UnavailableError } from "../../www/package/client/index.js";

const RECEIPT = "FLT0000000001";
const good = () => [200, caseOf(RECEIPT)];
/** A server that answers the first requests each in its own way, and the others well; and a client of it. */
async function faulty(answers, options) {
  const server = await serve(({ count }, response) => (answers[count - 1] ?? good)(response));
  return { ...server, client: new TorchClient({ baseUrl: server.url, token: "a-token", ...options }) };
}
const busy = (headers, more) => () => [503, problem(503, "circuit_open", { retryable: true, ...more }), headers];
const gap = (asked, n = 1) => asked[n].at - asked[n - 1].at;

test("ok Retry-After is obeyed as seconds, as a date, from the problem, and never by a sooner try", async () => {
  const inTwoSeconds = () => new Date(Date.now() + 2000).toUTCString();
  for (const [first, least] of [[busy({ "retry-after": "1" }), 1000], [(response) => busy({ "retry-after": inTwoSeconds() })(response), 900], [busy({}, { retry_after: 1 }), 1000]]) {
    const { client, asked } = await faulty([first]);
    await client.get(RECEIPT);
    assert.equal(asked.length, 2);
    assert.ok(gap(asked) >= least && gap(asked) < least + 1800, `${gap(asked)} ms`);
  }
});

test("ok garbage in Retry-After is no Retry-After", async () => {
  for (const field of ["soon", "-5", "1.5", "2", "99999999999999999999", "2026-01-01T00:00:00Z", "Mon, 99 Foo 2026 00:00:00 GMT", ""]) {
    const { client, asked } = await faulty([busy({ "retry-after": field })], { timeout: 1000 });
    const outcome = await client.get(RECEIPT).then(() => asked.length, (error) => error.constructor);
    assert.equal(outcome, /^\d+$/.test(field) ? UnavailableError : 2, field);
  }
});

test("err a Retry-After beyond the caller's time is not waited for", async () => {
  const { client, asked } = await faulty([busy({ "retry-after": "31" })]);
  const since = performance.now();
  const error = await rejection(client.get(RECEIPT));
  assert.ok(performance.now() - since < 1000);
  assert.deepEqual([error.constructor, error.retryAfter, error.code, asked.length], [UnavailableError, 31, "circuit_open", 1]);
});

test("ok tries end after `retries`, and each pause is longer at most", async () => {
  const waits = [];
  const { client, asked } = await faulty(Array(9).fill(busy()), { retries: 4, onRetry: ({ attempt, wait }) => waits.push([attempt, wait]) });
  assert.equal((await rejection(client.get(RECEIPT))).code, "circuit_open");
  assert.equal(asked.length, 5);
  waits.forEach(([attempt, wait], index) => assert.ok(attempt === index + 1 && wait >= 0 && wait <= 300 * 2 ** index, `${attempt}: ${wait}`));
  const never = await faulty([busy()], { retries: 0 });
  await rejection(never.client.get(RECEIPT));
  assert.equal(never.asked.length, 1);
});

test("ok what may be good the next time is asked again, and nothing else", async () => {
  const html = (status) => () => [status, "<h1>Oh no</h1>", { "content-type": "text/html" }];
  for (const [first, again] of [
    [html(502), true], [html(503), true], [html(504), true], [html(429), true], [html(500), false], [html(403), false], [html(404), false], [html(418), false], [html(200), false],
    [() => [500, problem(500, "internal", { retryable: true })], true], [() => [409, problem(409, "torch_conflict", { retryable: true })], true], [() => [503, problem(503, "misconfigured")], false],
    [(response) => void response.destroy(), true], [(response) => void (response.writeHead(200, { "content-length": 500 }).write("{\"receipt"), setTimeout(() => response.destroy(), 20)), true],
  ]) {
    const { client, asked } = await faulty([first]);
    const outcome = await client.get(RECEIPT).then(() => true, () => false);
    assert.deepEqual([outcome, asked.length], again ? [true, 2] : [false, 1], String(first));
  }
});

test("err an error page is told by its status, and is no problem document", async () => {
  const { client } = await faulty([() => [502, "<h1>IOE0012345678</h1>", { "content-type": "text/html" }]], { retries: 0 });
  const error = await rejection(client.get(RECEIPT));
  assert.deepEqual([error.constructor, error.status, error.code, error.problem, error.retryable], [UnavailableError, 502, "http_502", undefined, true]);
  assert.match(error.message, /^FLT\*{6}0001: The proxy answered 502 without saying why\. Ask again later; check baseUrl\.$/);
});

test("err what is no case is a ProtocolError, whatever it is", async () => {
  const bodies = ["", "null", "[]", "7", "\"case\"", "{", "{}", "<html>", JSON.stringify({ status_text: 5 }), JSON.stringify({ normalized: "x" }), JSON.stringify(caseOf("FLT0000000002")), JSON.stringify({ error: problem(404, "case_not_found") }), "\ufeff{", "NaN"];
  for (const body of bodies) {
    const { client, asked } = await faulty([() => [200, body]]);
    const error = await rejection(client.get(RECEIPT));
    assert.deepEqual([error.constructor, error.code, error.retryable, asked.length], [ProtocolError, "unusable_answer", false, 1], body);
    assert.equal((await client.get(RECEIPT)).case.receipt_number, RECEIPT, "and the next one is good");
  }
  for (const status of [201, 204, 304, 301, 307]) {
    const { client } = await faulty([() => [status, status === 201 ? "{}" : "", { location: "https://evil.example/" }]]);
    assert.equal((await rejection(client.get(RECEIPT))).constructor, ProtocolError, String(status));
  }
  for (const value of [null, {}, { chain: {}, events: {} }, { receipt_number: "FLT0000000002", chain: {}, events: [] }]) {
    const { client } = await faulty([() => [200, value]]);
    assert.equal((await rejection(client.history(RECEIPT))).constructor, ProtocolError);
  }
  for (const value of [{}, { token: 5, expires_at: "", receipts: [] }, [], null, 7]) {
    const { client } = await faulty([() => [201, value]]);
    assert.equal((await rejection(client.grant({ receipts: [RECEIPT] }))).constructor, ProtocolError);
  }
});

test("ok other names for Torch's fields, unknown fields and problems of a wrong shape are lived with", async () => {
  const renamed = { number: RECEIPT, text: "Case Was Approved", normalized: { category: "approved" }, __proto__x: 1 };
  const { client } = await faulty([() => [200, renamed], () => [400, { code: 5, detail: {} }], () => [404, { code: "new_code", detail: 5, title: null, retryable: "yes" }], () => [429, problem(429, "rate_limited", { retry_after: "x" })]], { retries: 0 });
  assert.deepEqual((await client.get(RECEIPT)).case, renamed);
  assert.equal((await rejection(client.get(RECEIPT))).code, "http_400");
  const odd = await rejection(client.get(RECEIPT));
  assert.deepEqual([odd.constructor, odd.code, odd.retryable], [NotFoundError, "new_code", false]);
  const limited = await rejection(client.get(RECEIPT));
  assert.deepEqual([limited.constructor, limited.retryAfter], [RateLimitError, undefined]);
});

test("err an answer without an end is not read to its end", async () => {
  const { client } = await faulty([(response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const pour = () => {
      while (!response.destroyed && response.write(" ".repeat(65_536)));
      if (!response.destroyed) response.once("drain", pour);
    };
    response.write("[");
    pour();
  }]);
  const error = await rejection(client.get(RECEIPT));
  assert.deepEqual([error.constructor, error.code], [ProtocolError, "unusable_answer"]);
  assert.match(error.message, /is not shorter than 16 MiB/);
});

test("ok a try that hangs is given up for another one, before its headers and within its body", async () => {
  for (const hang of [() => {}, (response) => void response.writeHead(200).write("{")]) {
    const { client, asked } = await faulty([hang], { tryTimeout: 200 });
    assert.equal((await client.get(RECEIPT)).case.receipt_number, RECEIPT);
    assert.ok(asked.length === 2 && gap(asked) >= 195);
  }
});

test("err the three ways for time to be over are told apart", async () => {
  const hang = () => {};
  const tries = await faulty([hang, hang], { tryTimeout: 60, retries: 1 });
  const perTry = await rejection(tries.client.get(RECEIPT));
  assert.deepEqual([perTry.constructor, perTry.code, perTry.retryable, tries.asked.length], [TimeoutError, "try_timeout", true, 2]);

  const total = await faulty([busy(), hang], { timeout: 700 });
  const since = performance.now();
  const whole = await rejection(total.client.get(RECEIPT));
  assert.deepEqual([whole.constructor, whole.code, whole.cause.code], [TimeoutError, "deadline", "circuit_open"]);
  assert.ok(performance.now() - since >= 690 && performance.now() - since < 1500);
  assert.equal((await rejection(total.client.get(RECEIPT, { timeout: -1 }))).constructor, TypeError);

  const patient = await faulty([hang]);
  const signal = AbortSignal.timeout(50);
  assert.equal(await rejection(patient.client.get(RECEIPT, { signal })), signal.reason);
  assert.equal(await rejection(patient.client.get(RECEIPT, { signal })), signal.reason, "and before anything is sent");
  assert.equal(patient.asked.length, 1);
});

test("ok a fetch that does not know of signals holds nobody up", async () => {
  let calls = 0;
  const deaf = () => (++calls === 1 ? new Promise(() => {}) : Promise.resolve(Response.json(caseOf(RECEIPT))));
  const client = new TorchClient({ baseUrl: "https://proxy.example", token: "t", fetch: deaf, tryTimeout: 50 });
  assert.equal((await client.get(RECEIPT)).case.receipt_number, RECEIPT);
  const late = new TorchClient({ baseUrl: "https://proxy.example", token: "t", fetch: () => new Promise((_, reject) => setTimeout(reject, 80, new Error("too late to matter"))), timeout: 30 });
  assert.equal((await rejection(late.get(RECEIPT))).code, "deadline");
  const throwing = new TorchClient({ baseUrl: "https://proxy.example", token: "a-token", fetch: () => { throw new Error("no fetch here"); }, retries: 0 });
  assert.match((await rejection(throwing.get(RECEIPT))).message, /no fetch here/);
});

test("err a connection that fails says so, with neither the token nor a whole receipt number", async () => {
  const { url, close } = await serve(good);
  await close();
  const error = await rejection(new TorchClient({ baseUrl: url, token: "a-token", retries: 1 }).get(RECEIPT));
  assert.deepEqual([error.constructor, error.code, error.status, error.retryable], [NetworkError, "network", undefined, true]);
  assert.match(error.message, /^FLT\*{6}0001: The proxy cannot be reached \(fetch failed, ECONNREFUSED\)/);
  const telling = () => Promise.reject(new TypeError(`error sending request for url (https://proxy.example/case-status?receipt=${RECEIPT}) with Bearer a-token`));
  const told = inspect(await rejection(new TorchClient({ baseUrl: "https://proxy.example", token: "a-token", fetch: telling, retries: 0 }).get(RECEIPT)));
  assert.ok(!told.includes(RECEIPT) && !told.includes("a-token"), told);
});

test("ok where nothing is left of the allowance, the next request waits for the reset", async () => {
  const { client, asked } = await faulty([() => [200, caseOf(RECEIPT), { ratelimit: "\"client\";r=0;t=1", "ratelimit-policy": "\"client\";q=3;w=60" }]]);
  assert.deepEqual((await client.get(RECEIPT)).meta.rateLimit, { remaining: 0, reset: 1 });
  await Promise.all([client.get(RECEIPT), client.get("FLT0000000001", { noCache: true })]);
  assert.equal(asked.length, 3);
  assert.ok(gap(asked) >= 1000 && gap(asked) < 2500, `${gap(asked)} ms`);
});

test("ok one who joins a request has his own time, not that of who began it", async () => {
  const { client, asked } = await faulty([(response) => void setTimeout(() => response.end(JSON.stringify(caseOf(RECEIPT))), 600)]);
  const hasty = rejection(client.get(RECEIPT, { timeout: 200 }));
  const patient = client.get(RECEIPT, { timeout: 5000 });
  assert.equal((await hasty).code, "deadline");
  assert.equal((await patient).case.receipt_number, RECEIPT);
  assert.equal(asked.length, 1);
});

test("ok when the last who waits has left, the request is closed; and the next one begins anew", async () => {
  let closed = 0;
  const { client, asked } = await faulty([(response) => void response.on("close", () => closed++)]);
  const controllers = [new AbortController(), new AbortController()];
  const left = controllers.map(({ signal }) => rejection(client.get(RECEIPT, { signal })));
  await new Promise((resolve) => setTimeout(resolve, 50));
  controllers[0].abort();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(closed, 0);
  controllers[1].abort();
  assert.deepEqual((await Promise.all(left)).map(({ name }) => name), ["AbortError", "AbortError"]);
  assert.equal((await client.get(RECEIPT)).case.receipt_number, RECEIPT);
  assert.deepEqual([closed, asked.length], [1, 2]);
});

test("ok one signal for many requests, and a process that ends when all is done", async () => {
  const { url } = await serve(({ receipts }) => [200, caseOf(receipts[0])]);
  const program = `
    import { TorchClient } from ${JSON.stringify(new URL("../../www/package/client/index.js", import.meta.url).href)};
    process.on("warning", (warning) => { console.error(warning.message); process.exitCode = 3; });
    const client = new TorchClient({ baseUrl: ${JSON.stringify(url)}, token: "t" });
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 60 }, (_, n) => client.get("FLT" + String(n).padStart(10, "0"), { signal })));
    console.log("done");`;
  const since = performance.now();
  const child = spawn(process.execPath, ["--input-type=module", "-e", program]);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const code = await new Promise((resolve) => child.on("exit", resolve));
  assert.deepEqual([code, output], [0, "done\n"]);
  assert.ok(performance.now() - since < 8000, "no timer of thirty seconds holds it up");
});

test("ok a thousand answers are remembered, and not the one that was not used for the longest", async () => {
  const { url, asked } = await serve(({ receipts, headers }) => (headers["if-none-match"] ? [304, "", { etag: "\"x\"" }] : [200, caseOf(receipts[0]), { etag: "\"x\"" }]));
  const client = new TorchClient({ baseUrl: url, token: "t" });
  const number = (n) => `MEM${String(n).padStart(10, "0")}`;
  for (let n = 0; n < 1000; n += 50) await Promise.all(Array.from({ length: 50 }, (_, k) => client.get(number(n + k))));
  await client.get(number(0));
  await client.get(number(1000));
  for (const [n, known] of [[0, true], [1, false], [2, true]]) {
    await client.get(number(n === 2 ? 999 : n));
    assert.equal(Boolean(asked.at(-1).headers["if-none-match"]), known, String(n));
  }
});
