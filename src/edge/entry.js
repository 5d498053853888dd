// The Worker's module: the entry points that the runtime calls, and the fast lane in front of them.
import { gate, pack, panicked } from "#glue";
import * as wasm from "#wasm";
import { call, callAsync, Durable } from "../revive.js";

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

export default {
  fetch(request, env, ctx) {
    const theLongWay = () => callAsync(wasm.fetch, request, env, ctx).catch(panicked);
    try {
      const packed = pack(request);
      const known = call(wasm.lane, packed, Date.now());
      if (typeof known !== "string") return known ?? theLongWay();
      const take = (value) => call(wasm.lane_read, packed, value, Date.now()) ?? theLongWay();
      return env.CASES.get(known).then(take, theLongWay);
    } catch (error) {
      return panicked(error);
    }
  },

  /** The cron trigger: what is due is refreshed. */
  scheduled: (_event, env) => gate(env, "tick", ""),

  /** The queue `deliveries`: each message is a case and an endpoint. Rust says of each whether it is done,
   * or in how many seconds it is to come again. */
  async queue({ messages }, env) {
    const nudges = messages.map(({ body }) => String(body)).join("\n");
    const verdicts = await callAsync(wasm.relay, env, nudges);
    messages.forEach((message, at) => {
      if (typeof verdicts[at] === "number") message.retry({ delaySeconds: verdicts[at] });
      else message.ack();
    });
  },
};
