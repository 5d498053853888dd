// What the package's core makes of what is not as it should be, and of what runtimes call headers and bodies.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Webhook } from "standardwebhooks";
import { normalize, normalizeMany, parseReceipt, signWebhook, verifyWebhook } from "../../www/package/core/node.js";

const secret = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;

test("ok a record with nothing in it is unknown; err what is no status is a mistake and not unknown", () => {
  for (const status of ["", { title: null }, { title: "", description: undefined }, { category: null }]) assert.equal(normalize(status).category, "unknown");
  assert.deepEqual(normalizeMany([]), []);
  for (const status of [undefined, null, 5, {}, { status_text: "Case Was Approved" }]) assert.throws(() => normalize(status), /^TypeError: a status is a text, or an object with title/);
});

test("ok whatever is asked of it, a receipt is a result", () => {
  for (const text of [undefined, null, 912345678, {}, Symbol("x")]) assert.deepEqual([parseReceipt(text).ok, parseReceipt(text).code], [false, "not_a_string"]);
  for (const text of ["", "\0", "\ud800", "IOE0912345678\0", "x".repeat(1e6)]) assert.equal(parseReceipt(text).ok, false);
});

test("ok npm's standardwebhooks and this one sign and verify each other's", () => {
  const theirs = new Webhook(secret);
  const now = new Date();
  const body = '{"a":"\u00e9"}';
  const headers = { "webhook-id": "msg_1", "webhook-timestamp": String(Math.floor(now / 1000)), "webhook-signature": theirs.sign("msg_1", now, body) };
  assert.deepEqual(verifyWebhook(body, headers, { secret }), { ok: true, secret: "current", id: "msg_1", signedAt: new Date(Math.floor(now / 1000) * 1000) });
  assert.deepEqual(theirs.verify(body, signWebhook(body, { secret })), { a: "\u00e9" });
});

test("ok headers as Fetch, Node, pairs and maps have them; a doubled one is one that is doubled", () => {
  const bytes = Buffer.from("{}");
  const headers = signWebhook(bytes, { secret });
  for (const form of [headers, new Headers(headers), Object.entries(headers), new Map(Object.entries(headers)), { ...headers, host: undefined, "set-cookie": ["a", "b"] }]) {
    assert.equal(verifyWebhook(bytes, form, { secret }).ok, true);
  }
  for (const body of ["{}", bytes, new Uint8Array(bytes).buffer, new DataView(new Uint8Array(bytes).buffer)]) assert.equal(verifyWebhook(body, headers, { secret }).ok, true);
  assert.equal(verifyWebhook(bytes, { ...headers, "webhook-id": ["a", "b"] }, { secret }).code, "header_doubled");
  assert.equal(verifyWebhook(bytes, {}, { secret }).code, "header_missing");
});

test("ok two secrets while they rotate; err a tolerance, a secret and a body that cannot be meant", () => {
  const other = `whsec_${Buffer.alloc(24, 9).toString("base64")}`;
  const headers = signWebhook("{}", { secret });
  assert.equal(verifyWebhook("{}", headers, { secret: other, previousSecret: secret }).secret, "previous");
  assert.equal(verifyWebhook("{}", headers, { secret, now: Date.now() + 400_000 }).code, "too_old");
  assert.equal(verifyWebhook("{}", headers, { secret, now: Date.now() + 400_000, tolerance: 3600 }).ok, true);
  for (const tolerance of [0, -1, 3601, NaN, "x"]) assert.throws(() => verifyWebhook("{}", headers, { secret, tolerance }), RangeError);
  for (const [options, says] of [[{}, /a webhook's secret should be a text/], [{ secret: `${secret}\n` }, /white space at its end/], [{ secret: "x", scheme: "hmac" }, /the scheme should be/], [{ secret: "x", scheme: "sha256-hex" }, /the scheme needs the name of the header/]]) {
    assert.throws(() => verifyWebhook("{}", headers, options), says);
    assert.throws(() => signWebhook("{}", options), says);
  }
  assert.throws(() => verifyWebhook({}, headers, { secret }), /^TypeError: the body should be the raw bytes/);
});
