// The bearer token: given once, or fetched by `getToken` and fetched again when it is over.
import { AuthError } from "./errors.js";
import { isObject, parsed } from "./answer.js";
import { canonical } from "./receipt.js";
import { Flights } from "./scope.js";

/** So long before a grant ends it is renewed, in milliseconds; a tenth of its life, where that is shorter. */
const MARGIN = 30_000;

/** What a grant says of itself (a JWT of the proxy's); undefined for any other token. Nothing is verified. */
export function claims(token) {
  const [, payload, signature, ...more] = token.split(".");
  if (!signature || more.length) return undefined;
  try {
    const said = parsed(atob(payload.replace(/-/g, "+").replace(/_/g, "/")));
    return isObject(said) && [said.aud].flat().includes("torch-edge") ? said : undefined;
  } catch {
    return undefined;
  }
}

/** Whether anybody can read what stands here: in a page or in a page's worker, which have an address. Workers
 * have none; Node, Deno and Bun, which tell themselves by their process, may be given one. */
function inBrowser() {
  const { location, process } = globalThis;
  return Boolean(location && (!process?.versions?.node || process.type === "renderer"));
}

/** A token that may be sent from here. No message quotes it. */
function checked(token) {
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) {
    throw new AuthError("The token must be visible ASCII without spaces. Check where it is read from.", { code: "token_malformed" });
  }
  if (!claims(token) && inBrowser()) {
    throw new AuthError("In a browser everybody can read this token, which is no grant. Keep Torch's key and client tokens on your server, and let getToken fetch a grant that it mints.", { code: "key_in_browser" });
  }
  return token;
}

export class Tokens {
  inBrowser = inBrowser();
  #getToken;
  #token;
  #renewAt = Infinity;
  #reason = "first";
  #flights = new Flights();

  constructor({ token, getToken }) {
    if (getToken ? typeof getToken !== "function" : token === undefined) throw new TypeError("TorchClient needs a token or a function getToken.");
    this.#getToken = getToken;
    if (token !== undefined) this.#keep(token);
  }

  /** The token to send, fetched if need be, once for all who wait. */
  async get(scope) {
    if (this.#token !== undefined && (!this.#getToken || Date.now() < this.#renewAt)) return this.#token;
    const reason = this.#token === undefined ? this.#reason : "expired";
    return this.#flights.join("token", scope, async ({ signal }) => {
      try {
        return this.#keep(await this.#getToken({ reason, signal }));
      } catch (error) {
        signal.throwIfAborted();
        // The old one may do for a little longer.
        if (this.#token !== undefined) return this.#token;
        if (error instanceof AuthError) throw error;
        throw new AuthError("getToken threw: see `cause`.", { code: "token_unavailable", retryable: true, cause: error });
      }
    });
  }

  /** That the proxy refused this token. Whether another one can be had. */
  renew(token, reason) {
    if (!this.#getToken) return false;
    // Another request may have had it renewed already.
    if (this.#token === token) [this.#token, this.#reason] = [undefined, reason];
    return true;
  }

  /** The receipts that the grant in use is good for; undefined where that is not known. */
  granted() {
    const { receipts } = (this.#token && claims(this.#token)) || {};
    return Array.isArray(receipts) ? new Set(receipts.map(canonical)) : undefined;
  }

  #keep(token) {
    this.#token = checked(token);
    const { exp, iat } = claims(token) ?? {};
    const renewAt = exp * 1000 - Math.min(MARGIN, (exp - iat) * 100 || MARGIN);
    // Where it seems over as soon as it comes, this machine's clock is wrong: then the proxy's word counts.
    this.#renewAt = renewAt > Date.now() ? renewAt : Infinity;
    return token;
  }
}
