// One request to the proxy: its tries, its patience, its token.
import { bodyOf, metaOf, parsed, retryAfter } from "./answer.js";
import { failure, NetworkError, ProtocolError, RateLimitError, TimeoutError, TorchError } from "./errors.js";
import { masked } from "./receipt.js";
import { now, race, Scope, sleep } from "./scope.js";
import { Tokens } from "./tokens.js";

/** The first pause before a retry is up to so long, and twice as long each time, in milliseconds. */
const PAUSE = 300;
const LONGEST_PAUSE = 8_000;
/** Nobody is believed who says that nothing may be asked for longer, in seconds. */
const LONGEST_RESET = 600;

/** An option that is a number. */
export function numeric(name, value, fallback, { least = Number.MIN_VALUE, most = Infinity, whole = false } = {}) {
  if (value === undefined) return fallback;
  if (typeof value !== "number" || !(value >= least && value <= most) || (whole && !Number.isInteger(value))) throw new TypeError(`${name} must be a ${whole ? "whole " : ""}number${most < Infinity ? ` from ${least} to ${most}` : least < 1 ? " above 0" : ` from ${least} on`}.`);
  return value;
}

function address(baseUrl) {
  let url;
  try {
    url = new URL(baseUrl, globalThis.location?.href);
  } catch {
    throw new TypeError("baseUrl must be the proxy's address, such as https://torch.example.com.");
  }
  if (!/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) throw new TypeError("baseUrl must begin with https:// or http://, and have no user name, no query and no #.");
  return url.origin + url.pathname.replace(/\/+$/, "");
}

export class Transport {
  #resumeAt = 0;

  constructor(options) {
    this.base = address(options.baseUrl);
    this.tokens = new Tokens(options);
    this.fetch = options.fetch ?? ((...args) => globalThis.fetch(...args));
    this.WebSocket = options.WebSocket ?? globalThis.WebSocket;
    this.timeout = numeric("timeout", options.timeout, 30_000);
    this.tryTimeout = numeric("tryTimeout", options.tryTimeout, 10_000);
    this.retries = numeric("retries", options.retries, 3, { least: 0, whole: true, most: 100 });
    this.concurrency = numeric("concurrency", options.concurrency, 4, { least: 1, whole: true, most: 100 });
    this.batchSize = numeric("batchSize", options.batchSize, 25, { least: 1, whole: true, most: 500 });
    this.onRetry = options.onRetry;
  }

  /** Does some work in the time and under the signal of one caller. */
  async within({ signal, timeout } = {}, work) {
    signal?.throwIfAborted();
    const ms = numeric("timeout", timeout, this.timeout);
    const scope = new Scope(signal, ms, ({ shared, trouble = shared?.trouble }) => new TimeoutError(`The proxy gave no usable answer within ${ms / 1000} s. Ask again later, or give it more time by the option timeout.`, { code: "deadline", retryable: true, cause: trouble }));
    try {
      return await race(work(scope), scope.signal);
    } finally {
      scope.close();
    }
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
      throw new RateLimitError(`The allowance of requests is used up for another ${seconds} s, longer than this request may wait. Ask again then.`, { code: "rate_limited", retryable: true, retryAfter: seconds });
    }
    // Not all that wait go at the same moment.
    await sleep(wait + Math.random() * PAUSE, scope.signal);
  }

  async #try({ method = "GET", path, receipts, headers, body, receipt }, token, signal) {
    const seconds = this.tryTimeout / 1000;
    const scope = new Scope(signal, this.tryTimeout, () => new TimeoutError(`The proxy did not answer within ${seconds} s. Ask again later, or give each try more time by the option tryTimeout.`, { code: "try_timeout", retryable: true, receipt }));
    try {
      const init = { method, body, redirect: "manual", signal: scope.signal, headers: { ...headers?.(token), authorization: `Bearer ${token}` } };
      // A browser's own cache knows nothing of tokens, and does not tell how old an answer is.
      if (this.tokens.inBrowser) init.cache = "no-store";
      const query = receipts ? `?${receipts.map((one) => `receipt=${encodeURIComponent(one)}`).join("&")}` : "";
      const response = await race(this.fetch(this.base + path + query, init), scope.signal);
      return this.#read(response, await race(bodyOf(response), scope.signal), token, receipt);
    } catch (error) {
      scope.signal.throwIfAborted();
      if (error instanceof TorchError) throw error;
      // A platform's own error may quote the whole URL.
      const why = [error?.message, error?.cause?.code ?? error?.code].filter((part) => typeof part === "string" && part).join(", ");
      const { origin } = new URL(this.base);
      throw new NetworkError(`The connection to ${origin} failed${why ? ` (${masked(why).replaceAll(token, "…")})` : ""}. Ask again later; if it stays so, see that baseUrl is right and that this page's origin is in ALLOWED_ORIGINS.`, { code: "network", retryable: true, receipt });
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
    if (![200, 201, 304].includes(status)) throw new ProtocolError(`The proxy does not answer here, but ${status ? `with status ${status}` : "with a redirect"}. Set baseUrl to the address where it does.`, { code: "unexpected_status", status, receipt });
    return { status, text, value: parsed(text), meta, token };
  }
}
