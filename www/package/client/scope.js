// Time and patience: what ends a wait, and leaves no timer and no listener behind.

/** More, a timer cannot wait. */
const LONGEST = 2 ** 31 - 1;

export const now = () => performance.now();

/** What `promise` comes to, or the signal's reason as soon as it is aborted. */
export const race = (promise, signal) => new Promise((resolve, reject) => {
  const leave = () => reject(signal.reason);
  if (signal.aborted) leave();
  signal.addEventListener("abort", leave);
  // Also where nobody waits any more: what fails then is nobody's unhandled rejection.
  Promise.resolve(promise).then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
});

export const sleep = (ms, signal) => {
  let timer;
  return race(new Promise((resolve) => (timer = setTimeout(resolve, Math.max(0, Math.min(ms, LONGEST))))), signal).finally(() => clearTimeout(timer));
};

/** A signal that is aborted with its parent, for the same reason, or after `ms`, for the one that `late` gives. To
 * be closed. */
export class Scope {
  #controller = new AbortController();
  #follow = () => this.#controller.abort(this.#parent.reason);
  #parent;
  #timer;

  constructor(parent, ms, late) {
    this.signal = this.#controller.signal;
    this.ends = now() + ms;
    this.#parent = parent;
    if (parent?.aborted) return void this.#follow();
    parent?.addEventListener("abort", this.#follow);
    if (ms <= LONGEST) this.#timer = setTimeout(() => this.#controller.abort(late?.(this)), Math.max(0, ms));
  }

  close() {
    clearTimeout(this.#timer);
    this.#parent?.removeEventListener("abort", this.#follow);
  }
}

/** On Workers nobody may wait for what another request has begun: it ends with that request. */
const alone = () => globalThis.navigator?.userAgent === "Cloudflare-Workers";

/** Work that several wait for is done once. Each may leave without harm to the others; when the last has left,
 * the work is aborted. */
export class Flights {
  #flights = new Map();

  /** `work(scope)` gets a scope whose `ends` is when the most patient of those who wait gives up. */
  async join(key, scope, work) {
    if (alone()) return work(scope);
    let flight = this.#flights.get(key);
    if (!flight) {
      const controller = new AbortController();
      flight = { waiting: 0, controller, scope: { signal: controller.signal, ends: scope.ends } };
      this.#flights.set(key, flight);
      flight.outcome = work(flight.scope).finally(() => this.#forget(key, flight));
    }
    flight.waiting++;
    flight.scope.ends = Math.max(flight.scope.ends, scope.ends);
    scope.shared = flight.scope;
    try {
      return await race(flight.outcome, scope.signal);
    } finally {
      if (--flight.waiting === 0) {
        this.#forget(key, flight);
        flight.controller.abort();
      }
    }
  }

  #forget(key, flight) {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
