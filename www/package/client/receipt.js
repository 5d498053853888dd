// Receipt numbers as people type them, by the same rule as the proxy (src/receipt.rs).

/** White space around, which for a pasted list may begin with a byte order mark, and dashes and spaces between. */
const AROUND = /^[\s\x85\-\u2010-\u2015\u2212]+|[\s\x85]+$/g;
const BETWEEN = /[- \xa0\u2007\u202f\u2010-\u2015\u2212]/g;
/** Nobody types more; what is longer is not searched. */
const LONGEST = 200;

/** The one form of a receipt number, `IOE0012345678`; undefined where the text is none. */
export function canonical(text) {
  if (typeof text !== "string" || text.length > LONGEST) return undefined;
  const bare = text.replace(AROUND, "").replace(BETWEEN, "");
  // Before the letters are made capitals: "ı" would become an I.
  return /^[A-Za-z]{3}[0-9]{10}$/.test(bare) ? bare.toUpperCase() : undefined;
}

/** A text in which receipt numbers are masked, `IOE******5678`, for messages. */
export const masked = (text) => text.replace(/([A-Za-z]{3})\d{6}(\d{4})/g, "$1******$2");

/** That it is a list. */
export function listed(receipts) {
  if (typeof receipts === "string" || typeof receipts?.[Symbol.iterator] !== "function") throw new TypeError("The receipts must be an array or another iterable.");
  return [...receipts];
}

/** Each receipt once and in its one form, in the order given, and apart from them what is none. */
export function sorted(receipts) {
  const order = listed(receipts).map((text) => canonical(text) ?? String(text));
  const distinct = [...new Set(order)];
  return { good: distinct.filter(canonical), bad: distinct.filter((text) => !canonical(text)), order };
}

/** A list in pieces of at most so many. */
export const pieces = (list, most) => Array.from({ length: Math.ceil(list.length / most) }, (_, n) => list.slice(n * most, (n + 1) * most));
