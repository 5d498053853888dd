// `npm run bench:quota`: what a day's quota is good for, ours beside a TypeScript Worker's (peer.ts).
//
// A simulated day of 20,000 reads over 2,000 cases (Zipf, s = 1) against a Torch that lets 1,000 calls a
// day and 60 a minute in; the cache is cold when it begins, at 00:00 UTC, when the quota does. Sandbox,
// proxy and peer run on the real workerd, all by one simulated clock. What Torch was asked, the
// sandbox's own counters say. Two models of how readers come:
//   pages      a case list: page views of 20 single reads at once, each page 20 different cases
//   scattered  every read by itself
// READS, CASES and PER_DAY are other numbers. Everything random has a seed: two runs ask the same. A reader
// without an answer could have had one if calls of the day were left at the moment it came, or if its case
// had been answered at an earlier one: that is less than a day old, and seven days are allowed.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build as bundle } from "esbuild";
import { createTestHarness } from "wrangler";
import { ROOT, say } from "../../scripts/setup.mjs";
import { CLIENTS, TOKEN, TORCH_KEY, casePath, receipts } from "../../tests/edge/support.mjs";

const READS = Number(process.env.READS ?? 20_000);
const CASES = Number(process.env.CASES ?? 2_000);
const PER_DAY = Number(process.env.PER_DAY ?? 1_000);
const PER_MINUTE = 60;
const PAGE = Math.min(20, CASES);
/** Seconds of simulated time that are one moment: its reads are all under way at once. */
const STEP = 20;
/** The longest simulated time between two ticks of the cron, in seconds. */
const IDLE_TICK = 300;
const DAY = 86_400;
/** How long a reader waits, in real milliseconds. */
const PATIENCE = 30_000;
/** When people of a firm eight hours behind UTC look at cases: a weight for each of its hours. */
const LOCAL_HOURS = [0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 1, 4, 8, 11, 12, 11, 8, 10, 11, 11, 10, 8, 4, 2, 1.5, 1, 0.6, 0.4];
const BEHIND_UTC = 8;

/** mulberry32: numbers from 0 to 1. */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Draws an index by its weight. */
function drawer(weights, next) {
  let sum = 0;
  const sums = weights.map((weight) => (sum += weight));
  return () => {
    const wanted = next() * sum;
    let [low, high] = [0, sums.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** The day's reads: the receipts asked at each moment, by the moment's first second. */
function arrivals(model) {
  const next = random(20261124);
  const hour = drawer(LOCAL_HOURS.map((_, utc) => LOCAL_HOURS[(utc + 24 - BEHIND_UTC) % 24]), next);
  // A firm's cases do not lie side by side; those of who tries out numbers do, and are slowed.
  const list = Array.from({ length: CASES }, (_, n) => receipts(1, "IOE", 1 + n * 1009)[0]);
  const zipf = drawer(list.map((_, rank) => 1 / (rank + 1)), next);
  const moments = new Map();
  for (let left = READS; left > 0; ) {
    const drawn = new Set();
    const size = model === "pages" ? Math.min(PAGE, left) : 1;
    while (drawn.size < size) drawn.add(list[zipf()]);
    const at = Math.floor((hour() + next()) * (3600 / STEP)) * STEP;
    moments.set(at, [...(moments.get(at) ?? []), ...drawn]);
    left -= size;
  }
  return moments;
}

/** A whole day for one Worker, with a sandbox of its own; what came of it. */
async function live(title, moments, { folder, vars }) {
  const harness = createTestHarness({
    root: ROOT,
    workers: [
      {
        configPath: `${folder}/wrangler.toml`,
        vars: { TORCH_BASE_URL: "https://torch.invalid", ...vars },
        secrets: { PARLEY_API_KEY: TORCH_KEY, CLIENTS: JSON.stringify(CLIENTS) },
      },
      { configPath: "wrangler.sandbox.toml", vars: { SANDBOX_PER_DAY: String(PER_DAY), SANDBOX_PER_MINUTE: String(PER_MINUTE) } },
    ],
  });
  const { url } = await harness.listen();
  const midnight = Math.ceil(Date.now() / 1000 / DAY) * DAY * 1000;

  /** One moment of the day. The counters are those at its start: what Torch had been asked before. */
  async function moment(second, list) {
    const body = { now: midnight + second * 1000, paths: list.map(casePath), headers: { authorization: `Bearer ${TOKEN}` }, patience: PATIENCE };
    const response = await fetch(new URL("/__moment", url), { method: "POST", body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${title}: ${response.status} at second ${second}: ${await response.text()}`);
    const { counters, answers, scheduled } = await response.json();
    const refused = counters.by_status["429"] ?? 0;
    return { torch: { ...counters, refused, used: counters.calls - refused }, answers, scheduled };
  }

  const day = { ages: [], fresh: 0, why: {}, unanswered: 0, callsLeft: 0, knownBefore: 0, hours: Array(24).fill(0), ticks: 0 };
  const answered = new Set();
  let [hour, minute, before] = [0, -1, 0];
  function endHours(until, used) {
    day.hours[hour] += used - before;
    [hour, before] = [until, used];
  }
  try {
    const { scheduled } = await moment(0, []);
    const seconds = new Set(moments.keys());
    if (scheduled) for (let second = 0; second < DAY; second += IDLE_TICK) seconds.add(second);
    for (const second of [...seconds].sort((a, b) => a - b)) {
      const list = moments.get(second) ?? [];
      const { torch, answers } = await moment(second, list);
      const now = Math.floor(second / 3600);
      if (now > hour) {
        if (Math.floor(now / 6) > Math.floor(hour / 6)) say(`  ${title}, ${now}:00: ${torch.used} calls let in, ${day.ages.length} readers answered, ${day.unanswered} not`);
        endHours(now, torch.used);
      }
      for (const [index, { status, age, control }] of answers.entries()) {
        if (status === 200) {
          day.ages.push(Number(age));
          // Both say an answer's whole lifetime in `max-age`.
          if (Number(age) < Number(control.match(/max-age=(\d+)/)[1])) day.fresh += 1;
          continue;
        }
        day.unanswered += 1;
        day.why[status] = (day.why[status] ?? 0) + 1;
        if (torch.used < PER_DAY) day.callsLeft += 1;
        else if (answered.has(list[index])) day.knownBefore += 1;
      }
      for (const [index, { status }] of answers.entries()) if (status === 200) answered.add(list[index]);
      if (scheduled && Math.floor(second / 60) > minute) {
        minute = Math.floor(second / 60);
        day.ticks += 1;
        await harness.getWorker().scheduled({ cron: "* * * * *", scheduledTime: new Date(midnight + minute * 60_000) });
      }
    }
    // What goes on behind the last answers ends within the day.
    await new Promise((resolve) => setTimeout(resolve, 300));
    day.torch = (await moment(DAY - 10, [])).torch;
    endHours(24, day.torch.used);
    const budget = await fetch(new URL("/budget", url), { headers: { authorization: "Bearer operator-token" } });
    day.budget = budget.status === 200 ? JSON.stringify(await budget.json()) : undefined;
  } finally {
    await harness.close();
  }
  day.ages.sort((a, b) => a - b);
  if (day.ages.length > 500 && day.ages.at(-1) < 60) throw new Error(`${title}: no answer is a minute old, so the Worker does not live in simulated time`);
  return day;
}

function report(title, { ages, fresh, why, unanswered, callsLeft, knownBefore, hours, ticks, torch, budget }) {
  const percent = (part, whole) => `${((100 * part) / (whole || 1)).toFixed(1)} %`;
  const reasons = Object.entries(why).map(([reason, count]) => `${reason}: ${count}`).join(", ");
  const at = (share) => ages[Math.min(ages.length - 1, Math.floor(ages.length * share))] ?? "-";
  console.log(`  ${title}`);
  console.log(`    calls to Torch ${torch.calls}: ${torch.used} let in, ${torch.refused} refused with 429; ${(torch.receipts / (torch.calls || 1)).toFixed(2)} receipts a call`);
  console.log(`    readers answered ${ages.length}, unanswered ${unanswered}${reasons && ` (${reasons})`}`);
  console.log(`    of these, ${callsLeft + knownBefore} could have had an answer: ${callsLeft} while calls of the day were left, ${knownBefore} for a case that was answered before`);
  console.log(`    answers fresh ${percent(fresh, ages.length)}, stale ${percent(ages.length - fresh, ages.length)}; age median ${at(0.5)} s, 95th percentile ${at(0.95)} s`);
  console.log(`    calls let in by hour (UTC): ${hours.join(" ")}`);
  if (ticks) console.log(`    its cron was run ${ticks} times`);
  if (budget) console.log(`    /budget: ${budget}`);
}

/** A Worker with clock.js around it, under the bindings of its own configuration and two more. */
async function prepare(name, worker, config) {
  const folder = join("build/bench-quota", name);
  rmSync(join(ROOT, folder), { recursive: true, force: true });
  mkdirSync(join(ROOT, folder), { recursive: true });
  await bundle({
    entryPoints: [join(ROOT, "bench/quota/clock.js")], alias: { "#worker": join(ROOT, worker) }, outfile: join(ROOT, folder, "index.js"),
    bundle: true, format: "esm", target: "es2024", external: ["./index_bg.wasm", "cloudflare:*", "node:*"], logLevel: "error",
  });
  const own = readFileSync(join(ROOT, config), "utf8");
  const services = [["TORCH", "torch-sandbox"], ["SELF", own.match(/^name = "(.*)"$/m)[1]]];
  const bound = services.map(([binding, service]) => `\n[[services]]\nbinding = "${binding}"\nservice = "${service}"\n`);
  writeFileSync(join(ROOT, folder, "wrangler.toml"), own.replace(/^main = .*$/m, 'main = "index.js"').replace(/^directory = "/m, 'directory = "../../../') + bound.join(""));
  return folder;
}

const ours = await prepare("ours", "build/worker/index.js", "wrangler.toml");
copyFileSync(join(ROOT, "build/worker/index_bg.wasm"), join(ROOT, ours, "index_bg.wasm"));
const peer = await prepare("peer", "bench/quota/peer.ts", "bench/quota/wrangler.toml");
const contenders = {
  ours: { folder: ours, vars: { TORCH_PER_DAY: String(PER_DAY), TORCH_PER_MINUTE: String(PER_MINUTE) } },
  peer: { folder: peer },
  // Not in the ratio: the same peer, told to be silent until a 429's Retry-After has passed.
  "patient peer": { folder: peer, vars: { HEEDS_RETRY_AFTER: "1" } },
};
console.log(`a day of ${READS} reads over ${CASES} cases; Torch lets ${PER_DAY} calls a day and ${PER_MINUTE} a minute in`);
for (const model of ["pages", "scattered"]) {
  const moments = arrivals(model);
  say(`${model}: ${moments.size} moments with reads …`);
  const days = await Promise.all(Object.entries(contenders).map(([name, contender]) => live(`${model}, ${name}`, moments, contender)));
  console.log(`${model}:`);
  Object.keys(contenders).forEach((name, index) => report(name, days[index]));
  const [mine, theirs, patient] = days.map(({ torch }) => torch);
  console.log(`  ours to the peer: ${(mine.used / theirs.used).toFixed(3)} of the calls that were let in; to the patient peer: ${(mine.calls / patient.calls).toFixed(3)} of all calls`);
  console.log(`ratio calls ${(mine.calls / theirs.calls).toFixed(3)} (${model})`);
}
