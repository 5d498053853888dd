// What a panic breaks is made anew. A panic leaves the WebAssembly instance unusable, and whatever ran
// in it without an answer. So those who wait are told at once, and the next call starts a new instance.
// What was in memory is gone then; what was stored is not.
import { DurableObject } from "cloudflare:workers";
import * as wasm from "#wasm";

/** Whether the instance is broken, and which one it is. */
const state = { broken: false, instance: 0 };
const waiting = new Set();

/** Notes a trap, which is how a panic ends, and tells those who wait for what will never come. */
function note(error) {
  if (!(error instanceof WebAssembly.RuntimeError)) return;
  state.broken = true;
  for (const reject of waiting) reject(new Error("the WebAssembly instance broke"));
  waiting.clear();
}
addEventListener("error", ({ error }) => note(error));
addEventListener("unhandledrejection", ({ reason }) => note(reason));

/** Calls into Rust, in a new instance where the one before is broken. */
export function call(rust, ...args) {
  if (state.broken) {
    console.error('{"level":"error","message":"starting anew after a panic"}');
    wasm.__wbg_reset_state();
    state.instance += 1;
    state.broken = false;
  }
  try {
    return rust(...args);
  } catch (error) {
    note(error);
    throw error;
  }
}

/** The same for what answers with a promise: it is rejected where the instance breaks meanwhile. */
export function callAsync(rust, ...args) {
  return new Promise((resolve, reject) => {
    waiting.add(reject);
    call(rust, ...args).then(resolve, reject).finally(() => waiting.delete(reject));
  });
}

/** A Durable Object class around a Rust class: its Rust half is built again in a new instance. */
export class Durable extends DurableObject {
  #Rust;
  #args;
  #rust;
  #instance;

  constructor(Rust, args) {
    super(...args);
    this.#Rust = Rust;
    this.#args = args;
  }

  #half() {
    if (this.#instance !== state.instance) {
      this.#rust = new this.#Rust(...this.#args);
      this.#instance = state.instance;
    }
    return this.#rust;
  }

  /** What `ask` makes of the Rust half: a promise. */
  call(ask) {
    return callAsync(() => ask(this.#half()));
  }

  /** The same for what answers at once. */
  callNow(ask) {
    return call(() => ask(this.#half()));
  }
}
