// Who may ask, and what the operator's mistakes look like.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { batchPath, casePath, pair, Proxy, ROOT, sha256, TOKEN, TORCH_KEY } from "./support.mjs";

const RECEIPT = "ACC0000000001";
const { sandbox, proxy } = await pair();

test("A1 no token, an unknown one, the wrong scheme, another scope: refused, also when the case is cached", async () => {
  for (const round of ["nothing cached", "cached", "in memory"]) {
    for (const [authorization, status, code] of [
      [undefined, 401, "unauthorized"], ["", 401, "unauthorized"], ["Bearer", 401, "unauthorized"], ["Bearer ", 401, "unauthorized"], ["Bearer wrong", 401, "unauthorized"],
      [`Basic ${TOKEN}`, 401, "unauthorized"], [TOKEN, 401, "unauthorized"], [`Bearer ${TOKEN}x`, 401, "unauthorized"], [`Bearer ${TOKEN} x`, 401, "unauthorized"], [`Bearer ${TORCH_KEY}`, 401, "unauthorized"],
      [`Bearer ${sha256(TOKEN)}`, 401, "unauthorized"], [`Bearer ${"x".repeat(5000)}`, 401, "unauthorized"], ["Bearer operator-token", 403, "forbidden"],
    ]) {
      for (const path of [casePath(RECEIPT), batchPath([RECEIPT])]) {
        const headers = authorization === undefined ? {} : { authorization };
        const response = await fetch(proxy.url + path, { headers });
        const body = await response.json();
        assert.deepEqual([response.status, body.code], [status, code], `${round}: ${authorization}`);
        assert.equal(response.headers.get("www-authenticate"), status === 401 ? 'Bearer realm="torch-edge"' : null);
        assert.equal(response.headers.get("cache-control"), "no-store");
        assert.doesNotMatch(JSON.stringify(body), /client-token|operator-token|ACC0000000001/);
      }
    }
    assert.equal((await proxy.get(casePath(RECEIPT))).status, 200);
  }
  for (const authorization of [`bearer ${TOKEN}`, `BEARER  ${TOKEN}`]) {
    assert.equal((await proxy.get(casePath(RECEIPT), { authorization })).status, 200);
  }
});

test("A2 tokens are compared without an early exit: each is found wherever it stands, and the source has no way out", async () => {
  const clients = Array.from({ length: 60 }, (_, n) => ({ name: `c${n}`, sha256: [sha256(`t${n}`), sha256(`u${n}`)], scopes: ["read"] }));
  const many = await Proxy.start(sandbox.url, { secrets: { CLIENTS: JSON.stringify(clients) } });
  try {
    for (const n of [0, 1, 30, 59]) {
      for (const token of [`t${n}`, `u${n}`]) assert.equal((await many.get(casePath(RECEIPT), { authorization: `Bearer ${token}` })).status, 200, token);
    }
    assert.equal((await many.get(casePath(RECEIPT), { authorization: "Bearer t60" })).status, 401);
  } finally {
    await many.close();
  }
  // What it takes cannot be measured without a test that fails on a busy machine: so the loop itself is looked at.
  const source = readFileSync(`${ROOT}/src/edge/access.rs`, "utf8");
  const [, loop] = source.match(/for \(index, client\) in [^{]*\{([\s\S]*?)\n    \}\n/);
  assert.match(loop, /ct_eq\(hash\)/);
  assert.doesNotMatch(loop, /\b(return|break|if|match|any\(|find\()|\?|==/);
});

test("A3 no token, key or whole receipt number in a log line", async () => {
  await sandbox.fault({ status: 500 });
  await proxy.get(casePath("ACC0000000099"));
  await proxy.get(casePath(RECEIPT), { authorization: "Bearer operator-token" });
  await (await proxy.kv()).put("case:1:ACC0000000098", "corrupt");
  await sandbox.mend();
  await proxy.get(casePath("ACC0000000098"));
  const logs = proxy.logs();
  assert.match(logs, /ACC\*{6}0098/, "a receipt is logged masked");
  assert.match(logs, /"client":"operator"/);
  assert.doesNotMatch(logs, new RegExp(`${TOKEN}|operator-token|${TORCH_KEY}|[A-Z]{3}\\d{10}`));
});

test("err an incomplete or wrong configuration is a 503 and a sentence in the log, not an open relay", async () => {
  for (const [options, says] of [
    [{ secrets: { CLIENTS: "" } }, /CLIENTS is not set/],
    [{ secrets: { CLIENTS: "[]" } }, /CLIENTS has no client in it/],
    [{ secrets: { PARLEY_API_KEY: "" } }, /PARLEY_API_KEY is not set/],
    [{ vars: { TORCH_BASE_URL: "http://torch.example" } }, /TORCH_BASE_URL should be an https address/],
    [{ vars: { FRESHNESS: '{"actve":1}' } }, /FRESHNESS: \\?"actve\\?" should be/],
  ]) {
    const wrong = await Proxy.start(sandbox.url, options);
    try {
      const calls = await sandbox.calls();
      for (let round = 0; round < 2; round++) {
        const { status, body, headers } = await wrong.json(casePath(RECEIPT));
        assert.deepEqual([status, body.code, headers.get("retry-after")], [503, "misconfigured", "60"], String(says));
      }
      assert.equal((await fetch(`${wrong.url}/health`)).status, 200, "alive all the same");
      assert.match(wrong.logs(), says);
      assert.equal(await sandbox.calls(), calls);
    } finally {
      await wrong.close();
    }
  }
});
