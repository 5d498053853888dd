// The peer: what a good TypeScript developer writes for the same work, on Hono. The same KV entry, the
// same headers, the same access check, the same memory for a few seconds.
import { createHash, timingSafeEqual } from "node:crypto";
import { Hono } from "hono";

type Env = { Bindings: { CASES: { get(key: string): Promise<string | null> }; CLIENTS: string } };
type Page = { body: string; fetchedAt: number; freshUntil: number; lastModified?: string; etag: string };

const clients: { name: string; hashes: Buffer[]; scopes: string[] }[] = [];
const memo = new Map<string, { page: Page; until: number }>();
const MEMO_MS = 5000;

function admit(authorization: string | undefined, secret: string): boolean {
  if (clients.length === 0) {
    for (const { name, sha256, scopes } of JSON.parse(secret)) {
      clients.push({ name, scopes, hashes: sha256.map((hash: string) => Buffer.from(hash, "hex")) });
    }
  }
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  if (!token) return false;
  const presented = createHash("sha256").update(token).digest();
  let admitted = false;
  for (const client of clients) {
    for (const hash of client.hashes) {
      if (timingSafeEqual(presented, hash) && client.scopes.includes("read")) admitted = true;
    }
  }
  return admitted;
}

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
  if (!admit(c.req.header("authorization"), c.env.CLIENTS)) return c.json({ code: "unauthorized" }, 401);
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
  const validator = c.req.header("if-none-match");
  const headers: Record<string, string> = {
    Age: String(Math.max(0, seconds - page.fetchedAt)),
    "Cache-Control": `private, max-age=${page.freshUntil - page.fetchedAt}`,
    "Cache-Status": `torch-edge; hit; ttl=${ttl}`,
    ETag: page.etag,
  };
  if (page.lastModified) headers["Last-Modified"] = page.lastModified;
  if (validator && validator.split(",").some((tag) => tag.trim().replace(/^W\//, "") === page.etag)) {
    return c.body(null, 304, headers);
  }
  headers["Content-Type"] = "application/json";
  return c.body(page.body, 200, headers);
});

export default app;
