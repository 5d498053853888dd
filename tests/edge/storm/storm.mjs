// A webhook storm with kills: everything that is acknowledged must be in the ledgers once, reach the
// subscriber in order, and be what the cache answers, whenever the process dies.
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as check from "./check.mjs";
import { random, storm as scenario } from "./events.mjs";
import { send } from "./sender.mjs";
import { Subscriber } from "./subscriber.mjs";
import { Worker } from "./worker.mjs";

const CONCURRENCY = 32;
const READERS = 8;
const TOKEN = "client-token-of-the-storm";
const HEADER = "x-torch-secret";
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** `config`: of the Worker. `say` is told how it goes. Gives `{ violations, counts }`. */
export async function storm({ config, events: count, cases, kills, seed, faults, settle, say }) {
  const began = Date.now();
  const state = mkdtempSync(join(tmpdir(), "torch-edge-storm-"));
  const secret = randomBytes(24).toString("hex");
  const signing = `whsec_${randomBytes(24).toString("base64")}`;
  const { events, sendings, moved } = scenario({ seed, events: count, cases, doubled: 0.2, reordered: 0.2 });
  const subscriber = await Subscriber.start({ secret: signing, faults, seed: seed + 1 });
  const worker = new Worker({ config, state, vars: {
    TORCH_BASE_URL: "http://127.0.0.1:9",
    PARLEY_API_KEY: "no-torch-here",
    CLIENTS: JSON.stringify([{ name: "storm", sha256: [createHash("sha256").update(TOKEN).digest("hex")], scopes: ["read"], allowance: 1_000_000_000 }]),
    WEBHOOK_SCHEME: "shared-secret",
    WEBHOOK_HEADER: HEADER,
    WEBHOOK_SECRET: secret,
    SUBSCRIBERS: JSON.stringify([{ name: "firm", url: subscriber.url, secrets: [signing] }]),
  } });
  process.once("exit", () => rmSync(state, { recursive: true, force: true, maxRetries: 3 }));
  const get = async (path, attempts = 5) => {
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(worker.address + path, { headers: { authorization: `Bearer ${TOKEN}` }, signal: AbortSignal.timeout(30_000) }).catch((error) => ({ status: error.message, text: () => "" }));
      const text = await response.text();
      if (response.status === 200 || attempt === attempts) return { status: response.status, body: response.status === 200 ? JSON.parse(text) : undefined };
      await pause(300);
    }
  };
  /** Something for every receipt, some at once. */
  const each = async (receipts, work) => {
    const left = [...receipts];
    await Promise.all(Array.from({ length: READERS }, async () => {
      while (left.length) await work(left.shift());
    }));
  };
  try {
    await worker.start();

    // When it dies: at so many acknowledgements, and a moment later. The last time right after the last
    // one, when nobody will tell anything again.
    const next = random(seed + 2);
    const moments = Array.from({ length: Math.max(0, kills - 1) }, () => Math.ceil(sendings.length * (0.03 + 0.94 * next()))).sort((a, b) => a - b);
    if (kills > 0) moments.push(sendings.length);
    let dying = Promise.resolve();
    const onAck = (acks) => {
      for (; moments.length && acks >= moments[0]; moments.shift()) {
        const wait = acks < sendings.length ? 200 * next() : 0;
        dying = dying.then(() => pause(wait)).then(() => worker.killAndRestart()).then(() => say(`killed and back, at ${acks} acknowledgements`));
      }
    };
    say(`${count} events over ${cases} cases, ${sendings.length} sendings, ${kills} kills; seed ${seed} …`);
    const headers = { "content-type": "application/json", [HEADER]: secret };
    const told = await send(sendings, { port: worker.port, headers, concurrency: CONCURRENCY, seed: seed + 3, patience: 600_000 + count * 100, onAck });
    const acknowledgedAt = Date.now();
    await dying;
    say(`all told in ${((acknowledgedAt - began) / 1000).toFixed(0)} s; ${subscriber.deliveries.length} deliveries so far`);

    const acknowledged = new Map();
    for (const { event } of sendings.filter((sending) => sending.acknowledged)) acknowledged.set(event.receipt_number, (acknowledged.get(event.receipt_number) ?? new Set()).add(event));
    const histories = new Map();
    const violations = [...told.given_up.map(({ id }) => `the event ${id} was never acknowledged: ${JSON.stringify(told.statuses)}`)];
    await each(acknowledged.keys(), async (receipt) => {
      const { status, body } = await get(`/case-status/history?receipt=${receipt}`);
      if (body) histories.set(receipt, body);
      else violations.push(`${receipt}: its history answers ${status}`);
    });

    // Nothing new for `settle` seconds, or everything. A silent while is ended by a request now and then:
    // whoever has something left to do gets the chance to.
    const undelivered = () => {
      const told = new Set(subscriber.deliveries.filter(({ body }) => body.type === "case.status.updated").map(({ body }) => `${body.data.receipt_number} ${Date.parse(body.data.last_status_at) / 1000} ${body.data.status_text}`));
      return [...histories].filter(([receipt, history]) => check.changes(receipt, history).some((key) => !told.has(key))).map(([receipt]) => receipt);
    };
    const NUDGE = 20_000;
    let [nudgedAt, nudges] = [Date.now(), 0];
    const settleFrom = Date.now();
    for (let left = undelivered(); left.length && Date.now() - Math.max(subscriber.lastAt, settleFrom) < settle * 1000; left = undelivered()) {
      if (Date.now() - Math.max(subscriber.lastAt, nudgedAt) > NUDGE) {
        say(`${left.length} cases wait for a delivery: nudging`);
        await each(left.slice(0, 50), (receipt) => get(`/case-status/history?receipt=${receipt}`, 1));
        await fetch(`${worker.address}/cdn-cgi/handler/scheduled`).then((response) => response.text()).catch(() => {});
        [nudgedAt, nudges] = [Date.now(), nudges + 1];
      }
      await pause(250);
    }
    const deliveredAt = Math.max(subscriber.lastAt, acknowledgedAt);

    for (const [receipt, history] of histories) violations.push(...check.ledger(receipt, history, [...acknowledged.get(receipt)]));
    violations.push(...subscriber.violations, ...check.deliveries(subscriber.deliveries, histories));
    // The isolate may remember an entry for five seconds.
    await each(histories.keys(), async (receipt) => {
      for (let attempt = 1; ; attempt++) {
        const { body } = await get(`/case-status?receipt=${receipt}`);
        const wrong = check.cached(receipt, body, histories.get(receipt));
        if (wrong.length && attempt < 8) {
          await pause(1000);
          continue;
        }
        violations.push(...wrong);
        return;
      }
    });
    if (worker.child.ended) violations.push(`the Worker ended by itself:\n${worker.output.join("")}`);

    const rows = [...histories.values()].flatMap(({ events }) => events);
    const kinds = Object.groupBy(rows, ({ kind }) => kind);
    return { violations, counts: {
      acknowledgements: told.acks,
      retries: `${told.retries} ${JSON.stringify(told.statuses)}`,
      kills: worker.kills,
      "told again": sendings.filter(({ again }) => again).length,
      "told out of order": moved,
      events: events.length,
      rows: `${rows.length}: ${Object.entries(kinds).map(([kind, { length }]) => `${length} ${kind}`).join(", ")}`,
      deliveries: `${subscriber.deliveries.length}: ${subscriber.deliveries.filter(({ first }) => first).length} messages, the others once more; ${subscriber.refused} refused at first; verified by ${subscriber.by}`,
      nudges,
      seconds: `${((acknowledgedAt - began) / 1000).toFixed(1)} until all was acknowledged, ${((deliveredAt - began) / 1000).toFixed(1)} until all was delivered, ${((Date.now() - began) / 1000).toFixed(1)} in all`,
    } };
  } finally {
    if (worker.child) await worker.kill().catch((error) => say(error.message));
    subscriber.close();
  }
}
