// What commonly happens to a body between the sender and a file. None of it is trusted: it only tells what went wrong.

/** JSON written anew from its own words, so that numbers and escapes stay as they are. `space` as in JSON.stringify;
 * `colon` and `comma` are what stands there where nothing is indented. */
function rewritten(text, { indent = "", colon = ":", comma = "," } = {}) {
  const words = text.match(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/gs) ?? [];
  let depth = 0;
  const line = () => (indent ? `\n${indent.repeat(depth)}` : "");
  return words.map((word, at) => {
    if (word === "{" || word === "[") {
      depth++;
      return /[}\]]/.test(words[at + 1]) ? word : word + line();
    }
    if (word === "}" || word === "]") {
      depth--;
      return /[{[]/.test(words[at - 1]) ? word : line() + word;
    }
    if (word === ",") return indent ? `,${line()}` : comma;
    return word === ":" ? (indent ? ": " : colon) : word;
  }).join("");
}

const isJson = (text) => {
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
};

const escaped = (text) => text.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
const unescaped = (text) => text.replace(/\\u([0-9a-f]{4})/gi, (whole, hex) => (parseInt(hex, 16) < 0x80 ? whole : String.fromCharCode(parseInt(hex, 16))));

const ENDS = [
  ["", (text) => text],
  ["it did not end with a line break, which editors add", (text) => text.replace(/\r?\n$/, "")],
  ["there were no blanks and line breaks at its end", (text) => text.trimEnd()],
  ["it ended with a line break", (text) => `${text}\n`],
];
const LINES = [
  ["", (text) => text],
  ["its lines ended with LF instead of CRLF", (text) => text.replaceAll("\r\n", "\n")],
  ["its lines ended with CRLF instead of LF", (text) => text.replace(/\r?\n/g, "\r\n")],
];
const FORMS = [
  ["its JSON had no spaces, as JSON.stringify writes it", (text) => rewritten(text)],
  ['its JSON had spaces after commas and colons, as Python writes it', (text) => rewritten(text, { colon: ": ", comma: ", " })],
  ["its JSON was indented by two spaces", (text) => rewritten(text, { indent: "  " })],
  ["its JSON was indented by four spaces", (text) => rewritten(text, { indent: "    " })],
  ["its JSON was indented by tabs", (text) => rewritten(text, { indent: "\t" })],
];
const LETTERS = [
  ["", (text) => text],
  ["letters beyond ASCII were escaped (\\u00e9)", escaped],
  ["letters beyond ASCII were not escaped", unescaped],
  ["slashes were not escaped (\\/)", (text) => text.replaceAll("\\/", "/")],
  ["slashes were escaped (\\/)", (text) => text.replaceAll("/", "\\/")],
];

/** Bodies that this one may have been, `{ body, why }`, each once and never itself, the likelier ones first. */
export function* variations(body) {
  const seen = new Set([body.toString("latin1")]);
  const one = (bytes, ...whys) => {
    const key = bytes.toString("latin1");
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ body: bytes, why: whys.filter(Boolean).join(", and ") }];
  };
  const text = body.toString("utf8");
  // Bytes that are no UTF-8 have no such story.
  if (Buffer.compare(Buffer.from(text), body)) return;
  const bare = text.replace(/^\ufeff/, "");
  const mark = bare === text ? "" : "it did not begin with a byte order mark";
  for (const [end, cut] of ENDS) {
    for (const [lines, turn] of LINES) yield* one(Buffer.from(cut(turn(bare))), mark, lines, end);
  }
  if (isJson(bare)) {
    for (const [letters, spell] of LETTERS) {
      for (const [form, write] of [["", (whole) => whole.trimEnd()], ...FORMS]) {
        for (const [end, last] of [["", ""], ["it ended with a line break", "\n"]]) yield* one(Buffer.from(spell(write(bare)) + last), form, letters, end);
      }
    }
  }
  // UTF-8 that something took for Latin-1 and wrote as UTF-8 again.
  if (/[\x80-\xff]/.test(bare) && !/[^\x00-\xff]/.test(bare)) yield* one(Buffer.from(bare, "latin1"), "its letters beyond ASCII had not been encoded twice");
}
