// `npm run conformance`: Schemathesis makes thousands of requests out of www/openapi.json, good ones and bad
// ones, and holds every answer of the Worker to it. Minutes. What stands behind `--` goes to Schemathesis:
// `npm run conformance -- --seed 7 --max-examples 500`. Its settings are in scripts/schemathesis.toml.
//
// It comes from PyPI, into this user's cache folder; Python 3.11 or later is needed.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { END_SIGNALS, ROOT, cacheFolder, ensureNode, fail, run, say } from "./setup.mjs";

const SCHEMATHESIS = "4.32.5";
const WINDOWS = process.platform === "win32";

/** The path of Schemathesis's program; installed once for all clones. */
function ensureSchemathesis() {
  const home = join(cacheFolder(), `schemathesis-${SCHEMATHESIS}`);
  const program = (name) => join(home, WINDOWS ? "Scripts" : "bin", WINDOWS ? `${name}.exe` : name);
  const done = join(home, ".done");
  if (existsSync(done)) return program("schemathesis");
  const python = ["python3", "python"].find((name) => spawnSync(name, ["-c", "import sys; sys.exit(sys.version_info < (3, 11))"]).status === 0);
  if (!python) fail("Python 3.11 or later is needed: install it (on Debian or Ubuntu: apt install python3 python3-venv; on macOS: brew install python) and run this again.");
  if (spawnSync(python, ["-c", "import ensurepip, venv"]).status !== 0) fail("Python's venv module is missing: install it (on Debian or Ubuntu: apt install python3-venv) and run this again.");
  say(`installing Schemathesis ${SCHEMATHESIS} once for this machine (a minute) …`);
  // An environment cannot be moved, so it is made where it stays; one that was not finished is made anew.
  rmSync(home, { recursive: true, force: true });
  run(python, ["-m", "venv", home]);
  run(program("python"), ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", `schemathesis==${SCHEMATHESIS}`]);
  writeFileSync(done, "");
  return program("schemathesis");
}

await ensureNode();
const schemathesis = ensureSchemathesis();
for (const face of ["worker", "sandbox"]) build(face);
const { Proxy, Sandbox, TOKEN, WEBHOOK, sha256 } = await import("../tests/edge/support.mjs");

const GRANT_SECRET = "what grants are signed with, 32 bytes or more";
const { WEBHOOK_SECRET } = WEBHOOK.secrets;
const CLIENTS = JSON.stringify([{ name: "conformance", sha256: [sha256(TOKEN)], scopes: ["read", "live", "grant", "ops"] }]);
const sandbox = await Sandbox.start({ SANDBOX_PER_MINUTE: "1000000", SANDBOX_PER_DAY: "100000000" });
const proxy = await Proxy.start(sandbox.url, { vars: WEBHOOK.vars, secrets: { CLIENTS, GRANT_SECRET, WEBHOOK_SECRET } });
// What it remembers of its failures, to try them again, lies where it runs.
const cwd = join(ROOT, "build", "conformance");
mkdirSync(cwd, { recursive: true });
const child = spawn(schemathesis, [
  "--config-file", join(ROOT, "scripts/schemathesis.toml"), "run", join(ROOT, "www/openapi.json"), "--url", proxy.url, "--checks", "all", ...process.argv.slice(2),
], {
  cwd,
  stdio: "inherit",
  env: { ...process.env, TORCH_EDGE_TOKEN: TOKEN, TORCH_EDGE_WEBHOOK_SECRET: WEBHOOK_SECRET },
});
for (const signal of END_SIGNALS) process.on(signal, () => child.kill(signal));
const [status] = await once(child, "exit");
await Promise.all([proxy.close(), sandbox.close()]);
process.exit(status ?? 1);
