// `npm start`: the proxy and the sandbox together on this machine, with no account and no key.
//
// PORT and SANDBOX_PORT choose the ports (0: any free one), TORCH_EDGE_STATE the folder of what is
// kept from one start to the next. Settings such as FRESHNESS are taken
// from the environment or from `.dev.vars`.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";
import { build } from "./build.mjs";
import { END_SIGNALS, ROOT, ensureNode, fail, field, say } from "./setup.mjs";

const HOST = "127.0.0.1";
const STATE = resolve(ROOT, process.env.TORCH_EDGE_STATE ?? ".wrangler/start");
const PATIENCE = 60_000;
/** What wrangler says of the cron trigger: to pull it by hand, which is done here. */
const CRON_HINT = /Scheduled Workers are not automatically|To manually trigger a scheduled event|local\/scheduled"|#test-cron-triggers-locally/;
/** `wrangler dev` keeps no time of its own: the cron trigger is ours to pull. */
const TICK = 60_000;
// Of the sandbox's cases one with something new in nearly every half year until the middle of 2028.
const SETTINGS = ["FRESHNESS", "FIELD_NAMES", "SUBSCRIBERS", "ALLOWED_ORIGINS", "GRANT_SECRET_NEXT", "WEBHOOK_SECRET_NEXT", "TORCH_BATCH_MAX", "TORCH_PATH_PREFIX", "TORCH_PER_MINUTE", "TORCH_PER_DAY", "DAY_RESETS_AT", "PARLEY_API_KEY_NEXT"];
const RECEIPT = "IOE0907407037";

await ensureNode();
const token = kept("demo-token", "demo_");
const secret = kept("webhook-secret", "");
await mustNotRun();
const ports = { proxy: await port("PORT", 8787) };
ports.sandbox = await port("SANDBOX_PORT", 8788, ports.proxy);
const [proxy, sandbox] = [`http://${HOST}:${ports.proxy}`, `http://${HOST}:${ports.sandbox}`];
for (const face of ["worker", "sandbox"]) build(face);

const children = new Map();
let started;
let stopping;
for (const signal of END_SIGNALS) process.on(signal, () => stop(0));
say("starting …");
start("sandbox", "wrangler.sandbox.toml", {});
start("proxy", "wrangler.toml", {
  TORCH_BASE_URL: sandbox,
  PARLEY_API_KEY: field("wrangler.sandbox.toml", /^SANDBOX_KEYS = "([^",]+)/m, "a key in SANDBOX_KEYS"),
  WEBHOOK_SCHEME: "shared-secret",
  WEBHOOK_HEADER: "X-Torch-Secret",
  WEBHOOK_SECRET: secret,
  GRANT_SECRET: kept("grant-secret", ""),
  CLIENTS: JSON.stringify([{ name: "demo", sha256: [createHash("sha256").update(token).digest("hex")], scopes: ["read", "live", "grant", "ops"] }]),
  TORCH_PER_MINUTE: field("wrangler.sandbox.toml", /^SANDBOX_PER_MINUTE = "(\d+)/m, "SANDBOX_PER_MINUTE"),
  TORCH_PER_DAY: field("wrangler.sandbox.toml", /^SANDBOX_PER_DAY = "(\d+)/m, "SANDBOX_PER_DAY"),
  ...Object.fromEntries(SETTINGS.filter((name) => name in process.env).map((name) => [name, process.env[name]])),
});
const [{ clock }] = await Promise.all([answer(`${sandbox}/__sandbox/state`), answer(`${proxy}/health`)]);
const hook = { url: `${proxy}/webhooks/torch`, scheme: "shared-secret", header: "X-Torch-Secret", secret };
await fetch(`${sandbox}/__sandbox/webhook`, { method: "PUT", body: JSON.stringify(hook) });
writeFileSync(join(STATE, "address"), proxy);
started = true;
setInterval(() => fetch(`${proxy}/cdn-cgi/local/scheduled`).then((response) => response.text()).catch(() => {}), TICK);
console.log(welcome(clock));

/** The port of a variable, or the first free one from `first` on. */
async function port(variable, first, taken) {
  const isFree = (number) => new Promise((done) => {
    const server = createServer().once("error", () => done(0));
    server.listen(number, HOST, () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
  const chosen = process.env[variable];
  if (chosen === undefined) {
    for (let number = first; number < first + 100; number++) if (number !== taken && (await isFree(number))) return number;
    return fail(`the ports ${first} to ${first + 99} are all taken: choose another, as in \`${variable}=9000 npm start\`.`);
  }
  if (!/^\d{1,5}$/.test(chosen) || Number(chosen) > 65_535) fail(`${variable} should be a port number up to 65535, not "${chosen}".`);
  const found = Number(chosen) === taken ? 0 : await isFree(Number(chosen));
  return found || fail(`port ${chosen} is taken: end the program that has it, or choose another, as in \`${variable}=9000 npm start\`.`);
}

/** A secret of this folder's: random, made once and kept, so that what was pasted yesterday still works. */
function kept(name, prefix) {
  mkdirSync(STATE, { recursive: true });
  const file = join(STATE, name);
  if (!existsSync(file)) writeFileSync(file, `${prefix}${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
  return readFileSync(file, "utf8").trim();
}

/** Two at once would write to the same files. Whoever knows the token is this folder's own. */
async function mustNotRun() {
  const file = join(STATE, "address");
  if (!existsSync(file)) return;
  const address = readFileSync(file, "utf8");
  const asked = fetch(`${address}/case-status`, { headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(2000) });
  const code = await asked.then(async (response) => (await response.json()).code).catch(() => undefined);
  if (code === "receipt_missing") fail(`it is running already, at ${address}: use that one or stop it first.`);
}

/** Runs one Worker under `wrangler dev`; `secrets` stand over the configuration's variables. */
function start(name, config, secrets) {
  const file = join(STATE, `${name}.env`);
  writeFileSync(file, Object.entries(secrets).map(([key, value]) => `${key}='${value}'\n`).join(""), { mode: 0o600 });
  const own = join(ROOT, ".dev.vars");
  const files = name === "proxy" && existsSync(own) ? [own, file] : [file];
  const child = spawn(process.execPath, [
    "--no-warnings", join(ROOT, "node_modules/wrangler/wrangler-dist/cli.js"), "dev", "--config", join(ROOT, config), "--local",
    "--ip", HOST, "--port", String(ports[name]), "--inspector-port", "0", // Each its own folder: two at one fall over each other's locks.
    "--persist-to", join(STATE, name),
    ...files.flatMap((path) => ["--env-file", path]), "--show-interactive-dev-session=false",
  ], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own: a terminal's Ctrl-C comes to us alone, and we end the two in good order.
    detached: process.platform !== "win32",
    env: {
      ...process.env,
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      WRANGLER_HIDE_BANNER: "true",
      WRANGLER_LOG: "warn",
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_WRITE_LOGS: "false",
    },
  });
  for (const output of [child.stdout, child.stderr]) createInterface(output).on("line", (line) => report(name, line));
  const ended = once(child, "exit").then(([status, signal]) => {
    children.delete(name);
    kill(child);
    if (stopping) return;
    const how = signal ?? `code ${status}`;
    if (name === "sandbox" && started) {
      // What becomes of readers when Torch is gone is worth a look.
      say(`the sandbox has ended (${how}). The proxy goes on and answers what it has; \`npm start\` again brings both.`);
      return;
    }
    say(`the ${name} ended by itself (${how}): what it said stands above. Run \`npm start\` again.`);
    stop(1);
  });
  children.set(name, { child, ended });
}

/** Ends a child and what it may have left running. */
function kill(child) {
  try {
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // Nothing is left of it.
  }
}

/** Passes on what a Worker logs and what goes wrong. */
function report(name, line) {
  const plain = stripVTControlCharacters(line);
  const own = plain.match(/\{"level":.*\}/)?.[0];
  if (CRON_HINT.test(plain)) return;
  if (own || (plain.trim() && !stopping)) console.error(`[${name}] ${own ?? plain}`);
}

/** Waits for an address to answer with JSON. */
async function answer(url) {
  for (const end = Date.now() + PATIENCE; Date.now() < end && !stopping; ) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
      if (response.ok) return await response.json();
    } catch {
      // Not there yet.
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  if (!stopping) {
    say(`${url} did not answer within ${PATIENCE / 1000} seconds: what the two said stands above.`);
    stop(1);
  }
  return new Promise(() => {});
}

/** Ends both children and then this process; the second call changes nothing. */
async function stop(status) {
  if (stopping) return;
  stopping = true;
  const all = [...children.values()];
  for (const { child } of all) child.kill("SIGTERM");
  const late = setTimeout(() => {
    for (const { child } of children.values()) kill(child);
  }, 5000);
  await Promise.all(all.map(({ ended }) => ended));
  clearTimeout(late);
  if (!status) say("stopped.");
  process.exit(status);
}

function welcome(clock) {
  const moved = clock.frozen || clock.offset_seconds !== 0;
  return `
  torch-edge is running.

    proxy     ${proxy}
    sandbox   ${sandbox}   a simulated Torch: no case in it is real${moved ? `
              Its clock stands at ${clock.now}; set it right with
              curl -X PUT ${sandbox}/__sandbox/clock -d '{"real":true}'` : ""}

  Open the board, filled with a demo firm's cases. What stands behind the # no browser sends anywhere.

    ${proxy}/#token=${token}&demo

  Paste these, and what is written for Torch asks the proxy:

    export BASE_URL=${proxy}
    export PARLEY_API_KEY=${token}

  Ask for a case, twice: the second answer comes from the cache.

    curl -i -H "Authorization: Bearer ${token}" "${proxy}/case-status?receipt=${RECEIPT}"

  See what it cost, and what was saved.

    curl -H "Authorization: Bearer ${token}" "${proxy}/budget"

  Mint a token that a browser may hold: it is good for this case, for an hour.

    curl -X POST -H "Authorization: Bearer ${token}" "${proxy}/grants" -d '{"receipts":["${RECEIPT}"]}'

  Have the sandbox tell of the case by webhook, and see its ledger.

    curl -X POST ${sandbox}/__sandbox/deliver -d '{"receipts":["${RECEIPT}"]}'
    curl -H "Authorization: Bearer ${token}" "${proxy}/case-status/history?receipt=${RECEIPT}"

  Move the sandbox's clock half a year on. The cache notices when its answer is stale, or
  half a minute after it last asked, if you add -H "Cache-Control: no-cache" to the line that asks for the case.

    curl -X PUT ${sandbox}/__sandbox/clock -d '{"advance":"180d"}'

  Stop with Ctrl-C. The cache and the token are kept in ${process.env.TORCH_EDGE_STATE ?? ".wrangler/start/"}.
`;
}
