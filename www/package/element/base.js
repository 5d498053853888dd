// What both elements are: they find their client and their language, read cases, watch them, and tell of it.
import { canonical } from "../client/receipt.js";
import { announce } from "./announce.js";
import { node } from "./dom.js";
import { dress } from "./style.js";
import { wordsOf } from "./words.js";

/** How often the ages that are shown are said anew, and an answer is read again that was being renewed. */
const TICK_MS = 30_000;
/** How often a live element reads all again, for what it shows to have been looked at lately. */
const AGAIN_MS = 600_000;

const connected = new Set();
let common;
let clock;
let observer;

const all = (verb) => connected.forEach((element) => element[verb]());
const keyOf = (receipt) => canonical(receipt) ?? String(receipt);

/** The client of all elements that have none of their own and stand in no list that has one. */
export function setClient(client) {
  common = client;
  all("plan");
}

// Where there is no DOM, on a server, the class is there and does nothing.
export class CaseElement extends (globalThis.HTMLElement ?? class {}) {
  #client;
  #given;
  #planned;
  #run = {};
  records = new Map();

  /** The client that it reads with: its own, or that of the list around it, or the one for all. */
  get client() {
    return this.#client ?? this.parentElement?.closest("case-status-list")?.client ?? common;
  }

  set client(client) {
    this.#client = client;
    all("plan");
  }

  /** The receipt numbers that it was given: by the property or, without that, in the attribute. */
  get receipts() {
    const given = this.#given ?? this.getAttribute(this.constructor.observedAttributes[0]) ?? "";
    // A receipt number may itself have spaces in it: the next one begins where letters do.
    return typeof given === "string" ? given.split(/,|\s+(?=[a-z])/i).filter((receipt) => receipt.trim()) : [...given];
  }

  set receipts(receipts) {
    this.#given = receipts;
    this.plan();
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
      for (const name of ["client", "receipt", "receipts"]) {
        if (!Object.hasOwn(this, name)) continue;
        const value = this[name];
        delete this[name];
        this[name] = value;
      }
    }
    connected.add(this);
    clock ??= setInterval(all, TICK_MS, "tick");
    if (!observer) {
      observer = new MutationObserver(() => all("plan"));
      observer.observe(document.documentElement, { attributeFilter: ["lang"] });
    }
    // Those inside may have been there first, without a client.
    for (const element of connected) if (this.contains(element)) element.plan();
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
    if (this.#planned || !this.shadowRoot) return;
    this.#planned = true;
    queueMicrotask(() => this.#settle());
  }

  /** Reads again what failed, and watches again. */
  retry() {
    this.#run.key = undefined;
    this.plan();
  }

  #settle() {
    this.#planned = false;
    const { client } = this;
    const live = this.hasAttribute("live");
    const receipts = this.isConnected ? [...new Set(this.receipts.map(keyOf))] : [];
    const key = receipts.join() + live;
    const last = this.#run;
    const other = key !== last.key || client !== last.client;
    if (other) {
      last.ending?.abort();
      const ending = new AbortController();
      const before = this.records;
      this.#run = { key, client, live, receipts, ending, signal: ending.signal };
      this.records = new Map(receipts.map((receipt) => [receipt, (client === last.client && before.get(receipt)) || { receipt }]));
      for (const record of before.values()) this.has(record) || record.node?.remove();
      const { noClient: message, language: lang } = wordsOf(this);
      if (!client) this.records.forEach((record) => (record.error = { message, lang }));
    }
    this.show();
    if (other && client && receipts[0]) this.#begin(this.#run);
  }

  /** Shows some records as they are now, or all, and puts all in their places. */
  show(only) {
    const { body, shadowRoot } = this;
    const words = wordsOf(this);
    const focused = shadowRoot.activeElement;
    const records = [...this.records.values()];
    body.lang = words.language;
    for (const record of records) {
      const made = record.node;
      [record.node, record.show] = made ? [made, record.show] : this.card(record);
      if (!made || !only || only.has(record)) record.show?.(words);
    }
    this.arrange(records, words);
    // Who was in a row that has moved is still there; who pressed a button that has done its work is not left outside.
    const kept = focused?.checkVisibility() === false ? body : focused;
    if (kept !== shadowRoot.activeElement) kept.focus({ preventScroll: true });
  }

  tick() {
    this.show();
    if (Date.now() > this.#run.next && !document.hidden) this.#read(this.#run, this.#run.receipts);
  }

  async #begin(run) {
    const { client, live, receipts, signal } = run;
    await this.#read(run, receipts.filter((receipt) => this.records.get(receipt).error || !this.records.get(receipt).case));
    if (!live || signal.aborted) return;
    const take = (item) => signal.aborted || this.#take(item);
    const onError = (error, receipt) => receipt && take({ receipt, error });
    try {
      for await (const item of client.watch(receipts, { signal, onError })) take(item);
    } catch (error) {
      receipts.forEach((receipt) => take({ receipt, error }));
    }
  }

  async #read(run, receipts) {
    const { client, live, signal } = run;
    const waiting = new Set(receipts);
    const those = (wanted) => receipts.map((receipt) => this.records.get(receipt)).filter(wanted);
    for (const record of those(Boolean)) record.busy = !!(record.error || !record.case);
    this.show(new Set(those((record) => record.error)));
    // What comes too late belongs to a client, or to receipt numbers, that are not wanted any more.
    const take = (item) => signal.aborted || waiting.delete(this.#take(item));
    try {
      if (receipts.length > 1) {
        for await (const item of client.getMany(receipts, { signal })) take(item);
      } else for (const receipt of receipts) take({ receipt, ...(await client.get(receipt, { signal })) });
    } catch (error) {
      waiting.forEach((receipt) => take({ receipt, error }));
    }
    if (!signal.aborted) run.next = those((record) => record.why === "refreshing").length ? 0 : live ? Date.now() + AGAIN_MS : Infinity;
  }

  /** Takes what a client tells of a case. */
  #take({ receipt: named, case: found, meta, error, via = "read" }) {
    const receipt = keyOf(named);
    const record = this.records.get(receipt);
    if (!record) return;
    const previous = record.case;
    const now = Date.now();
    // A cache may still tell what was before that which was told live.
    if (found && Date.parse(found.last_status_at) < Date.parse(previous?.last_status_at)) found = previous;
    const same = found && previous?.status_text === found.status_text && previous.last_status_at === found.last_status_at;
    // A watch begins with what was read just now, and does not say how old it is.
    if (same && !meta) return;
    // What was known when reading fails is shown on, and says why there is nothing newer.
    Object.assign(record, { busy: false, error, failedAt: now, stale: !!(error ?? meta?.stale), why: error?.code ?? meta?.cacheStatus?.detail });
    if (found) {
      record.case = found;
      record.at = meta ? now - (meta.age ?? 0) * 1000 : Math.min(now, Date.parse(found.last_checked_at) || now);
    }
    if (!same) {
      if (found || !previous) announce(this, record, !!previous);
      this.dispatchEvent(new CustomEvent(found ? "case-change" : "case-error", { detail: { receipt, case: record.case, previous, error, via }, bubbles: true, composed: true }));
    }
    this.changed(record);
    return receipt;
  }
}
