// Which pages may read, and what a page of ours may do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { batchPath, casePath, historyPath, pair } from "./support.mjs";

const APP = "https://app.example.com";
const { proxy } = await pair({ vars: { ALLOWED_ORIGINS: `${APP}, http://localhost:5173` } });
const RECEIPT = "COR0000000001";
const cors = (response) => Object.fromEntries([...response.headers].filter(([name]) => name.startsWith("access-control-")));
const varies = (response) => (response.headers.get("vary") ?? "").split(/, */).includes("Origin");

test("A4 an origin of the list may read, on each route that a grant is good for, by the long way and by the fast lane", async () => {
  const allowed = { "access-control-allow-origin": APP, "access-control-expose-headers": "Age, Cache-Status, ETag, RateLimit, RateLimit-Policy, Retry-After, Torch-Edge-Items, WWW-Authenticate, X-Request-Id" };
  for (const path of [casePath(RECEIPT), casePath(RECEIPT), batchPath([RECEIPT]), historyPath(RECEIPT), "/health", "/openapi.json", `/v1${casePath(RECEIPT)}`]) {
    const response = await proxy.get(path, { origin: APP });
    assert.equal(response.status, 200, path);
    assert.deepEqual(cors(response), allowed, path);
    assert.ok(varies(response), path);
  }
  const refused = await proxy.get(casePath(RECEIPT), { origin: APP, authorization: "Bearer wrong" });
  assert.deepEqual([refused.status, cors(refused)], [401, allowed], "a page may see why");
  const unchanged = await proxy.get(casePath(RECEIPT), { origin: APP, "if-none-match": "*" });
  assert.deepEqual([unchanged.status, cors(unchanged)], [304, allowed]);
});

test("A4 another origin gets no CORS headers, nor does anybody where a client's token is needed", async () => {
  for (const origin of ["https://evil.example", "https://app.example.com.evil.example", "https://app.example.com:8443", "http://app.example.com", "https://APP.example.com", "null", "https://sub.app.example.com", "*"]) {
    for (const path of [casePath(RECEIPT), "/health"]) {
      const response = await proxy.get(path, { origin });
      assert.deepEqual([response.status, cors(response), varies(response)], [200, {}, true], origin);
    }
  }
  for (const [method, path, token] of [["GET", "/budget", "operator-token"], ["GET", "/deliveries", "operator-token"], ["POST", "/grants"], ["PUT", `/case-status/watch?receipt=${RECEIPT}`], ["POST", "/webhooks/torch"], ["GET", "/nowhere"]]) {
    const response = await proxy.get(path, { origin: APP, ...(token && { authorization: `Bearer ${token}` }) }, { method });
    assert.deepEqual(cors(response), {}, path);
  }
  const none = await proxy.get(casePath(RECEIPT));
  assert.deepEqual([cors(none), varies(none)], [{}, true]);
});

test("A4 a preflight says what may be asked, to those who may", async () => {
  const ask = (path, origin, more = {}) => proxy.get(path, { origin, "access-control-request-method": "GET", "access-control-request-headers": "authorization", ...more }, { method: "OPTIONS" });
  for (const path of [casePath(RECEIPT), batchPath([RECEIPT]), historyPath(RECEIPT)]) {
    const response = await ask(path, APP);
    assert.equal(response.status, 204);
    const { "access-control-allow-headers": headers, "access-control-allow-methods": methods, "access-control-allow-origin": origin, "access-control-max-age": age } = cors(response);
    assert.deepEqual([methods, origin, age], ["GET, HEAD", APP, "7200"]);
    assert.match(headers, /Authorization.*If-None-Match/);
    assert.equal(response.headers.get("access-control-allow-credentials"), null);
  }
  for (const [path, origin] of [[casePath(RECEIPT), "https://evil.example"], ["/grants", APP], ["/budget", APP], ["/webhooks/torch", APP], ["/nowhere", APP]]) {
    const response = await ask(path, origin);
    assert.deepEqual([[404, 405].includes(response.status), cors(response)], [true, {}], `${path} ${origin}`);
  }
});

test("ok every answer has an id, which is in the log, and is of the type that it says", async () => {
  for (const [path, method] of [["/", "GET"], ["/openapi.json", "GET"], ["/health", "GET"], [casePath(RECEIPT), "GET"], [casePath(RECEIPT), "HEAD"], [casePath("nonsense"), "GET"], ["/nowhere", "GET"], ["/budget", "DELETE"], ["/webhooks/torch", "POST"]]) {
    const response = await proxy.get(path, {}, { method });
    assert.equal(response.headers.get("x-content-type-options"), "nosniff", path);
    const id = response.headers.get("x-request-id");
    assert.match(id, /^[0-9a-f-]{36}$/, path);
    const lines = proxy.logs().split("\n").filter((line) => line.includes(`"request_id":"${id}"`) && line.includes('"message":"request"'));
    assert.equal(lines.length, 1, path);
    const line = JSON.parse(lines[0]);
    assert.deepEqual([line.status, line.method, typeof line.duration_ms], [response.status, method, "number"]);
    const text = await response.text();
    if (response.headers.get("content-type") === "application/problem+json") assert.equal(JSON.parse(text).request_id, id);
  }
  const [, fast] = [await proxy.get(casePath(RECEIPT)), await proxy.get(casePath(RECEIPT))];
  const line = JSON.parse(proxy.logs().split("\n").find((one) => one.includes(fast.headers.get("x-request-id"))));
  assert.match(line.cache, /^hit; ttl=\d+$/);
  assert.deepEqual([line.route, line.client, line.receipt], ["/case-status", "tests", "COR******0001"]);
});

test("ok a page may run its own scripts and WebAssembly and nothing inline, and be framed by nobody", async () => {
  for (const path of ["/", "/board/board.css", "/board/main.js", "/board/sw.js"]) {
    const response = await fetch(proxy.url + path);
    assert.equal(response.status, 200, path);
    const policy = Object.fromEntries(response.headers.get("content-security-policy").split("; ").map((rule) => [rule.split(" ")[0], rule.split(" ").slice(1).join(" ")]));
    assert.deepEqual([policy["default-src"], policy["script-src"], policy["style-src"], policy["frame-ancestors"], policy["base-uri"], policy["form-action"]], ["'none'", "'self' 'wasm-unsafe-eval'", "'self'", "'none'", "'none'", "'none'"]);
    assert.ok(!JSON.stringify(policy).includes("unsafe-inline") && !/'unsafe-eval'/.test(JSON.stringify(policy)));
    for (const [name, value] of [["referrer-policy", "no-referrer"], ["x-frame-options", "DENY"], ["cross-origin-opener-policy", "same-origin"], ["x-content-type-options", "nosniff"]]) assert.equal(response.headers.get(name), value);
    assert.equal(response.headers.get("service-worker-allowed"), path === "/board/sw.js" ? "/" : null, "no other script is for more than its folder");
    assert.match(response.headers.get("strict-transport-security"), /^max-age=\d{8}/);
    const text = await response.text();
    assert.doesNotMatch(text, /<script[^>]*>[^<]|<style|\sstyle=|\son\w+=/i);
  }
});
