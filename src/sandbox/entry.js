import * as wasm from "#wasm";
import { durable } from "../revive.js";
export const SandboxTorch = durable(wasm.SandboxTorch);
export default { fetch: (request, env, ctx) => wasm.fetch(request, env, ctx) };
