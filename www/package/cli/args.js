// What stands on the command line. Node's parser cuts it up; what is wrong is told here, because its own sentences
// quote whole arguments, which may be secrets.
import { parseArgs } from "node:util";
import { Failure } from "./failure.js";
import { clean, wrapped } from "./terminal.js";
import { masked } from "../client/receipt.js";

/** An argument in a sentence. */
export const quoted = (text) => `"${masked(clean(text)).slice(0, 40)}"`;

/** How many letters have to change, be added or taken out to make one word the other. */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}

/** The word that was probably meant; undefined where none is close. */
export function nearest(word, words) {
  const lower = word.toLowerCase().slice(0, 40);
  const [best] = words.map((known) => [known, known.startsWith(lower) && lower.length > 1 ? 0 : distance(lower, known)]).sort((a, b) => a[1] - b[1]);
  return best && best[1] <= Math.max(1, Math.floor(best[0].length / 2)) ? best[0] : undefined;
}

const COMMON = { help: { type: "boolean", short: "h", help: "this text" } };
export const optionsOf = (command) => ({ ...command.options, ...COMMON });

/** The values and the rest of a command's arguments. `refused` of a command are options that must not be. */
export function read(command, args) {
  const options = optionsOf(command);
  const { tokens, values, positionals } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true });
  for (const { kind, name, rawName, value, inlineValue } of tokens) {
    if (kind !== "option") continue;
    if (command.refused?.[name]) throw new Failure(command.refused[name]);
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (!option) {
      const meant = nearest(name, Object.keys(options));
      throw new Failure(`${command.name} has no option ${quoted(rawName)}.${meant ? ` Did you mean --${meant}?` : ""} \`torch-edge help ${command.name}\` lists them.`);
    }
    if (option.type === "boolean" && value !== undefined) throw new Failure(`--${name} takes no value.`);
    if (option.type === "string" && (value === undefined || (value.startsWith("-") && value !== "-" && !inlineValue))) {
      throw new Failure(`--${name} needs a value: --${name} ${option.value}. One that begins with a dash: --${name}=…`);
    }
    if (option.among && !option.among.includes(value)) {
      const meant = nearest(value, option.among);
      throw new Failure(`--${name} must be ${option.among.join(", ").replace(/, ([^,]*)$/, " or $1")}.${meant ? ` Did you mean ${meant}?` : ""}`);
    }
  }
  return { values, positionals };
}

/** An option that is a number of seconds; undefined where it is not given. */
export function seconds(values, name, most) {
  if (values[name] === undefined) return undefined;
  const number = Number(values[name]);
  if (!/^\d+(\.\d+)?$/.test(values[name]) || number <= 0 || number > most) throw new Failure(`--${name} must be a number of seconds, more than 0 and at most ${most}.`);
  return number;
}

/** What `--help` prints: at most 80 columns wide. */
export function help(command) {
  const rows = Object.entries(optionsOf(command)).map(([name, { short, value, help }]) => [`${short ? `-${short}, ` : "    "}--${name}${value ? ` ${value}` : ""}`, help]);
  const left = Math.max(...rows.map(([name]) => name.length)) + 2;
  return `${command.usage.trim()}\n\nOptions:\n${rows.map(([name, text]) => `  ${name.padEnd(left)}${wrapped(text, 77 - left, left + 2)}`).join("\n")}\n`;
}
