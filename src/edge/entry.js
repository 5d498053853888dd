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
};
