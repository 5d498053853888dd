// What the tests of the command share. It is spawned as its user would: nothing of it runs in this process.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

export const MAIN = fileURLToPath(new URL("../../www/package/cli/main.js", import.meta.url));
/** What sentences give as an example. */
const EXAMPLE = "ABC1234567890";

const folder = mkdtempSync(join(tmpdir(), "torch-edge-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));
/** A file of this test's own. */
export function file(name, content) {
  const path = join(folder, name);
  if (content !== undefined) writeFileSync(path, content);
  return path;
}

/** Runs it: `{ code, out, err }`. `during(child)` may do something to it. Whatever it does, it must not tell the secrets
 * that it was given, nor a whole receipt number on the standard error, nor where in the code it failed. */
export async function cli(args, { input = "", env = {}, main = MAIN, during } = {}) {
  const child = spawn(process.execPath, [main, ...args], { env: { PATH: process.env.PATH, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (said.out += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (said.err += text));
  await during?.(child, said);
  const [code, signal] = await new Promise((resolve) => child.on("close", (...ending) => resolve(ending)));
  for (const [name, secret] of Object.entries(env)) {
    if (/TOKEN|SECRET/.test(name) && secret.length > 4) assert.ok(!(said.out + said.err).includes(secret), `it tells ${name}`);
  }
  assert.doesNotMatch(said.err.replaceAll(EXAMPLE, ""), /[A-Za-z]{3}\d{10}/, "a whole receipt number on the standard error");
  assert.doesNotMatch(said.err, /\n\s+at .*:\d+/, "a stack trace");
  return { code, signal, ...said };
}
