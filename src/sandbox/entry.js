// The sandbox's module: the entry points that the runtime calls.
import * as wasm from "#wasm";
import { callAsync, Durable } from "../revive.js";

export class SandboxTorch extends Durable {
  constructor(...args) {
    super(wasm.SandboxTorch, args);
  }

  fetch(request) {
    return this.call((torch) => torch.fetch(request));
  }
}

export default { fetch: (request, env, ctx) => callAsync(wasm.fetch, request, env, ctx) };
