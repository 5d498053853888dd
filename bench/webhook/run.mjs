// `npm run bench:webhook`: CPU time of a webhook, ours beside a TypeScript Worker's (peer.ts), and beside
// the least that a Durable Object can do (floor.js). Then verification alone (verify.mjs).
//
// Each contender runs alone in a workerd of its own, its objects' SQLite on disk. A round sends EVENTS
// events over CASES new cases, one in ten of them twice, and waits until all that follows is done: the entry in KV,
// the queue, the delivery. Its figure is the process's CPU time over the requests; KV, queue and subscriber
// (sink.js) are in it, the same for all. The ratio is the median of the rounds' ratios. RELAY=0 leaves the
// subscriber out: what is then measured is what comes in and what goes to KV. LIVE=1 lets the client open sockets, so
// that ours hands each change to the feed too, which the peer has not.
import { createHash, randomBytes } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build as bundle } from "esbuild";
import { unstable_readConfig as readConfig } from "wrangler";
import { ROOT, say } from "../../scripts/setup.mjs";
import { counts, cpu, modulesOf, send, settled, start as begin } from "./workerd.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 7);
const EVENTS = Number(process.env.EVENTS ?? 4_000);
const CASES = Number(process.env.CASES ?? 200);
const RELAY = process.env.RELAY !== "0";
const LIVE = process.env.LIVE === "1";
const CONNECTIONS = 32;
const TOKEN = "bench-token";
const SECRET = randomBytes(24).toString("hex");
const OUT = join(ROOT, "build", "bench-webhook");
const FIRST = Date.UTC(2025, 0, 1);
const VARS = {
  CLIENTS: JSON.stringify([{ name: "bench", sha256: [createHash("sha256").update(TOKEN).digest("hex")], scopes: LIVE ? ["read", "live"] : ["read"] }]),
  TORCH_BASE_URL: "http://127.0.0.1:9",
  PARLEY_API_KEY: "none",
  WEBHOOK_SCHEME: "shared-secret",
  WEBHOOK_HEADER: "x-torch-secret",
  WEBHOOK_SECRET: SECRET,
  SUBSCRIBERS: JSON.stringify(RELAY ? [{ name: "firm", url: "http://127.0.0.1:9/hook", secrets: [`whsec_${randomBytes(24).toString("base64")}`] }] : []),
};
const STATUSES = [
  ["Case Was Received", "Case Received"], ["Biometrics Appointment Was Scheduled", "Biometrics Scheduled"],
  ["Request for Additional Evidence Was Mailed", "Request for Evidence"], ["Interview Was Scheduled", "Interview Scheduled"],
  ["Case Was Approved", "Approved"], ["Card Was Mailed To Me", "Document Mailed"],
];

/** A round's requests: each event of each case in order, the cases by turns, one in ten told again. */
function requests(round) {
  const all = [];
  for (let n = 0; n < EVENTS; n++) {
    const [turn, receipt] = [Math.floor(n / CASES), `IOE${String(8_000_000_000 + round * CASES + (n % CASES))}`];
    const [status_text, status_category] = STATUSES[turn % STATUSES.length];
    const last_status_at = new Date(FIRST + turn * 3_600_000).toISOString().replace(".000Z", "Z");
    const data = { receipt_number: receipt, status_text, status_category, last_status_at };
    const body = JSON.stringify({ type: "case.status.updated", data, id: `evt_${round}_${n}`, sent_at: last_status_at });
    all.push(body);
    if (n % 10 === 9) all.push(body);
  }
  return all;
}

/** One round. CPU microseconds a request, and requests a second until the last was acknowledged. */
async function measure(worker, round) {
  const bodies = requests(round);
  const headers = { "content-type": "application/json", [VARS.WEBHOOK_HEADER]: SECRET };
  const [before, since] = [cpu(worker), performance.now()];
  let next = 0;
  const lane = async () => {
    while (next < bodies.length) {
      const { status, body } = await send(worker, "/webhooks/torch", { body: bodies[next++], headers });
      if (status < 200 || status > 299) throw new Error(`${worker.name} answered ${status}: ${body}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
  const rate = (1000 * bodies.length) / (performance.now() - since);
  await settled(worker);
  return { figure: (cpu(worker) - before) / bodies.length, rate };
}

const start = (name, config, modules) => begin({ name, folder: join(OUT, name), config, vars: VARS, modules, connections: CONNECTIONS });
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

rmSync(OUT, { recursive: true, force: true });
const options = { bundle: true, format: "esm", target: "es2024", minify: true, external: ["cloudflare:*", "node:*"], logLevel: "error" };
const bundled = (name, file) => bundle({ ...options, entryPoints: [join(ROOT, "bench/webhook", file)], outfile: join(OUT, name, "index.js") });
await bundled("peer", "peer.ts");
await bundled("floor", "floor.js");
const own = readConfig({ config: join(ROOT, "wrangler.toml") });
const theirs = readConfig({ config: join(ROOT, "bench/webhook/wrangler.toml") });
const workers = [];
if (own.queues.producers.length && existsSync(join(ROOT, "build/worker/index.js"))) {
  workers.push(await start("ours", own, modulesOf(join(ROOT, "build/worker"), join(OUT, "ours"))));
} else say("ours is left out: wrangler.toml names no queue, or build/worker is not built.");
workers.push(await start("peer", theirs, ["index.js"]));
workers.push(await start("floor", { ...theirs, kv_namespaces: [], queues: { producers: [] } }, ["index.js"]));
try {
  say(`${ROUNDS} rounds of ${EVENTS} events over ${CASES} cases, and one to warm up …`);
  for (const worker of workers) await measure(worker, 0);
  // They do the same work: one case's ledger, read back.
  for (const worker of workers.slice(0, -1)) {
    const { status, body } = await send(worker, `/case-status/history?receipt=IOE8000000000`, { headers: { authorization: `Bearer ${TOKEN}` } });
    const { chain, events } = status === 200 ? JSON.parse(body) : {};
    const kinds = new Set(events?.map(({ kind }) => kind));
    if (!chain?.valid || events.length !== Math.ceil(EVENTS / CASES) || [...kinds].join() !== "case.status.updated") {
      throw new Error(`${worker.name}: the ledger is not as it should be: ${status} ${body}`);
    }
  }
  for (let round = 1; round <= ROUNDS; round++) {
    // Who goes first alternates too.
    for (const worker of round % 2 ? workers : workers.toReversed()) {
      const { figure, rate } = await measure(worker, round);
      worker.figures.push(figure);
      worker.rates.push(rate);
    }
    console.error(`  ${round}: ${workers.map(({ name, figures, rates }) => `${name} ${figures.at(-1).toFixed(0)} µs, ${rates.at(-1).toFixed(0)}/s`).join("; ")}`);
  }
  const events = (ROUNDS + 1) * EVENTS;
  for (const worker of workers) {
    const { put, queued, delivered } = await counts(worker);
    console.log(`${worker.name}: ${median(worker.figures).toFixed(0)} µs of CPU a webhook, ${median(worker.rates).toFixed(0)} acknowledged a second; of ${events} events: ${put} puts, ${queued} messages, ${delivered} deliveries`);
    if (RELAY && worker.name !== "floor" && delivered < events) throw new Error(`${worker.name} has delivered ${delivered} of ${events} events`);
  }
  const ratio = (a, b) => median(a.figures.map((figure, round) => figure / b.figures[round])).toFixed(3);
  const [peer, floor] = workers.slice(-2);
  if (workers.length === 3) console.log(`ratio webhook ${ratio(workers[0], peer)} (ours/peer; ours/floor ${ratio(workers[0], floor)})`);
  console.log(`ratio floor ${ratio(peer, floor)} (peer/floor)`);
} finally {
  for (const { child, agent } of workers) {
    agent.destroy();
    child.removeAllListeners("exit");
    child.kill();
  }
}
await import("./verify.mjs");
