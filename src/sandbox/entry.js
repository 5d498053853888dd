// The sandbox's module: the entry points that the runtime calls.
import * as wasm from "#wasm";
import { callAsync, durable } from "../revive.js";

export const SandboxTorch = durable(wasm.SandboxTorch);

export default { fetch: (request, env, ctx) => callAsync(wasm.fetch, request, env, ctx) };
