// The client's types are what an application needs, under `strict`.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../edge/support.mjs";

test("ok an application in TypeScript compiles, and its mistakes do not", () => {
  const options = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--module", "nodenext", "--target", "es2022", "--lib", "es2023,dom,dom.iterable", "--types", ""];
  try {
    execFileSync(join(ROOT, "node_modules/.bin/tsc"), [...options, join(ROOT, "tests/package/client-consumer.ts")], { encoding: "utf8" });
  } catch (error) {
    assert.fail(`${error.stdout}${error.stderr}`);
  }
});
