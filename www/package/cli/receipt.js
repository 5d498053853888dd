// `torch-edge receipt`: whether a text is a receipt number, and where it goes wrong.
import { EXIT } from "./failure.js";
import { inputs } from "./input.js";
import { json, width } from "./terminal.js";

const options = {
  json: { type: "boolean", help: "one JSON object a line, for the bad ones too, all on the standard output" },
};

const usage = `
Usage: torch-edge receipt [TEXT …] [options]

Reads each TEXT as a receipt number, as people type them: in either case, with
dashes and spaces. Without TEXT, each line of the standard input is one. Prints
the number in its one form: three capital letters and ten digits. What is none
is shown on the standard error, with a caret under the character where it goes
wrong; digits that are not near it are hidden, because that may end up in a log.
Exits with 1 if any is none.`;

/** How many characters around the caret are shown as they are. */
const NEAR = 3;
/** How many of a long text are shown. */
const SHOWN = 60;

/** The text and, below it, the caret under the character at `position`, counted from 1. */
export function pointed(text, position) {
  // One character for each, or the caret would not stand where it should.
  const characters = Array.from(text, (c, at) => (/[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\ud800-\udfff]/u.test(c) ? "\ufffd" : Math.abs(at + 1 - position) > NEAR && /\p{Nd}/u.test(c) ? "*" : c));
  const from = Math.max(0, position - SHOWN / 2);
  const window = characters.slice(from, from + SHOWN);
  const start = from ? "…" : "";
  const indent = width(start + window.slice(0, position - 1 - from).join(""));
  return `${start}${window.join("")}${from + SHOWN < characters.length ? "…" : ""}\n${" ".repeat(indent)}^`;
}

async function run({ values, positionals, out, err }) {
  const { parseReceipt } = await import("../core/node.js");
  let exit = EXIT.ok;
  let at = 0;
  for await (const { text, line } of inputs(positionals, "receipt numbers, one a line,", err)) {
    at++;
    const told = parseReceipt(text);
    if (!told.ok) exit = EXIT.failed;
    if (values.json) await out.line(json({ text, ...(line && { line }), ...told }));
    else if (told.ok) await out.line(told.receipt);
    else {
      const where = line ? `line ${line}: ` : positionals.length > 1 ? `argument ${at}: ` : "";
      await err.say(where + told.message, { style: "red" });
      if (text.trim()) await err.line(pointed(text, told.position).replace(/^/gm, "  "));
    }
  }
  return exit;
}

export default { options, usage, run };
