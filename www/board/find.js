// Receipt numbers in any text: a list, a CSV file, a whole e-mail.
import { cells, column } from "./csv.js";

/** Nobody has a larger list; what is longer is not searched. */
const LONGEST = 2_000_000;
const DASH = "[-\\u2010-\\u2015\\u2212]";
const GAP = `(?:${DASH}|[ \\xa0\\u2007\\u202f])?`;
/** Three letters, then ten digits, grouped as people group them. */
const WHOLE = new RegExp(`(?<![A-Za-z0-9])[A-Za-z]{3}${GAP}(?:[0-9]${GAP}){9}[0-9](?![A-Za-z0-9])`, "g");
/** What was surely meant to be one: letters, then digits or what is taken for them, and not ten. */
const MEANT = new RegExp(`(?<![A-Za-z0-9])(?:[A-Za-z]{2,4}${DASH}?[0-9OoIl](?:${DASH}?[0-9OoIl]){6,13}|(?:IOE|MSC|EAC|WAC|LIN|SRC|NBC|YSC)${GAP}[0-9][0-9OoIl\\- ]{3,14}[0-9OoIl])(?![A-Za-z0-9])`, "gi");

const MIME = /^(?:mime-version|content-transfer-encoding|received|return-path):/im;

/** The text of an e-mail: its base64 parts decoded, its lines whole again. Any other text is as it is. */
export function readable(text) {
  if (!MIME.test(text)) return text;
  const parts = text.replace(/(content-transfer-encoding:[ \t]*base64[^\r\n]{0,200}(?:\r?\n[^\r\n]{1,1000}){0,20}\r?\n\r?\n)([A-Za-z0-9+/=\r\n]+)/gi, (whole, head, body) => {
    try {
      const bytes = Uint8Array.from(atob(body.replace(/[\r\n]/g, "")), (letter) => letter.charCodeAt(0));
      return `${head}${new TextDecoder().decode(bytes)}\n`;
    } catch {
      return whole;
    }
  });
  if (!/quoted-printable/i.test(parts)) return parts;
  return parts.replace(/=\r?\n/g, "").replace(/(?:=[0-9A-F]{2})+/g, (codes) => {
    const bytes = Uint8Array.from(codes.slice(1).split("="), (code) => parseInt(code, 16));
    return new TextDecoder().decode(bytes);
  });
}

/** What is found: receipts in their order, each once, with a name where the CSV has one; and what is none, and why. */
export function find(input, parseReceipt) {
  const text = readable(input.slice(0, LONGEST));
  const names = namesOf(text, parseReceipt);
  const found = new Map();
  const bad = [];
  text.split(/\r\n|\n|\r/).forEach((line, index) => {
    const rest = line.replace(WHOLE, (written) => {
      const read = parseReceipt(written);
      if (read.ok && !found.has(read.receipt)) found.set(read.receipt, { receipt: read.receipt, note: names.get(read.receipt) ?? "" });
      return " ".repeat(written.length);
    });
    for (const { 0: written } of rest.matchAll(MEANT)) {
      const read = parseReceipt(written.trim());
      if (!read.ok && bad.length < 200) bad.push({ line: index + 1, written: written.trim(), ...read });
    }
  });
  return { found: [...found.values()], bad };
}

/** The names beside the receipts, where the text is a CSV whose first line says which column they are in. */
function namesOf(text, parseReceipt) {
  const names = new Map();
  const rows = cells(text);
  const head = rows[0] ?? [];
  const [receipt, name] = [column(head, /receipt|recibo/i), column(head, /^(note|name|client|nota|nombre|cliente|matter|asunto)/i)];
  if (receipt < 0 || name < 0) return names;
  for (const row of rows.slice(1)) {
    const read = parseReceipt(row[receipt] ?? "");
    // The apostrophe is the one by which a spreadsheet takes no cell for a formula.
    if (read.ok && row[name]) names.set(read.receipt, row[name].replace(/^'(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])/, "").slice(0, 200));
  }
  return names;
}
