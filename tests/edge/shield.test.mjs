// The enumeration shield, and the allowance over all isolates.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Proxy, batchPath, casePath, pair, receipts, sha256, until } from "./support.mjs";

const CLIENTS = ["walker", "firm", "crowd", "batches"].map((name) => ({ name, sha256: [sha256(`${name}-token`)], scopes: ["read"] }));
const { sandbox, proxy } = await pair({ secrets: { CLIENTS: JSON.stringify(CLIENTS) } });
const as = (name) => ({ authorization: `Bearer ${name}-token` });
const timed = async (work) => {
  const since = performance.now();
  await work();
  return performance.now() - since;
};
const reports = (name) => proxy.logs().split("\n").filter((line) => line.includes("walks neighbouring receipt numbers") && line.includes(`"client":"${name}"`)).length;

test("A5 a client that walks consecutive receipts is slowed to a trickle, and reported", async () => {
  for (const receipt of receipts(48, "WAL")) await proxy.get(casePath(receipt), as("walker"));
  assert.equal(reports("walker"), 0, "so many may lie side by side");
  for (const receipt of receipts(4, "WAL", 49)) {
    const time = await timed(() => proxy.get(casePath(receipt), as("walker")));
    assert.ok(time > 1900, `${receipt}: ${time} ms`);
  }
  assert.equal(reports("walker"), 1, "once a minute, not at every step");
  // What it knows already it may read again, from the cache or past it.
  const again = await timed(async () => {
    for (const receipt of receipts(20, "WAL")) await proxy.get(casePath(receipt), { ...as("walker"), "cache-control": "no-cache" });
  });
  assert.ok(again < 20_000, `${again} ms: held it would be forty seconds`);
  // And nobody else is slower for it, not even beside it.
  await proxy.get(casePath("WAL0000000060"), as("firm"));
  assert.equal(reports("firm"), 0);
});

test("A5 a client that reads its own list is not: one by one, in families, day after day", async () => {
  const list = Array.from({ length: 25 }, (_, n) => receipts(4, "OWN", n * 1009 + 1)).flat();
  for (let day = 0; day < 2; day++) {
    for (const receipt of list) await proxy.get(casePath(receipt), as("firm"));
  }
  assert.equal(reports("firm"), 0);
});

test("A5 a list that is sent at once or in batches is not held, however its numbers lie", async () => {
  const burst = await timed(async () => {
    const answers = await Promise.all(receipts(200, "BUR").map((receipt) => proxy.get(casePath(receipt), as("crowd"))));
    assert.ok(answers.every(({ status }) => status === 200));
  });
  assert.ok(burst < 20_000, `${burst} ms: one by one it would be minutes`);
  assert.equal((await proxy.get(batchPath(receipts(250, "BAT")), as("batches"))).status, 200);
  assert.equal(reports("batches"), 0);
});

test("A5 more than 5,000 steps in an hour are refused, with the time to wait", async () => {
  for (let n = 0; n < 9; n++) {
    const { status } = await proxy.get(batchPath(receipts(500, "MOS", n * 500 + 1)), as("batches"));
    assert.equal(status, 200, `batch ${n}`);
  }
  const { status, body, headers } = await proxy.json(batchPath(receipts(500, "MOS", 4501)), as("batches"));
  assert.deepEqual([status, body.code], [429, "rate_limited"]);
  assert.ok(Number(headers.get("retry-after")) >= 1 && Number(headers.get("retry-after")) <= 10);
  assert.equal(reports("batches"), 1);
  assert.equal((await proxy.get(batchPath(receipts(500, "MOS", 1)), as("batches"))).status, 200, "what is known is read as ever");
});

test("ok what the platform's rate-limit binding refuses is refused here, with the fields that say so", async () => {
  const { harness } = proxy;
  const { RATE_LIMITER } = await harness.getWorker().getEnv();
  const name = "limited";
  const limited = await Proxy.start(sandbox.url, { secrets: { CLIENTS: JSON.stringify([{ name, sha256: [sha256(`${name}-token`)], scopes: ["read"], allowance: 600 }]) } });
  try {
    assert.equal(typeof RATE_LIMITER?.limit, "function");
    const own = (await limited.harness.getWorker().getEnv()).RATE_LIMITER;
    // Within one minute of the clock.
    const left = 60_000 - (Date.now() % 60_000);
    if (left < 10_000) await new Promise((resolve) => setTimeout(resolve, left + 100));
    // As if other isolates had served it.
    let refused = false;
    for (let n = 0; n < 700 && !refused; n++) refused = !(await own.limit({ key: name })).success;
    assert.ok(refused, "600 a minute are let through");
    const first = await limited.get("/case-status?receipt=LIM0000000001", as(name));
    assert.equal(first.status, 200);
    const answer = await until("a refusal", async () => {
      const response = await limited.get("/case-status?receipt=LIM0000000001", as(name));
      return response.status === 429 && response;
    });
    assert.equal((await answer.json()).code, "rate_limited");
    assert.match(answer.headers.get("ratelimit"), /^"client";r=0;t=\d+$/);
    assert.ok(Number(answer.headers.get("retry-after")) <= 60);
  } finally {
    await limited.close();
  }
});
