// `torch-edge check`: how cases stand, asked of a proxy.
import { EXIT, Failure } from "./failure.js";
import { seconds } from "./args.js";
import { bytesOf, secretOf, textOf } from "./input.js";
import { parseList } from "./list.js";
import { Progress } from "./progress.js";
import { FORMATS, writer } from "./rows.js";
import { fileSink, standardSink } from "./sink.js";
import { Tally, usable, why } from "./tally.js";
import { TorchClient } from "../client/index.js";
import { canonical } from "../client/receipt.js";

const options = {
  proxy: { type: "string", value: "URL", help: "the proxy's address, such as https://torch.example.com; otherwise TORCH_EDGE_URL" },
  "token-file": { type: "string", value: "FILE", help: "the file that holds your token; otherwise TORCH_EDGE_TOKEN" },
  file: { type: "string", short: "f", value: "FILE", help: "a list, one receipt a line, or a CSV file: the column called receipt, or else the one that has the most of them. - is the standard input" },
  output: { type: "string", value: "FORMAT", among: FORMATS, help: "table, csv or json (one object a line); table on a terminal, otherwise csv" },
  out: { type: "string", short: "o", value: "FILE", help: "write to this file; csv, or json where it ends in .json" },
  lang: { type: "string", value: "LANG", among: ["en", "es"], help: "the labels' language: en or es" },
  timeout: { type: "string", value: "SECONDS", help: "end then, with what is there" },
  "no-cache": { type: "boolean", help: "take a new look at Torch; the proxy does at most every 30 seconds" },
  quiet: { type: "boolean", short: "q", help: "only the results: no progress, no summary, no word on bad lines" },
};

const usage = `
Usage: torch-edge check [RECEIPT …] [options]
       torch-edge check --file list.csv --out statuses.csv

Asks a torch-edge proxy how cases stand. Without RECEIPT and --file, receipts
are read from the standard input. Each gets a row, in the order given, also
where it fails; what is no receipt number is told with its line, and fails
nothing else. Ctrl-C ends it with what is there so far.

The token comes by TORCH_EDGE_TOKEN or --token-file, never as an argument.
Exits with 0 where all is known, 1 where some failed, 2 where the command line
or a file is wrong, 3 where the proxy cannot be used at all.`;

const ARGUMENT = "would stand in the list of processes, for everybody on this machine to read. Put the token into the environment variable TORCH_EDGE_TOKEN, or into a file for --token-file. Should it be a real one, have it replaced.";
const refused = { token: `--token ${ARGUMENT}`, key: `--key ${ARGUMENT}`, "api-key": `--api-key ${ARGUMENT}` };

/** A batch is asked for again for so long, in milliseconds: who runs a command would rather wait than run it twice. */
const PATIENCE = 120_000;
const TRY = 30_000;
/** After so many cases of which none came to anything, nothing will. */
const HOPELESS = 100;
/** How many bad lines are told one by one. */
const TOLD = 10;

async function clientOf(values, env, progress, err) {
  const baseUrl = values.proxy ?? env.TORCH_EDGE_URL;
  if (!baseUrl) throw new Failure("No proxy is named. Give its address by --proxy URL, or set TORCH_EDGE_URL.");
  const token = values["token-file"] === undefined ? env.TORCH_EDGE_TOKEN : await secretOf(values["token-file"], err);
  if (!token) throw new Failure(values["token-file"] === undefined ? "There is no token. Set TORCH_EDGE_TOKEN, or name a file by --token-file." : `${values["token-file"]} is empty: it should hold the token.`);
  const onRetry = ({ error, wait }) => progress.now?.pause(wait, error.code);
  try {
    return { baseUrl, client: new TorchClient({ baseUrl, token, timeout: PATIENCE, tryTimeout: TRY, onRetry }) };
  } catch (error) {
    throw new Failure(why(error, values.proxy === undefined ? "TORCH_EDGE_URL" : "--proxy"));
  }
}

async function entriesOf(values, positionals, err) {
  if (positionals.length && values.file !== undefined) throw new Failure("Give receipts or --file, not both.");
  if (positionals.length) return { entries: positionals.map((text, at) => ({ text, receipt: canonical(text), argument: at + 1 })) };
  const path = values.file ?? "-";
  const name = path === "-" ? "the standard input" : path;
  const list = parseList(textOf(await bytesOf(path, "list of receipts", err)), name);
  if (!list.entries.length) throw new Failure(`There is no receipt number in ${name}.`);
  return list;
}

/** Says which entries are none; each has its row all the same. */
function tellBad(bad, err) {
  for (const { line, argument } of bad.slice(0, TOLD)) err.say(`${line ? `Line ${line}` : `Argument ${argument}`} is no receipt number: three letters and ten digits, such as ABC1234567890.`);
  if (bad.length > TOLD) err.say(`… and ${bad.length - TOLD} more. \`torch-edge receipt\` shows where each goes wrong.`);
}

async function run({ values, positionals, out, err, env }) {
  const progress = {};
  const timeout = seconds(values, "timeout", 86_400);
  const { baseUrl, client } = await clientOf(values, env, progress, err);
  const { entries, note } = await entriesOf(values, positionals, err);
  const format = values.output ?? (values.out?.endsWith(".json") ? "json" : values.out === undefined && out.isTerminal ? "table" : "csv");
  const sink = values.out === undefined ? standardSink(out) : await fileSink(values.out);
  const tally = new Tally(entries);
  if (!values.quiet) {
    if (note) await err.say(note);
    tellBad(tally.bad, err);
  }

  const rows = writer(format, sink, out, values.lang ?? "en");
  let next = 0;
  // In the order given, as far as nothing is missing; at the end also behind what is.
  const write = async (all) => {
    for (; next < entries.length; next++) {
      const row = tally.rowOf(entries[next]);
      if (!row && !all) break;
      if (sink.isTerminal && format !== "table") progress.now?.clear();
      if (row) await rows.row(row);
    }
  };

  const stop = new AbortController();
  const interrupt = () => {
    // Who asks twice does not want to wait for anything.
    if (stop.signal.aborted) process.exit(EXIT.stopped);
    stop.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, interrupt);
  progress.now = new Progress(err, tally.asked.length, values.quiet);
  try {
    const found = client.getMany(tally.asked, { signal: stop.signal, noCache: values["no-cache"], timeout: timeout && timeout * 1000 });
    for await (const item of found) {
      tally.add(item);
      progress.now.update(item.progress);
      if (tally.proven) await write(false);
      else if (tally.known.size >= HOPELESS) break;
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    progress.now.end();
  }

  const stopped = stop.signal.aborted;
  if (!tally.proven && tally.trouble && !stopped) {
    await sink.end();
    throw new Failure(usable(baseUrl, tally.trouble, values["token-file"] === undefined ? "TORCH_EDGE_TOKEN" : values["token-file"]), EXIT.proxy);
  }
  if (tally.proven || !tally.asked.length) await write(true);
  await rows.end();
  await sink.end();
  if (!values.quiet) await tally.summary(err, stopped, values.out);
  if (stopped) return EXIT.stopped;
  return tally.failed ? EXIT.failed : EXIT.ok;
}

export default { options, usage, refused, run };
