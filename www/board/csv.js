// CSV (RFC 4180) for spreadsheets, out and in. As in src/history/csv.rs, no cell is a formula: one that starts like one
// gets an apostrophe in front.
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

export function cell(value) {
  const text = String(value ?? "");
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const HEAD = ["receipt_number", "name", "label", "stage", "action_required", "respond_by", "status_text", "status_category", "last_status_at", "as_of", "changed_from"];

/** The list, as it is shown. The mark at its front tells a spreadsheet that it is UTF-8. */
export function toCsv(records, label) {
  const rows = records.map(({ receipt, note, case: found, asOf, changed }) => [
    receipt, note, found && label(found.normalized), found?.normalized?.stage, found ? Boolean(found.normalized?.action_required) : "", found?.normalized?.respond_by,
    found?.status_text, found?.status_category, found?.last_status_at, asOf && new Date(asOf).toISOString(), changed?.from.status_text,
  ]);
  return `\ufeff${[HEAD, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("")}`;
}

/** The cells of a text, line by line. The separator is what its first line has: comma, semicolon or tab. */
export function cells(text) {
  const bare = text.replace(/^\ufeff/, "");
  const first = bare.slice(0, bare.search(/[\r\n]|$/));
  const separator = [",", ";", "\t"].find((one) => first.includes(one));
  if (!separator) return [];
  const rows = [[]];
  const one = new RegExp(`("(?:[^"]|"")*"?|[^"${separator}\r\n][^${separator}\r\n]*|)(${separator}|\r\n|\n|\r|$)`, "y");
  while (one.lastIndex < bare.length) {
    const match = one.exec(bare);
    if (!match) break;
    rows.at(-1).push(match[1].startsWith('"') ? match[1].replace(/^"|"$/g, "").replaceAll('""', '"') : match[1]);
    if (match[2] !== separator) rows.push([]);
  }
  return rows;
}

export const column = (head, name) => head.findIndex((title) => name.test(title.trim()));
