// A list of receipt numbers: one a line, or a column of a CSV file.
import { Failure } from "./failure.js";
import { clean } from "./terminal.js";
import { parseCsv, separatorOf } from "./csv.js";
import { canonical, masked } from "../client/receipt.js";

/** What such a column is called, without spaces and the like: the surer names first. */
const TITLES = [/^(uscis)?receipt(s|no|nr|num|numbers?|id)?$|recibo$/, /^(uscis)?case(s|no|nr|num|numbers?|id)?$/];
const word = (cell) => cell.toLowerCase().replace(/[^\p{L}]/gu, "");

/** The entries of a list, `{ text, receipt, line }`, where `receipt` is undefined for what is none; and a note on which
 * column was taken, where there was a choice. */
export function parseList(text, name) {
  const rows = parseCsv(text.replace(/^\ufeff/, ""), separatorOf(text), name).filter(({ cells }) => !cells[0].trimStart().startsWith("#"));
  const entry = (line, cell) => ({ text: cell.trim(), receipt: canonical(cell), line });
  const widest = Math.max(0, ...rows.map(({ cells }) => cells.length));
  // Nothing but receipt numbers, with commas between them.
  const plain = rows.every(({ cells }) => cells.every((cell) => !cell.trim() || canonical(cell)));
  if (plain) return { entries: rows.flatMap(({ line, cells }) => cells.filter((cell) => cell.trim()).map((cell) => entry(line, cell))) };

  const found = Array.from({ length: widest }, (_, at) => rows.filter(({ cells }) => canonical(cells[at])).length);
  const most = Math.max(...found);
  // A title counts where there is something below it: many a "case number" is a firm's own.
  const titles = TITLES.map((title) => rows[0].cells.findIndex((cell, at) => title.test(word(cell)) && (found[at] || !most))).filter((at) => at >= 0);
  if (!titles.length && !most && widest > 1) throw new Failure(`${name} has no column of receipt numbers: none is called "receipt", and there is no number in any.`);
  // Without a title: not the first in which one cell happens to be a number, but the first that has the most.
  const column = titles[0] ?? found.indexOf(most);
  const [first] = rows;
  // A title of another kind has no digits. In a plain list there is none: that line is a mistake, which is told.
  const heading = titles.length > 0 || (widest > 1 && rows.length > 1 && !/\d/.test(first.cells[column] ?? ""));
  const entries = rows.slice(heading ? 1 : 0).map(({ line, cells }) => entry(line, cells[column] ?? ""));
  // A row that has nothing in that column is not about a case.
  const filled = entries.filter((one) => one.text);
  return { entries: filled, note: widest > 1 ? `${name}: the receipts are in column ${column + 1}${heading ? `, "${masked(clean(first.cells[column])).slice(0, 40)}"` : ""}.` : undefined };
}
