// Receipt numbers as people type them, by the same rule as the proxy (src/receipt.rs).

const SPACE = "\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const SEPARATOR = "\\- \\xa0\\u2007\\u202f\\u2010-\\u2015\\u2212";
const AROUND = new RegExp(`^[${SPACE}${SEPARATOR}]+|[${SPACE}]+$`, "g");
const BETWEEN = new RegExp(`[${SEPARATOR}]`, "g");
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

/** Each receipt once and in its one form, in the order given, and apart from them what is none. */
export function sorted(receipts) {
  if (typeof receipts === "string" || typeof receipts?.[Symbol.iterator] !== "function") throw new TypeError("The receipts must be an array, or another iterable, of receipt numbers.");
  const asked = Array.from(receipts, (text) => canonical(text) ?? { text: String(text) });
  const good = new Set(asked.filter((one) => typeof one === "string"));
  const bad = new Set(asked.filter((one) => typeof one !== "string").map(({ text }) => text));
  return { good: [...good], bad: [...bad], order: asked.map((one) => one.text ?? one) };
}
