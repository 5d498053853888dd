// The Worker and the sandbox on the real workerd, each behind a real HTTP address. The sandbox's own
// counters are the witness of what Torch was asked.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { createTestHarness } from "wrangler";

process.env.WRANGLER_SEND_METRICS = "false";
process.env.WRANGLER_LOG = "error";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const TOKEN = "client-token-of-the-tests";
export const TORCH_KEY = "sandbox-torch-key";
export const sha256 = (text) => createHash("sha256").update(text).digest("hex");
export const CLIENTS = [
  { name: "tests", sha256: [sha256(TOKEN)], scopes: ["read"] },
  { name: "operator", sha256: [sha256("operator-token")], scopes: ["ops"] },
];
const TAXONOMY = readFileSync(`${ROOT}/src/status/category.rs`, "utf8").match(/TAXONOMY: &str = "([^"]+)"/)[1];

export const receipts = (count, prefix = "IOE", from = 1) =>
  Array.from({ length: count }, (_, n) => `${prefix}${String(from + n).padStart(10, "0")}`);
export const batchPath = (list) => `/case-status/batch?${list.map((receipt) => `receipt=${receipt}`).join("&")}`;
export const casePath = (receipt) => `/case-status?receipt=${receipt}`;

/** `Cache-Status` as an object: `{ hit: true, ttl: 812 }`. */
export function cacheStatus(response) {
  const [name, ...parameters] = (response.headers.get("cache-status") ?? "").split("; ");
  if (name !== "torch-edge") return {};
  return Object.fromEntries(parameters.map((text) => {
    const [key, value = true] = text.split("=");
    return [key, /^-?\d+$/.test(value) ? Number(value) : value];
  }));
}

/** Waits until a condition gives something true, and gives that back. */
export async function until(what, condition, patience = 5000) {
  const end = Date.now() + patience;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what} did not come about within ${patience} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Sends what is answered before its body is read. The front that the local runtime has and a deployment has not loses
 * such a connection now and then, which is a 500 of its own or none at all: then it is sent again. */
export async function unread(send) {
  for (let left = 5; ; left--) {
    try {
      const answer = await send();
      if (answer.status !== 500 || !left) return answer;
    } catch (error) {
      if (!left) throw error;
    }
  }
}

export class Sandbox {
  static async start(vars = {}) {
    const harness = createTestHarness({ root: ROOT, workers: [{ configPath: "wrangler.sandbox.toml", vars }] });
    const { url } = await harness.listen();
    return Object.assign(new Sandbox(), { harness, url: url.origin });
  }

  async control(method, path, body) {
    const response = await fetch(`${this.url}/__sandbox/${path}`, { method, body: body && JSON.stringify(body) });
    if (!response.ok) throw new Error(`the sandbox answered ${response.status} to ${method} ${path}: ${await response.text()}`);
    return response.json();
  }

  reset = () => this.control("POST", "reset");
  fault = (fault) => this.control("POST", "faults", fault);
  mend = () => this.control("DELETE", "faults");
  counters = () => this.control("GET", "counters");
  calls = async () => (await this.counters()).calls;
  advance = (by) => this.control("PUT", "clock", { advance: by });
  close = () => this.harness.close();
}

export class Proxy {
  /** The Worker in front of `torch`, an address. `worker`: another Worker than the built one. */
  static async start(torch, { vars = {}, secrets = {}, worker = { configPath: "wrangler.toml" } } = {}) {
    const harness = createTestHarness({
      root: ROOT,
      workers: [{
        ...worker,
        vars: { TORCH_BASE_URL: torch, ...vars },
        secrets: { PARLEY_API_KEY: TORCH_KEY, CLIENTS: JSON.stringify(CLIENTS), ...secrets },
      }],
    });
    const { url } = await harness.listen();
    const hidden = new Set([TORCH_KEY, TOKEN, ...Object.values(secrets).flatMap((secret) => [secret, ...(secret.match(/whsec_[^"]+/g) ?? [])])]);
    return Object.assign(new Proxy(), { harness, url: url.origin, hidden });
  }

  get(path, headers = {}, init = {}) {
    const token = headers.authorization?.split(/ +/).at(-1);
    if (token?.length > 6) this.hidden.add(token);
    return fetch(this.url + path, { headers: { authorization: `Bearer ${TOKEN}`, ...headers }, redirect: "manual", ...init });
  }

  async json(path, headers) {
    const response = await this.get(path, headers);
    return { status: response.status, headers: response.headers, cache: cacheStatus(response), body: await response.json() };
  }

  kv = async () => (await this.harness.getWorker().getEnv()).CASES;

  /** The entry of a case, once it is kept. */
  kept = async (receipt) => {
    const kv = await this.kv();
    return until(`an entry of ${receipt}`, () => kv.get(`case:1:${receipt}`));
  };

  /** Puts an entry into KV that was fetched `age` seconds ago and was fresh for `lifetime`. */
  async seed(receipt, { age = 0, lifetime = 900, stale = 86_400, error = 604_800, body, kind = "ok", taxonomy = TAXONOMY } = {}) {
    const now = Math.floor(Date.now() / 1000);
    const fetched = now - age;
    const text = kind === "ok" ? (body ?? JSON.stringify({ receipt_number: receipt, status_text: "Case Was Received", seeded: true })) : "";
    const windows = kind === "ok" ? [fetched + lifetime + stale, fetched + lifetime + error] : [fetched + lifetime, fetched + lifetime];
    const line = ["1", kind, fetched, fetched + lifetime, ...windows, "-", taxonomy, text.length, sha256(text).slice(0, 32)].join(" ");
    await (await this.kv()).put(`case:1:${receipt}`, `${line}\n${text}`);
  }

  /** The rows that a statement gives on the gate's SQLite. */
  sql = async (statement, ...values) => (await this.harness.getWorker().getDurableObjectStorage("GATE", { name: "torch" })).exec(statement, ...values);

  /** Ends the gate as the platform does now and then: what it has in memory is gone, what it stored is not. */
  evict = () => this.harness.getWorker().evictDurableObject("GATE", { name: "torch" });

  /** Makes the gate as new: nothing used, no pause, no key refused. */
  async forget() {
    for (const table of ["number", "roster"]) await this.sql(`DELETE FROM ${table}`);
    await this.evict();
  }

  tick = () => this.harness.getWorker().scheduled({ cron: "* * * * *" });

  /** What `GET /budget` says. */
  budget = async () => (await this.get("/budget", { authorization: "Bearer operator-token" })).json();

  logs = () => this.harness.getLogs().map((log) => log.message ?? JSON.stringify(log)).join("\n");

  /** Ends it. Of all that it has logged, in whatever test, nothing may be secret, and no receipt number whole (A3). */
  async close() {
    const lines = this.logs().split("\n");
    await this.harness.close();
    const leak = lines.find((line) => /(?<![A-Za-z])[A-Z]{3}\d{10}(?!\d)/.test(line) || [...this.hidden].some((secret) => secret.length > 6 && line.includes(secret)));
    if (leak) throw new Error(`A3 a log line tells too much: ${leak}`);
  }

  /** Sends a webhook; the secret of `WEBHOOK` is in its header unless `headers` are others. */
  async webhook(body, headers = AUTHENTIC) {
    const response = await fetch(`${this.url}/webhooks/torch`, { method: "POST", headers, body });
    return { status: response.status, headers: response.headers, body: await response.json() };
  }

  /** A case's ledger, as `GET /case-status/history` tells it. */
  history = async (receipt) => (await this.json(historyPath(receipt))).body;

  /** The rows that a statement gives on a ledger's SQLite. */
  ledger = async (receipt, statement, ...values) =>
    (await this.harness.getWorker().getDurableObjectStorage("LEDGER", { name: receipt })).exec(statement, ...values);

  /** Ends a ledger, as `evict` ends the gate. */
  evictLedger = (receipt) => this.harness.getWorker().evictDurableObject("LEDGER", { name: receipt });
}

/** A sandbox and a proxy in front of it, for all tests of a file. */
export async function pair(options) {
  const sandbox = await Sandbox.start();
  const proxy = await Proxy.start(sandbox.url, options);
  after(() => Promise.all([proxy.close(), sandbox.close()]));
  return { sandbox, proxy };
}


/** Settings by which webhooks are taken, and the header of an authentic one. */
export const WEBHOOK = { vars: { WEBHOOK_HEADER: "X-Torch-Secret" }, secrets: { WEBHOOK_SECRET: "correct horse battery" } };
export const AUTHENTIC = { "x-torch-secret": "correct horse battery" };
export const historyPath = (receipt) => `/case-status/history?receipt=${receipt}`;

let told = 0;
/** A webhook's body: what Torch tells of a case, with an id of its own unless it is said otherwise. */
export const event = (receipt, { id = `evt_${++told}`, type = "case.status.updated", text = "Case Was Received", at = "2025-01-15T14:03:27Z", ...more } = {}) =>
  JSON.stringify({ type, data: { receipt_number: receipt, status_text: text, last_status_at: at, ...more }, id: id ?? undefined, sent_at: "2025-01-15T14:03:30Z" });
