// What is shown to a person: colours where there is a terminal, and no text from outside that could steer it.
import { once } from "node:events";

const CODES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] };

/** A text in one line, without characters that move a cursor or turn the writing's direction. */
export const clean = (text) => text.replace(/\s+/gu, " ").replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");

/** JSON in one line, with the same characters escaped. */
export const json = (value) => JSON.stringify(value).replace(/[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Characters as wide as two: those of East Asia, and emoji. */
const WIDE = /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** How many columns a cleaned text takes. */
export function width(text) {
  let columns = 0;
  for (const c of text) columns += /[\p{M}\u200b-\u200d]/u.test(c) ? 0 : WIDE.test(c) ? 2 : 1;
  return columns;
}

/** A text that takes at most so many columns. */
export function clipped(text, columns) {
  if (width(text) <= columns) return text;
  let short = "";
  for (const c of text) {
    if (width(short + c) > columns - 1) break;
    short += c;
  }
  return `${short.trimEnd()}…`;
}

export const padded = (text, columns) => text + " ".repeat(Math.max(0, columns - width(text)));

/** `text` in lines of at most `columns`, the second and later ones indented. A longer word has a line of its own. */
export function wrapped(text, columns, indent = 0) {
  const lines = [""];
  for (const word of text.split(" ")) {
    if (lines.at(-1) && width(lines.at(-1)) + 1 + width(word) > columns) lines.push("");
    const line = lines.pop();
    lines.push(line ? `${line} ${word}` : word);
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}

/** The standard output, or the one for errors. */
export class Output {
  constructor(stream, env) {
    this.stream = stream;
    this.isTerminal = Boolean(stream.isTTY);
    /** Whether the cursor may be moved. */
    this.isLively = this.isTerminal && env.TERM !== "dumb";
    this.color = this.isLively && !env.NO_COLOR;
  }

  get columns() {
    return this.stream.columns || 80;
  }

  paint(style, text) {
    if (!this.color || !style) return text;
    const [on, off] = CODES[style];
    return `\x1b[${on}m${text}\x1b[${off}m`;
  }

  /** Writes, and waits where the reader is slow. */
  async write(text) {
    if (!this.stream.write(text)) await once(this.stream, "drain");
  }

  line(text = "") {
    return this.write(`${text}\n`);
  }

  /** A sentence: on a terminal no word is broken. `lead` stands before it, and the other lines are as far in. */
  say(text, { style, lead = "" } = {}) {
    const lines = this.isTerminal ? wrapped(text, this.columns - width(lead), width(lead)) : text;
    return this.line(lead + lines.split("\n").map((line) => this.paint(style, line)).join("\n"));
  }

  /** When everything has gone out. */
  flushed() {
    return new Promise((resolve) => this.stream.write("", resolve));
  }
}
