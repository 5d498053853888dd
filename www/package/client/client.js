// The client: what an application calls.
import { isCase, isOf, parsed, unusable } from "./answer.js";
import { malformed } from "./errors.js";
import { many } from "./many.js";
import { canonical, listed } from "./receipt.js";
import { Flights } from "./scope.js";
import { numeric, Transport } from "./transport.js";
import { watch } from "./watch.js";

/** So many answers are remembered for If-None-Match; the one that was not used for the longest goes first. */
const REMEMBERED = 1_000;

/** What a read asks of the proxy's cache, as its header. */
function directives({ maxAge, noCache, onlyIfCached } = {}) {
  return [numeric("maxAge", maxAge, undefined, 1e9, 0) !== undefined && `max-age=${maxAge}`, noCache && "no-cache", onlyIfCached && "only-if-cached"].filter(Boolean).join(", ");
}

function wellFormed(receipt) {
  const one = canonical(receipt);
  if (!one) throw malformed();
  return one;
}

export class TorchClient {
  #transport;
  #flights = new Flights();
  #remembered = new Map();

  constructor(options = {}) {
    this.#transport = new Transport(options);
  }

  get(receipt, options) {
    return this.#transport.within(options, async (scope) => {
      const [one, control] = [wellFormed(receipt), directives(options)];
      const answer = await this.#flights.join(`${one} ${control}`, scope, (shared) => this.#read(one, control, shared));
      // Each caller gets objects of its own.
      return answer();
    });
  }

  getMany(receipts, options) {
    return many(this.#transport, receipts, directives(options), options);
  }

  async history(receipt, options) {
    const one = wellFormed(receipt);
    const { value, meta } = await this.#transport.ask({ path: "/case-status/history", receipts: [one], receipt: one }, options);
    if (!Array.isArray(value?.events) || !isOf(value, one)) throw unusable("a case's history", one);
    return { history: value, meta };
  }

  watch(receipts, options) {
    return watch(this.#transport, receipts, options);
  }

  async grant({ receipts, expiresIn } = {}, options) {
    const body = JSON.stringify({ receipts: listed(receipts), expires_in: expiresIn });
    const { value } = await this.#transport.ask({ method: "POST", path: "/grants", body, once: true }, options);
    if (typeof value?.token !== "string") throw unusable("a grant");
    return value;
  }

  async #read(receipt, control, scope) {
    let known;
    const headers = (token) => {
      // What one token has seen is nothing to another.
      const kept = this.#remembered.get(receipt);
      known = kept?.token === token ? kept : undefined;
      return known && { "if-none-match": known.etag };
    };
    const { status, text, value, meta, token } = await this.#transport.call({ path: "/case-status", receipts: [receipt], headers, control, receipt }, scope);
    const fresh = status === 304 ? known && { ...known, etag: meta.etag ?? known.etag } : { text, token, etag: meta.etag };
    if (!fresh || (status !== 304 && !(isCase(value) && isOf(value, receipt)))) throw unusable("a case", receipt);
    this.#remembered.delete(receipt);
    if (fresh.etag) this.#remembered.set(receipt, fresh);
    if (this.#remembered.size > REMEMBERED) this.#remembered.delete(this.#remembered.keys().next().value);
    return () => ({ case: parsed(fresh.text), meta: { ...meta } });
  }
}
