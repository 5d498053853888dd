// CSV (RFC 4180), read and written.
import { Failure } from "./failure.js";

/** What a spreadsheet would take for the beginning of a formula: as src/history/csv.rs has it. */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** A cell: no formula, and in quotation marks where it must be. */
export function cell(value) {
  const text = String(value ?? "");
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const csvLine = (cells) => `${cells.map(cell).join(",")}\r\n`;

/** The character between a file's cells: of those that spreadsheets use, the one of which the first lines have the most. */
export function separatorOf(text) {
  const bare = text.slice(0, 4096).replace(/"[^"]*"/g, "");
  const [best] = [",", ";", "\t"].map((c) => [c, bare.split(c).length]).sort((a, b) => b[1] - a[1]);
  return best[0];
}

/** The rows of a text: `{ line, cells }`, where `line` is the number of the row's first line. Blank ones are left out.
 * A quotation mark within an unquoted cell is a character like others. */
export function parseCsv(text, separator, name) {
  const rows = [];
  let line = 1;
  let cells = [];
  const row = { line };
  const end = () => {
    if (cells.some((one) => one.trim())) rows.push({ line: row.line, cells });
    cells = [];
    row.line = line;
  };
  for (let at = 0; at < text.length;) {
    let value = "";
    if (text[at] === '"') {
      const opened = line;
      for (at++; ; at++) {
        const close = text.indexOf('"', at);
        if (close < 0) throw new Failure(`${name}, line ${opened}: a quotation mark is not closed.`);
        value += text.slice(at, close);
        at = close + 1;
        if (text[at] !== '"') break;
        value += '"';
      }
      line += value.split("\n").length - 1;
    }
    const from = at;
    while (at < text.length && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r") at++;
    cells.push(value + text.slice(from, at));
    if (text[at] === separator) {
      // A separator at the very end has an empty cell behind it.
      if (++at === text.length) cells.push("");
    } else if (at < text.length) {
      at += text[at] === "\r" && text[at + 1] === "\n" ? 2 : 1;
      line++;
      end();
    }
  }
  end();
  return rows;
}
