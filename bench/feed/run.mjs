// `npm run bench:feed`: SOCKETS sockets on one feed, each of them told of half of the CASES, and CHANGES changes told by
// webhooks. Every socket must have every change of its cases once and in order, those too that are away for a while and
// come back with their cursor. Printed: the CPU time of the workerd process for each message, the webhooks that cause
// them included.
import { createHash, randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { unstable_readConfig as readConfig } from "wrangler";
import { ROOT, fail, say } from "../../scripts/setup.mjs";
import { Live, upgrade } from "../../tests/edge/live.mjs";
import { cpu, modulesOf, send, start } from "../webhook/workerd.mjs";

const SOCKETS = Number(process.env.SOCKETS ?? 1_000);
const CHANGES = Number(process.env.CHANGES ?? 100);
const CASES = Number(process.env.CASES ?? 50);
/** One in so many is away while the middle third of the changes come. */
const AWAY = 10;
/** What one client may open (src/feed). */
const MOST = 1_000;
const OUT = join(ROOT, "build", "bench-feed");
const TOKEN = "bench-token";
const SECRET = randomBytes(24).toString("hex");
const VARS = {
  CLIENTS: JSON.stringify([{ name: "bench", sha256: [createHash("sha256").update(TOKEN).digest("hex")], scopes: ["live"] }]),
  TORCH_BASE_URL: "http://127.0.0.1:9",
  PARLEY_API_KEY: "none",
  WEBHOOK_HEADER: "x-torch-secret",
  WEBHOOK_SECRET: SECRET,
};
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const receipt = (n) => `IOE${String(7_000_000_000 + n)}`;

rmSync(OUT, { recursive: true, force: true });
const worker = await start({
  name: "feed", folder: OUT, config: readConfig({ config: join(ROOT, "wrangler.toml") }), vars: VARS, modules: modulesOf(join(ROOT, "build/worker"), OUT), connections: 16,
});
const address = `http://127.0.0.1:${worker.ports.http}`;

/** The `n`th change: of which case, and its text. */
const change = (n) => ({ receipt: receipt(n % CASES), text: `Status ${n}` });
async function tell(from, to) {
  let next = from;
  const lane = async () => {
    while (next < to) {
      const { receipt: receipt_number, text: status_text } = change(next);
      const last_status_at = new Date(Date.UTC(2025, 0, 1) + next * 60_000).toISOString().replace(".000Z", "Z");
      const body = JSON.stringify({ type: "case.status.updated", id: `evt_${next++}`, sent_at: last_status_at, data: { receipt_number, status_text, last_status_at } });
      const { status, body: answer } = await send(worker, "/webhooks/torch", { body, headers: { "content-type": "application/json", "x-torch-secret": SECRET } });
      if (status !== 200) throw new Error(`a webhook was answered ${status}: ${answer}`);
    }
  };
  await lane();
}
/** The changes that a subscriber is to have, of the first `count`: what it has of each case, in order. */
const due = (wants, count) => Array.from({ length: count }, (_, n) => change(n)).filter(({ receipt }) => wants.includes(receipt)).length;

try {
  say(`${SOCKETS} sockets, ${CASES} cases, ${CHANGES} changes …`);
  const subscribers = Array.from({ length: SOCKETS }, (_, n) => ({
    wants: Array.from({ length: CASES / 2 }, (_, k) => receipt((n + 2 * k) % CASES)), lives: [],
    get told() {
      return this.lives.reduce((sum, live) => sum + live.of("change").length, 0);
    },
  }));
  const enter = async (one, cursor) => {
    const live = await Live.open(address, TOKEN);
    one.lives.push(live);
    await live.subscribe(one.wants, cursor);
  };
  let began = cpu(worker);
  for (let n = 0; n < SOCKETS; n += 50) await Promise.all(subscribers.slice(n, n + 50).map((one) => enter(one)));
  console.log(`opening and subscribing: ${((cpu(worker) - began) / SOCKETS).toFixed(0)} µs of CPU a socket`);
  if (SOCKETS >= MOST) {
    const { status, body } = await upgrade(address, { authorization: `Bearer ${TOKEN}` });
    if (status !== 429) fail(`one socket more was answered ${status} ${JSON.stringify(body)}, not 429.`);
  }

  const thirds = [0, Math.floor(CHANGES / 3), Math.floor((2 * CHANGES) / 3), CHANGES];
  const away = subscribers.filter((_, n) => n % AWAY === 0);
  const here = subscribers.filter((_, n) => n % AWAY !== 0);
  const arrived = async (some, count) => {
    for (const end = Date.now() + 60_000; some.some((one) => one.told < due(one.wants, count)); await pause(20)) {
      if (Date.now() > end) fail(`after a minute ${some.filter((one) => one.told < due(one.wants, count)).length} subscribers lack changes.`);
    }
  };
  began = cpu(worker);
  const since = performance.now();
  await tell(thirds[0], thirds[1]);
  await arrived(subscribers, thirds[1]);
  await Promise.all(away.map((one) => one.lives.at(-1).close()));
  await tell(thirds[1], thirds[2]);
  await arrived(here, thirds[2]);
  await Promise.all(away.map((one) => enter(one, one.lives.at(-1).cursor)));
  await tell(thirds[2], thirds[3]);
  await arrived(subscribers, CHANGES);
  const [took, spent] = [performance.now() - since, cpu(worker) - began];
  await pause(500);

  const wrong = subscribers.filter(({ wants, lives }) => {
    const got = lives.flatMap((live) => live.of("change").map(({ receipt, event }) => `${receipt} ${event.data.status_text}`));
    const wanted = Array.from({ length: CHANGES }, (_, n) => change(n)).filter(({ receipt }) => wants.includes(receipt)).map(({ receipt, text }) => `${receipt} ${text}`);
    // In order of each case: two cases may overtake each other on their way into the feed.
    const inOrder = wants.every((one) => String(got.filter((text) => text.startsWith(one))) === String(wanted.filter((text) => text.startsWith(one))));
    return got.length !== wanted.length || !inOrder;
  });
  if (wrong.length) fail(`${wrong.length} subscribers have not every change of their cases once and in order.`);
  const messages = subscribers.reduce((sum, one) => sum + one.told, 0);
  console.log(`${messages} messages in ${(took / 1000).toFixed(1)} s: every subscriber has every change of its cases once, ${away.length} of them over two connections`);
  console.log(`${(spent / messages).toFixed(1)} µs of CPU a delivered message, ${(spent / CHANGES / 1000).toFixed(2)} ms a change`);
  await Promise.all(subscribers.map((one) => one.lives.at(-1).close()));
} finally {
  worker.agent.destroy();
  worker.child.removeAllListeners("exit");
  worker.child.kill();
}
