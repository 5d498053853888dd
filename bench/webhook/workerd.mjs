// A workerd with one Worker in it and the least around it: what the benchmarks measure.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ROOT } from "../../scripts/setup.mjs";

const quoted = (text) => JSON.stringify(text);
const list = (items) => `[${items.join(", ")}]`;
const workerd = createRequire(import.meta.resolve("wrangler")).resolve("workerd/bin/workerd");

/** The modules of a built Worker, put into a folder; the main one first. */
export function modulesOf(built, folder) {
  const modules = readdirSync(built).filter((file) => /\.(js|wasm)$/.test(file)).sort((a) => (a === "index.js" ? -1 : 1));
  mkdirSync(folder, { recursive: true });
  for (const file of modules) writeFileSync(join(folder, file), readFileSync(join(built, file)));
  return modules;
}

/** A workerd with one contender in it: `modules` beside each other in `folder`, bindings as `config` names them, and `vars` over its own. */
export async function start({ name, folder, config, vars, modules, connections }) {
  mkdirSync(join(folder, "disk"), { recursive: true });
  writeFileSync(join(folder, "sink.js"), readFileSync(join(ROOT, "bench/webhook/sink.js")));
  const classes = new Set(config.migrations.flatMap((migration) => migration.new_sqlite_classes ?? []));
  const bindings = [
    ...Object.entries({ ...config.vars, ...vars }).map(([key, value]) => `(name = ${quoted(key)}, text = ${quoted(String(value))})`),
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
  return { name, child, ports, agent: new Agent({ keepAlive: true, maxSockets: connections }), figures: [], rates: [] };
}

/** One request. */
export function send({ ports, agent }, path, { port = ports.http, body, headers } = {}) {
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

/** What the sink has seen. */
export const counts = async (worker) => JSON.parse((await send(worker, "/", { port: worker.ports.count })).body);

/** The process's CPU time so far, in microseconds, from the scheduler's own count of each thread. */
export function cpu({ child }) {
  const tasks = `/proc/${child.pid}/task`;
  return readdirSync(tasks).reduce((sum, task) => sum + Number(readFileSync(join(tasks, task, "schedstat"), "utf8").split(" ")[0]), 0) / 1000;
}

/** Waits until what happens behind the answers has happened: nothing new for a fifth of a second. */
export async function settled(worker) {
  for (let last, same = 0; same < 4; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const now = JSON.stringify(await counts(worker));
    same = now === last ? same + 1 : 0;
    last = now;
  }
}
