// What is found in what people paste, CSV in both directions, and the words in both languages, without a page around it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { cells, toCsv } from "../../www/board/csv.js";
import { tables } from "../../www/board/words.js";
import { find } from "../../www/board/find.js";
import { parseReceipt, startSync } from "../../www/package/core/core.js";

startSync(readFileSync(new URL("../../www/package/core/wasm/torch_edge_bg.wasm", import.meta.url)));
const found = (text) => find(text, parseReceipt).found.map(({ receipt }) => receipt);
const bad = (text) => find(text, parseReceipt).bad.map(({ line, written, code }) => [line, written, code]);

test("ok receipts as people write them, each once, in their order", () => {
  assert.deepEqual(found("ioe0912345678, IOE-0912-345-679;MSC 2190123456\tIOE0912345678\n(WAC2490123456)"), ["IOE0912345678", "IOE0912345679", "MSC2190123456", "WAC2490123456"]);
  assert.deepEqual(found("I-485, A012345678, 2026-11-26, +1 202 555 0100, XIOE0912345678, IOE09123456789"), []);
});

test("ok what was meant to be one is told with its line; what was not is left alone", () => {
  assert.deepEqual(bad("fine: IOE0912345678\nshort: IOE091234567\nletter: LIN2O90123456\nlong: IOE09123456789"), [
    [2, "IOE091234567", "too_short"], [3, "LIN2O90123456", "expected_digit"], [4, "IOE09123456789", "too_long"],
  ]);
  assert.deepEqual(bad("Form I-485 for Case 12 of 2026, Suite 400, Tel 2025550100"), []);
});

test("ok what goes out as CSV comes in again: receipts, and names whatever they are", () => {
  const names = ["Núñez, María", '"quoted"', "=1+1", "-x", "two\nlines", "", "'apostrophe", "semi;colon", "\uff1dwide"];
  const records = names.map((note, n) => ({ receipt: `CSV000000000${n}`, note }));
  const csv = toCsv(records, () => "");
  assert.deepEqual(find(csv, parseReceipt).found, records);
  for (const [cell] of cells(csv).map((row) => [row[1] ?? ""])) assert.doesNotMatch(cell, /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/);
});

test("ok two megabytes of anything are read in a moment", () => {
  const mime = "MIME-Version: 1.0\nContent-Transfer-Encoding: base64\n";
  for (const text of ["A".repeat(2e6), "1".repeat(2e6), `IOE${" 1".repeat(1e6)}`, `IOE${"-".repeat(2e6)}`, `${'"'.repeat(2e6)},`, '"a,'.repeat(6e5), mime.repeat(4e4), "AB-1".repeat(5e5)]) {
    const began = performance.now();
    find(text, parseReceipt);
    const took = performance.now() - began;
    assert.ok(took < 3000, `${JSON.stringify(text.slice(0, 20))}… took ${Math.round(took)} ms`);
  }
});

test("ok both languages have the same words, and none is empty", () => {
  const shape = (table) => Object.entries(table).flatMap(([key, value]) => (typeof value === "object" ? shape(value).map((inner) => `${key}.${inner}`) : [`${key}: ${typeof value}`]));
  assert.deepEqual(shape(tables.es), shape(tables.en));
  for (const table of Object.values(tables)) for (const value of Object.values(table)) assert.ok(typeof value !== "string" || value.trim());
});
