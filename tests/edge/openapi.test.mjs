// www/openapi.json says what the Worker does, and all of it: its routes against route.rs, its problems against
// problem.rs, and every operation's answers, brought about one by one, against what stands there of them.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { SignJWT } from "jose";
import { Live, upgrade } from "./live.mjs";
import { AUTHENTIC, batchPath, casePath, event, pair, Proxy, receipts as numbers, ROOT, sha256, TOKEN, unread, WEBHOOK } from "./support.mjs";

const read = (file) => readFileSync(`${ROOT}/${file}`, "utf8");
const contract = JSON.parse(read("www/openapi.json"));
const ajv = formats(new Ajv({ strict: false, allErrors: true }));
ajv.addSchema(contract, "contract");

const escaped = (word) => String(word).replaceAll("~", "~0").replaceAll("/", "~1");
const unescaped = (word) => word.replaceAll("~1", "/").replaceAll("~0", "~");
/** A place of the document: what stands there, wherever a `$ref` leads, and how it is written. */
function place(...words) {
  const pointer = `#${words.map((word) => `/${escaped(word)}`).join("")}`;
  const value = words.reduce((node, word) => node?.[word], contract);
  return value?.$ref ? place(...value.$ref.split("/").slice(1).map(unescaped)) : { value, pointer, at: (...more) => place(...words, ...more) };
}
/** That a value fits the schema at a place. */
function fits(schema, value, what) {
  const validate = ajv.getSchema(`contract${schema.pointer}`) ?? ajv.compile({ $ref: `contract${schema.pointer}` });
  assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`);
}
/** Every operation: `[path, method, place]`. */
const operations = Object.entries(contract.paths).flatMap(([path, item]) => Object.keys(item).map((method) => [path, method.toUpperCase(), place("paths", path, method)]));
const responses = Object.keys(contract.components.responses).map((name) => [name, place("components", "responses", name)]);
const examples = (media) => [...("example" in media.value ? [media.value.example] : []), ...Object.keys(media.value.examples ?? {}).map((name) => media.at("examples", name).value.value)];

test("ok the document is OpenAPI 3.1, and of this version", async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(contract));
  assert.ok(valid, JSON.stringify(errors));
  assert.equal(contract.openapi, "3.1.0");
  assert.equal(contract.info.version, read("Cargo.toml").match(/^version = "([^"]+)"/m)[1]);
});

test("ok each body has an example, and each example fits", () => {
  const bodies = [...responses, ...operations.filter(([, , operation]) => operation.value.requestBody).map(([path, method, operation]) => [`${method} ${path}`, operation.at("requestBody")])];
  for (const [name, body] of bodies) {
    for (const media of Object.keys(body.value.content ?? {})) {
      const content = body.at("content", media);
      const found = examples(content);
      assert.ok(found.length, `${name} ${media} has an example`);
      for (const example of found) fits(content.at("schema"), example, name);
    }
  }
  for (const name of Object.keys(contract.components.parameters)) {
    const { value, at } = place("components", "parameters", name);
    if ("example" in value) fits(at("schema"), value.example, name);
  }
  for (const [group, ...schema] of [["schemas"], ["headers", "schema"]]) {
    for (const name of Object.keys(contract.components[group])) {
      const at = place("components", group, name, ...schema);
      for (const example of at.value.examples ?? []) fits(at, example, name);
    }
  }
});

test("ok nothing is defined that is not used", () => {
  const used = new Set([...JSON.stringify(contract).matchAll(/"\$ref":"#\/components\/(\w+)\/([\w-]+)"/g)].map(([, group, name]) => `${group}/${name}`));
  // These two are of what is not in the document: other paths, other methods.
  for (const name of ["NoSuchRoute", "MethodNotAllowed"]) used.add(`responses/${name}`);
  for (const group of ["parameters", "headers", "responses", "schemas", "examples"]) {
    for (const name of Object.keys(contract.components[group])) assert.ok(used.has(`${group}/${name}`), `${group}/${name}`);
  }
});

test("ok its problems are those of problem.rs, each under its status", () => {
  const rows = read("src/problem.rs").matchAll(/Self::(\w+) => \(\s*"(\w+)",\s*(\d{3}),\s*(true|false),\s*"([^"]+)",?\s*\)/g);
  const ours = [...rows].map(([, name, code, status, retryable, title]) => ({ name, type: `urn:torch-edge:problem:${code}`, code, status: Number(status), retryable: retryable === "true", title }));
  const told = Object.entries(contract.components.examples).map(([name, { value }]) => ({ name, type: value.type, code: value.code, status: value.status, retryable: value.retryable, title: value.title }));
  assert.ok(ours.length > 25);
  const sorted = (list) => list.toSorted((a, b) => a.code.localeCompare(b.code));
  assert.deepEqual(sorted(told), sorted(ours));
  const codes = (list) => list.map(({ code }) => code).sort();
  assert.deepEqual(contract.components.schemas.Problem.properties.code.enum.toSorted(), codes(ours));
  const used = new Set();
  for (const [name, response] of responses) {
    const content = response.value.content?.["application/problem+json"];
    if (!content) continue;
    const { status, code } = content.schema.allOf[1].properties;
    for (const one of code.enum) assert.equal(ours.find((row) => row.code === one)?.status, status.const, `${name}: ${one}`);
    assert.deepEqual(codes(Object.keys(content.examples).map((example) => place("components", "responses", name, "content", "application/problem+json", "examples", example).value.value)), code.enum.toSorted(), name);
    for (const one of code.enum) used.add(one);
  }
  assert.deepEqual([...used].sort(), codes(ours), "each is had somewhere");
  for (const [path, method, operation] of operations) {
    for (const status of Object.keys(operation.value.responses)) {
      const content = operation.at("responses", status).value.content?.["application/problem+json"];
      // 414 is the platform's own.
      if (Number(status) >= 400 && status !== "414") assert.equal(content?.schema.allOf[1].properties.status.const, Number(status), `${method} ${path}`);
    }
  }
});

test("ok its categories are those of category.rs", () => {
  const rows = read("src/status/category.rs").matchAll(/row\(\s*Category::\w+,\s*"(\w+)"/g);
  assert.deepEqual(contract.components.schemas.Category.enum.toSorted(), [...rows].map(([, id]) => id).sort());
});

test("ok its paths and methods are those of route.rs", () => {
  const [, find] = read("src/edge/route.rs").match(/pub\(super\) fn find\(([^]*?)\n {4}\}\n/);
  const ways = { read: ["GET", "HEAD"], post: ["POST"] };
  const ours = [...find.matchAll(/^ {12}("\/[^=]*) => (?:(\w+)\(|match method \{([^]*?)\n {12}\})/gm)].flatMap(([, paths, way, arms]) => {
    const methods = way ? ways[way] : [...arms.matchAll(/^ +((?:"[A-Z]+"[ |]*)+)=> Ok/gm)].flatMap(([, list]) => list.match(/[A-Z]+/g));
    return methods.flatMap((method) => [...paths.matchAll(/"([^"]+)"/g)].map(([, path]) => `${method} ${path}`));
  });
  // What the page is made of is the page's, and no part of the contract.
  const parts = readdirSync(`${ROOT}/www/board`).flatMap((file) => ["GET", "HEAD"].map((method) => `${method} /${file}`));
  assert.deepEqual(operations.map(([path, method]) => `${method} ${path}`).sort(), ours.filter((route) => !parts.includes(route)).sort());
});

const READER = "reads-and-nothing-else";
const OPERATOR = "operates-and-nothing-else";
const LIMITED = "may-ask-once-a-minute";
const GRANT_SECRET = "what grants are signed with, 32 bytes or more";
const client = (name, token, scopes, more) => ({ name, sha256: [sha256(token)], scopes, ...more });
const ALL = ["read", "live", "grant", "ops"];
const CLIENTS = JSON.stringify([client("tests", TOKEN, ALL), client("reader", READER, ["read"]), client("operator", OPERATOR, ["ops"]), client("limited", LIMITED, ALL, { allowance: 1 })]);
const options = { vars: WEBHOOK.vars, secrets: { ...WEBHOOK.secrets, CLIENTS, GRANT_SECRET } };
const { sandbox, proxy } = await pair(options);
const unset = await Proxy.start(sandbox.url, { secrets: { CLIENTS: "" } });
/** Its objects are each of another class, so none of them answers what it is asked, and it has no pages. */
const astray = await (async () => {
  const folder = mkdtempSync(join(tmpdir(), "torch-edge-"));
  after(() => rmSync(folder, { recursive: true }));
  const classes = { Gate: "Relay", Ledger: "Gate", Relay: "Gate", Feed: "Relay" };
  const config = read("wrangler.toml").replace(/^\[assets\]\n[^[]*/m, "").replace(/^main = "(.*)"/m, (_, main) => `main = ${JSON.stringify(join(ROOT, main))}`).replace(/class_name = "(\w+)"/g, (_, name) => `class_name = "${classes[name]}"`);
  writeFileSync(join(folder, "wrangler.toml"), config);
  return Proxy.start(sandbox.url, { ...options, worker: { configPath: join(folder, "wrangler.toml") } });
})();
after(() => Promise.all([unset.close(), astray.close()]));

let serial = 0;
const fresh = () => numbers(1, "OAS", ++serial)[0];
const unknown = () => numbers(1, "ZZZ", ++serial)[0];

/** What HTTP itself or the platform puts there; Content-Type stands in the document as a body's media type. */
const TRANSPORT = new Set(["cf-cache-status", "connection", "content-encoding", "content-length", "content-type", "date", "keep-alive", "sec-websocket-accept", "transfer-encoding", "upgrade"]);

/** Holds an answer to what stands of it at `response`. */
async function hold(answer, response, method, what) {
  assert.ok(response.value, `${what} is documented`);
  const { content = {}, headers = {} } = response.value;
  const text = await answer.text();
  const type = answer.headers.get("content-type")?.split(";")[0];
  assert.ok(Object.keys(content).length ? type in content : text === "", `${what}: ${type}`);
  if (method === "HEAD") assert.equal(text, "", what);
  else if (text) fits(response.at("content", type, "schema"), type.endsWith("json") ? JSON.parse(text) : text, what);
  const documented = new Map(Object.keys(headers).map((name) => [name.toLowerCase(), response.at("headers", name)]));
  for (const [name, header] of documented) {
    const value = answer.headers.get(name);
    if (value === null) assert.ok(!header.value.required, `${what} has ${name}`);
    else fits(header.at("schema"), header.at("schema").value.type === "integer" ? Number(value) : value, `${what}: ${name}`);
  }
  for (const name of answer.headers.keys()) assert.ok(documented.has(name) || TRANSPORT.has(name), `${what}: ${name} is documented`);
  return { status: answer.status, headers: answer.headers, body: type?.endsWith("json") && text ? JSON.parse(text) : text };
}

const seen = new Set();
const send = (to, method, path, { query = "", token = TOKEN, headers, body } = {}) =>
  fetch(`${to.url}${path}${query}`, { method, headers: { ...(token && { authorization: `Bearer ${token}` }), ...headers }, body, redirect: "manual" });

/** A request to an operation, whose answer must be this one: a status, or a problem's code. */
async function ask(expected, method, path, { to = proxy, ...how } = {}) {
  const once = () => send(to, method, path, how);
  const answer = await (expected === "body_too_large" ? unread(once) : once());
  const what = `${method} ${path} ${answer.status}`;
  const held = await hold(answer, place("paths", path, method.toLowerCase(), "responses", answer.status), method, what);
  if (typeof expected === "number") assert.equal(held.status, expected, `${what} ${JSON.stringify(held.body)}`);
  else {
    const { status } = Object.values(contract.components.examples).find(({ value }) => value.code === expected).value;
    assert.deepEqual([held.status, method === "HEAD" ? expected : held.body.code], [status, expected], what);
  }
  seen.add(what);
  return held;
}

test("ok a method that is not documented is 405 with the others in Allow, a path that is not is 404; the same under /v1", async () => {
  for (const path of Object.keys(contract.paths)) {
    const has = Object.keys(contract.paths[path]).map((method) => method.toUpperCase());
    for (const prefix of ["", "/v1"]) {
      for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"]) {
        const answer = await send(proxy, method, prefix + path);
        const what = `${method} ${prefix}${path}`;
        if (has.includes(method)) {
          assert.notEqual(answer.status, 405, what);
          await hold(answer, place("paths", path, method.toLowerCase(), "responses", answer.status), method, `${what} ${answer.status}`);
          continue;
        }
        assert.equal(answer.status, 405, what);
        await hold(answer, place("components", "responses", "MethodNotAllowed"), method, what);
        assert.deepEqual(answer.headers.get("allow").split(", ").sort(), has.toSorted(), what);
      }
    }
    const answer = await send(proxy, "GET", `${path}/nothing`);
    assert.equal(answer.status, 404);
    await hold(answer, place("components", "responses", "NoSuchRoute"), "GET", `${path}/nothing`);
  }
});

const receipt = (number = fresh()) => ({ query: `?receipt=${number}` });
const CASES = [["/case-status", casePath], ["/case-status/batch", (number) => batchPath([number])]];
const BOTH = ["GET", "HEAD"];
/** Whatever wants a client: what becomes of requests without one, without its scope, too many, unconfigured. */
async function guarded(method, path, how = {}) {
  const { security } = place("paths", path, method.toLowerCase()).value;
  const [scope] = security.find((one) => one.client).client;
  await ask("unauthorized", method, path, { ...how, token: "" });
  await ask("forbidden", method, path, { ...how, token: scope === "read" ? OPERATOR : READER });
  await ask("misconfigured", method, path, { ...how, to: unset });
  // The second of them at the latest, or the fourth, where a minute ends between.
  for (let n = 0; n < 4; n++) if ((await (await send(proxy, method, path, { ...how, token: LIMITED })).text(), n % 2)) break;
  await ask("rate_limited", method, path, { ...how, token: LIMITED });
  await ask("unknown_parameter", method, path, { ...how, query: `${how.query ?? "?"}&x=1` });
}
const expired = async (number, secret = GRANT_SECRET) => {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ receipts: [number] }).setProtectedHeader({ alg: "HS256", typ: "JWT" }).setAudience("torch-edge").setSubject("tests")
    .setIssuedAt(now - 7200).setExpirationTime(now - 3600).sign(new TextEncoder().encode(secret));
};
const grant = async (number) => (await ask(201, "POST", "/grants", { body: JSON.stringify({ receipts: [number] }) })).body.token;

for (const [path, url] of CASES) {
  const how = (number = fresh()) => ({ query: url(number).slice(path.length) });
  test(`ok ${path}: each answer of the cache's own`, async () => {
    for (const method of BOTH) {
      await guarded(method, path, how());
      const number = fresh();
      const { headers } = await ask(200, method, path, how(number));
      await ask(200, method, path, how(number));
      await ask(304, method, path, { ...how(number), headers: { "if-none-match": headers.get("etag") } });
      if (path === "/case-status") await ask(304, method, path, { ...how(number), headers: { "if-modified-since": headers.get("last-modified") } });
      await ask("receipt_missing", method, path);
      await ask("receipt_malformed", method, path, how("nonsense"));
      await ask("not_cached", method, path, { ...how(), headers: { "cache-control": "only-if-cached" } });
      const absent = unknown();
      for (let n = 0; n < 2; n++) await ask("case_not_found", method, path, how(absent));
      await ask(200, method, path, { ...how(number), token: await grant(number) });
      await ask("receipt_not_granted", method, path, { ...how(), token: await grant(number) });
      await ask("grant_expired", method, path, { ...how(number), token: await expired(number) });
      await ask("unauthorized", method, path, { ...how(number), token: await expired(number, "the secret of somebody else, and as long") });
      await ask("internal", method, path, { ...how(), to: astray });
    }
  });

  test(`ok ${path}: each answer of Torch's moods`, { timeout: 60_000 }, async () => {
    /** What is to be seen while Torch has a fault; afterwards nothing of it is remembered. */
    const ill = async (fault, work) => {
      await sandbox.fault(fault);
      try {
        await work();
      } finally {
        await sandbox.mend();
        await proxy.forget();
      }
    };
    for (const method of BOTH) {
      for (const [fault, code] of [
        [{ status: 400 }, "torch_bad_request"], [{ status: 401 }, "torch_unauthorized"], [{ status: 403 }, "torch_forbidden"], [{ status: 409 }, "torch_conflict"],
        [{ status: 429, retry_after: "600" }, "torch_rate_limited"], [{ status: 500 }, "torch_failed"], [{ body: "html" }, "torch_unusable"],
      ]) await ill(fault, () => ask(code, method, path, how()));
      // Two minutes' rest from Torch: nobody waits for its end.
      for (const [name, value] of [["failures", 9], ["trips", 5], ["open_until", Date.now() + 120_000]]) await proxy.sql("INSERT INTO number VALUES (?, ?)", `breaker_${name}`, value);
      await proxy.evict();
      await ask("circuit_open", method, path, how());
      await proxy.forget();
    }
  });
}

test("ok one of a batch that fails has a problem in its place", async () => {
  const { body } = await ask(200, "GET", "/case-status/batch", { query: batchPath([fresh(), unknown(), "nonsense"]).slice("/case-status/batch".length) });
  assert.deepEqual(body.map((item) => item.error?.code ?? "a case"), ["a case", "case_not_found", "receipt_malformed"]);
});

test("ok a URL that is longer than the platform takes", async () => {
  for (const method of BOTH) await ask(414, method, "/case-status/batch", { query: `?receipt=${"-".repeat(100_000)}` });
});

test("ok /case-status/watch", async () => {
  for (const method of ["PUT", "DELETE"]) {
    const path = "/case-status/watch";
    await guarded(method, path, receipt());
    assert.equal((await ask(200, method, path, receipt())).body.watched, method === "PUT");
    await ask("receipt_missing", method, path);
    await ask("receipt_malformed", method, path, receipt("nonsense"));
    await ask("too_many_receipts", method, path, receipt(`${fresh()}&receipt=${fresh()}`));
    await ask("forbidden", method, path, { ...receipt(), token: await grant(fresh()) });
    await ask("internal", method, path, { ...receipt(), to: astray });
  }
});

test("ok /case-status/history", async () => {
  const path = "/case-status/history";
  const number = fresh();
  for (const more of [{}, { type: "case.noted", text: null }, { text: "Undated", at: null }]) await ask(200, "POST", "/webhooks/torch", { token: "", headers: AUTHENTIC, body: event(number, more) });
  for (const method of [...BOTH, "DELETE"]) {
    await guarded(method, path, receipt());
    await ask("receipt_missing", method, path);
    await ask("receipt_malformed", method, path, receipt("nonsense"));
    await ask("internal", method, path, { ...receipt(), to: astray });
    if (method === "DELETE") continue;
    for (const one of [number, fresh()]) for (const accept of ["*/*", "text/csv"]) await ask(200, method, path, { ...receipt(one), headers: { accept } });
    await ask(200, method, path, { ...receipt(number), token: await grant(number) });
    await ask("receipt_not_granted", method, path, { ...receipt(), token: await grant(number) });
    await ask("grant_expired", method, path, { ...receipt(number), token: await expired(number) });
  }
  await ask(200, "DELETE", path, receipt(number));
});

/** The same for an upgrade, which `fetch` cannot ask for. */
async function askForSocket(expected, { to = proxy, token = TOKEN } = {}) {
  const { status, headers, body } = await upgrade(to.url, { "sec-websocket-protocol": `torch-edge.v1, bearer.${token}` });
  const answer = { status, headers: new Headers(headers), text: async () => (body ? JSON.stringify(body) : "") };
  await hold(answer, place("paths", "/live", "get", "responses", status), "GET", `an upgrade ${status}`);
  assert.deepEqual([status, body?.code], expected);
  seen.add(`GET /live ${status}`);
}

test("ok /live", async () => {
  const [path, method] = ["/live", "GET"];
  await guarded(method, path);
  await ask("upgrade_required", method, path);
  const number = fresh();
  await ask("upgrade_required", method, path, { token: await grant(number) });
  await ask("grant_expired", method, path, { token: await expired(number) });
  await askForSocket([101, undefined]);
  await askForSocket([401, "unauthorized"], { token: "nobody-has-this" });
  await askForSocket([500, "internal"], { to: astray });
  const token = await grant(number);
  const sockets = await Promise.all(Array.from({ length: 20 }, () => Live.open(proxy.url, token)));
  await askForSocket([429, "too_many_sockets"], { token });
  await Promise.all(sockets.map((live) => live.close()));
});

test("ok /grants", async () => {
  const [path, method] = ["/grants", "POST"];
  const body = JSON.stringify({ receipts: ["ioe-0912-345-678", "IOE0912345678"], expires_in: 60 });
  await guarded(method, path, { body });
  const { body: made } = await ask(201, method, path, { body });
  assert.deepEqual(made.receipts, ["IOE0912345678"]);
  for (const [wrong, code] of [
    ["", "body_malformed"], ["[]", "body_malformed"], [{ receipts: [], expires_in: 1 }, "body_malformed"], [{ receipts: [fresh()], more: 1 }, "body_malformed"],
    [{ receipts: ["nonsense"] }, "receipt_malformed"], [{ receipts: [] }, "receipt_missing"], [{ receipts: numbers(201, "OAG") }, "too_many_receipts"],
  ]) await ask(code, method, path, { body: typeof wrong === "string" ? wrong : JSON.stringify(wrong) });
  await ask("body_too_large", method, path, { body: " ".repeat(300_000) });
});

test("ok /webhooks/torch", async () => {
  const [path, method] = ["/webhooks/torch", "POST"];
  const how = { token: "", headers: AUTHENTIC };
  const number = fresh();
  const outcome = async (body) => (await ask(200, method, path, { ...how, body })).body.outcome;
  const first = event(number);
  const told = [first, first, event(number, { text: "Long Ago", at: "2001-01-01T00:00:00Z" }), event(number, { at: "2025-02-15T14:03:27Z" }), event(number, { type: "case.noted", text: null }), '{"type":"service.notice"}'];
  const outcomes = [];
  for (const body of told) outcomes.push(await outcome(body));
  assert.deepEqual(outcomes, ["case.status.updated", "duplicate", "case.status.late", "case.touched", "case.event", "unrouted"]);
  await ask("event_unusable", method, path, { ...how, body: "{}" });
  await ask("unknown_parameter", method, path, { ...how, body: first, query: "?x=1" });
  await ask("webhook_unauthorized", method, path, { ...how, headers: {}, body: first });
  await ask("body_too_large", method, path, { ...how, body: " ".repeat(300_000) });
  await ask("misconfigured", method, path, { ...how, to: unset, body: first });
  await ask("internal", method, path, { ...how, to: astray, body: event(number) });
});

test("ok /deliveries, /deliveries/replay and /budget", async () => {
  const body = JSON.stringify({ since: "2026-01-15T14:00:00Z" });
  for (const [method, path, how] of [...BOTH.flatMap((method) => [[method, "/deliveries"], [method, "/budget"]]), ["POST", "/deliveries/replay", { body }]]) {
    await guarded(method, path, how);
    await ask(200, method, path, how);
    await ask("internal", method, path, { ...how, to: astray });
  }
  for (const wrong of ["", "{}", '{"id":1}', '{"endpoint":"nobody"}', '{"since":"yesterday"}']) await ask("body_malformed", "POST", "/deliveries/replay", { body: wrong });
  await ask("body_too_large", "POST", "/deliveries/replay", { body: " ".repeat(300_000) });
});

test("ok what anyone may ask", async () => {
  for (const path of ["/health", "/openapi.json", "/"]) {
    for (const method of BOTH) {
      const { headers } = await ask(200, method, path, { token: "" });
      await ask("unknown_parameter", method, path, { token: "", query: "?x=1" });
      if (path === "/health") continue;
      await ask(304, method, path, { token: "", headers: { "if-none-match": headers.get("etag") } });
      await ask("internal", method, path, { to: astray });
    }
  }
  assert.deepEqual((await ask(200, "GET", "/openapi.json", { token: "" })).body, contract);
});

/** What cannot be brought about here, and why. */
const UNSEEN = Object.fromEntries(["GET /health 500", "HEAD /health 500", "POST /grants 500"].map((answer) => [answer, "it asks nobody: only a panic would be one"]));

test("ok every answer that is documented was had", () => {
  const documented = operations.flatMap(([path, method, operation]) => Object.keys(operation.value.responses).map((status) => `${method} ${path} ${status}`));
  const missing = documented.filter((one) => !seen.has(one));
  assert.deepEqual(missing.sort(), Object.keys(UNSEEN).sort());
});
