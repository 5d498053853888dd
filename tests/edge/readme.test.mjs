// The README's tables say what the code says.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { ROOT } from "./support.mjs";

const read = (file) => readFileSync(`${ROOT}/${file}`, "utf8");
const readme = read("README.md");

test("ok the README lists every problem with its status and whether to ask again", () => {
  const rows = read("src/problem.rs").matchAll(/=> \(\s*"(\w+)",\s*(\d{3}),\s*(true|false),/g);
  const ours = [...rows].map(([, code, status, retryable]) => `${code} ${status} ${retryable === "true" ? "yes" : ""}`);
  const told = [...readme.matchAll(/^\| `(\w+)` \| (\d{3}) \| (yes)? ?\|/gm)].map(([, code, status, retry = ""]) => `${code} ${status} ${retry}`);
  assert.ok(ours.length > 20);
  assert.deepEqual(told.sort(), ours.sort());
});

test("ok the README lists every setting that is read, and none besides", () => {
  const [code] = read("src/edge/config.rs").split("#[cfg(test)]");
  const ours = new Set([...code.matchAll(/(?:var|required|number)\("([A-Z_]+)"[,)]/g)].map(([, name]) => name));
  const told = [...readme.matchAll(/^\| `([A-Z_]+)` \| (?:variable|secret) \|/gm)].map(([, name]) => name);
  assert.deepEqual(told.sort(), [...ours].sort());
});
