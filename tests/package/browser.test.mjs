// The wasm face as the npm package will wrap it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
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
