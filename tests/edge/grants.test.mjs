// Grants: what a browser holds in place of a client's token. They are minted here, by the Worker, and by jose, the
// library that others would use.
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { after, test } from "node:test";
import { SignJWT, decodeProtectedHeader, jwtVerify } from "jose";
import { Proxy, Sandbox, batchPath, cacheStatus, casePath, historyPath, receipts, sha256, unread } from "./support.mjs";

const SECRET = randomBytes(32).toString("base64");
const OTHER = randomBytes(32).toString("base64");
const CLIENTS = [
  { name: "portal", sha256: [sha256("portal-token")], scopes: ["grant"] },
  { name: "reader", sha256: [sha256("reader-token")], scopes: ["read", "live", "ops"] },
  { name: "few", sha256: [sha256("few-token")], scopes: ["grant"], allowance: 3 },
];
const PORTAL = { authorization: "Bearer portal-token" };
const READER = { authorization: "Bearer reader-token" };
const sandbox = await Sandbox.start();
const start = (secrets, clients = CLIENTS) => Proxy.start(sandbox.url, { secrets: { CLIENTS: JSON.stringify(clients), ...secrets } });
const [proxy, changed, without, fewer] = await Promise.all([
  start({ GRANT_SECRET: SECRET }), start({ GRANT_SECRET: OTHER, GRANT_SECRET_NEXT: SECRET }), start({}), start({ GRANT_SECRET: SECRET }, CLIENTS.slice(1)),
]);
after(() => Promise.all([proxy, changed, without, fewer, sandbox].map((one) => one.close())));

const [MINE, ALSO_MINE, ANOTHERS] = receipts(3, "GRA");
const post = (body, headers = PORTAL, to = proxy) => to.get("/grants", headers, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) });
const mint = async (list, more = {}, to = proxy) => (await (await post({ receipts: list, ...more }, PORTAL, to)).json()).token;
const bearer = (token) => ({ authorization: `Bearer ${token}` });
const problem = async (path, token, to = proxy, init) => {
  const response = await to.get(path, bearer(token), init);
  const body = await response.json();
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.ok(!JSON.stringify(body).includes(token) && !/GRA\d{10}/.test(JSON.stringify(body)), JSON.stringify(body));
  return [response.status, body.code];
};
/** A token as jose makes it, with other claims or another secret. */
const forge = (claims = {}, { secret = SECRET, header = { alg: "HS256" }, exp = "10m" } = {}) =>
  new SignJWT({ aud: "torch-edge", sub: "portal", receipts: [MINE], ...claims }).setProtectedHeader(header).setIssuedAt().setExpirationTime(exp).sign(Buffer.from(secret));

test("ok a grant is good for its cases on the routes that read, and jose reads it", async () => {
  const response = await post({ receipts: [MINE, "gra-0000-000-002", MINE], expires_in: 600 });
  const { token, ...rest } = await response.json();
  assert.equal(response.status, 201);
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.match(response.headers.get("ratelimit"), /^"client";r=\d+;t=\d+$/);
  assert.deepEqual({ ...rest, expires_at: undefined }, { token_type: "Bearer", expires_at: undefined, receipts: [MINE, ALSO_MINE] });
  assert.ok(Math.abs(Date.parse(rest.expires_at) - Date.now() - 600_000) < 5000);
  const { payload, protectedHeader } = await jwtVerify(token, Buffer.from(SECRET), { audience: "torch-edge", algorithms: ["HS256"] });
  assert.deepEqual(protectedHeader, { alg: "HS256", typ: "JWT" });
  assert.deepEqual([payload.sub, payload.receipts, payload.exp - payload.iat], ["portal", [MINE, ALSO_MINE], 600]);

  for (const path of [casePath(MINE), casePath(ALSO_MINE), `/v1${casePath(MINE)}`, batchPath([ALSO_MINE, MINE]), historyPath(MINE)]) {
    assert.equal((await proxy.get(path, bearer(token))).status, 200, path);
    assert.equal((await proxy.get(path, bearer(token), { method: "HEAD" })).status, 200, path);
  }
  const csv = await proxy.get(historyPath(MINE), { ...bearer(token), accept: "text/csv" });
  assert.match(csv.headers.get("content-type"), /^text\/csv/);
  const theirs = await forge({ receipts: [MINE.toLowerCase()] }, { header: { alg: "HS256", kid: "1", typ: "at+jwt" } });
  assert.equal((await proxy.get(casePath(MINE), bearer(theirs))).status, 200, "who has the secret may mint with any library");
});

test("A1 K4 a grant for one receipt sees no other: not its status, nor whether it is cached, nor by 304", async () => {
  const token = await mint([MINE]);
  const seen = async (headers) => {
    const response = await proxy.get(casePath(ANOTHERS), { ...bearer(token), ...headers });
    const { request_id, ...body } = await response.json();
    const kept = Object.fromEntries([...response.headers].filter(([name]) => !["ratelimit", "x-request-id", "date"].includes(name)));
    return { status: response.status, body, kept };
  };
  const before = await seen({});
  assert.deepEqual([before.status, before.body.code], [403, "receipt_not_granted"]);
  assert.match(before.body.detail, /GRA\*{6}0003/);
  const calls = await sandbox.calls();
  const known = await proxy.get(casePath(ANOTHERS), READER);
  assert.equal(known.status, 200);
  const etag = known.headers.get("etag");
  for (const headers of [{}, { "if-none-match": etag }, { "if-none-match": "*" }, { "if-modified-since": new Date().toUTCString() }, { "cache-control": "only-if-cached" }, { "cache-control": "no-cache" }]) {
    assert.deepEqual(await seen(headers), before, `${JSON.stringify(headers)}: the same as when nothing was cached`);
  }
  for (const path of [batchPath([MINE, ANOTHERS]), batchPath([ANOTHERS]), historyPath(ANOTHERS)]) {
    assert.deepEqual(await problem(path, token), [403, "receipt_not_granted"], path);
  }
  const etagOfMine = (await proxy.get(casePath(MINE), bearer(token))).headers.get("etag");
  const unchanged = await proxy.get(casePath(MINE), { ...bearer(token), "if-none-match": etagOfMine });
  assert.deepEqual([unchanged.status, cacheStatus(unchanged).hit], [304, true]);
  assert.ok((await sandbox.calls()) <= calls + 2, "nobody else's case was asked for");
});

test("A1 a grant is good on no other route", async () => {
  const token = await mint([MINE]);
  for (const [method, path] of [
    ["GET", "/budget"], ["GET", "/deliveries"], ["POST", "/deliveries/replay"], ["POST", "/grants"], ["DELETE", historyPath(MINE)], ["PUT", `/case-status/watch?receipt=${MINE}`],
    ["DELETE", `/case-status/watch?receipt=${MINE}`],
  ]) {
    const body = method === "POST" ? JSON.stringify({ receipts: [MINE] }) : undefined;
    assert.deepEqual(await problem(path, token, proxy, { method, body }), [403, "forbidden"], `${method} ${path}`);
  }
});

test("A1 what is forged, expired, for too much or for somebody else is refused, and the log says why", async () => {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const claims = { aud: "torch-edge", sub: "portal", iat: now, exp: now + 600, receipts: [MINE] };
  const good = await mint([MINE]);
  const [header, payload, signature] = good.split(".");
  const hs = (hash, head) => {
    const signed = `${part(head)}.${part(claims)}`;
    return `${signed}.${createHmac(hash, SECRET).update(signed).digest("base64url")}`;
  };
  for (const [what, token] of [
    ["alg none", `${part({ alg: "none", typ: "JWT" })}.${part(claims)}.`],
    ["alg none with a signature", `${part({ alg: "none" })}.${part(claims)}.${signature}`],
    ["alg none signed by the secret", hs("sha256", { alg: "none" })],
    ["HS512", hs("sha512", { alg: "HS512" })],
    ["another secret", await forge({}, { secret: OTHER })],
    ["a client's token hash as the secret", await forge({}, { secret: sha256("portal-token") })],
    ["other claims under the same signature", `${header}.${part(claims)}.${signature}`],
    ["no signature", `${header}.${payload}.`],
    ["half a signature", `${header}.${payload}.${signature.slice(0, 20)}`],
    ["another audience", await forge({ aud: "somebody" })],
    ["a client that may mint none", await forge({ sub: "reader" })],
    ["a client that there is not", await forge({ sub: "nobody" })],
    ["no receipts", await forge({ receipts: [] })],
    ["10,000 receipts", await forge({ receipts: receipts(10_000, "GRA") })],
    ["201 receipts", await forge({ receipts: receipts(201, "GRA") })],
    ["more than a day", await forge({}, { exp: "25h" })],
    ["not yet", await forge({ nbf: now + 3600 })],
    ["crit", await forge({}, { header: { alg: "HS256", crit: ["b64"], b64: true } })],
  ]) {
    for (const path of [casePath(MINE), batchPath([MINE]), historyPath(MINE)]) assert.deepEqual(await problem(path, token), [401, "unauthorized"], what);
  }
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ ...claims, iat: now - 700, exp: now - 100 })}`;
  const expired = `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
  const response = await proxy.get(casePath(MINE), bearer(expired));
  assert.deepEqual([response.status, (await response.json()).code], [401, "grant_expired"]);
  assert.equal(response.headers.get("www-authenticate"), 'Bearer realm="torch-edge"');
  assert.match(proxy.logs(), /a grant is refused.*the token is not signed with this secret/);
  assert.match(proxy.logs(), /a grant is refused: CLIENTS has no client of its name/);
  assert.equal(decodeProtectedHeader(good).alg, "HS256");
});

test("A1 what is no body for a grant mints none, nor does a client without the scope", async () => {
  for (const [body, status, code, headers] of [
    ["", 400, "body_malformed"], ["[]", 400, "body_malformed"], [{ receipts: MINE }, 400, "body_malformed"], [{ receipts: [MINE], scope: "ops" }, 400, "body_malformed"],
    [{ receipts: [MINE], expires_in: 86_401 }, 400, "body_malformed"], [{ receipts: [MINE], expires_in: 59 }, 400, "body_malformed"], [{ receipts: [] }, 400, "receipt_missing"],
    [{ receipts: [MINE, "GRA1"] }, 400, "receipt_malformed"], [{ receipts: receipts(201, "GRA") }, 400, "too_many_receipts"], [{ receipts: receipts(10_000, "GRA") }, 400, "too_many_receipts"],
    [" ".repeat(300_000), 413, "body_too_large"], [{ receipts: [MINE] }, 403, "forbidden", READER], [{ receipts: [MINE] }, 401, "unauthorized", bearer("x")],
  ]) {
    const response = await (status === 413 ? unread(() => post(body)) : post(body, headers));
    assert.deepEqual([response.status, (await response.json()).code], [status, code], JSON.stringify(body).slice(0, 80));
  }
  const most = await post({ receipts: receipts(200, "GRA"), expires_in: 86_400 });
  const { token } = await most.json();
  assert.equal((await proxy.get(casePath(receipts(200, "GRA")[199]), bearer(token))).status, 200, "200 cases for a day");
  const unset = await post({ receipts: [MINE] }, PORTAL, without);
  assert.deepEqual([unset.status, (await unset.json()).code], [503, "misconfigured"]);
  assert.deepEqual(await problem(casePath(MINE), token, without), [401, "unauthorized"]);
});

test("ok while the secret is changed the old grants stay good, and one whose client is gone does not", async () => {
  const token = await mint([MINE]);
  assert.equal((await changed.get(casePath(MINE), bearer(token))).status, 200);
  const next = await mint([MINE], {}, changed);
  await jwtVerify(next, Buffer.from(OTHER));
  assert.deepEqual(await problem(casePath(MINE), next), [401, "unauthorized"]);
  assert.deepEqual(await problem(casePath(MINE), token, fewer), [401, "unauthorized"], "its client is no client any more");
});

test("ok a grant reads on its client's allowance", async () => {
  const { token } = await (await post({ receipts: [MINE] }, bearer("few-token"))).json();
  const statuses = [];
  for (let n = 0; n < 3; n++) statuses.push((await proxy.get(casePath(MINE), bearer(token))).status);
  // A minute may have begun meanwhile.
  assert.ok(statuses[0] === 200 && [429, 200].includes(statuses[2]), statuses.join());
  const minted = await post({ receipts: [MINE] }, bearer("few-token"));
  assert.ok([429, 201].includes(minted.status));
});

test("A3 no log line of all this holds a token, a secret or a whole receipt", () => {
  for (const one of [proxy, changed, without, fewer]) {
    for (const suspect of [/eyJ[\w-]{10}/, /portal-token|reader-token|few-token/, /[A-Z]{3}\d{10}/]) assert.doesNotMatch(one.logs(), suspect);
    for (const secret of [SECRET, OTHER]) assert.ok(!one.logs().includes(secret));
  }
});
