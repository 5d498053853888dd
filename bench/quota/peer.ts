// The peer: what a good TypeScript developer writes on Hono to spare Torch, without batches and without a
// budget. The lifetimes are ours, by Torch's own category; a stale answer serves for a day while it is
// renewed behind the reader, and for seven days where Torch fails. KV, and five seconds in the isolate.
// Who may ask is left out: it costs no calls.
import { type Context, Hono } from "hono";

interface Kv {
  get(key: string, type: "json"): Promise<unknown>;
  put(key: string, value: string, options: { expirationTtl: number }): Promise<void>;
}
/** `HEEDS_RETRY_AFTER`: after a 429 the isolate asks nothing until its Retry-After has passed. */
type Env = { Bindings: { CASES: Kv; TORCH_BASE_URL: string; PARLEY_API_KEY: string; HEEDS_RETRY_AFTER?: string } };
/** What Torch said, 200 or 404; times in seconds. */
type Entry = { status: number; body: string; fetchedAt: number; lifetime: number };
type Failure = { status: number; retryAfter?: string };

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LIFETIMES: [number, string[]][] = [
  [DAY, [
    "Rejected", "Denied", "Withdrawn", "Revoked", "Terminated", "Closed", "Document Delivered", "Document Destroyed",
    "Certificate Issued", "Appeal Dismissed",
  ]],
  [2 * HOUR, ["Approved", "Document Being Produced", "Document Mailed", "Document In Transit"]],
  [30 * MINUTE, [
    "Payment Issue", "Biometrics Scheduled", "Appointment Missed", "Request for Evidence", "Notice of Intent",
    "Intent to Deny", "Intent to Revoke", "Interview Scheduled", "Document Returned", "Oath Scheduled", "Notice Returned",
  ]],
  [10 * MINUTE, ["Unknown"]],
];
const ACTIVE = 15 * MINUTE;
const NOT_FOUND = 2 * MINUTE;
const STALE_WHILE_REVALIDATE = DAY;
const STALE_IF_ERROR = 7 * DAY;
const MEMO_SECONDS = 5;
const MEMO_ITEMS = 4096;

const lifetimes = new Map(LIFETIMES.flatMap(([seconds, labels]) => labels.map((label) => [label, seconds] as const)));
const memo = new Map<string, { entry: Entry; until: number }>();
/** When a refresh of a case was last begun. */
const refreshing = new Map<string, number>();
let silentUntil = 0;

const seconds = () => Math.floor(Date.now() / 1000);
const staleSince = (entry: Entry) => seconds() - entry.fetchedAt - entry.lifetime;

function keep<T>(map: Map<string, T>, key: string, value: T) {
  if (map.size >= MEMO_ITEMS) map.delete(map.keys().next().value!);
  map.set(key, value);
}

async function known(env: Env["Bindings"], receipt: string): Promise<Entry | undefined> {
  const held = memo.get(receipt);
  if (held && held.until > seconds()) return held.entry;
  const entry = (await env.CASES.get(`case:${receipt}`, "json")) as Entry | null;
  if (entry) keep(memo, receipt, { entry, until: seconds() + MEMO_SECONDS });
  return entry ?? undefined;
}

/** Asks Torch, and keeps what it says. */
async function ask({ env, executionCtx }: Context<Env>, receipt: string): Promise<Entry | Failure> {
  const silent = silentUntil - seconds();
  if (env.HEEDS_RETRY_AFTER && silent > 0) return { status: 429, retryAfter: String(silent) };
  let response: Response;
  let body: string;
  let lifetime = NOT_FOUND;
  try {
    response = await fetch(`${env.TORCH_BASE_URL}/case-status?receipt=${receipt}`, {
      headers: { Authorization: `Bearer ${env.PARLEY_API_KEY}`, Accept: "application/json" },
      signal: AbortSignal.timeout(10_000),
    });
    body = await response.text();
    if (response.status === 200) lifetime = lifetimes.get(JSON.parse(body).status_category) ?? ACTIVE;
  } catch {
    return { status: 502 };
  }
  const { status } = response;
  if (status !== 200 && status !== 404) {
    const retryAfter = response.headers.get("Retry-After") ?? undefined;
    if (status === 429) silentUntil = seconds() + (Number(retryAfter) || 1);
    return { status: status >= 500 ? 502 : status, retryAfter };
  }
  const entry = { status, body, fetchedAt: seconds(), lifetime };
  keep(memo, receipt, { entry, until: seconds() + MEMO_SECONDS });
  const expirationTtl = status === 404 ? NOT_FOUND : lifetime + STALE_IF_ERROR;
  executionCtx.waitUntil(env.CASES.put(`case:${receipt}`, JSON.stringify(entry), { expirationTtl }));
  return entry;
}

function answer(c: Context<Env>, { status, body, fetchedAt, lifetime }: Entry) {
  return c.body(body, status as 200 | 404, {
    "Content-Type": "application/json",
    Age: String(Math.max(0, seconds() - fetchedAt)),
    "Cache-Control": `private, max-age=${lifetime}`,
  });
}

const app = new Hono<Env>();

app.get("/case-status", async (c) => {
  const receipt = (c.req.query("receipt") ?? "").replace(/[-\s]/g, "").toUpperCase();
  if (!/^[A-Z]{3}\d{10}$/.test(receipt)) return c.json({ code: "receipt_malformed" }, 400);
  const entry = await known(c.env, receipt);
  if (entry && staleSince(entry) < 0) return answer(c, entry);
  // That Torch does not know a case never serves stale.
  const usable = entry?.status === 200 ? entry : undefined;
  if (usable && staleSince(usable) < STALE_WHILE_REVALIDATE) {
    if (seconds() - (refreshing.get(receipt) ?? 0) >= MEMO_SECONDS) {
      keep(refreshing, receipt, seconds());
      c.executionCtx.waitUntil(ask(c, receipt));
    }
    return answer(c, usable);
  }
  const said = await ask(c, receipt);
  if ("body" in said) return answer(c, said);
  if (usable && staleSince(usable) < STALE_IF_ERROR && (said.status === 429 || said.status >= 500)) return answer(c, usable);
  return c.json({ code: "torch_failed" }, said.status as 502, said.retryAfter ? { "Retry-After": said.retryAfter } : {});
});

export default app;
