// Grants: minted by a client of the server, fetched by getToken, renewed when their time is over.
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import test from "node:test";
import { pair, receipts, sha256 } from "../edge/support.mjs";
import { caseOf, problem, rejection, serve } from "./client-support.mjs";
import { AuthError, InvalidRequestError, NetworkError, RateLimitError, TorchClient } from "../../www/package/client/index.js";

const SECRET = randomBytes(32).toString("base64");
const CLIENTS = [{ name: "portal", sha256: [sha256("portal-token")], scopes: ["grant", "read"] }];
const { proxy } = await pair({ secrets: { CLIENTS: JSON.stringify(CLIENTS), GRANT_SECRET: SECRET } });
const server = new TorchClient({ baseUrl: proxy.url, token: "portal-token" });
const MINE = receipts(6, "GRN");

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
/** A grant as the proxy mints it, that began `age` seconds ago and lasts `life`. */
function forge(list, { age = 0, life = 3600, secret = SECRET, ...claims } = {}) {
  const iat = Math.floor(Date.now() / 1000) - age;
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ aud: "torch-edge", sub: "portal", iat, exp: iat + life, receipts: list, ...claims })}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
/** A client whose tokens come one after the other, the last one again and again; and why each was wanted. */
function fetching(tokens, options) {
  const reasons = [];
  const getToken = async ({ reason, signal }) => {
    assert.ok(signal instanceof AbortSignal);
    reasons.push(reason);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const token = tokens[Math.min(reasons.length, tokens.length) - 1];
    return typeof token === "function" ? token() : token;
  };
  return { reasons, client: new TorchClient({ baseUrl: proxy.url, getToken, ...options }) };
}

test("ok a grant is minted for its cases and its time, and is good in getToken", async () => {
  const grant = await server.grant({ receipts: [MINE[0], MINE[1].toLowerCase()], expiresIn: 120 });
  assert.deepEqual([grant.receipts, grant.token_type], [MINE.slice(0, 2), "Bearer"]);
  assert.ok(Math.abs(Date.parse(grant.expires_at) - Date.now() - 120_000) < 5000);
  const { client, reasons } = fetching([grant.token]);
  const answers = await Promise.all([client.get(MINE[0]), client.get(MINE[1]), client.history(MINE[0]), client.getMany(MINE.slice(0, 2)).all()]);
  assert.equal(answers[1].case.receipt_number, MINE[1]);
  assert.deepEqual(reasons, ["first"], "once for all who wait");
  const hour = await server.grant({ receipts: new Set(MINE.slice(0, 1)) });
  assert.ok(Math.abs(Date.parse(hour.expires_at) - Date.now() - 3_600_000) < 5000);
});

test("err a grant that cannot be", async () => {
  for (const [request, Kind, code] of [
    [undefined, TypeError], [{ receipts: "IOE0012345678" }, TypeError], [{ receipts: [] }, InvalidRequestError, "receipt_missing"],
    [{ receipts: ["IOE1"] }, InvalidRequestError, "receipt_malformed"], [{ receipts: receipts(201) }, InvalidRequestError, "too_many_receipts"], [{ receipts: MINE, expiresIn: 5 }, InvalidRequestError, "body_malformed"],
  ]) {
    const error = await rejection(server.grant(request));
    assert.deepEqual([error.constructor, error.code], [Kind, code]);
  }
});

test("ok a grant whose time is over is fetched anew, once for all who were refused", async () => {
  const { client, reasons } = fetching([forge(MINE, { age: 700, life: 600 }), forge(MINE)]);
  const answers = await Promise.all(MINE.map((receipt) => client.get(receipt)));
  assert.equal(answers.length, 6);
  assert.deepEqual(reasons, ["first", "expired"]);
});

test("ok one that is refused as none of the proxy's is fetched anew as well, but only once for a request", async () => {
  const mended = fetching([forge(MINE, { secret: "another" }), forge(MINE)]);
  await mended.client.get(MINE[0]);
  assert.deepEqual(mended.reasons, ["first", "refused"]);
  const hopeless = fetching([forge(MINE, { secret: "another" })]);
  const error = await rejection(hopeless.client.get(MINE[0]));
  assert.deepEqual([error.constructor, error.code, hopeless.reasons], [AuthError, "unauthorized", ["first", "refused"]]);
  const fixed = new TorchClient({ baseUrl: proxy.url, token: forge(MINE, { age: 700, life: 600 }) });
  assert.equal((await rejection(fixed.get(MINE[0]))).code, "grant_expired");
});

test("ok a grant is renewed before its end, and not at every request where this machine's clock is wrong", async () => {
  const { client, reasons } = fetching([forge(MINE, { age: 3568 }), forge(MINE)]);
  await client.get(MINE[0]);
  assert.deepEqual(reasons, ["first"]);
  await new Promise((resolve) => setTimeout(resolve, 2100));
  await client.get(MINE[0]);
  assert.deepEqual(reasons, ["first", "expired"], "thirty seconds before its end");
  // To a clock that is an hour ahead every grant is over as it comes.
  const { now } = Date;
  Date.now = () => now() + 7_200_000;
  try {
    const ahead = fetching([forge(MINE, { age: 7200 })]);
    for (const receipt of MINE.slice(0, 3)) await ahead.client.get(receipt);
    assert.deepEqual(ahead.reasons, ["first"]);
  } finally {
    Date.now = now;
  }
});

test("ok while renewal fails the old grant serves to its end", async () => {
  const { client, reasons } = fetching([forge(MINE, { age: 3568 }), () => Promise.reject(new Error("offline"))]);
  await client.get(MINE[0]);
  await new Promise((resolve) => setTimeout(resolve, 2100));
  assert.equal((await client.get(MINE[1])).case.receipt_number, MINE[1]);
  assert.deepEqual(reasons, ["first", "expired"]);
});

test("ok a grant that came with the page is used until it is over", async () => {
  const { client, reasons } = fetching([forge(MINE)], { token: forge(MINE, { age: 700, life: 600 }) });
  await client.get(MINE[0]);
  assert.deepEqual(reasons, ["expired"]);
});

test("ok in a batch, cases that the grant does not name fail alone", async () => {
  const { client } = fetching([forge([...MINE.slice(0, 2), MINE[2].toLowerCase()])]);
  const items = await client.getMany(MINE).all();
  assert.deepEqual(items.map(({ error }) => error?.code), [...Array(3).fill(undefined), ...Array(3).fill("receipt_not_granted")]);
  assert.ok(items[4].error instanceof AuthError && items[0].case.receipt_number === MINE[0]);
  const nothing = await client.getMany(MINE.slice(4)).all();
  assert.deepEqual(nothing.map(({ error }) => error.code), ["receipt_not_granted", "receipt_not_granted"]);
});

test("err a getToken that fails is an AuthError with its cause, and is called again by the next request", async () => {
  const trouble = new Error("no session");
  const { client, reasons } = fetching([() => Promise.reject(trouble), () => undefined, () => 5, () => "two words", forge(MINE)]);
  const [one, same] = await Promise.all([rejection(client.get(MINE[0])), rejection(client.get(MINE[1]))]);
  assert.deepEqual([one.constructor, one.code, one.cause, one.retryable, same.cause], [AuthError, "token_unavailable", trouble, true, trouble]);
  for (let n = 0; n < 3; n++) assert.equal((await rejection(client.get(MINE[0]))).code, "token_malformed");
  assert.equal((await client.get(MINE[0])).case.receipt_number, MINE[0]);
  assert.deepEqual(reasons, Array(5).fill("first"));
  const throwing = new TorchClient({ baseUrl: proxy.url, getToken() { throw trouble; } });
  assert.equal((await rejection(throwing.get(MINE[0]))).cause, trouble);
});

test("ok a getToken that hangs holds nobody longer than he wants, and hears when nobody waits any more", async () => {
  const signals = [];
  const client = new TorchClient({ baseUrl: proxy.url, getToken: ({ signal }) => new Promise(() => signals.push(signal)), timeout: 100 });
  assert.equal((await rejection(client.get(MINE[0]))).code, "deadline");
  assert.deepEqual([signals.length, signals[0].aborted], [1, true]);
});

test("err what a grant's request came to is not known: it is not sent again", async () => {
  for (const [answer, times] of [
    [(response) => void response.destroy(), 1], [() => [502, ""], 1], [() => [500, problem(500, "internal", { retryable: true })], 1],
    [() => [429, problem(429, "rate_limited", { retryable: true, retry_after: 0 })], 2], [() => [503, problem(503, "misconfigured", { retryable: true })], 2],
  ]) {
    const { url, asked } = await serve(({ count, receipts }, response) => (count === 1 ? answer(response) : [201, { token: forge(MINE), token_type: "Bearer", expires_at: "2026-01-01T00:00:00Z", receipts }]));
    const outcome = await new TorchClient({ baseUrl: url, token: "t" }).grant({ receipts: MINE }).then(() => "good", (error) => error);
    assert.equal(asked.length, times, String(answer));
    assert.ok(times === 2 ? outcome === "good" : outcome instanceof Error && !(outcome instanceof RateLimitError));
    assert.deepEqual(JSON.parse(asked[0].body), { receipts: MINE });
  }
  const { url, close } = await serve(() => [200, caseOf(MINE[0])]);
  await close();
  assert.equal((await rejection(new TorchClient({ baseUrl: url, token: "t" }).grant({ receipts: MINE }))).constructor, NetworkError);
});
