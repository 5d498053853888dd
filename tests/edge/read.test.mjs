// The two routes, as an application sees them.
import assert from "node:assert/strict";
import { request } from "node:http";
import { connect } from "node:net";
import test from "node:test";
import { batchPath, cacheStatus, casePath, pair, receipts, TORCH_KEY } from "./support.mjs";

const { sandbox, proxy } = await pair();

const torch = async (path) =>
  (await fetch(sandbox.url + path, { headers: { authorization: `Bearer ${TORCH_KEY}` } })).text();

test("ok a case is Torch's record byte for byte, with `normalized` behind", async () => {
  const [receipt] = receipts(1, "MSC");
  await sandbox.control("PUT", "clock", { now: "2026-03-01T12:00:00Z", frozen: true });
  const [theirs, response] = [await torch(casePath(receipt)), await proxy.get(casePath(receipt))];
  const ours = await response.text();
  assert.ok(ours.startsWith(`${theirs.slice(0, -1)},"normalized":{"category":"`), ours);
  const { normalized } = JSON.parse(ours);
  assert.deepEqual(Object.keys(normalized).slice(0, 8), ["category", "labels", "stage", "outcome", "action_required", "final", "matched_by", "taxonomy"]);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.match(response.headers.get("cache-control"), /^private, max-age=\d+$/);
  assert.match(response.headers.get("etag"), /^"[0-9a-f]{32}"$/);
  assert.equal(response.headers.get("age"), "0");
  assert.equal(response.headers.get("last-modified"), new Date(JSON.parse(theirs).last_status_at).toUTCString());
  assert.equal(cacheStatus(response).fwd, "uri-miss");
  assert.equal(cacheStatus(response)["fwd-status"], 200);
  assert.equal(cacheStatus(response).stored, true);
  await sandbox.control("PUT", "clock", { real: true });
});

test("ok what a text means stands beside it, with form and dates where the text itself has them", async () => {
  const told = async (receipt, text) => {
    await sandbox.fault({ receipt, times: 1, body: `raw:${JSON.stringify({ receipt_number: receipt, status_text: text, status_category: "Case Received" })}` });
    const { body } = await proxy.json(casePath(receipt));
    assert.equal(body.status_text, text);
    const { category, matched_by, form, event_date, respond_by } = body.normalized;
    return { category, matched_by, form, event_date, respond_by };
  };
  const [denied, asked, unseen, nonsense] = receipts(4, "TXT");
  assert.deepEqual(await told(denied, "On March 3, 2026, we denied your Form I-485, Application to Register Permanent Residence or Adjust Status, Receipt Number IOE0912345678. We mailed you a notice. If you do not receive your approval notice, call us."),
    { category: "denied", matched_by: "description", form: "I-485", event_date: "2026-03-03", respond_by: undefined });
  const request = await told(asked, "On January 20, 2026, we sent a request for initial evidence for your Form I-129, Petition for a Nonimmigrant Worker. Please respond by April 17, 2026. If you do not, we may deny your case.");
  assert.deepEqual(request, { category: "request_for_evidence", matched_by: "description", form: "I-129", event_date: "2026-01-20", respond_by: "2026-04-17" });
  assert.deepEqual(await told(unseen, "My Petition&#039;s Approval Was Revoked +"), { category: "revoked", matched_by: "pattern", form: undefined, event_date: undefined, respond_by: undefined });
  // Only where nothing in the text tells is Torch's own label taken.
  assert.deepEqual((await told(nonsense, "Quux")).matched_by, "upstream");
});

test("ok the second reader is answered from the cache, and Torch is not asked", async () => {
  const [receipt] = receipts(1, "EAC");
  const first = await proxy.json(casePath(receipt));
  const calls = await sandbox.calls();
  const second = await proxy.json(casePath(receipt));
  assert.deepEqual(second.body, first.body);
  assert.equal(second.cache.hit, true);
  assert.equal(second.headers.get("etag"), first.headers.get("etag"));
  assert.equal(second.headers.get("last-modified"), first.headers.get("last-modified"));
  assert.ok(second.cache.ttl > 0);
  const maxAge = Number(second.headers.get("cache-control").match(/max-age=(\d+)/)[1]);
  assert.equal(maxAge - Number(second.headers.get("age")), second.cache.ttl, "max-age less age is what is left");
  assert.equal(await sandbox.calls(), calls);
});

test("ok the fast lane and the long way give the same answer", async () => {
  const [receipt] = receipts(1, "WAC");
  await proxy.get(casePath(receipt));
  const pick = async (response) => ({ status: response.status, body: await response.text(), headers: ["cache-control", "etag", "last-modified", "content-type"].map((name) => response.headers.get(name)), hit: cacheStatus(response).hit });
  const lane = await pick(await proxy.get(casePath(receipt)));
  // A validator that does not match takes the long way.
  const long = await pick(await proxy.get(casePath(receipt), { "if-none-match": '"other"' }));
  assert.deepEqual(long, lane);
});

test("ok both routes answer under /v1 and to HEAD", async () => {
  const [one, two] = receipts(2, "LIN");
  await proxy.get(batchPath([one, two]));
  for (const path of [casePath(one), batchPath([one, two]), "/health"]) {
    const got = await proxy.get(`/v1${path}`);
    const text = await got.text();
    assert.equal(got.status, 200, path);
    for (const prefix of ["", "/v1"]) {
      const head = await proxy.get(prefix + path, {}, { method: "HEAD" });
      assert.equal(head.status, 200, path);
      assert.equal(await head.text(), "", path);
      for (const name of ["etag", "content-type", "cache-control"]) assert.equal(head.headers.get(name), got.headers.get(name), `${path} ${name}`);
    }
    assert.ok(text.length > 2);
  }
  for (const path of ["/nope", "/case-status?receipt=1"]) {
    const head = await proxy.get(path, {}, { method: "HEAD" });
    assert.ok(head.status >= 400);
    assert.equal(await head.text(), "");
  }
});

test("ok a batch stands in the order asked, each case once, and shares its entries with the single route", async () => {
  const [a, b, c] = receipts(3, "SRC");
  await proxy.get(casePath(b));
  const before = await sandbox.counters();
  const batch = await proxy.json(batchPath([c, a, b, a, c.toLowerCase()]));
  assert.deepEqual(batch.body.map((one) => one.receipt_number), [c, a, b]);
  assert.equal(batch.status, 200);
  assert.equal((await sandbox.counters()).calls - before.calls, 1, "one call for the two that were missing");
  const single = await proxy.json(casePath(a));
  assert.deepEqual(single.body, batch.body[1]);
  assert.equal(single.cache.hit, true);
});

test("ok one that fails in a batch carries its problem and fails nobody else", async () => {
  const [good] = receipts(1, "YSC");
  const { status, body } = await proxy.json(batchPath([good, "ZZZ0000000001", "ABC123"]));
  assert.equal(status, 200);
  assert.equal(body[0].receipt_number, good);
  assert.ok(body[0].normalized);
  assert.deepEqual([body[1].receipt_number, body[1].error.code, body[1].error.status], ["ZZZ0000000001", "case_not_found", 404]);
  assert.deepEqual([body[2].receipt_number, body[2].error.code, body[2].error.status], ["ABC123", "receipt_malformed", 400]);
  assert.equal(body[1].status_text, undefined);
});

test("ok where all of a batch fail alike, that status is the whole's", async () => {
  for (const [list, status, code] of [[["ZZZ0000000002", "ZZZ0000000003"], 404, "case_not_found"], [["x", "y"], 400, "receipt_malformed"]]) {
    const answer = await proxy.json(batchPath(list));
    assert.deepEqual([answer.status, answer.body.code], [status, code]);
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
  }
  const mixed = await proxy.json(batchPath(["ZZZ0000000002", "x"]));
  assert.equal(mixed.status, 200);
});

test("err a problem document says what happened and what to do, and is not kept", async () => {
  const { status, body, headers } = await proxy.json("/case-status");
  assert.equal(status, 400);
  assert.equal(headers.get("content-type"), "application/problem+json");
  assert.equal(headers.get("cache-control"), "no-store");
  assert.deepEqual(Object.keys(body), ["type", "title", "status", "detail", "code", "retryable", "request_id"]);
  assert.equal(body.type, "urn:torch-edge:problem:receipt_missing");
  assert.equal(headers.get("x-request-id"), body.request_id);
});

test("err methods, paths and parameters that are not there", async () => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    const response = await proxy.get(casePath("ABC1234567890"), {}, { method });
    assert.equal(response.status, 405, method);
    assert.equal(response.headers.get("allow"), "GET, HEAD");
  }
  for (const path of ["/index.html", "/case-statuses", "/v2/case-status", "/health/x"]) assert.equal((await proxy.get(path)).status, 404, path);
  for (const path of [`${casePath("ABC1234567890")}&x=1`, `${batchPath(["ABC1234567890"])}&callback=f`, "/health?x"]) {
    const { status, body } = await proxy.json(path);
    assert.deepEqual([status, body.code], [400, "unknown_parameter"], path);
  }
});

test("ok a batch of nothing that is a receipt number was neither cached nor asked for", async () => {
  for (const query of ["receipt=nonsense", "receipt=nonsense&receipt=-----"]) {
    const { status, body, cache } = await proxy.json(`/case-status/batch?${query}`);
    assert.deepEqual([status, body.code, cache], [400, "receipt_malformed", {}], query);
  }
});

test("ok a receipt that Torch does not recognise is 404, and that is remembered for a while", async () => {
  const first = await proxy.json(casePath("ZZZ0000000077"));
  assert.deepEqual([first.status, first.body.code, first.cache.fwd, first.cache["fwd-status"]], [404, "case_not_found", "uri-miss", 404]);
  const calls = await sandbox.calls();
  const second = await proxy.json(casePath("ZZZ0000000077"));
  assert.deepEqual([second.status, second.cache.hit, second.cache.detail], [404, true, "negative"]);
  assert.ok(second.cache.ttl > 100 && second.cache.ttl <= 132);
  assert.equal(await sandbox.calls(), calls);
});

test("K1 oversized headers, control characters and method-override headers never leave a stored error", async () => {
  const [receipt] = receipts(1, "KAA");
  const send = (headers) => new Promise((resolve, reject) => {
    const call = request(proxy.url + casePath(receipt), { headers: { authorization: "Bearer client-token-of-the-tests", ...headers } }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    });
    call.on("error", reject);
    call.end();
  });
  const raw = (line) => new Promise((resolve) => {
    const { hostname, port } = new URL(proxy.url);
    const socket = connect(Number(port), hostname, () => socket.end(`GET ${casePath(receipt)} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer client-token-of-the-tests\r\n${line}\r\nConnection: close\r\n\r\n`));
    let text = "";
    socket.on("data", (data) => (text += data));
    socket.on("error", () => resolve(0));
    socket.on("close", () => resolve(Number(text.split(" ")[1] ?? 0)));
  });
  const seen = [
    await send({ "x-oversized": "x".repeat(12_000) }).catch(() => 0),
    await send({ "x-http-method-override": "POST", "x-http-method": "DELETE", "x-method-override": "PUT" }),
    await raw("X-Control: a\x01b\x7f"),
    await raw("X-Null: a\0b"),
    await raw("If-None-Match: \x02"),
  ];
  assert.equal(seen[1], 200, "the override changes nothing");
  const clean = await proxy.json(casePath(receipt));
  assert.deepEqual([clean.status, clean.body.receipt_number], [200, receipt]);
});

test("K2 headers that name another host, path or method change neither body nor key", async () => {
  const [receipt, other] = receipts(2, "KBB");
  const plain = await proxy.json(casePath(receipt));
  const calls = await sandbox.calls();
  const hostile = {
    "x-forwarded-host": "evil.example", "x-forwarded-scheme": "http", "x-host": "evil.example", forwarded: "host=evil.example",
    "x-original-url": casePath(other), "x-rewrite-url": "/health", "x-http-method-override": "DELETE", "x-forwarded-proto": "http",
  };
  for (const [name, value] of Object.entries(hostile)) {
    const answer = await proxy.json(casePath(receipt), { [name]: value });
    assert.deepEqual(answer.body, plain.body, name);
    assert.equal(answer.cache.hit, true, name);
    assert.doesNotMatch(JSON.stringify(answer.body) + JSON.stringify([...answer.headers]), /evil/);
  }
  assert.equal(await sandbox.calls(), calls);
});

test("K3 what only looks like a route is 404 and not stored", async () => {
  const [receipt] = receipts(1, "KCC");
  const calls = await sandbox.calls();
  for (const path of ["/case-status/x.css", "/case-status;.js", "/case-status%2fbatch", "//case-status", "/case-status/", "/case-status/batch/", "/case-status%3Breceipt", "/%63ase-status", "/CASE-STATUS", "/v1//case-status"]) {
    const response = await proxy.get(`${path}?receipt=${receipt}`);
    assert.equal(response.status, 404, path);
    assert.equal(response.headers.get("cache-control"), "no-store", path);
  }
  assert.equal(await (await proxy.kv()).get(`case:1:${receipt}`), null);
  assert.equal(await sandbox.calls(), calls);
});

test("K5 receipts as they are typed: accepted when it is the same receipt, otherwise a clear 400", async () => {
  const [receipt] = receipts(1, "KDD");
  for (const typed of [receipt.toLowerCase(), "kdd-000-000-0001", "KDD%20000%20000%200001", "+KDD0000000001+", "%09KDD0000000001%0A", "KDD%E2%80%930000000001", `${receipt}&receipt=${receipt}`]) {
    const { status, body } = await proxy.json(casePath(typed));
    assert.deepEqual([status, body.receipt_number], [200, receipt], typed);
  }
  for (const [query, code] of [
    [`receipt=${receipt}&receipt=KDD0000000002`, "too_many_receipts"], [`receipt[]=${receipt}`, "unknown_parameter"], [`receipt%5B%5D=${receipt}`, "unknown_parameter"],
    [`receipt=${receipt}%00`, "receipt_malformed"], ["receipt=%EF%BC%AB%EF%BC%A4%EF%BC%A40000000001", "receipt_malformed"], ["receipt=KDD%EF%BC%90000000001", "receipt_malformed"],
    ["receipt=K%D0%94D0000000001", "receipt_malformed"], ["receipt=", "receipt_malformed"], ["receipt", "receipt_malformed"], ["receipt=KDD000000001", "receipt_malformed"],
    ["receipt=KDD00000000011", "receipt_malformed"], ["receipt=%zz", "receipt_malformed"], ["", "receipt_missing"],
  ]) {
    const { status, body } = await proxy.json(`/case-status?${query}`);
    assert.deepEqual([status, body.code], [400, code], query);
    assert.ok(body.detail.length > 20 && !body.detail.includes(receipt), body.detail);
  }
});

test("K11 validators: lists, `*`, weak ones; If-Modified-Since is ignored beside If-None-Match", async () => {
  const [receipt, other] = receipts(2, "KEE");
  const path = casePath(receipt);
  const first = await proxy.get(path);
  const [etag, modified] = [first.headers.get("etag"), first.headers.get("last-modified")];
  const status = async (headers, of = path) => {
    const response = await proxy.get(of, headers);
    const text = await response.text();
    if (response.status === 304) {
      assert.equal(text, "");
      assert.equal(response.headers.get("content-type"), null);
      assert.equal(response.headers.get("etag"), etag);
      assert.ok(response.headers.get("cache-control") && response.headers.get("age") !== null && cacheStatus(response).hit);
    }
    return response.status;
  };
  for (const field of [etag, `W/${etag}`, `"x", ${etag}`, "*", `"x",W/${etag}`]) assert.equal(await status({ "if-none-match": field }), 304, field);
  for (const field of ['"x"', etag.slice(1, -1), 'W/"x"', '"*"']) assert.equal(await status({ "if-none-match": field }), 200, field);
  assert.equal(await status({ "if-modified-since": modified }), 304);
  assert.equal(await status({ "if-modified-since": new Date(Date.parse(modified) - 1000).toUTCString() }), 200);
  assert.equal(await status({ "if-modified-since": "yesterday" }), 200);
  assert.equal(await status({ "if-none-match": '"x"', "if-modified-since": modified }), 200);
  const batch = await proxy.get(batchPath([receipt, other]));
  const again = await proxy.get(batchPath([receipt, other]), { "if-none-match": batch.headers.get("etag") });
  assert.equal(again.status, 304);
  const turned = await proxy.get(batchPath([other, receipt]), { "if-none-match": batch.headers.get("etag") });
  assert.equal(turned.status, 200, "another order is another representation");
});

test("ok /health tells the version to anyone", async () => {
  const response = await fetch(`${proxy.url}/health`);
  const body = await response.json();
  assert.deepEqual([response.status, body.status, body.name], [200, "ok", "torch-edge"]);
});
