import * as wasm from "#wasm";
import { durable } from "../revive.js";
export const Gate = durable(wasm.Gate);
export default { fetch: (request, env, ctx) => wasm.fetch(request, env, ctx) };
