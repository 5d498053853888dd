// The command: what needs no proxy.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { cli, file } from "./cli-support.mjs";
import { cell, csvLine, parseCsv } from "../../www/package/cli/csv.js";
import { pointed } from "../../www/package/cli/receipt.js";
import { Progress } from "../../www/package/cli/progress.js";
import { clipped, json, Output, width } from "../../www/package/cli/terminal.js";
import { explain, normalize, parseReceipt } from "../../www/package/core/node.js";

const { version } = JSON.parse(readFileSync(new URL("../../www/package/package.json", import.meta.url)));
const COMMANDS = ["normalize", "receipt", "check", "verify"];

test("ok help and version, for all of it and for each command, at 80 columns", async () => {
  for (const args of [["help"], ["--help"], ["-h"]]) {
    const { code, out, err } = await cli(args);
    assert.deepEqual([code, err], [0, ""]);
    for (const command of COMMANDS) assert.match(out, new RegExp(`torch-edge ${command} `));
    for (const line of out.split("\n")) assert.ok(line.length <= 80, line);
  }
  for (const command of COMMANDS) {
    const { code, out, err } = await cli([command, "--help"]);
    assert.deepEqual([code, err], [0, ""]);
    assert.equal((await cli(["help", command])).out, out);
    assert.match(out, /^Usage: torch-edge/);
    assert.match(out, /-h, --help +this text/);
    for (const line of out.split("\n")) assert.ok(line.length <= 80, line);
  }
  assert.deepEqual(await cli(["--version"]), { code: 0, signal: null, out: `${version}\n`, err: "" });
  const bare = await cli([]);
  assert.deepEqual([bare.code, bare.out], [2, ""], "a script that lost its command has not succeeded");
  assert.match(bare.err, /torch-edge check/);
});

test("err what is unknown is a sentence, with what was probably meant", async () => {
  for (const [args, says] of [
    [["chekc"], 'There is no command "chekc". Did you mean check? `torch-edge help` lists them.'],
    [["norm"], 'There is no command "norm". Did you mean normalize? `torch-edge help` lists them.'],
    [["frobnicate"], 'There is no command "frobnicate". `torch-edge help` lists them.'],
    [["constructor"], 'There is no command "constructor". `torch-edge help` lists them.'],
    [["help", "verfy"], 'There is no command "verfy". Did you mean verify? `torch-edge help` lists them.'],
    [["--json", "x"], 'The command comes first. "--json" is none: `torch-edge help` lists them.'],
    [["IOE0912345678"], "This is a receipt number. `torch-edge check RECEIPT` asks how the case stands; `torch-edge receipt` only reads it."],
    [["normalize", "--explian", "x"], 'normalize has no option "--explian". Did you mean --explain? `torch-edge help normalize` lists them.'],
    [["normalize", "--zzz=secret"], 'normalize has no option "--zzz". `torch-edge help normalize` lists them.'],
    [["normalize", "--toString"], 'normalize has no option "--toString". `torch-edge help normalize` lists them.'],
    [["normalize", "-x"], 'normalize has no option "-x". `torch-edge help normalize` lists them.'],
    [["normalize", "--json=yes"], "--json takes no value."],
    [["normalize", "--lang"], "--lang needs a value: --lang LANG. One that begins with a dash: --lang=…"],
    [["normalize", "--category", "--json"], "--category needs a value: --category CATEGORY. One that begins with a dash: --category=…"],
    [["normalize", "--lang", "fr"], "--lang must be en or es."],
    [["check", "--output", "jsno"], "--output must be table, csv or json. Did you mean json?"],
  ]) {
    assert.deepEqual(await cli(args), { code: 2, signal: null, out: "", err: `torch-edge: ${says}\n` });
  }
});

test("ok normalize tells a person what a status means", async () => {
  const { code, out, err } = await cli(["normalize", "Case Was Approved And My Decision Was Emailed"]);
  assert.deepEqual([code, err], [0, ""]);
  assert.equal(out, "Approved\n  category    approved\n  stage       decision\n  outcome     favorable\n  act?        no\n  matched by  title\n");
  const text = "On January 20, 2026, we mailed a request for initial evidence for your Form I-485. Respond by April 20, 2026.";
  const evidence = await cli(["normalize", "--explain", "--lang=es", text]);
  const [label, ...rows] = evidence.out.trimEnd().split("\n");
  assert.equal(label, "Solicitud de evidencia");
  for (const row of ["act?        yes", "form        I-485", "event       2026-01-20", "respond by  2026-04-20", "matched by  description"]) assert.ok(rows.includes(`  ${row}`), row);
  const why = explain(text);
  assert.equal(rows.at(-1), `  rule        ${why.rule}: ${why.words.join(" ")}`);
});

test("ok normalize reads lines, and gives each as an object of its own", async () => {
  const texts = ["Case Was Received", "", "  ", "Card Was Delivered To Me By The Post Office", "nonsense \x1b[31m\u202e"];
  const { code, out, err } = await cli(["normalize", "--json"], { input: `\ufeff${texts.join("\r\n")}` });
  assert.deepEqual([code, err], [0, ""]);
  assert.doesNotMatch(out, /[\x1b\u202e]/);
  const good = texts.filter((text) => text.trim());
  assert.deepEqual(out.trimEnd().split("\n").map((line) => JSON.parse(line)), good.map((text) => ({ text, ...normalize(text) })));
  const shown = await cli(["normalize"], { input: texts.join("\n") });
  assert.equal(shown.out.split("\n\n").length, 3, "a blank line between them");
  assert.match(shown.out, /\n {2}text {8}nonsense \ufffd\[31m\ufffd\n {2}category {4}unknown\n/, "and nothing that steers a terminal");
  assert.match((await cli(["normalize", "--category", "Case Received", ""])).out, /category {4}received\n[^]*matched by {2}upstream\n/);
  assert.deepEqual(await cli(["normalize"], { input: "\n" }), { code: 0, signal: null, out: "", err: "" });
});

test("ok receipt prints the one form, and points to where it goes wrong", async () => {
  assert.deepEqual(await cli(["receipt", "ioe-09-1234-5678", " MSC 23 900 00001 "]), { code: 0, signal: null, out: "IOE0912345678\nMSC2390000001\n", err: "" });
  const { code, out, err } = await cli(["receipt"], { input: "IOE0912345678\n\nIOE09O2345678\nIOE09123456789\nIOE123\n" });
  assert.deepEqual([code, out], [1, "IOE0912345678\n"]);
  const lines = err.trimEnd().split("\n");
  assert.equal(lines.length, 9);
  assert.match(lines[0], /^line 3: character 6 should be a digit 0 to 9, not "O"/);
  assert.deepEqual(lines.slice(1, 3), ["  IOE09O234****", "       ^"], "digits that are not near are hidden");
  assert.match(lines[3], /^line 4: /);
  assert.deepEqual(lines.slice(4, 6), ["  IOE*******6789", "               ^"]);
  assert.deepEqual(lines.slice(7, 9), ["  IOE123", "        ^"], "where something is missing, the caret is behind the end");
  assert.equal((await cli(["receipt", ""])).code, 1);
  const told = await cli(["receipt", "--json", "IOE0912345678", "IOE"]);
  assert.deepEqual(told.out.trimEnd().split("\n").map((line) => JSON.parse(line)), ["IOE0912345678", "IOE"].map((text) => ({ text, ...parseReceipt(text) })));
  assert.deepEqual([told.code, told.err], [1, ""]);
});

test("ok the caret stands under its character, whatever is before it", () => {
  const caret = (text, position) => {
    const [shown, below] = pointed(text, position).split("\n");
    return [shown, width(shown.slice(0, below.length)), below.length - 1];
  };
  assert.deepEqual(caret("IO\tE1", 3), ["IO\ufffdE1", 3, 2]);
  assert.equal(pointed("ＩＯE1", 3), "ＩＯE1\n    ^", "wide ones take two columns");
  assert.equal(pointed("e\u0301x", 3), "e\u0301x\n ^", "and combining ones none");
  assert.equal(pointed("😀x", 2), "😀x\n  ^");
  const long = pointed(`${"A".repeat(500)}!${"B".repeat(500)}`, 501).split("\n");
  assert.ok(long[0].length <= 62 && long[0][long[1].length - 1] === "!" && long[0].startsWith("…") && long[0].endsWith("…"));
});

test("ok a reader that has seen enough ends it quietly", async () => {
  const input = "Case Was Received\n".repeat(200_000);
  const { code, err } = await cli(["normalize", "--json"], { input, during: (child) => child.stdout.once("data", () => child.stdout.destroy()) });
  assert.deepEqual([code, err], [0, ""]);
});

test("ok CSV is read back as it was written, but for the apostrophe before a formula", () => {
  for (const [text, expected] of [["=1+1", "'=1+1"], ["+1", "'+1"], ["-1", "'-1"], ["@SUM(A1)", "'@SUM(A1)"], ["\t=1", "'\t=1"], ["\r=1", "\"'\r=1\""], ["\n=1", "\"'\n=1\""], ["=cmd|' /C calc'!A0,\"", "\"'=cmd|' /C calc'!A0,\"\"\""], ["\uff1d1", "'\uff1d1"], ["1-1", "1-1"], ["", ""], [undefined, ""]]) {
    assert.equal(cell(text), expected);
  }
  const letters = ["a", ",", ";", '"', "\n", "\r\n", "=", " ", "é", "\t"];
  let seed = 7;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  for (let round = 0; round < 2000; round++) {
    const rows = Array.from({ length: 1 + random(4) }, () => ["x", ...Array.from({ length: random(4) }, () => Array.from({ length: random(6) }, () => letters[random(letters.length)]).join(""))]);
    const read = parseCsv(rows.map(csvLine).join(""), ",", "it").map(({ cells }) => cells);
    assert.deepEqual(read, rows.map((cells) => cells.map((text) => (/^[=\t\r\n]/.test(text) ? `'${text}` : text))));
  }
  assert.deepEqual(parseCsv('a;"b\nc"\r\n\r\nd;', ";", "it"), [{ line: 1, cells: ["a", "b\nc"] }, { line: 4, cells: ["d", ""] }]);
  assert.throws(() => parseCsv('a\n"b', ",", "list.csv"), /^Error: list\.csv, line 2: a quotation mark is not closed\.$/);
});

test("ok what is shown has no characters that steer a terminal, and fits", () => {
  assert.equal(json({ a: "\u009b31m\u202e\u2028\x7f" }), '{"a":"\\u009b31m\\u202e\\u2028\\u007f"}');
  assert.deepEqual([clipped("abcdef", 6), clipped("abcdef", 5), width(clipped("漢字漢字", 5))], ["abcdef", "abcd…", 5]);
});

test("ok the bar tells how far it is and why it waits, in whatever width", async () => {
  for (const columns of [200, 80, 40, 20]) {
    let written = "";
    const err = new Output({ isTTY: true, columns, write: (text) => (written += text) }, { TERM: "xterm" });
    const progress = new Progress(err, 60, false);
    progress.update({ done: 25, total: 60, failed: 2 });
    progress.pause(7000, "rate_limited");
    await new Promise((resolve) => setTimeout(resolve, 250));
    progress.end();
    const frames = written.split("\r\x1b[K").slice(1);
    assert.equal(frames.at(-1), "", "it goes away");
    for (const frame of frames) assert.ok(width(frame) < columns, frame);
    const last = frames.at(-2);
    if (columns === 80) assert.equal(last, `[${"█".repeat(11)}${"░".repeat(16)}] 25/60 41 %, 2 failed, waiting 7 s (rate_limited)`);
    else assert.equal(/^\[█+░+\] /.test(last), columns > 50);
  }
  let plain = "";
  const progress = new Progress(new Output({ isTTY: false, write: (text) => (plain += text) }, {}), 60, false);
  await new Promise((resolve) => setTimeout(resolve, 250));
  progress.end();
  assert.equal(plain, "", "where there is no terminal, not a line at once");
});

test("err a file that cannot be read is a sentence", async () => {
  const env = { TORCH_EDGE_URL: "http://127.0.0.1:1", TORCH_EDGE_TOKEN: "token-of-nobody", WEBHOOK_SECRET: "secret-of-nobody" };
  const missing = file("nothing-here");
  for (const args of [["check", "--file", missing], ["verify", missing], ["check", "--token-file", missing, "x"], ["verify", "--secret-file", missing, "x"]]) {
    assert.deepEqual(await cli(args, { env }), { code: 2, signal: null, out: "", err: `torch-edge: ${missing} cannot be read: there is no such file.\n` });
  }
  assert.match((await cli(["verify", file(".")], { env })).err, /it is a folder/);
});
