// The Worker under `wrangler dev`: a group of processes that can be killed as a machine kills it, and begun
// anew on the same storage and the same port.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { ROOT } from "../../../scripts/setup.mjs";

const PATIENCE = 90_000;
const HOST = "127.0.0.1";
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

async function freePort() {
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

export class Worker {
  /** `config`: of wrangler; `state`: a folder; `vars` stand over the configuration's. */
  constructor({ config, state, vars }) {
    Object.assign(this, { config, state, output: [], kills: 0 });
    this.env = join(state, "worker.env");
    // A group of its own outlives whoever forgets it.
    process.once("exit", () => this.#end());
    writeFileSync(this.env, Object.entries(vars).map(([key, value]) => `${key}='${value}'\n`).join(""), { mode: 0o600 });
  }

  async start() {
    this.port ??= await freePort();
    this.address = `http://${HOST}:${this.port}`;
    const child = spawn(process.execPath, [
      "--no-warnings", join(ROOT, "node_modules/wrangler/wrangler-dist/cli.js"), "dev", "--config", this.config, "--local",
      "--ip", HOST, "--port", String(this.port), "--inspector-port", "0", "--persist-to", join(this.state, "storage"), "--env-file", this.env,
      "--show-interactive-dev-session=false",
    ], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      env: { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_HIDE_BANNER: "true", WRANGLER_LOG: "warn", WRANGLER_SEND_METRICS: "false", WRANGLER_WRITE_LOGS: "false" },
    });
    this.child = child;
    // The last that it said, for whoever wonders why it ended.
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (this.output = [...this.output, String(data)].slice(-40)));
    child.once("exit", () => (child.ended = true));
    for (const end = Date.now() + PATIENCE; ; await pause(50)) {
      if (child.ended || Date.now() > end) throw new Error(`the Worker did not start:\n${this.output.join("")}`);
      const answer = await fetch(`${this.address}/health`, { signal: AbortSignal.timeout(5000) }).catch(() => undefined);
      await answer?.text();
      if (answer) return;
    }
  }

  #end() {
    try {
      if (this.child && !this.child.gone) process.kill(-this.child.pid, "SIGKILL");
    } catch {
      // Nothing is left of it.
    }
  }

  /** Ends the whole group at once, and waits until nothing listens any more. */
  async kill() {
    this.#end();
    while (!this.child.ended) await pause(10);
    // workerd may outlive wrangler by a moment; a new one must find its port free.
    for (const end = Date.now() + PATIENCE; Date.now() < end; await pause(20)) {
      const answer = await fetch(`${this.address}/health`, { signal: AbortSignal.timeout(5000) }).catch(() => undefined);
      if (!answer) return void (this.child.gone = true);
    }
    throw new Error("the Worker answers although it was killed");
  }

  /** Dies and comes back. */
  async killAndRestart() {
    if (this.child.ended) throw new Error(`the Worker had ended by itself:\n${this.output.join("")}`);
    this.kills += 1;
    await this.kill();
    await this.start();
  }
}
