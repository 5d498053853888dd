// Changes of cases as they come: over the proxy's live connection where there is one, otherwise, and while it is
// down, by asking when a case's answer is no longer fresh.
import { isCase, isObject, parsed, unusable } from "./answer.js";
import { bearable, failure, malformed, NetworkError, refusesToken } from "./errors.js";
import { many } from "./many.js";
import { pieces, sorted } from "./receipt.js";
import { now, sleep } from "./scope.js";
import { Socket } from "./socket.js";
import { Stream } from "./stream.js";
import { numeric } from "./transport.js";

const PROTOCOL = "torch-edge.v1";
/** The most receipts that one live connection takes. */
const MOST = 1_000;
/** Where there is no live connection to be had, it is looked for again after so long, in milliseconds. */
const REST = 600_000;
const MINUTE = 60_000;
/** After so many seconds what failed is asked again, where nothing is said of it: so long the proxy takes a case for not
 * found. */
const LATER = 120;

/** What makes a status another one: not that Torch looked again, nor that it was dated anew. */
const identity = (one) => JSON.stringify(typeof one.status_text === "string" ? [one.status_text, one.status_category, one.normalized?.category] : one);
const time = (one) => Date.parse(one.last_status_at);

class Watch {
  #transport;
  #options;
  #push;
  #signal;
  #cases;
  #cursor;
  #drops = 0;
  #roundAt = 0;
  #renewed = false;
  #state;

  constructor(transport, receipts, options, push, signal) {
    [this.#transport, this.#options, this.#push, this.#signal] = [transport, options, push, signal];
    this.#cursor = options.cursor;
    // `due`: when to ask for it; `via`: as what its answer is then told.
    this.#cases = new Map(receipts.map((receipt) => [receipt, { due: 0, via: "snapshot", live: false }]));
  }

  async run() {
    let liveAt = this.#options.live === "never" || !this.#transport.WebSocket ? Infinity : 0;
    for (;;) {
      if (now() >= liveAt) {
        liveAt = now() + (await this.#connect());
        this.#poll();
        if (now() >= liveAt) continue;
      }
      this.#tell("polling");
      await this.#read();
      await sleep(Math.min(liveAt, this.#due()) - now(), this.#signal);
    }
  }

  /** When to ask next: as soon as a case is due, but with those that are due by then, and not too often. */
  #due = () => Math.max(this.#roundAt, Math.min(...[...this.#cases.values()].map(({ due }) => due)));

  #tell(state) {
    if (state !== this.#state) this.#options.onState?.((this.#state = state));
  }

  /** From now on what came over the live connection is asked for, though not at once: it may be back soon. */
  #poll() {
    for (const one of this.#cases.values()) {
      if (one.live) one.due = Math.min(one.due, now() + this.#options.pollEvery);
      one.live = false;
    }
  }

  /** Asks for the cases that are due. */
  async #read() {
    const due = [...this.#cases].filter(([, { due }]) => due <= now()).map(([receipt]) => receipt);
    if (!due.length || now() < this.#roundAt) return;
    this.#roundAt = now() + this.#options.pollEvery;
    for await (const item of many(this.#transport, due, undefined, { signal: this.#signal })) {
      const one = this.#cases.get(item.receipt);
      if (!one) continue;
      if (item.error) {
        this.#trouble(item.error, item.receipt, one);
        continue;
      }
      one.due = one.live ? Infinity : now() + 1000 * item.meta.freshFor;
      this.#change(item.receipt, one, item.case, one.via);
      one.via = "poll";
    }
  }

  /** Hands out a case, unless it is the one that was handed out last, or an older one. */
  #change(receipt, one, found, via, event) {
    const key = identity(found);
    if (one.last && (key === one.key || time(found) < one.at)) return;
    this.#push({ receipt, case: found, previous: one.last, via, event, cursor: this.#cursor });
    Object.assign(one, { last: found, key, at: time(found) });
  }

  /** Tells of an error. Ends the watch where nothing can come any more. */
  #trouble(error, receipt, one) {
    if (refusesToken(error) && !error.retryable) throw error;
    this.#options.onError?.(error, receipt);
    if (!one) return;
    if (error.code === "receipt_not_granted") {
      this.#cases.delete(receipt);
      if (!this.#cases.size) throw error;
    } else one.due = now() + 1000 * (error.retryAfter ?? (error.retryable ? 0 : LATER));
  }

  /** Stays connected for as long as it goes. Gives how long to wait before the next time, in milliseconds. */
  async #connect() {
    let token, socket;
    try {
      token = await this.#transport.within({ signal: this.#signal }, (scope) => this.#transport.tokens.get(scope));
    } catch (error) {
      return this.#again(error);
    }
    try {
      socket = new Socket(this.#transport.WebSocket, `${this.#transport.base.replace(/^http/, "ws")}/live`, [PROTOCOL, `bearer.${token}`], this.#options.pingEvery);
    } catch {
      // The token has characters that cannot stand here. What is thrown may quote it.
      return REST;
    }
    const leave = () => socket.close();
    this.#signal.addEventListener("abort", leave);
    const began = now();
    try {
      await socket.stirred(this.#transport.tryTimeout, this.#signal);
      if (!socket.open || socket.code !== undefined) return await this.#unopened(socket);
      const subscribed = await this.#talk(socket);
      if (subscribed) this.#renewed = false;
      if (subscribed && now() - began > MINUTE) this.#drops = 0;
    } finally {
      this.#signal.removeEventListener("abort", leave);
      socket.close();
    }
    return this.#closed(socket.code, token);
  }

  /** Subscribes, and takes what comes until the connection ends. Whether it came to a subscription. */
  async #talk(socket) {
    const resumed = this.#cursor;
    const listed = [...this.#cases.keys()];
    socket.send(JSON.stringify({ type: "subscribe", receipts: listed, cursor: resumed }));
    let subscribed = false;
    for (;;) {
      // What comes meanwhile waits: nothing overtakes a snapshot that is being read.
      if (subscribed) await this.#read();
      const text = socket.take();
      if (text !== undefined) {
        const message = typeof text === "string" ? parsed(text) : undefined;
        if (!this.#take(message, resumed)) {
          this.#trouble(unusable("a message of its live connection"));
          return subscribed;
        }
        subscribed ||= message.type === "subscribed";
      } else if (socket.code !== undefined) return subscribed;
      else {
        const waited = now();
        await socket.stirred(subscribed ? this.#due() - now() : this.#transport.tryTimeout, this.#signal);
        if (!subscribed && now() - waited >= this.#transport.tryTimeout) return false;
      }
      this.#signal.throwIfAborted();
    }
  }

  /** Takes one message; false where it is none. */
  #take(message, resumed) {
    if (!isObject(message) || typeof message.type !== "string") return false;
    const { type, cursor, receipt, event } = message;
    const one = this.#cases.get(receipt);
    if (type === "change" && (!isObject(event) || typeof receipt !== "string")) return false;
    if (typeof cursor === "string") this.#cursor = cursor;
    if (type === "change" && one) {
      // A status that comes late, or an event that tells none, is no new status of the case.
      if (event.type !== "case.status.late" && isCase(event.data)) this.#change(receipt, one, event.data, "live", event);
      else if (one.last) this.#push({ receipt, case: one.last, previous: one.last, via: "live", event, cursor: this.#cursor });
    }
    // What is to be read now is not to wait for its turn.
    if (type === "resync" || type === "subscribed") this.#roundAt = 0;
    if (type === "resync") for (const again of [message.receipts].flat()) Object.assign(this.#cases.get(again) ?? {}, { due: 0, via: "snapshot" });
    if (type === "subscribed") this.#subscribed(message, resumed);
    if (type === "error") this.#options.onError?.(failure(message.problem));
    return true;
  }

  #subscribed({ receipts, refused }, resumed) {
    for (const refusal of [refused].flat()) {
      const receipt = refusal?.receipt;
      const one = this.#cases.get(receipt);
      if (one) this.#trouble(failure(refusal.problem, { receipt }), receipt, one);
    }
    for (const receipt of [receipts].flat()) {
      const one = this.#cases.get(receipt);
      if (!one) continue;
      one.live = true;
      // What happened since it was last heard of has been told, if it was said where to go on.
      if (!resumed) one.due = 0;
      else if (one.last && one.due > 0) one.due = Infinity;
    }
    this.#tell("live");
  }

  /** A browser does not say why a WebSocket did not open, so the same is asked as an ordinary request. */
  async #unopened(socket) {
    socket.close();
    try {
      await this.#transport.ask({ path: "/live", retries: 0 }, { signal: this.#signal });
    } catch (error) {
      return this.#again(error);
    }
    return REST;
  }

  /** Whether to end, or else when to come back, where there is no connection because of an error. */
  #again(error) {
    bearable(error, this.#signal);
    if (error.status === 404 || error.status === 501) return REST;
    // 426: the token is good, and what is missing is the WebSocket. Of a proxy that is away the polls will tell.
    if (error.status !== 426 && !(error instanceof NetworkError)) this.#trouble(error);
    return this.#pause(error.retryAfter);
  }

  #pause = (seconds = 0) => seconds * 1000 + Math.random() * Math.min(MINUTE, 1000 * 2 ** this.#drops++);

  /** What to do about a connection that ended. */
  #closed(code, token) {
    // The codes are those of HTTP, and 1009: what was sent is too large.
    const error = () => failure({ code: `live_${code}`, detail: `The proxy closed the live connection (${code}). Watch with another token, or with the option live: "never".` }, { status: code === 1009 ? 413 : code - 4000 });
    if (code === 4401) {
      if (this.#renewed || !this.#transport.tokens.renew(token, "expired")) throw error();
      this.#renewed = true;
      return 0;
    }
    if (code === 4403) throw error();
    if (![4400, 4429, 1009].includes(code)) return this.#pause();
    this.#options.onError?.(error());
    return REST;
  }
}

/** What `watch` gives. */
export function watch(transport, receipts, { ...options } = {}) {
  const { good, bad } = sorted(receipts);
  for (const every of ["pollEvery", "pingEvery"]) options[every] = numeric(every, options[every], 30_000);
  return new Stream(options.signal, async (push, signal) => {
    bad.forEach(() => options.onError?.(malformed()));
    if (bad.length && !good.length) throw malformed();
    const groups = pieces(good, MOST);
    // A cursor is how far one connection has come: of several there is none.
    if (groups.length > 1) options.cursor = undefined;
    await Promise.all(groups.map((group) => new Watch(transport, group, options, push, signal).run()));
  });
}
