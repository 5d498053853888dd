// What a panic breaks is made anew. After a panic wasm-bindgen's glue starts a new instance at the
// next call into it (its `__wbg_call_guard`), but an object of the old instance stays dead: so a
// Durable Object builds its Rust half again when the instance has changed. What it held in memory
// is gone then; what it had stored is not.
import * as wasm from "#wasm";

const state = wasm.__worker_init_state();

/** The Durable Object class around a Rust class. */
export const durable = (Rust) =>
  class {
    #args;
    #rust;
    #instance;

    constructor(...args) {
      this.#args = args;
      this.#alive();
    }

    #alive() {
      if (this.#instance !== state.instanceId || state.criticalError) {
        this.#rust = new Rust(...this.#args);
        state.criticalError = false;
        this.#instance = state.instanceId;
      }
      return this.#rust;
    }

    fetch(request) {
      return this.#alive().fetch(request);
    }
  };
