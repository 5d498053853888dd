// The Worker's module: the entry points that the runtime calls, and the fast lane in front of them.
import { pack, panicked } from "#glue";
import * as wasm from "#wasm";
import { call, callAsync, durable } from "../revive.js";

export const Gate = durable(wasm.Gate);

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
};
