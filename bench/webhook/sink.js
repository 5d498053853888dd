// What stands around each contender, in the same workerd and as cheap as can be: KV in a Map, a queue that
// hands on what came within 20 ms, a subscriber that takes everything. Reached by the runtime's own bindings.
const BATCH = 100;
const FILL_MS = 20;
const entries = new Map();
const count = { put: 0, queued: 0, handed: 0, delivered: 0 };
let waiting = [];
let serial = 0;

export const Kv = {
  async fetch(request) {
    const key = decodeURIComponent(new URL(request.url).pathname.slice(1));
    if (request.method !== "PUT") return entries.has(key) ? new Response(entries.get(key)) : new Response(null, { status: 404 });
    entries.set(key, await request.text());
    count.put += 1;
    return new Response();
  },
};

function read(format, bytes) {
  if (format === "v8") return { serializedBody: bytes };
  if (format === "bytes") return { body: bytes };
  const text = new TextDecoder().decode(bytes);
  return { body: format === "json" ? JSON.parse(text) : text };
}

export const Queue = {
  async fetch(request, env, ctx) {
    const bytes = await request.arrayBuffer();
    const messages = new URL(request.url).pathname === "/batch"
      ? JSON.parse(new TextDecoder().decode(bytes)).messages.map(({ contentType, body }) => read(contentType ?? "v8", Uint8Array.fromBase64(body).buffer))
      : [read(request.headers.get("X-Msg-Fmt") ?? "v8", bytes)];
    for (const message of messages) waiting.push({ id: String(++serial), timestamp: new Date(), attempts: 1, ...message });
    count.queued += messages.length;
    // The first of a batch waits for the others.
    if (waiting.length === messages.length) ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, FILL_MS)).then(() => hand(env)));
    return Response.json({ metadata: { metrics: { backlogCount: 0, backlogBytes: 0, oldestMessageTimestamp: 0 } } });
  },
};

async function hand(env) {
  const all = waiting;
  waiting = [];
  for (let from = 0; from < all.length; from += BATCH) {
    const batch = all.slice(from, from + BATCH);
    const { outcome, retryBatch, retryMessages } = await env.MAIN.queue("deliveries", batch, { metrics: { backlogCount: 0, backlogBytes: 0 } });
    if (outcome !== "ok" || retryBatch?.retry || retryMessages?.length) throw new Error(`a batch failed: ${outcome}`);
    count.handed += batch.length;
  }
}

/** Torch is never called here: whatever goes out is a delivery. */
export const Subscriber = {
  async fetch(request) {
    await request.arrayBuffer();
    count.delivered += 1;
    return new Response(null, { status: 204 });
  },
};

export default { fetch: () => Response.json(count) };
