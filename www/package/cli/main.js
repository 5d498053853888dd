#!/usr/bin/env node
// `npx torch-edge`: which command is meant, and how it ends. Each command is loaded when it is asked for: `check` needs
// no WebAssembly.
import { readFileSync } from "node:fs";
import { help, nearest, quoted, read } from "./args.js";
import { EXIT, Failure } from "./failure.js";
import { Output } from "./terminal.js";
import { canonical, masked } from "../client/receipt.js";

const COMMANDS = {
  normalize: () => import("./normalize.js"),
  receipt: () => import("./receipt.js"),
  check: () => import("./check.js"),
  verify: () => import("./verify.js"),
};
const HELP = `torch-edge: USCIS case statuses, receipt numbers and webhooks.

  torch-edge normalize [TEXT …]     what a status means
  torch-edge receipt [TEXT …]       whether this is a receipt number
  torch-edge check [RECEIPT …]      how cases stand, asked of a proxy
  torch-edge verify FILE            whether a saved webhook is authentic

  torch-edge help COMMAND           its options
  torch-edge --version

Where TEXT or RECEIPT is left out, lines are read from the standard input.
Exit codes: 0 all is well, 1 something is not, 2 the command line or a file is
wrong, 3 the proxy cannot be used at all, 130 stopped by Ctrl-C.
`;

const out = new Output(process.stdout, process.env);
const err = new Output(process.stderr, process.env);

// A reader that has seen enough (`| head`) ends this quietly.
process.stdout.on("error", (error) => {
  if (error.code !== "EPIPE") process.stderr.write(`torch-edge: the output cannot be written: ${error.code}.\n`);
  process.exit(error.code === "EPIPE" ? EXIT.ok : EXIT.failed);
});
process.stderr.on("error", () => {});

async function commandOf(name) {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load) return { name, ...(await load()).default };
  if (name.startsWith("-")) throw new Failure(`The command comes first. ${quoted(name)} is none: \`torch-edge help\` lists them.`);
  if (canonical(name)) throw new Failure("This is a receipt number. `torch-edge check RECEIPT` asks how the case stands; `torch-edge receipt` only reads it.");
  const meant = nearest(name, [...Object.keys(COMMANDS), "help"]);
  throw new Failure(`There is no command ${quoted(name)}.${meant ? ` Did you mean ${meant}?` : ""} \`torch-edge help\` lists them.`);
}

async function run([name, ...args]) {
  if (name === undefined) {
    await err.write(HELP);
    return EXIT.misuse;
  }
  if (name === "--version" || name === "version") {
    await out.line(JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version);
    return EXIT.ok;
  }
  if (["help", "--help", "-h"].includes(name)) {
    const about = args.find((word) => !word.startsWith("-"));
    await out.write(about === undefined || about === "help" ? HELP : help(await commandOf(about)));
    return EXIT.ok;
  }
  const command = await commandOf(name);
  const { values, positionals } = read(command, args);
  if (values.help) {
    await out.write(help(command));
    return EXIT.ok;
  }
  return command.run({ values, positionals, out, err, env: process.env });
}

const exit = await run(process.argv.slice(2)).catch((error) => {
  if (error instanceof Failure) err.say(`torch-edge: ${error.message}`);
  else err.say(`torch-edge: this went wrong, and should not have: ${masked(String(error?.message ?? error))}`);
  return error instanceof Failure ? error.exit : EXIT.broken;
});
await out.flushed();
await err.flushed();
process.exit(exit);
