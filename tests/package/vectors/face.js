// What vectors.test.mjs asks of the package, in Node and in a page: therefore without anything of Node's.

const status = ([title, category]) => (category === null ? title : { title, category });

/** What a text means and why, of each, as the native core writes it. */
export function face({ normalize, normalizeMany, explain }, pairs, { singly = false } = {}) {
  const normalized = singly ? pairs.map((pair) => normalize(status(pair))) : normalizeMany(pairs.map(status));
  return normalized.map((normalized, at) => JSON.stringify({ normalized, explained: explain(pairs[at][0]) }));
}

/** What becomes of each request: its name, `ok` or the reason's code, and whether a body so signed is accepted. */
export const hooks = ({ verifyWebhook, signWebhook }, requests) => requests.map(({ name, scheme, header, secret, previous, headers, body, now }) => {
  const bytes = Uint8Array.from(body);
  const options = { scheme, header, secret, now: now * 1000 };
  const verify = (headers, options) => {
    const told = verifyWebhook(bytes, headers, options);
    return told.ok ? `ok` : told.code;
  };
  const told = verify(headers, { ...options, previousSecret: previous });
  if (told !== "ok") return [name, told, "refused"];
  return [name, told, verify(signWebhook(bytes, options), options) === "ok" ? "signed and verified" : "signed, and refused"];
});

/** The size of the wasm's memory after a call with a megabyte of text, and after fifty. */
export function memory({ normalize, explain, parseReceipt, verifyWebhook }, wasm) {
  const { memory } = wasm.initSync();
  const text = "Case Was Approved. ".repeat(2 ** 20 / 19 + 1);
  const sizes = Array.from({ length: 50 }, () => {
    normalize(text);
    explain(text);
    parseReceipt(text);
    verifyWebhook(text, {}, { secret: "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" });
    return memory.buffer.byteLength;
  });
  return [sizes[0], sizes.at(-1)];
}

const WORDS = [
  "Case", "Was", "Received", "approved", "NOT", "denied", "Request", "For", "Evidence", "we", "your", "Form", "I-485", "N-400", "EOIR-29", "On", "March", "3,", "2021", "respond", "by", "04/17/2026", "2026-02-30",
  "El", "20 de enero de 2026", "fue", "aprobado", "<b>", "</p>", "<br/>", "<", ">", "<!-- ", "&amp;apos;", "&nbsp;", "&eacute;", "&#x1F600;", "&#xD800;", "&#1114112;", "&", "&;", "|18395", "Your Current Status:",
  "\0", "\u0001", "\n", "\r\n\r\n", "\t", "—", "’", "\u00ad", "e\u0301", "é", "Ａｐｐｒｏｖｅｄ", "審査中", "одобрено", "\u202e", "\ud83d\ude00", "\ud800", "\udc00", "\ufeff", "\ufffd", "\u2028", ". ", ": ", "-", "/", "IOE0012345678", "9205500000000000000000",
];

/** Texts of anything, the same for the same seed: words, noise, single code units, a few of 10 KB, none at all. */
export function random(seed, count) {
  let state = seed;
  // mulberry32
  const next = (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
  const piece = () => (next(5) ? WORDS[next(WORDS.length)] : String.fromCharCode(next(next(2) ? 0x100 : 0x10000)));
  return Array.from({ length: count }, (_, at) => {
    let text = "";
    if (at % 500 === 499) while (text.length < 10_000) text += piece() + " ";
    else for (let left = next(24); left > 0; left--) text += piece() + (next(3) ? " " : "");
    return text;
  });
}
