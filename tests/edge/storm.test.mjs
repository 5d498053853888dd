// R1, small: the whole is `npm run storm`.
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { storm } from "./storm/storm.mjs";
import { ROOT } from "./support.mjs";

test("R1 what is acknowledged is in its ledger once, delivered in order, and cached, though the process is killed", { timeout: 300_000 }, async (t) => {
  const { violations, counts } = await storm({
    config: join(ROOT, "wrangler.toml"), events: 600, cases: 40, kills: 2, seed: 20_261_125, faults: 0.02, settle: 60, say: (text) => t.diagnostic(text),
  });
  for (const [what, count] of Object.entries(counts)) t.diagnostic(`${what}: ${count}`);
  assert.deepEqual(violations, []);
  assert.equal(counts.kills, 2);
});
