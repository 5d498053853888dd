// The Worker's module: the entry points that the runtime calls, and the fast lane in front of them.
import { gate, lastClient, log, notes, pack, panicked, read, uuid } from "#glue";
import * as wasm from "#wasm";
import { call, callAsync, Durable } from "../revive.js";
import { consume } from "./relay.js";

export { Feed } from "./feed.js";

/** The largest body that is read of a request, in bytes. */
const MAX_BODY = 256 * 1024;

/** The gate speaks texts and JSON: what a request asks is its path. */
export class Gate extends Durable {
  constructor(...args) {
    super(wasm.Gate, args);
  }

  async fetch(request) {
    const what = new URL(request.url).pathname.slice(1);
    const text = await request.text();
    return Response.json(await this.call((gate) => gate.fetch(what, text)));
  }
}

/** A case's ledger. All that it does at once it does before it answers. */
export class Ledger extends Durable {
  constructor(...args) {
    super(wasm.Ledger, args);
  }

  ask(what, text) {
    return this.callNow((ledger) => ledger.ask(what, text));
  }

  erase(receipt) {
    return this.call((ledger) => ledger.erase(receipt));
  }

  alarm() {
    this.callNow((ledger) => ledger.alarm());
  }
}

/** What the relay has to know of all cases together. */
export class Relay extends Durable {
  constructor(...args) {
    super(wasm.Relay, args);
  }

  ask(what, text) {
    return this.callNow((relay) => relay.ask(what, text));
  }
}

/** Every request that the fast lane does not answer. Only a POST has a body that is wanted; one that is
 * too large is not read, and is null. */
async function theLongWay(request, env, ctx) {
  const body = request.method === "POST" ? (await read(request, MAX_BODY)) ?? null : undefined;
  return callAsync(wasm.fetch, request, env, ctx, body);
}

/** The headers that pages of other origins may see, beside those that any may. */
const EXPOSED = "Age, Cache-Status, ETag, RateLimit, RateLimit-Policy, Retry-After, Torch-Edge-Items, WWW-Authenticate, X-Request-Id";
const PREFLIGHT = {
  "Access-Control-Allow-Methods": "GET, HEAD",
  "Access-Control-Allow-Headers": "Accept, Authorization, Cache-Control, If-Modified-Since, If-None-Match",
  "Access-Control-Max-Age": "7200",
};

/** The headers by which a page of another origin may read, if it may. Credentials never: who asks is in the
 * token. */
function shared(request, env) {
  const origin = env.ALLOWED_ORIGINS && request.headers.get("origin");
  if (!origin || !call(wasm.shares, env, request.url, origin)) return undefined;
  return { "Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED };
}

/** The answer to a browser that asks whether it may ask. */
function preflight(request, env) {
  if (request.method !== "OPTIONS" || !request.headers.has("access-control-request-method")) return undefined;
  const allowed = shared(request, env);
  return allowed && new Response(null, { status: 204, headers: { ...allowed, ...PREFLIGHT } });
}

/** `IOE******5678`; undefined where it is not written as one writes it to a program. */
const masked = (url) => url.match(/[?&]receipt=([A-Za-z]{3})\d{6}(\d{4})(?:&|$)/)?.slice(1).join("******").toUpperCase();

const names = [];
/** What is noted of a hit of the fast lane, straight behind it. */
const noted = (request) => ({ route: "/case-status", client: (names[lastClient] ??= call(wasm.client_name, lastClient)), receipt: masked(request.url) });

/** The sandbox's clock, for the board that is served from here: where Torch is a sandbox on this machine, and for our own
 * page alone. */
async function simulated(request, env) {
  const { pathname } = new URL(request.url);
  if (pathname !== "/__sandbox/clock" || !/^http:\/\/(127\.0\.0\.1|localhost)(:|$)/.test(env.TORCH_BASE_URL)) return undefined;
  if (request.headers.get("sec-fetch-site") !== "same-origin") return undefined;
  const { method } = request;
  const body = method === "PUT" ? await read(request, MAX_BODY) : undefined;
  const { status, headers, body: said } = await fetch(new URL(pathname, env.TORCH_BASE_URL), { method, body });
  return new Response(said, { status, headers });
}

/** The last touch of every answer, and its line in the log. */
function finish(request, env, began, response, { route, client, receipt } = {}) {
  const { headers, status } = response;
  let id = headers.get("x-request-id");
  if (!id) headers.set("X-Request-Id", (id = uuid()));
  headers.set("X-Content-Type-Options", "nosniff");
  if (env.ALLOWED_ORIGINS) {
    headers.append("Vary", "Origin");
    const allowed = shared(request, env);
    for (const name in allowed) headers.set(name, allowed[name]);
  }
  log("info", "request", {
    method: request.method,
    // What is no route of ours is not written down: it may be anything.
    route: route || undefined,
    status,
    cache: headers.get("cache-status")?.replace("torch-edge; ", ""),
    duration_ms: Date.now() - began,
    client: client || undefined,
    receipt: receipt || undefined,
    request_id: id,
  });
  return response;
}

export default {
  fetch(request, env, ctx) {
    const began = Date.now();
    const done = (response, note) => finish(request, env, began, response, note);
    const otherwise = async () => {
      try {
        const response = preflight(request, env) ?? (await simulated(request, env)) ?? (await theLongWay(request, env, ctx));
        return done(response, notes.get(response));
      } catch (error) {
        return done(panicked(error));
      }
    };
    if (request.method === "POST" || request.method === "OPTIONS") return otherwise();
    try {
      const packed = pack(request);
      const known = call(wasm.lane, packed, began);
      if (typeof known !== "string") return known ? done(known, noted(request)) : otherwise();
      const take = (value) => {
        const hit = call(wasm.lane_read, packed, value, Date.now());
        return hit ? done(hit, noted(request)) : otherwise();
      };
      return env.CASES.get(known).then(take, otherwise);
    } catch (error) {
      return done(panicked(error));
    }
  },

  /** The cron trigger: what is due is refreshed. */
  scheduled: (_event, env) => gate(env, "tick", ""),

  /** The queue `deliveries`. */
  queue: ({ messages }, env) => consume(messages, env, {
    attempt: (...args) => call(wasm.attempt, ...args),
    verdict: (...args) => call(wasm.verdict, ...args),
  }),
};
