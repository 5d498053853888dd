// `npm run bench:webhook`: CPU time of a webhook, ours beside a TypeScript Worker's (peer.ts), and beside
// the least that a Durable Object can do (floor.js). Then verification alone (verify.mjs).
//
// Each contender runs alone in a workerd of its own, its objects' SQLite on disk. A round sends EVENTS
// events over CASES new cases, one in ten of them twice, and waits until all that follows is done: the entry in KV,
// the queue, the delivery. Its figure is the process's CPU time over the requests; KV, queue and subscriber
// (sink.js) are in it, the same for all. The ratio is the median of the rounds' ratios. RELAY=0 leaves the
// subscriber out: what is then measured is what comes in and what goes to KV.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build as bundle } from "esbuild";
import { unstable_readConfig as readConfig } from "wrangler";
import { ROOT, say } from "../../scripts/setup.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 7);
const EVENTS = Number(process.env.EVENTS ?? 4_000);
const CASES = Number(process.env.CASES ?? 200);
const RELAY = process.env.RELAY !== "0";
const CONNECTIONS = 32;
const TOKEN = "bench-token";
const SECRET = randomBytes(24).toString("hex");
const OUT = join(ROOT, "build", "bench-webhook");
const FIRST = Date.UTC(2025, 0, 1);
const VARS = {
  CLIENTS: JSON.stringify([{ name: "bench", sha256: [createHash("sha256").update(TOKEN).digest("hex")], scopes: ["read"] }]),
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

const quoted = (text) => JSON.stringify(text);
const list = (items) => `[${items.join(", ")}]`;
const workerd = createRequire(import.meta.resolve("wrangler")).resolve("workerd/bin/workerd");

/** A workerd with one contender in it: `modules` beside each other in `folder`, bindings as `config` names them. */
async function start(name, config, modules) {
  const folder = join(OUT, name);
  mkdirSync(join(folder, "disk"), { recursive: true });
  writeFileSync(join(folder, "sink.js"), readFileSync(join(ROOT, "bench/webhook/sink.js")));
  const classes = new Set(config.migrations.flatMap((migration) => migration.new_sqlite_classes ?? []));
  const bindings = [
    ...Object.entries({ ...config.vars, ...VARS }).map(([key, value]) => `(name = ${quoted(key)}, text = ${quoted(String(value))})`),
    ...config.kv_namespaces.map(({ binding }) => `(name = ${quoted(binding)}, kvNamespace = (name = "sink", entrypoint = "Kv"))`),
    ...config.queues.producers.map(({ binding }) => `(name = ${quoted(binding)}, queue = (name = "sink", entrypoint = "Queue"))`),
    ...config.durable_objects.bindings.map((one) => `(name = ${quoted(one.name)}, durableObjectNamespace = ${quoted(one.class_name)})`),
  ];
  const flags = config.compatibility_flags?.length ? `compatibilityFlags = ${list(config.compatibility_flags.map(quoted))},` : "";
  writeFileSync(join(folder, "config.capnp"), `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "sink", worker = .sink), (name = "disk", disk = (path = "disk", writable = true))],
  sockets = [
    (name = "http", address = "127.0.0.1:0", http = (), service = "main"),
    (name = "count", address = "127.0.0.1:0", http = (), service = "sink"),
  ],
);
const main :Workerd.Worker = (
  compatibilityDate = "2026-11-01", ${flags}
  modules = ${list(modules.map((file) => `(name = "${file.endsWith(".wasm") ? `./${file}` : file}", ${file.endsWith(".wasm") ? "wasm" : "esModule"} = embed "${file}")`))},
  bindings = ${list(bindings)},
  durableObjectNamespaces = ${list([...classes].map((one) => `(className = ${quoted(one)}, uniqueKey = ${quoted(one)}, enableSql = true)`))},
  durableObjectStorage = (localDisk = "disk"),
  globalOutbound = (name = "sink", entrypoint = "Subscriber"),
);
const sink :Workerd.Worker = (
  compatibilityDate = "2026-11-01", compatibilityFlags = ["service_binding_extra_handlers"],
  modules = [(name = "sink.js", esModule = embed "sink.js")], bindings = [(name = "MAIN", service = "main")],
);
`);
  const child = spawn(workerd, ["serve", "config.capnp", "--experimental", "--control-fd=3"], { cwd: folder, stdio: ["ignore", "ignore", "inherit", "pipe"] });
  const ports = {};
  await new Promise((resolve, reject) => {
    let text = "";
    child.once("exit", (code) => reject(new Error(`${name}: workerd ended with ${code}`)));
    child.stdio[3].on("data", (data) => {
      text += data;
      for (const [, socket, port] of text.matchAll(/"socket":"(\w+)","port":(\d+)/g)) ports[socket] = Number(port);
      if (ports.http && ports.count) resolve();
    });
  });
  return { name, child, ports, agent: new Agent({ keepAlive: true, maxSockets: CONNECTIONS }), figures: [], rates: [] };
}

function send({ ports, agent }, path, { port = ports.http, body, headers } = {}) {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, path, method: body ? "POST" : "GET", agent, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (data) => (text += data));
      response.on("end", () => resolve({ status: response.statusCode, body: text }));
      response.on("error", reject);
    });
    call.on("error", reject);
    call.end(body);
  });
}

const counts = async (worker) => JSON.parse((await send(worker, "/", { port: worker.ports.count })).body);

/** The process's CPU time so far, in microseconds, from the scheduler's own count of each thread. */
function cpu({ child }) {
  const tasks = `/proc/${child.pid}/task`;
  return readdirSync(tasks).reduce((sum, task) => sum + Number(readFileSync(join(tasks, task, "schedstat"), "utf8").split(" ")[0]), 0) / 1000;
}

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

/** Waits until what happens behind the answers has happened: nothing new for a fifth of a second. */
async function settled(worker) {
  for (let last, same = 0; same < 4; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const now = JSON.stringify(await counts(worker));
    same = now === last ? same + 1 : 0;
    last = now;
  }
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
  const modules = readdirSync(join(ROOT, "build/worker")).filter((file) => /\.(js|wasm)$/.test(file)).sort((a) => (a === "index.js" ? -1 : 1));
  mkdirSync(join(OUT, "ours"), { recursive: true });
  for (const file of modules) writeFileSync(join(OUT, "ours", file), readFileSync(join(ROOT, "build/worker", file)));
  workers.push(await start("ours", own, modules));
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
