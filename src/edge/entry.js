// The Worker's module: the entry points that the runtime calls, and the fast lane in front of them.
import { gate, pack, panicked, read } from "#glue";
import * as wasm from "#wasm";
import { call, callAsync, Durable } from "../revive.js";
import { consume } from "./relay.js";

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

export default {
  fetch(request, env, ctx) {
    const otherwise = () => theLongWay(request, env, ctx).catch(panicked);
    if (request.method === "POST") return otherwise();
    try {
      const packed = pack(request);
      const known = call(wasm.lane, packed, Date.now());
      if (typeof known !== "string") return known ?? otherwise();
      const take = (value) => call(wasm.lane_read, packed, value, Date.now()) ?? otherwise();
      return env.CASES.get(known).then(take, otherwise);
    } catch (error) {
      return panicked(error);
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
