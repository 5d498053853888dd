// `npm run client`: what it prints is what the Worker takes.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import test from "node:test";
import { Proxy, ROOT, sha256 } from "./support.mjs";

const client = (...args) => spawnSync(process.execPath, [join(ROOT, "scripts/client.mjs"), ...args], { encoding: "utf8" });

test("ok a new client's token is good for its scopes once its row is in CLIENTS", async () => {
  const { stdout, status } = client("new", "site", "--scopes", "read,live", "--allowance", "600");
  assert.equal(status, 0);
  const token = stdout.match(/^ +(te_[\w-]{43})$/m)[1];
  const row = JSON.parse(stdout.match(/^ +(\{.*\})$/m)[1]);
  assert.deepEqual(row, { name: "site", sha256: [sha256(token)], scopes: ["read", "live"], allowance: 600 });
  assert.notEqual(client("new", "site").stdout.match(/te_\S+/)[0], token);
  const proxy = await Proxy.start("http://127.0.0.1:9", { secrets: { CLIENTS: JSON.stringify([row]) } });
  const asked = (path) => proxy.get(path, { authorization: `Bearer ${token}` });
  const [read, ops] = [await asked("/case-status"), await asked("/budget")];
  assert.deepEqual([read.status, read.headers.get("ratelimit-policy"), ops.status], [400, '"client";q=600;w=60', 403]);
  await proxy.close();
});

test("err a mistake is a sentence, and makes no token", () => {
  for (const [args, says] of [
    [[], /say what to do:\n +npm run client -- new NAME/],
    [["new"], /say what to do/],
    [["new", "a b"], /a word without spaces/],
    [["new", "site", "--scopes", "read,admin"], /"admin" is none/],
    [["new", "site", "--scopes", ""], /the scopes are read, live, grant, ops/],
    [["new", "site", "--allowance", "0"], /a number of requests a minute/],
    [["new", "site", "--colour", "red"], /Unknown option '--colour'/],
  ]) {
    const { status, stdout, stderr } = client(...args);
    assert.notEqual(status, 0);
    assert.match(stdout + stderr, says);
    assert.doesNotMatch(stdout + stderr, /te_/);
  }
});
