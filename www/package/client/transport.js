// One request to the proxy: its tries, its patience, its token.
import { bodyOf, metaOf, parsed, retryAfter, unusable } from "./answer.js";
import { failure, NetworkError, overdue, RateLimitError, TorchError } from "./errors.js";
import { masked } from "./receipt.js";
import { now, race, Scope, sleep } from "./scope.js";
import { Tokens } from "./tokens.js";

/** The first pause before a retry is up to so long, and twice as long each time, in milliseconds. */
const PAUSE = 300;
const LONGEST_PAUSE = 8_000;
/** Nobody is believed who says that nothing may be asked for longer, in seconds. */
const LONGEST_RESET = 600;

/** An option that is a number. */
export function numeric(name, value, fallback, most = Infinity, least = 1) {
  if (value === undefined) return fallback;
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw new TypeError(`${name} must be a number from ${least} to ${most}.`);
}

function address(baseUrl) {
  try {
    const url = new URL(baseUrl, globalThis.location?.href);
    if (/^https?:$/.test(url.protocol) && !(url.username + url.password + url.search + url.hash)) return url.origin + url.pathname.replace(/\/+$/, "");
  } catch {
    // No URL at all.
  }
  throw new TypeError("baseUrl must be an address such as https://torch.example.com, without user name, query and #.");
}

const NUMBERS = [["timeout", 30_000], ["tryTimeout", 10_000], ["retries", 3, 100, 0], ["concurrency", 4, 100], ["batchSize", 25, 500]];

export class Transport {
  #resumeAt = 0;

  constructor(options) {
    this.base = address(options.baseUrl);
    this.tokens = new Tokens(options);
    this.fetch = options.fetch ?? ((...args) => globalThis.fetch(...args));
    this.WebSocket = options.WebSocket ?? globalThis.WebSocket;
    for (const [name, ...bounds] of NUMBERS) this[name] = numeric(name, options[name], ...bounds);
    this.onRetry = options.onRetry;
  }

  /** Does some work in the time and under the signal of one caller. */
  async within({ signal, timeout } = {}, work) {
    signal?.throwIfAborted();
    const ms = numeric("timeout", timeout, this.timeout);
    const scope = new Scope(signal, ms, ({ shared, trouble = shared?.trouble }) => overdue(ms, "timeout", { cause: trouble }));
    try {
      return await race(work(scope), scope.signal);
    } finally {
      scope.close();
    }
  }

  /** One request by itself. */
  ask(request, options) {
    return this.within(options, (scope) => this.call(request, scope));
  }

  /** Asks until there is an answer that counts, or no hope for one while `scope` lasts. `once`: an answer of which
   * nobody knows whether it has done its work is not asked for again. */
  async call(request, scope) {
    for (let attempt = 0, renewed = false; ;) {
      await this.#pace(scope);
      const token = await this.tokens.get(scope);
      try {
        return await this.#try(request, token, scope.signal);
      } catch (error) {
        scope.signal.throwIfAborted();
        const { code, status } = error;
        if (!renewed && (code === "grant_expired" || code === "unauthorized") && this.tokens.renew(token, code === "unauthorized" ? "refused" : "expired")) {
          renewed = true;
          continue;
        }
        // What is not in the cache now will not be in it in a moment.
        const hopeless = !error.retryable || code === "not_cached" || (request.once && status !== 429 && status !== 503);
        const wait = Math.random() * Math.min(LONGEST_PAUSE, PAUSE * 2 ** attempt) + 1000 * (error.retryAfter ?? 0);
        if (hopeless || attempt++ >= (request.retries ?? this.retries) || now() + wait >= scope.ends) throw error;
        scope.trouble = error;
        this.onRetry?.({ error, attempt, wait });
        await sleep(wait, scope.signal);
      }
    }
  }

  /** Waits where the proxy has said that nothing is left of the allowance. */
  async #pace(scope) {
    const wait = this.#resumeAt - now();
    if (wait <= 0) return;
    if (now() + wait >= scope.ends) {
      const seconds = Math.ceil(wait / 1000);
      throw new RateLimitError(`The allowance of requests is used up. Ask again in ${seconds} s.`, { code: "rate_limited", retryable: true, retryAfter: seconds });
    }
    // Not all that wait go at the same moment.
    await sleep(wait + Math.random() * PAUSE, scope.signal);
  }

  async #try({ method = "GET", path, receipts, headers, control, body, receipt }, token, signal) {
    const scope = new Scope(signal, this.tryTimeout, () => overdue(this.tryTimeout, "tryTimeout", { receipt }));
    try {
      const init = { method, body, redirect: "manual", signal: scope.signal, headers: { ...headers?.(token), ...(control && { "cache-control": control }), ...(body && { "content-type": "application/json" }), authorization: `Bearer ${token}` } };
      // A browser's own cache knows nothing of tokens, and does not tell how old an answer is.
      if (this.tokens.inBrowser) init.cache = "no-store";
      const query = receipts ? `?receipt=${receipts.join("&receipt=")}` : "";
      const response = await race(this.fetch(this.base + path + query, init), scope.signal);
      return this.#read(response, await race(bodyOf(response), scope.signal), token, receipt);
    } catch (error) {
      scope.signal.throwIfAborted();
      if (error instanceof TorchError) throw error;
      // A platform's own error may quote the whole URL.
      const why = [error?.message, error?.cause?.code ?? error?.code].filter(Boolean).join(", ");
      throw new NetworkError(`The proxy cannot be reached (${masked(why).replaceAll(token, "…")}). Ask again later; check baseUrl and the proxy's ALLOWED_ORIGINS.`, { code: "network", retryable: true, receipt });
    } finally {
      scope.close();
    }
  }

  #read(response, text, token, receipt) {
    const { status, headers } = response;
    const meta = metaOf(headers);
    const { remaining, reset } = meta.rateLimit ?? {};
    if (remaining === 0) this.#resumeAt = Math.max(this.#resumeAt, now() + 1000 * Math.min(reset, LONGEST_RESET));
    if (status >= 400) throw failure(parsed(text), { status, retryAfter: retryAfter(headers.get("retry-after")), requestId: meta.requestId, receipt });
    if (![200, 201, 304].includes(status)) throw unusable(`its own, but a redirect or the like (status ${status})`, receipt);
    return { status, text, value: parsed(text), meta, token, headers };
  }
}
