// `npm run bench:hit`: CPU time of a cache hit in workerd, ours beside a TypeScript Worker on Hono.
//
// Each Worker runs in a workerd of its own. Rounds alternate between the two; a round's figure is the
// process's CPU time over a fixed number of requests; the ratio is the median of the rounds' ratios.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build as bundle } from "esbuild";
import { ROOT, say } from "../../scripts/setup.mjs";

const PAIRS = Number(process.env.PAIRS ?? 9);
const REQUESTS = Number(process.env.REQUESTS ?? 20_000);
const CONNECTIONS = 8;
const CASES = 20_000;
const TOKEN = "bench-token";
const HEADERS = { authorization: `Bearer ${TOKEN}`, accept: "*/*" };
const CLIENTS = JSON.stringify([{ name: "bench", sha256: [createHash("sha256").update(TOKEN).digest("hex")], scopes: ["read"], allowance: 1_000_000_000 }]);

const receipts = Array.from({ length: CASES }, (_, n) => `IOE${String(9_000_000_000 + n)}`);
const taxonomy = readFileSync(join(ROOT, "src/status/category.rs"), "utf8").match(/TAXONOMY: &str = "([^"]+)"/)[1];
const sample = JSON.parse(readFileSync(join(ROOT, "bench/hit/case.json"), "utf8"));

const now = Math.floor(Date.now() / 1000);

function entry(receipt) {
  const body = JSON.stringify({ ...sample, receipt_number: receipt });
  const etag = createHash("sha256").update(body).digest("hex").slice(0, 32);
  return `1 ok ${now - 60} ${now + 7200} ${now + 90000} ${now + 600000} ${now - 86400} ${taxonomy} ${body.length} ${etag}\n${body}`;
}

const workerd = createRequire(import.meta.resolve("wrangler")).resolve("workerd/bin/workerd");

async function start(name, folder, modules) {
  mkdirSync(folder, { recursive: true });
  const listed = modules.map(({ name, file }) => `(name = "${name}", ${file.endsWith(".wasm") ? "wasm" : "esModule"} = embed "${file}")`);
  const quoted = (text) => JSON.stringify(text);
  writeFileSync(join(folder, "config.capnp"), `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  modules = [${listed.join(", ")}],
  bindings = [
    (name = "CLIENTS", text = ${quoted(CLIENTS)}),
    (name = "TORCH_BASE_URL", text = "http://127.0.0.1:9"),
    (name = "PARLEY_API_KEY", text = "none"),
  ],
);
`);
  const child = spawn(workerd, ["serve", "config.capnp", "--control-fd=3"], { cwd: folder, stdio: ["ignore", "ignore", "inherit", "pipe"] });
  const port = await new Promise((resolve, reject) => {
    let text = "";
    child.once("exit", (code) => reject(new Error(`workerd ended with ${code}`)));
    child.stdio[3].on("data", (data) => {
      text += data;
      const found = text.match(/"port":(\d+)/);
      if (found) resolve(Number(found[1]));
    });
  });
  const worker = { name, child, port, agent: new Agent({ keepAlive: true, maxSockets: CONNECTIONS }) };
  for (let from = 0; from < CASES; from += 2000) {
    const part = Object.fromEntries(receipts.slice(from, from + 2000).map((receipt) => [`case:1:${receipt}`, entry(receipt)]));
    await send(worker, "/", { method: "PUT", body: JSON.stringify(part) });
  }
  return worker;
}

function send({ port, agent }, path, { method = "GET", body, headers } = {}) {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, path, method, agent, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (data) => (text += data));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
      response.on("error", reject);
    });
    call.on("error", reject);
    call.end(body);
  });
}

/** The process's CPU time so far, in microseconds, from the scheduler's own count of each thread. */
function cpu({ child }) {
  const tasks = `/proc/${child.pid}/task`;
  return readdirSync(tasks).reduce((sum, task) => sum + Number(readFileSync(join(tasks, task, "schedstat"), "utf8").split(" ")[0]), 0) / 1000;
}

/** CPU microseconds per request over one round. */
async function round(worker, path) {
  const before = cpu(worker);
  let next = 0;
  const lane = async () => {
    while (next < REQUESTS) {
      const { status } = await send(worker, path(next++), { headers: HEADERS });
      if (status !== 200) throw new Error(`${worker.name} answered ${status}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
  return (cpu(worker) - before) / REQUESTS;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function compare(title, ours, theirs, path) {
  for (const worker of [ours, theirs]) await round(worker, path(0));
  const pairs = [];
  for (let pair = 1; pair <= PAIRS; pair++) {
    // Who goes first alternates too.
    const order = pair % 2 ? [ours, theirs] : [theirs, ours];
    const figures = {};
    for (const worker of order) figures[worker.name] = await round(worker, path(pair));
    pairs.push({ ...figures, ratio: figures.ours / figures.theirs });
    console.error(`  ${title} ${pair}: ours ${figures.ours.toFixed(1)} µs, theirs ${figures.theirs.toFixed(1)} µs, ratio ${(figures.ours / figures.theirs).toFixed(3)}`);
  }
  const column = (name) => median(pairs.map((pair) => pair[name]));
  console.log(`${title}: ours ${column("ours").toFixed(1)} µs/request, theirs ${column("theirs").toFixed(1)} µs/request (medians of ${PAIRS} pairs)`);
  console.log(`ratio hit ${column("ratio").toFixed(3)} (${title})`);
}

const out = join(ROOT, "build", "bench-hit");
rmSync(out, { recursive: true, force: true });
const options = { bundle: true, format: "esm", target: "es2024", minify: true, external: ["./index_bg.wasm", "cloudflare:*", "node:*"], logLevel: "error" };
const stub = join(ROOT, "bench/hit/stub.js");
const build = (name, worker) => bundle({ ...options, entryPoints: [stub], alias: { "#worker": worker }, outfile: join(out, name, "index.js") });
await build("ours", join(ROOT, "build/worker/index.js"));
await build("theirs", join(ROOT, "bench/hit/peer.ts"));
writeFileSync(join(out, "ours/index_bg.wasm"), readFileSync(join(ROOT, "build/worker/index_bg.wasm")));
const ours = await start("ours", join(out, "ours"), [{ name: "index.js", file: "index.js" }, { name: "./index_bg.wasm", file: "index_bg.wasm" }]);
const theirs = await start("theirs", join(out, "theirs"), [{ name: "index.js", file: "index.js" }]);
try {
  // They do the same work: the same answer to the letter.
  const answers = [];
  for (const worker of [ours, theirs]) answers.push(await send(worker, `/case-status?receipt=${receipts[0]}`, { headers: HEADERS }));
  // The first request reads our configuration and takes the long way; the answer is the fast lane's after that.
  answers[0] = await send(ours, `/case-status?receipt=${receipts[0]}`, { headers: HEADERS });
  for (const answer of answers) for (const name of ["date", "age", "cache-status", "ratelimit", "x-request-id"]) delete answer.headers[name];
  if (JSON.stringify(answers[0]) !== JSON.stringify(answers[1])) throw new Error(`the answers differ:\n${JSON.stringify(answers, null, 2)}`);
  say(`a hit through the memo: ${PAIRS} pairs of ${REQUESTS} requests …`);
  await compare("memo", ours, theirs, () => () => `/case-status?receipt=${receipts[7]}`);
  say(`a hit through KV: as many, each for a case that neither remembers …`);
  // Each round walks all cases once: none comes again before its five seconds in memory are over or
  // 4,096 others have driven it out.
  await compare("kv", ours, theirs, () => (n) => `/case-status?receipt=${receipts[n % CASES]}`);
} finally {
  for (const { child, agent } of [ours, theirs]) {
    agent.destroy();
    child.removeAllListeners("exit");
    child.kill();
  }
}
