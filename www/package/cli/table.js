// A table for a person: as wide as its cells, and no wider than the terminal.
import { clean, clipped, padded, width } from "./terminal.js";

/** What the column that shrinks keeps at least. */
const LEAST = 16;

/** The lines of a table. A column is `{ title, of(row), style(row), shrinks, spared }`. Where the whole is too wide, the
 * one that shrinks gives way; where that is not enough, those that can be spared are left out, from the left. */
export function table(columns, rows, out, most) {
  const texts = rows.map((row) => columns.map(({ of }) => clean(of(row) ?? "")));
  const widths = columns.map(({ title }, at) => texts.reduce((widest, cells) => Math.max(widest, width(cells[at])), title.length));
  const excess = widths.reduce((sum, one) => sum + one + 2, -2) - most;
  const shrinking = columns.findIndex(({ shrinks }) => shrinks);
  const spared = columns.find((column) => column.spared);
  if (spared && widths[shrinking] - excess < Math.min(LEAST, widths[shrinking])) return table(columns.filter((column) => column !== spared), rows, out, most);
  if (excess > 0) widths[shrinking] = Math.max(1, widths[shrinking] - excess);
  const line = (cells, style) => cells.map((text, at) => {
    const shown = clipped(text, widths[at]);
    return out.paint(style(columns[at]), at === cells.length - 1 ? shown : padded(shown, widths[at]));
  }).join("  ").trimEnd();
  return [line(columns.map(({ title }) => title), () => "bold"), ...texts.map((cells, at) => line(cells, ({ style }) => style?.(rows[at])))];
}
