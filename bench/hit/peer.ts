// The peer: what a good TypeScript developer writes for the same work, on Hono. The same KV entry, the
// same headers, the same access check, the same memory for a few seconds.
import { createHash, timingSafeEqual } from "node:crypto";
import { Hono } from "hono";

type Env = { Bindings: { CASES: { get(key: string): Promise<string | null> }; CLIENTS: string } };
type Page = { body: string; fetchedAt: number; freshUntil: number; lastModified?: string; etag: string };

type Client = { name: string; hashes: Buffer[]; scopes: string[]; allowance: number; minute: number; used: number };
const clients: Client[] = [];
const memo = new Map<string, { page: Page; until: number }>();
const MEMO_MS = 5000;

function admit(authorization: string | undefined, secret: string): Client | undefined {
  if (clients.length === 0) {
    for (const { name, sha256, scopes, allowance } of JSON.parse(secret)) {
      clients.push({ name, scopes, allowance, minute: 0, used: 0, hashes: sha256.map((hash: string) => Buffer.from(hash, "hex")) });
    }
  }
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  if (!token) return undefined;
  const presented = createHash("sha256").update(token).digest();
  let admitted: Client | undefined;
  for (const client of clients) {
    for (const hash of client.hashes) {
      if (timingSafeEqual(presented, hash) && client.scopes.includes("read")) admitted = client;
    }
  }
  return admitted;
}

/** Counts a request of a client in its minute; what is left, or less than nothing. */
function count(client: Client, seconds: number): number {
  const minute = Math.floor(seconds / 60);
  if (minute !== client.minute) Object.assign(client, { minute, used: 0 });
  client.used += 1;
  return client.allowance - client.used;
}

/** Cases that were read and how many reads, to be reported some time. */
const seen = new Set<string>();
let hits = 0;

function parseReceipt(text: string): string | undefined {
  const receipt = text.replace(/[-\s]/g, "").toUpperCase();
  return /^[A-Z]{3}\d{10}$/.test(receipt) ? receipt : undefined;
}

function readEntry(text: string | null): Page | undefined {
  if (text === null) return undefined;
  const at = text.indexOf("\n");
  const parts = text.slice(0, at).split(" ");
  const body = text.slice(at + 1);
  if (parts.length !== 10 || parts[0] !== "1" || parts[1] !== "ok" || Number(parts[8]) !== body.length) return undefined;
  const lastModified = parts[6] === "-" ? undefined : new Date(Number(parts[6]) * 1000).toUTCString();
  return { body, fetchedAt: Number(parts[2]), freshUntil: Number(parts[3]), lastModified, etag: `"${parts[9]}"` };
}

const app = new Hono<Env>();

app.get("/case-status", async (c) => {
  const client = admit(c.req.header("authorization"), c.env.CLIENTS);
  if (!client) return c.json({ code: "unauthorized" }, 401);
  const receipt = parseReceipt(c.req.query("receipt") ?? "");
  if (!receipt) return c.json({ code: "receipt_malformed" }, 400);

  const now = Date.now();
  const kept = memo.get(receipt);
  let page = kept && kept.until > now ? kept.page : undefined;
  if (!page) {
    page = readEntry(await c.env.CASES.get(`case:1:${receipt}`));
    if (!page) return c.json({ code: "torch_unreachable" }, 502);
    if (memo.size >= 4096) memo.delete(memo.keys().next().value!);
    memo.set(receipt, { page, until: now + MEMO_MS });
  }
  const seconds = Math.floor(now / 1000);
  const ttl = page.freshUntil - seconds;
  if (ttl <= 0 || c.req.header("cache-control")?.includes("no-cache")) return c.json({ code: "torch_unreachable" }, 502);
  const left = count(client, seconds);
  if (left < 0) return c.json({ code: "rate_limited" }, 429);
  hits += 1;
  if (seen.size < 2000) seen.add(receipt);
  const validator = c.req.header("if-none-match");
  const headers: Record<string, string> = {
    Age: String(Math.max(0, seconds - page.fetchedAt)),
    "Cache-Control": `private, max-age=${page.freshUntil - page.fetchedAt}`,
    "Cache-Status": `torch-edge; hit; ttl=${ttl}`,
    ETag: page.etag,
    RateLimit: `"client";r=${left};t=${60 - (seconds % 60)}`,
    "RateLimit-Policy": `"client";q=${client.allowance};w=60`,
  };
  if (page.lastModified) headers["Last-Modified"] = page.lastModified;
  const id = crypto.randomUUID();
  headers["X-Content-Type-Options"] = "nosniff";
  headers["X-Request-Id"] = id;
  const status = validator && validator.split(",").some((tag) => tag.trim().replace(/^W\//, "") === page.etag) ? 304 : 200;
  const line = {
    level: "info", message: "request", method: c.req.method, route: "/case-status", status, cache: `hit; ttl=${ttl}`, duration_ms: Date.now() - now,
    client: client.name, receipt: `${receipt.slice(0, 3)}******${receipt.slice(-4)}`, request_id: id,
  };
  console.info(JSON.stringify(line));
  if (status === 304) return c.body(null, 304, headers);
  headers["Content-Type"] = "application/json";
  return c.body(page.body, 200, headers);
});

export default app;
