// The core: what the wasm tells, as plain objects. The entries beside it (node.js, browser.js, workerd.js) start it.
//
// Texts go in as one with a NUL between them: one crossing of the boundary for many. src/browser.rs is the other half.
import init, { initSync, begin, explain as explained, normalize as normalized, parseReceipt as parsed, verifyWebhook as verified, webhookCode } from "./wasm/torch_edge.js";
import { CATEGORIES, MATCHED_BY, REASONS, RULES, SCHEMES, SCHEME_ERRORS, SECRET_ERRORS, TAXONOMY } from "./words.js";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

let started = false;

/** Starts the core from the package's .wasm, as a module, its bytes, its address, or an answer that brings it. */
export async function start(wasm) {
  await init({ module_or_path: await wasm });
  started = true;
}

/** The same at once, from a module or bytes. */
export function startSync(wasm) {
  initSync({ module: wasm });
  started = true;
}

/** Before each call: takes back the memory of the last one. */
function call(what, ...parameters) {
  if (!started) throw new Error('torch-edge is not started: `await start(wasm)` first, or import "torch-edge", which does it by itself.');
  begin();
  return what(...parameters);
}

export const taxonomy = TAXONOMY;

export const categories = Object.freeze(CATEGORIES.map(([id, en, es, stage, outcome, action_required, final]) => Object.freeze({
  id, labels: Object.freeze({ en, es }), stage, outcome, action_required: action_required === 1, final: final === 1,
})));

/** A text, or its title, description and the upstream's category. */
function parts(input) {
  if (typeof input === "string") return [input, ""];
  // A record whose fields are null is data; one that has none of them is a mistake, which `unknown` would hide.
  if (!["title", "description", "category"].some((part) => part in Object(input))) throw new TypeError("a status is a text, or an object with title, description or category.");
  const { title, description, category } = input;
  const said = [title, description].filter((part) => typeof part === "string" && part);
  // An empty line: another text begins.
  return [said.join("\n\n"), typeof category === "string" ? category : ""];
}

/** Of a text the core reads 4 KiB; a character may lie over their end. */
const LONGEST = 4096 + 3;

/** Where texts lie when they cross: a character needs three bytes at most, and what does not fit in crosses later. */
const room = new Uint8Array(2 ** 16);
const FULL = Math.floor(room.length / 3);

/** How many texts are gathered before they cross. */
const CHUNK = 512;

export function normalizeMany(statuses) {
  const results = [];
  let texts = [];
  for (const status of statuses) {
    if (typeof status === "string") texts.push(status, "");
    else texts.push(...parts(status));
    if (texts.length < CHUNK) continue;
    read(texts, results);
    texts = [];
  }
  return read(texts, results);
}

export const normalize = (status) => read(parts(status), [])[0];

/** Puts what texts mean, by turns a status and its category, to the results. Nobody else's code runs meanwhile. */
function read(texts, results) {
  let framed = "";
  for (let at = 0; at < texts.length; at += 2) {
    const next = `${bounded(texts[at])}\0${bounded(texts[at + 1])}\0`;
    if (framed.length + next.length > FULL) {
      tell(framed, results);
      framed = "";
    }
    framed += next;
  }
  if (framed) tell(framed, results);
  return results;
}

/** A text as it crosses: as much as is read of it, and a NUL, which would end it, as another control character. */
function bounded(text) {
  const part = text.length > LONGEST ? text.slice(0, LONGEST) : text;
  return part.includes("\0") ? part.replaceAll("\0", "\x01") : part;
}

/** Puts what framed texts mean to the results. */
function tell(framed, results) {
  const { written } = encoder.encodeInto(framed, room);
  const told = call(normalized, room.subarray(0, written));
  for (let at = 0; at < told.length;) {
    const head = told[at++];
    const { id, labels, stage, outcome, action_required, final } = categories[head & 0xff];
    const meaning = { category: id, labels, stage, outcome, action_required, final, matched_by: MATCHED_BY[(head >> 8) & 7], taxonomy };
    if (head & 0x3800) {
      if (head & 0x800) {
        let form = "";
        for (let letters = told[at++]; letters > 0; letters--) form += String.fromCharCode(told[at++]);
        meaning.form = form;
      }
      if (head & 0x1000) meaning.event_date = date(told[at++]);
      if (head & 0x2000) meaning.respond_by = date(told[at++]);
    }
    results.push(meaning);
  }
}

/** Days and months as they are written. */
const TWO = Array.from({ length: 32 }, (_, number) => String(number).padStart(2, "0"));
const date = (day) => `${day >> 9}-${TWO[(day >> 5) & 15]}-${TWO[day & 31]}`;

/** To what reads words one control character is like another. */
function joined(texts) {
  const one = texts.join("\0");
  return one.split("\0").length === texts.length ? one : texts.map((text) => text.replaceAll("\0", "\x01")).join("\0");
}

export function explain(input) {
  const told = call(explained, parts(input)[0]);
  const [category, matched_by, rule] = [0, 1, 2].map((at) => told.charCodeAt(at));
  return { category: categories[category].id, matched_by: MATCHED_BY[matched_by], rule: RULES[rule], words: told.slice(3).split("\n").slice(1) };
}

export function parseReceipt(text) {
  if (typeof text !== "string") return { ok: false, code: "not_a_string", position: 0, message: "a receipt number is a string: as a number it loses the zeros that it may begin with" };
  const [first, position, message] = decoder.decode(call(parsed, text)).split("\n");
  if (message === undefined) return { ok: true, receipt: first, masked: `${first.slice(0, 3)}******${first.slice(9)}` };
  return { ok: false, code: first, position: Number(position), message };
}

/** A body's bytes, as they came. */
function bytes(body) {
  if (typeof body === "string") return encoder.encode(body);
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  throw new TypeError("the body should be the raw bytes, or the text, as they came: what is parsed and serialised again has another signature.");
}

/** Names and values by turns, from `Headers`, pairs, or an object as Node's, where a doubled header is a list. */
function* fields(headers) {
  const pairs = typeof headers?.[Symbol.iterator] === "function" ? headers : Object.entries(headers ?? {});
  for (const [name, value] of pairs) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null) yield* [String(name), String(one)];
    }
  }
}

/** What scheme and secrets are called in the core. */
function party({ scheme = "standard-webhooks", header = "", secret, previousSecret = "" }, ...more) {
  for (const text of [secret, previousSecret]) {
    if (typeof text !== "string" || text.includes("\0")) throw new TypeError("a webhook's secret should be a text, as the sender gives it out.");
  }
  return joined([scheme, header, secret, ...more]);
}

/** Throws where the core says that scheme or secret cannot be used. */
function usable(told) {
  const errors = { "#": SCHEME_ERRORS, "?": SECRET_ERRORS }[told[0]];
  if (errors) throw new TypeError(errors[letter(told)]);
  return told;
}

/** The place that the letter behind a mark says. */
const letter = (told) => told.charCodeAt(1) - 97;

export function verifyWebhook(body, headers, options = {}) {
  const { previousSecret = "", tolerance = 300, now = Date.now() } = options;
  if (!(tolerance >= 1 && tolerance <= 3600)) throw new RangeError("the tolerance should be 1 to 3600 seconds.");
  const texts = party(options, previousSecret, ...fields(headers));
  const told = usable(call(verified, texts, bytes(body), Math.floor(now / 1000), tolerance));
  const [first, second, third] = told.split("\n");
  if (first[0] === "!") {
    const [code, sentence] = REASONS[letter(first)];
    return { ok: false, code, message: sentence.replace("{0}", () => second).replace("{1}", () => third) };
  }
  return {
    ok: true,
    secret: first === "c" ? "current" : "previous",
    ...(second && { signedAt: new Date(Number(second) * 1000) }),
    ...(third && { id: third }),
  };
}

export function signWebhook(body, options = {}) {
  const { scheme = "standard-webhooks", header, secret, id = `msg_${crypto.randomUUID().replaceAll("-", "")}`, now = Date.now() } = options;
  const timestamp = Math.floor(now / 1000);
  if (!/^[!-~]{1,256}$/.test(id) || id.includes(".")) throw new TypeError("a message's id should be 1 to 256 visible ASCII characters without a full stop.");
  if (!(timestamp >= 0)) throw new RangeError("a webhook cannot be signed before 1970.");
  const [standard, stamped] = [scheme === SCHEMES[1], scheme === SCHEMES[2]];
  const code = call(webhookCode, party(options, standard ? id : "", standard || stamped ? String(timestamp) : ""), bytes(body));
  if (code.length !== 32) usable(decoder.decode(code));
  const name = header?.toLowerCase();
  if (standard) {
    const prefix = name ?? "webhook";
    return { [`${prefix}-id`]: id, [`${prefix}-timestamp`]: String(timestamp), [`${prefix}-signature`]: `v1,${btoa(String.fromCharCode(...code))}` };
  }
  const hex = Array.from(code, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { [name]: stamped ? `t=${timestamp},v1=${hex}` : scheme === SCHEMES[3] ? `sha256=${hex}` : secret };
}
