// A panic in one request does not take the next one down. The Worker under test is the built one with
// paths that panic on purpose (feature `panic-probe`).
import assert from "node:assert/strict";
import test from "node:test";
import { casePath, pair, receipts } from "./support.mjs";

const { sandbox, proxy } = await pair({ worker: { configPath: "tests/edge/recovery/wrangler.toml" } });

const [read, waiting, ...others] = receipts(40, "RCV");

for (const where of ["now", "after-waiting", "behind"]) {
  test(`R3 a panic ${where}: that request fails, the next is served`, async () => {
    await proxy.json(casePath(read));
    const broken = await proxy.json(`/__panic/${where}`);
    // What panics behind the answer leaves the answer (of a path that is not there) alone.
    assert.deepEqual([broken.status, broken.body.code], where === "behind" ? [404, "no_such_route"] : [500, "internal"]);
    await new Promise((resolve) => setTimeout(resolve, 150));
    for (let again = 0; again < 3; again++) {
      const answer = await proxy.json(casePath(read));
      assert.deepEqual([answer.status, answer.body.receipt_number, answer.cache.hit], [200, read, true]);
      const next = others.pop();
      const miss = await proxy.json(casePath(next));
      assert.deepEqual([miss.status, miss.body.receipt_number], [200, next], "and the gate answers too");
    }
  });
}

test("R3 a panic in the gate: it starts anew", async () => {
  const { GATE } = await proxy.harness.getWorker().getEnv();
  const gate = GATE.get(GATE.idFromName("torch"));
  const broken = await gate.fetch("https://gate/__panic", { method: "POST" }).then(({ status }) => status, () => 500);
  assert.ok(broken >= 500);
  const next = others.pop();
  const answer = await proxy.json(casePath(next));
  assert.deepEqual([answer.status, answer.body.receipt_number], [200, next]);
});

test("R3 readers who wait while another request panics are answered or told, and can ask again", async () => {
  await sandbox.fault({ receipt: waiting, delay_ms: 300, times: 1 });
  const reader = proxy.get(casePath(waiting)).then((response) => response.status);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await (await proxy.get("/__panic/now")).text();
  const status = await reader;
  assert.ok(status === 200 || status >= 500, String(status));
  assert.equal((await proxy.json(casePath(waiting))).status, 200);
});
