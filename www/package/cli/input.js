// What a command reads: files, and lines where it is given no arguments.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { Failure, unreadable } from "./failure.js";

/** More than this no list, delivery or token has, in bytes. */
const LARGEST = 64 * 1024 * 1024;

function askFor(what, err) {
  if (process.stdin.isTTY) err.say(`Reading ${what} from the terminal; Ctrl-D ends.`);
}

/** The bytes of a file; of the standard input where it is called `-`. */
export async function bytesOf(path, what, err) {
  if (path !== "-") {
    const bytes = await readFile(path).catch((error) => { throw unreadable(path, error); });
    if (bytes.length > LARGEST) throw new Failure(`${path} has more than 64 MiB: that is no ${what}.`);
    return bytes;
  }
  askFor(what, err);
  const chunks = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    if ((size += chunk.length) > LARGEST) throw new Failure(`The standard input has more than 64 MiB: that is no ${what}.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A file's text. Windows writes UTF-16 with a byte order mark as well. */
export function textOf(bytes) {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}

/** A secret's file: the line break that editors put at its end is not a part of it. */
export async function secretOf(path, err) {
  return textOf(await bytesOf(path, "secret", err)).replace(/\r?\n$/, "");
}

/** The arguments; where there are none, the lines of the standard input that are not blank, with their numbers. */
export async function* inputs(positionals, what, err) {
  if (positionals.length) {
    for (const text of positionals) yield { text };
    return;
  }
  askFor(what, err);
  let line = 0;
  for await (const text of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    // A byte order mark at the beginning is no part of the text.
    const bare = line++ ? text : text.replace(/^\ufeff/, "");
    if (bare.trim()) yield { text: bare, line };
  }
}
