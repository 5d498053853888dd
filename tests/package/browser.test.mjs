// The wasm face as the npm package will wrap it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { Webhook } from "standardwebhooks";
import * as face from "../../build/browser/index.js";

face.initSync({ module: readFileSync(new URL("../../build/browser/index_bg.wasm", import.meta.url)) });

test("ok a receipt is read, or explained, and nothing throws", () => {
  assert.deepEqual(face.parseReceipt(" ioe-001-234-5678 "), { ok: true, receipt: "IOE0012345678", masked: "IOE******5678" });
  const { ok, error, position } = face.parseReceipt("IOEO012345678");
  assert.deepEqual([ok, position], [false, 4]);
  assert.match(error, /character 4 should be a digit 0 to 9, not "O" \(perhaps 0\?\)/);
});

test("ok a status text is normalized to a plain object", () => {
  const normalized = face.normalize("Case Was Approved");
  assert.deepEqual([normalized.category, normalized.labels.es, normalized.matched_by], ["approved", "Aprobado", "title"]);
  assert.equal(face.normalize("Something else", "Case Received").matched_by, "upstream");
  assert.equal(face.normalize("\ud800").category, "unknown");
});

test("ok a webhook that npm's standardwebhooks signs is authentic, and a changed one is not", () => {
  const secret = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
  const [id, now, body] = ["msg_1", new Date(), '{"type":"case.status.updated"}'];
  const signature = new Webhook(secret).sign(id, now, body);
  const headers = ["webhook-id", id, "webhook-timestamp", String(Math.floor(now / 1000)), "webhook-signature", signature].join("\n");
  const verifier = new face.WebhookVerifier("standard-webhooks", undefined, secret);
  assert.equal(verifier.verify(headers, Buffer.from(body), Date.now()), undefined);
  assert.match(verifier.verify(headers, Buffer.from(`${body} `), Date.now()), /^no signature matches: the body must be the raw bytes/);
  assert.match(verifier.verify(headers, Buffer.from(body), Date.now() + 400_000), /^signed \d+ s ago/);
  assert.throws(() => new face.WebhookVerifier("sha256-hex", undefined, "x"), /the scheme needs the name of the header/);
});
