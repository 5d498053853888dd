// What both elements are: they find their client and their language, read cases, watch them, and tell of it.
import { announce } from "./announce.js";
import { node } from "./dom.js";
import { dress } from "./style.js";
import { wordsOf } from "./words.js";

/** How often the ages that are shown are said anew. */
const TICK_MS = 30_000;
/** How often a live element reads again, for what it shows to have been looked at lately, and to mend what failed. */
const AGAIN_MS = 600_000;
/** When an answer is read again that is being renewed. */
const RENEWED_MS = 5000;

const connected = new Set();
let common;
let clock;

const all = (verb) => connected.forEach((element) => element[verb]());

/** The client of all elements that have none of their own and stand in no list that has one. */
export function setClient(client) {
  common = client;
  all("plan");
}

/** A receipt number as people type it, in the one form in which it is compared. */
const canonical = (typed) => String(typed).replace(/[\s\u2010-\u2015\u2212-]/g, "").toUpperCase();

// Where there is no DOM, on a server, the class is there and does nothing.
export class CaseElement extends (globalThis.HTMLElement ?? class {}) {
  #client;
  #given;
  #planned;
  #running = {};
  records = new Map();

  /** The client that it reads with: its own, or that of the list around it, or the one for all. */
  get client() {
    return this.#client ?? this.parentElement?.closest("case-status-list")?.client ?? common;
  }

  set client(client) {
    this.#client = client;
    all("plan");
  }

  get live() {
    return this.hasAttribute("live");
  }

  set live(live) {
    this.toggleAttribute("live", live);
  }

  /** The receipt numbers that it was given: by the property or, without that, in the attribute. */
  get given() {
    return this.#given ?? (this.getAttribute(this.constructor.observedAttributes[0]) ?? "").split(/[\s,]+/);
  }

  set given(given) {
    this.#given = given;
    this.plan();
  }

  get words() {
    return wordsOf(this);
  }

  has(record) {
    return this.records.get(record.receipt) === record;
  }

  connectedCallback() {
    if (!this.shadowRoot) {
      const root = this.attachShadow({ mode: "open" });
      // A live region has to be in its place, and empty, before there is anything to say.
      this.region = node("p", "unseen");
      this.region.role = "status";
      this.body = node("div", "body");
      this.body.tabIndex = -1;
      root.append(this.region, this.body);
      dress(root);
      this.build();
      // What was set before the class was there stands in the way of its accessors.
      for (const name of ["client", "receipt", "receipts", "live"]) {
        if (!Object.hasOwn(this, name)) continue;
        const value = this[name];
        delete this[name];
        this[name] = value;
      }
    }
    connected.add(this);
    clock ??= setInterval(all, TICK_MS, "show");
    // Those inside may have been there first, without a client.
    all("plan");
  }

  disconnectedCallback() {
    connected.delete(this);
    if (!connected.size) clock = clearInterval(clock);
    this.plan();
  }

  attributeChangedCallback(name) {
    if (name.startsWith("receipt")) this.#given = undefined;
    this.plan();
  }

  /** Sees, once for all that changes in one go, whether there is something else to read. */
  plan() {
    if (!this.#planned && this.shadowRoot) queueMicrotask(() => this.#settle());
    this.#planned = true;
  }

  /** Reads again what failed, and watches again. */
  retry() {
    this.#running.key = undefined;
    this.plan();
  }

  #settle() {
    this.#planned = false;
    const { client, live, words } = this;
    const receipts = this.isConnected ? [...new Set(this.given.map(canonical).filter(Boolean))] : [];
    const key = receipts.join();
    const last = this.#running;
    if (key !== last.key || client !== last.client || live !== last.live) {
      last.ending?.abort();
      const ending = new AbortController();
      const before = this.records;
      this.#running = { key, client, live, ending };
      this.records = new Map(receipts.map((receipt) => [receipt, (client === last.client && before.get(receipt)) || { receipt }]));
      for (const record of before.values()) this.has(record) || record.card.node.remove();
      if (client) this.#run(client, receipts, live, ending.signal);
      else for (const record of this.records.values()) record.error = { message: words.noClient, lang: words.language };
    }
    this.show();
  }

  show() {
    const { words, body, shadowRoot } = this;
    const focused = shadowRoot.activeElement;
    body.lang = words.language;
    const records = [...this.records.values()];
    for (const record of records) (record.card ??= this.card(record)).show(words);
    this.arrange(records, words);
    // Who was in a row that has moved is still there; who pressed a button that has done its work is not left outside.
    if (focused) (focused.hidden ? body : focused).focus();
  }

  async #run(client, receipts, live, signal) {
    const those = (wanted) => receipts.filter((receipt) => wanted(this.records.get(receipt)));
    await this.#read(client, those((record) => record.error || !record.case), signal);
    if (live) this.#watch(client, receipts, signal);
    for (let first = true; !signal.aborted; first = false) {
      const renewed = first ? those((record) => record.why === "refreshing") : [];
      if (!renewed.length && !live) return;
      await new Promise((resolve) => {
        signal.onabort = resolve;
        setTimeout(resolve, renewed.length ? RENEWED_MS : AGAIN_MS);
      });
      if (!document.hidden) await this.#read(client, renewed.length ? renewed : receipts, signal);
    }
  }

  async #read(client, receipts, signal) {
    if (signal.aborted || !receipts.length) return;
    const waiting = new Set(receipts);
    for (const receipt of receipts) {
      const record = this.records.get(receipt);
      record.busy = Boolean(!record.case || record.error);
    }
    this.show();
    // What comes too late belongs to a client, or to receipt numbers, that are not wanted any more.
    const take = (item) => signal.aborted || waiting.delete(this.#take(item));
    try {
      const [receipt] = receipts;
      if (receipts.length > 1) for await (const item of client.getMany(receipts, { signal })) take(item);
      else take({ receipt, ...(await client.get(receipt, { signal })) });
    } catch (error) {
      waiting.forEach((receipt) => take({ receipt, error }));
    }
  }

  async #watch(client, receipts, signal) {
    try {
      for await (const item of client.watch(receipts, { signal })) signal.aborted || this.#take(item);
    } catch (error) {
      signal.aborted || receipts.forEach((receipt) => this.#take({ receipt, error }));
    }
  }

  /** Takes what a client tells of a case. */
  #take({ receipt: named, case: found, meta, error, via = "read" }) {
    const receipt = canonical(named);
    const record = this.records.get(receipt);
    const { case: previous, at = 0 } = record;
    const now = Date.now();
    Object.assign(record, { busy: false, error, stale: Boolean(error ?? meta?.stale), why: error?.code ?? meta?.cacheStatus?.detail });
    let news = "case-error";
    if (found) {
      record.case = found;
      // Of many that were read at once, `age` is the oldest one's: this one is not older than Torch's last look at it.
      const looked = Date.parse(found.last_checked_at) || 0;
      record.at = Math.min(now, meta ? Math.max(looked, now - meta.age * 1000) : Math.max(looked || now, at));
      news = ["status_text", "last_status_at"].some((name) => found[name] !== previous?.[name]) && "case-change";
    } else record.failedAt = now;
    // What was known when reading fails is shown on, and says why there is nothing newer.
    if (news && (found || !previous)) announce(this, record, previous);
    if (news) this.dispatchEvent(new CustomEvent(news, { detail: { receipt, case: found ?? previous, previous, error, via }, bubbles: true, composed: true }));
    this.changed(record);
    return receipt;
  }
}
