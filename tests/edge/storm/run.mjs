// `npm run storm`: a webhook storm with kills (storm.mjs), its counts, and a sentence for each violation.
//
// STORM_EVENTS, STORM_CASES, STORM_KILLS and STORM_SEED are other numbers; STORM_FAULTS is the share of
// deliveries that the subscriber refuses at first, STORM_SETTLE how many silent seconds end the waiting.
// STORM_WORKER is the wrangler configuration of another Worker, as bench/webhook/wrangler.toml.
import { resolve } from "node:path";
import { END_SIGNALS, ROOT, fail, say } from "../../../scripts/setup.mjs";
import { storm } from "./storm.mjs";

const SHOWN = 50;
const { env } = process;
const number = (name, otherwise) => {
  const value = Number(env[name] ?? otherwise);
  return value >= 0 ? value : fail(`${name} should be a number, not "${env[name]}".`);
};
for (const signal of END_SIGNALS) process.on(signal, () => process.exit(130));
const { violations, counts } = await storm({
  config: resolve(ROOT, env.STORM_WORKER ?? "wrangler.toml"),
  events: number("STORM_EVENTS", 10_000),
  cases: number("STORM_CASES", 500),
  kills: number("STORM_KILLS", 5),
  seed: number("STORM_SEED", 20_261_124),
  faults: number("STORM_FAULTS", 0.01),
  settle: number("STORM_SETTLE", 90),
  say,
});
for (const [what, count] of Object.entries(counts)) console.log(`${what}: ${count}`);
for (const violation of violations.slice(0, SHOWN)) console.error(`VIOLATION ${violation}`);
if (violations.length > SHOWN) console.error(`… and ${violations.length - SHOWN} more`);
console.log(violations.length ? `${violations.length} violations` : "every acknowledged event is in its ledger once, was delivered, and is what the cache answers");
process.exitCode = violations.length ? 1 : 0;
