// The few lines between Rust and the runtime's objects. A string that crosses into WebAssembly is
// copied, and each call costs: so a request goes in as one string, and an answer's body, which Rust
// never looks into, stays on this side.

/** A request in six lines: method, URL, and the four fields that decide. No field can hold a line break. */
export function pack(request) {
  const { headers } = request;
  const field = (name) => headers.get(name) ?? "";
  return `${request.method}\n${request.url}\n${field("authorization")}\n${field("cache-control")}\n${field("if-none-match")}\n${field("if-modified-since")}`;
}

/** A body with the header values that stay the same as long as it is kept. */
export function page(values, body) {
  const [cacheControl, etag, lastModified, items] = values.split("\n");
  return { body, cacheControl, etag, lastModified, items };
}

export const body = (page) => page.body;

/** The answer that a page makes: 200, or 304 without its body. `quota`, `left`, `resetsIn`: the
 * client's allowance. */
export function reply(page, status, age, cacheStatus, quota, left, resetsIn) {
  const headers = {
    "Age": age,
    "Cache-Control": page.cacheControl,
    "Cache-Status": cacheStatus,
    "ETag": page.etag,
    "RateLimit": `"client";r=${left};t=${resetsIn}`,
    "RateLimit-Policy": `"client";q=${quota};w=60`,
  };
  if (page.lastModified) headers["Last-Modified"] = page.lastModified;
  if (page.items) headers["Torch-Edge-Items"] = page.items;
  if (status === 304) return new Response(null, { status, headers });
  headers["Content-Type"] = "application/json";
  return new Response(page.body, { status, headers });
}

/** The client of the last hit, by its place in `CLIENTS`: for the log, in the same breath. */
export let lastClient = 0;

/** A hit: the commonest answer, with nothing but numbers to say. */
export function hit(page, age, ttl, quota, left, resetsIn, client) {
  lastClient = client;
  return reply(page, 200, age, `torch-edge; hit; ttl=${ttl}`, quota, left, resetsIn);
}

/** What the log says of answers, beside what they show themselves. */
export const notes = new WeakMap();

export const note = (response, route, client, receipt) => void notes.set(response, { route, client, receipt });

/** What pages may do: run their own scripts and WebAssembly, nothing inline and nothing of others. */
const PAGE_HEADERS = {
  "Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
  "Referrer-Policy": "no-referrer",
  "Strict-Transport-Security": "max-age=31536000",
  "X-Frame-Options": "DENY",
};

/** A static asset. It lies under its own name also where the request says /v1. */
export async function page_of(env, request) {
  const url = new URL(request.url);
  url.pathname = url.pathname.replace(/^\/v1(?=\/)/, "");
  const asset = await env.ASSETS.fetch(new Request(url, request));
  const response = new Response(asset.body, asset);
  for (const name in PAGE_HEADERS) response.headers.set(name, PAGE_HEADERS[name]);
  // It lies beside the page's files, and is for the page above them.
  if (url.pathname === "/board/sw.js") response.headers.set("Service-Worker-Allowed", "/");
  return response;
}

/** Tells the rate-limit binding of a client, and says whether it may go on. */
export const limit = async (env, key) => !env.RATE_LIMITER || (await env.RATE_LIMITER.limit({ key })).success;

/** Any other answer. `headers`: names and values by turns, a line each. */
export const respond = (status, headers, body) => new Response(body, { status, headers: pairs(headers) });

/** That a webhook's event is durable, and what became of it. */
export const received = (outcome) => Response.json({ received: true, outcome }, { headers: { "Cache-Control": "no-store" } });

/** Header fields from their names and values by turns, a line each. */
function pairs(headers) {
  const lines = headers.split("\n");
  const fields = [];
  for (let i = 0; i + 1 < lines.length; i += 2) fields.push([lines[i], lines[i + 1]]);
  return fields;
}

/** The bodies of some pages and other texts as one JSON array. */
export const join = (items) => `[${items.map((item) => item.body ?? item).join(",")}]`;

/** Puts texts into KV: key, text and seconds by turns. Gives how many could not be put. */
export async function keep(kv, items) {
  const puts = [];
  for (let i = 0; i + 2 < items.length; i += 3) puts.push(kv.put(items[i], items[i + 1], { expirationTtl: items[i + 2] }));
  return (await Promise.allSettled(puts)).filter(({ status }) => status === "rejected").length;
}

/** Asks the gate for something; what it answers is JSON. */
export async function gate(env, what, text) {
  const response = await env.GATE.getByName("torch").fetch(`https://gate/${what}`, { method: "POST", body: text });
  if (!response.ok) throw new Error(`the gate answered ${response.status}`);
  return response.json();
}

// The runtime keeps a statement compiled for the very string that it came in, and a text out of WebAssembly
// is a new string each time: so each is run as the first of its kind.
const statements = new Map();

function run({ storage }, statement, values) {
  let known = statements.get(statement);
  if (!known) {
    // There are some dozens. Some have a number in them, and would be ever more.
    if (statements.size > 200) statements.clear();
    statements.set(statement, (known = statement));
  }
  return storage.sql.exec(known, ...values);
}

/** Runs a statement on a Durable Object's SQLite with one text for `?1`. Gives the rows as lines, their
 * columns parted by tabs. */
export const sql = (state, statement, text) =>
  Array.from(run(state, statement, statement.includes("?1") ? [text] : []).raw(), (row) => row.join("\t")).join("\n");

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const FIELDS = ["retry-after", "ratelimit", "ratelimit-policy", "ratelimit-remaining", "ratelimit-reset", "x-ratelimit-remaining", "x-ratelimit-reset"];

/** What `work` comes to within a time; or `trouble`, one of `timeout` and `broken`. */
async function within(milliseconds, work) {
  const controller = new AbortController();
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve({ trouble: "timeout" }), milliseconds);
  });
  const done = work(controller.signal).catch(() => ({ trouble: "broken" }));
  const reply = await Promise.race([done, late]);
  clearTimeout(timer);
  // What is left of a body is not wanted.
  if (reply.trouble) controller.abort();
  return reply;
}

/** One call of Torch, bounded in time and size: its status, some of its fields a line each, and the body
 * of a 200; or `trouble`, one of `timeout`, `broken` and `too_large`. */
export const call = (url, authorization, milliseconds, most) => within(milliseconds, (signal) => ask(url, authorization, most, signal));

async function ask(url, authorization, most, signal) {
  // A redirect would carry the key to whatever host it names. And Torch's own word is wanted, not that
  // of a cache on the way.
  const response = await fetch(url, { headers: { authorization, accept: "application/json" }, redirect: "manual", cache: "no-store", signal });
  const fields = FIELDS.map((name) => response.headers.get(name) ?? "").join("\n");
  const { status } = response;
  if (status !== 200) {
    await response.body?.cancel();
    return { status, fields };
  }
  const body = await read(response, most);
  return body ? { status, fields, body } : { status, fields, trouble: "too_large" };
}

/** The bytes of a request's or an answer's body; undefined where there are more than `most`, and then they
 * are not read. */
export async function read(message, most) {
  const length = message.headers.get("content-length");
  if (Number(length) > most) return undefined;
  // The runtime holds a body to its length.
  if (length) return new Uint8Array(await message.arrayBuffer());
  const chunks = [];
  let size = 0;
  for await (const chunk of message.body ?? []) {
    size += chunk.length;
    if (size > most) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

export const field = (request, name) => request.headers.get(name) ?? undefined;

/** One delivery to a firm's endpoint, bounded in time: its status, and its Retry-After in `fields`; or
 * `trouble`. A redirect is not followed: it could lead to a host that no endpoint may have. */
export async function deliver(url, headers, body, milliseconds) {
  try {
    const signal = AbortSignal.timeout(milliseconds);
    const { status, headers: fields, body: answer } = await fetch(url, { method: "POST", headers: pairs(headers), body, redirect: "manual", cache: "no-store", signal });
    // Not read: it is another's, and may be endless.
    await answer?.cancel();
    return { status, fields: fields.get("retry-after") ?? "" };
  } catch (error) {
    return { trouble: error.name === "TimeoutError" ? "timeout" : "broken" };
  }
}

/** One line in the log, as observe.rs writes it. */
export const log = (level, message, fields) => console[level](JSON.stringify({ level, message, ...fields }));

/** Asks a case's ledger. */
export const ledger = async (env, receipt, what, text) => env.LEDGER.getByName(receipt).ask(what, `${receipt}\n${text}`);

/** Erases a case. Its entry in KV, which could be read and kept again, goes between what would bring it
 * back and what is left of it. */
export async function erase(env, receipt) {
  await gate(env, "forget", receipt);
  await env.LEDGER.getByName(receipt).erase(receipt);
  await feed(env, "erase", receipt);
  await relay(env, "erase", receipt);
  return JSON.stringify({ receipt_number: receipt, erased: true });
}

/** Puts dead letters back into their ledgers' outboxes: those that `which` says, a JSON array of id,
 * endpoint, and from when and until when. An endpoint that is named is tried again though it wanted nothing
 * any more. */
export async function replay(env, which) {
  const [, endpoint] = JSON.parse(which);
  if (endpoint) await relay(env, "enable", JSON.stringify([endpoint]));
  let replayed = 0;
  for (const [receipt, endpoint, seqs, ids] of JSON.parse(await relay(env, "find", which))) {
    await ledger(env, receipt, "revive", `${endpoint}\n${seqs}`);
    // Only now: what is lost on the way is replayed once more.
    await relay(env, "drop", ids);
    replayed += JSON.parse(ids).length;
  }
  return JSON.stringify({ replayed });
}

/** Asks the relay's store. */
export const relay = async (env, what, text) => env.RELAY.getByName("relay").ask(what, text);

/** Has the feed open a socket: `socket` says whose. Gives the answer that hands it over; nothing where there are
 * too many. */
export async function live(env, socket, protocol) {
  const { status, webSocket } = await env.FEED.getByName("feed").fetch("https://feed/", { headers: { "Upgrade": "websocket", "X-Socket": socket } });
  if (!webSocket && status !== 429) throw new Error(`the feed answered ${status}`);
  return webSocket ? new Response(null, { status: 101, webSocket, headers: protocol ? { "Sec-WebSocket-Protocol": protocol } : {} }) : undefined;
}

/** Tells the feed something. */
export const feed = async (env, what, text) => env.FEED.getByName("feed").ask(what, text);

/** Sends a message to the feed's sockets of these numbers. One that is closing comes back with its cursor. */
export function tell(state, numbers, message) {
  for (const number of [JSON.parse(numbers)].flat()) {
    for (const socket of state.getWebSockets(String(number))) {
      try {
        socket.send(message);
      } catch {
        // It is closing.
      }
    }
  }
}

/** Runs a statement on a Durable Object's SQLite. `values`: a JSON array of what is bound. Gives the rows as
 * JSON arrays of texts and nulls. */
export const rows = (state, statement, values) =>
  JSON.stringify(Array.from(run(state, statement, JSON.parse(values)).raw(), (row) => row.map((value) => value === null ? null : String(value))));

/** Runs statements in one transaction: a JSON array of statements, each an array of its text and what is
 * bound. */
export const commit = (state, statements) => state.storage.transactionSync(() => {
  for (const [statement, ...values] of JSON.parse(statements)) run(state, statement, values);
});

/** Sets a Durable Object's alarm, in the same breath as what is written beside it. */
export const alarm = (state, milliseconds) => void state.storage.setAlarm(milliseconds);

/** Removes all that a Durable Object has stored, its alarm too; both at once, so that nothing new comes
 * between. */
export const forget = ({ storage }) => Promise.all([storage.deleteAlarm(), storage.deleteAll()]);

/** Nudges that wait for others, which go with them: a message of its own each would cost a request each. */
let nudges = [];
let gatheredSince = 0;
/** How long one waits at most, in milliseconds. */
const GATHER_MS = 5;
/** What the platform takes at once: so many messages, and so many bytes with room for what is around them. */
const [BATCH, BATCH_BYTES] = [100, 200 * 1024];

/** Puts a nudge into the queue `deliveries`, behind the answer, with those of other ledgers in this isolate. */
export function nudge(state, env, text) {
  nudges.push(text);
  // Whoever was to send them may have been ended before.
  if (nudges.length > 1 && Date.now() - gatheredSince < 1000) return;
  gatheredSince = Date.now();
  state.waitUntil(sleep(GATHER_MS).then(() => send(env.DELIVERIES)));
}

async function send(queue) {
  const all = nudges.map((body) => ({ body, contentType: "text" }));
  nudges = [];
  while (all.length) {
    let [count, bytes] = [0, 0];
    // A character has three bytes at most.
    do bytes += 3 * all[count++].body.length;
    while (count < Math.min(all.length, BATCH) && bytes + 3 * all[count].body.length < BATCH_BYTES);
    await queue.sendBatch(all.splice(0, count)).catch(({ message }) => log("warn", "the queue takes no messages: the ledgers' alarms will try again", { error: message }));
  }
}

export const remove = (kv, key) => kv.delete(key);

export const uuid = () => crypto.randomUUID();

/** The answer to a request that broke: the problem `internal` of problem.rs, made without Rust. */
export function panicked(error) {
  const id = uuid();
  log("error", "a request broke", { error: String(error), request_id: id });
  const problem = {
    type: "urn:torch-edge:problem:internal",
    title: "The proxy failed",
    status: 500,
    detail: "This request broke; the next will be served. Ask again.",
    code: "internal",
    retryable: true,
    request_id: id,
  };
  const headers = { "Content-Type": "application/problem+json", "Cache-Control": "no-store", "X-Request-Id": id };
  return new Response(JSON.stringify(problem), { status: 500, headers });
}
