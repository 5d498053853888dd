// The peer: what a good TypeScript developer writes for the same work. A shared secret, a Durable Object
// per case with its ledger and outbox in SQLite, one transaction ahead of the 2xx; behind it the entry in KV,
// and a queue whose consumer delivers in order. What is not delivered stays in the outbox: a queue's message
// is only a nudge, and an alarm sends it anew where it was lost.
import { DurableObject } from "cloudflare:workers";
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

type Kv = { get(key: string): Promise<string | null>; put(key: string, value: string, options: { expirationTtl: number }): Promise<void> };
type Nudge = { receipt: string; name: string };
type Env = {
  CASES: Kv;
  DELIVERIES: { send(message: Nudge): Promise<void> };
  LEDGER: { getByName(name: string): Ledger };
  CLIENTS: string; WEBHOOK_HEADER: string; WEBHOOK_SECRET: string; SUBSCRIBERS: string;
};
type Subscriber = { name: string; url: string; secrets: string[]; categories?: string[]; paused?: boolean };
type Event = { id: string | null; type: string; status_text: string; status_category: string | null; at: number; seen_at: number; record: string };
type Row = { seq: number; kind: string; event_id: string | null; event_type: string; status_text: string; status_category: string | null; at: number; seen_at: number; record: string; hash: string };
type Message = { body: Nudge; attempts: number; ack(): void; retry(options: { delaySeconds: number }): void };

const MAX_EVENT = 256 * 1024;
const FRESH = 900;
const DAY = 86_400;
/** How long after an event the alarm looks whether anything of it is still in the outbox. */
const ALARM_MS = 10_000;
const RETRIES = [0, 5, 300, 1800, 7200, 18_000, 36_000];

const sha256 = (...parts: (string | Uint8Array)[]) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const rfc3339 = (seconds: number) => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");

let subscribers: Subscriber[];
const subscribersOf = (env: Env) => (subscribers ??= (JSON.parse(env.SUBSCRIBERS || "[]") as Subscriber[]).filter(({ paused }) => !paused));

const CATEGORIES: Record<string, [string, string, string, string]> = {
  "Case Received": ["case_received", "Caso recibido", "intake", "none"],
  "Biometrics Scheduled": ["biometrics_scheduled", "Cita biométrica programada", "biometrics", "none"],
  "Request for Evidence": ["request_for_evidence", "Solicitud de evidencia", "evidence", "none"],
  "Interview Scheduled": ["interview_scheduled", "Entrevista programada", "interview", "none"],
  "Approved": ["approved", "Aprobado", "decision", "approved"],
  "Document Mailed": ["document_mailed", "Documento enviado", "document", "approved"],
  "Denied": ["denied", "Denegado", "decision", "denied"],
};
const ASKS = new Set(["biometrics_scheduled", "request_for_evidence", "interview_scheduled"]);

function normalize(label: string | null) {
  const [category, es, stage, outcome] = CATEGORIES[label ?? ""] ?? ["unknown", "Desconocido", "unknown", "none"];
  return {
    category, labels: { en: category === "unknown" ? "Unknown" : label, es }, stage, outcome,
    action_required: ASKS.has(category), final: category === "denied", matched_by: category === "unknown" ? "none" : "upstream", taxonomy: "2026-11",
  };
}

/** The text with ours behind its last field. */
const withNormalized = ({ record, status_category }: Row) => `${record.slice(0, -1)},"normalized":${JSON.stringify(normalize(status_category))}}`;

/** The bytes of a row that its hash covers: src/history/chain.rs. */
function canonical(receipt: string, row: Omit<Row, "hash">) {
  const fields = [
    "torch-edge/history/1", receipt, row.seq, row.kind, "webhook", row.event_id, row.event_type, row.status_text, row.status_category,
    row.at, row.seen_at, row.record,
  ];
  return fields.map((field) => (field === null ? "-," : `${Buffer.byteLength(String(field))}:${field},`)).join("");
}

export class Ledger extends DurableObject<Env> {
  #draining?: Promise<void>;
  #alarmed = false;
  #putAt = 0;

  constructor(ctx: any, env: Env) {
    super(ctx, env);
    this.ctx.storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, event_id TEXT UNIQUE, event_type TEXT NOT NULL,
        status_text TEXT NOT NULL, status_category TEXT, at INTEGER NOT NULL, seen_at INTEGER NOT NULL, record TEXT NOT NULL, hash TEXT NOT NULL);
      CREATE UNIQUE INDEX IF NOT EXISTS event_told ON event (at, status_text);
      CREATE TABLE IF NOT EXISTS outbox (target TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (target, seq)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS own (receipt TEXT NOT NULL)`);
  }

  #all = <T = Row>(statement: string, ...values: unknown[]) => this.ctx.storage.sql.exec(statement, ...values).toArray() as T[];
  #newest = () => this.#all("SELECT * FROM event ORDER BY at DESC, seq DESC LIMIT 1")[0];

  /** Answers once it is durable: the runtime holds the answer back until then. */
  async observe(receipt: string, event: Event) {
    // Ahead of the row: a row without an alarm behind it could wait for ever.
    this.#setAlarm();
    const [outcome, names] = this.ctx.storage.transactionSync(() => this.#append(receipt, event));
    if (outcome !== "duplicate") this.ctx.waitUntil(this.#drain(receipt, names));
    return outcome;
  }

  #append(receipt: string, event: Event): [string, string[]] {
    if (this.#all("SELECT 1 FROM event WHERE event_id = ? OR (at = ? AND status_text = ?)", event.id, event.at, event.status_text).length) return ["duplicate", []];
    const last = this.#all<Pick<Row, "seq" | "hash">>("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1")[0];
    const newest = this.#newest();
    if (!last) this.#all("INSERT INTO own VALUES (?)", receipt);
    let kind = "case.status.updated";
    if (newest && event.at < newest.at) kind = "case.status.late";
    else if (newest?.status_text === event.status_text) kind = "case.touched";
    const { id, type, ...told } = event;
    const row = { seq: (last?.seq ?? 0) + 1, kind, event_id: id, event_type: type, ...told };
    const hash = sha256(last ? Buffer.from(last.hash, "hex") : new Uint8Array(32), canonical(receipt, row)).toString("hex");
    this.#all("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row.seq, kind, id, type, row.status_text, row.status_category, row.at, row.seen_at, row.record, hash);
    if (kind !== "case.status.late") this.#all("INSERT INTO outbox VALUES ('', ?)", row.seq);
    if (kind !== "case.status.updated") return [kind, []];
    const { category } = normalize(row.status_category);
    const names = subscribersOf(this.env).filter(({ categories }) => !categories || categories.includes(category)).map(({ name }) => name);
    for (const name of names) this.#all("INSERT INTO outbox VALUES (?, ?)", name, row.seq);
    return [kind, names];
  }

  async #drain(receipt: string, names: string[]) {
    await Promise.all(names.map((name) => this.env.DELIVERIES.send({ receipt, name })));
    // One put at a time: an older one must not land behind a newer.
    while (this.#draining) await this.#draining;
    await (this.#draining = this.#put(receipt).finally(() => (this.#draining = undefined)));
  }

  async #put(receipt: string) {
    if (!this.#all("SELECT 1 FROM outbox WHERE target = '' LIMIT 1").length) return;
    // KV takes one write a second for a key: what comes meanwhile goes with the next.
    const wait = this.#putAt + 1000 - Date.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const newest = this.#newest();
    const body = withNormalized(newest);
    const now = Math.floor(Date.now() / 1000);
    const etag = sha256(body).toString("hex").slice(0, 32);
    const line = ["1", "ok", now, now + FRESH, now + FRESH + DAY, now + FRESH + 7 * DAY, newest.at, "2026-11", body.length, etag].join(" ");
    await this.env.CASES.put(`case:1:${receipt}`, `${line}\n${body}`, { expirationTtl: FRESH + 7 * DAY });
    this.#putAt = Date.now();
    this.#all("DELETE FROM outbox WHERE target = '' AND seq <= ?", newest.seq);
  }

  #setAlarm() {
    if (!this.#alarmed) this.ctx.storage.setAlarm(Date.now() + ALARM_MS);
    this.#alarmed = true;
  }

  async alarm() {
    this.#alarmed = false;
    const left = this.#all<{ target: string }>("SELECT DISTINCT target FROM outbox").map(({ target }) => target);
    if (left.length === 0) return;
    this.#setAlarm();
    const { receipt } = this.#all<{ receipt: string }>("SELECT receipt FROM own")[0];
    await this.#drain(receipt, left.filter(Boolean));
  }

  async waiting(name: string) {
    return this.#all("SELECT event.* FROM outbox JOIN event USING (seq) WHERE target = ? ORDER BY seq", name);
  }

  async delivered(name: string, last: number) {
    this.#all("DELETE FROM outbox WHERE target = ? AND seq <= ?", name, last);
  }

  async history(receipt: string) {
    const rows = this.#all("SELECT * FROM event ORDER BY seq");
    let head = "00".repeat(32);
    const valid = rows.every(({ hash, ...row }, index) => {
      head = sha256(Buffer.from(head, "hex"), canonical(receipt, row)).toString("hex");
      return head === hash && row.seq === index + 1;
    });
    const events = rows.map(({ at, record: _, ...row }) => ({ ...row, source: "webhook", last_status_at: rfc3339(at), seen_at: rfc3339(row.seen_at) }));
    return { receipt_number: receipt, chain: { valid, length: rows.length, head }, events };
  }
}

/** Delivers what waits for one subscriber of one case, in order, and as far as it takes it. */
async function deliver(env: Env, { receipt, name }: Nudge) {
  const subscriber = subscribersOf(env).find((one) => one.name === name);
  if (!subscriber) return true;
  const ledger = env.LEDGER.getByName(receipt);
  let last = 0;
  const rows = await ledger.waiting(name);
  for (const row of rows) {
    const data = JSON.parse(withNormalized(row));
    const body = JSON.stringify({ type: row.kind, timestamp: rfc3339(row.seen_at), data });
    const [id, timestamp] = [`msg_${row.hash.slice(0, 24)}_${name}`, String(Math.floor(Date.now() / 1000))];
    const sign = (secret: string) => `v1,${createHmac("sha256", Buffer.from(secret.replace(/^whsec_/, ""), "base64")).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
    const headers = { "content-type": "application/json", "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": subscriber.secrets.map(sign).join(" ") };
    const response = await fetch(subscriber.url, { method: "POST", headers, body, signal: AbortSignal.timeout(15_000) }).catch(() => undefined);
    await response?.body?.cancel();
    if (!response?.ok) break;
    last = row.seq;
  }
  if (last) await ledger.delivered(name, last);
  return last === (rows.at(-1)?.seq ?? 0);
}

function admitted(request: Request, { CLIENTS }: Env) {
  const token = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  const presented = sha256(token ?? "");
  const clients: { sha256: string[]; scopes: string[] }[] = JSON.parse(CLIENTS);
  return clients.some((client) => client.scopes.includes("read") && client.sha256.some((hash) => timingSafeEqual(presented, Buffer.from(hash, "hex"))));
}

async function receive(request: Request, env: Env) {
  if (Number(request.headers.get("content-length") ?? 0) > MAX_EVENT) return new Response(null, { status: 413 });
  if (!timingSafeEqual(sha256(request.headers.get(env.WEBHOOK_HEADER) ?? ""), sha256(env.WEBHOOK_SECRET))) return new Response(null, { status: 401 });
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength > MAX_EVENT) return new Response(null, { status: 413 });
  let event;
  try {
    event = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return new Response(null, { status: 400 });
  }
  const { receipt_number: receipt, status_text, status_category, last_status_at } = event.data ?? {};
  const at = Math.floor(Date.parse(last_status_at) / 1000);
  if (!/^[A-Z]{3}\d{10}$/.test(receipt) || typeof status_text !== "string" || Number.isNaN(at)) return new Response(null, { status: 400 });
  const seen_at = Math.floor(Date.now() / 1000);
  const told = { id: event.id ?? null, type: event.type, status_text, status_category: status_category ?? null, at, seen_at, record: JSON.stringify(event.data) };
  const outcome = await env.LEDGER.getByName(receipt).observe(receipt, told);
  return Response.json({ outcome });
}

export default {
  async fetch(request: Request, env: Env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/webhooks/torch") return request.method === "POST" ? receive(request, env) : new Response(null, { status: 405 });
    if (pathname === "/health") return Response.json({ status: "ok" });
    if (!admitted(request, env)) return new Response(null, { status: 401 });
    const receipt = searchParams.get("receipt") ?? "";
    if (pathname === "/case-status/history") return Response.json(await env.LEDGER.getByName(receipt).history(receipt));
    const entry = pathname === "/case-status" && (await env.CASES.get(`case:1:${receipt}`));
    return entry ? new Response(entry.slice(entry.indexOf("\n") + 1), { headers: { "content-type": "application/json" } }) : new Response(null, { status: 404 });
  },

  async queue({ messages }: { messages: Message[] }, env: Env) {
    // Nudges of one case and subscriber are one piece of work.
    const groups = Map.groupBy(messages, ({ body: { receipt, name } }) => `${receipt} ${name}`);
    await Promise.all([...groups.values()].map(async (group) => {
      const done = await deliver(env, group[0].body).catch(() => false);
      for (const message of group) {
        if (done) message.ack();
        else message.retry({ delaySeconds: RETRIES[Math.min(message.attempts, RETRIES.length - 1)] });
      }
    }));
  },
};
