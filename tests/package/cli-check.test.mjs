// `torch-edge check`, against the real proxy in front of the sandbox.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { pair, receipts, TOKEN, until } from "../edge/support.mjs";
import { serve } from "./client-support.mjs";
import { cli, file, MAIN } from "./cli-support.mjs";
import { parseCsv } from "../../www/package/cli/csv.js";
import { parseList } from "../../www/package/cli/list.js";
import { width } from "../../www/package/cli/terminal.js";

const { sandbox, proxy } = await pair();
const ENV = { TORCH_EDGE_URL: proxy.url, TORCH_EDGE_TOKEN: TOKEN };
const check = (args, { env, ...options } = {}) => cli(["check", ...args], { env: { ...ENV, ...env }, ...options });
/** The rows of a CSV output, as objects. */
function rowsOf(out) {
  assert.ok(out.endsWith("\r\n"));
  const [head, ...rows] = parseCsv(out, ",", "the output").map(({ cells }) => cells);
  return rows.map((cells) => (assert.equal(cells.length, head.length), Object.fromEntries(head.map((name, at) => [name, cells[at]]))));
}

test("ok each receipt has its row, in the order given, as the proxy tells it", async () => {
  const [first, second] = receipts(2, "CKA");
  const { code, out, err } = await check([second, "ioe12", `cka-${first.slice(3, 7)}-${first.slice(7)}`, "ZZZ0000000001", second]);
  assert.equal(code, 1);
  const rows = rowsOf(out);
  assert.deepEqual(rows.map(({ receipt, error }) => [receipt, error]), [[second, ""], ["ioe12", "receipt_malformed"], [first, ""], ["ZZZ0000000001", "case_not_found"], [second, ""]]);
  const { body } = await proxy.json(`/case-status?receipt=${second}`);
  const { normalized } = body;
  const { error_message: message, ...row } = rows[0];
  assert.deepEqual(row, {
    receipt: second, category: normalized.category, label: normalized.labels.en, stage: normalized.stage, outcome: normalized.outcome, action_required: normalized.action_required ? "yes" : "no", final: normalized.final ? "yes" : "no",
    status_text: body.status_text, last_status_at: body.last_status_at, last_checked_at: body.last_checked_at, form: normalized.form ?? "", event_date: normalized.event_date ?? "", respond_by: normalized.respond_by ?? "", error: "",
  });
  assert.equal(message, "");
  assert.equal(err, [
    "Argument 2 is no receipt number: three letters and ten digits, such as ABC1234567890.",
    "4 receipts in 5 rows: 2 known, 2 failed.",
    "  1 receipt_malformed: This is no receipt number: three letters and ten digits. `torch-edge receipt` shows where it goes wrong.",
    `  1 case_not_found: ${rows[3].error_message}`,
    "",
  ].join("\n"));
  assert.doesNotMatch(rows[3].error_message, /\*\*\*/);

  const json = await check(["--output", "json", second, "x", "ZZZ0000000001", "--lang", "es"]);
  const objects = json.out.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(objects[0], { receipt: second, case: body });
  assert.deepEqual(objects.slice(1).map(({ receipt, error }) => [receipt, error.code, error.status, error.retryable]), [["x", "receipt_malformed", 400, false], ["ZZZ0000000001", "case_not_found", 404, false]]);
  assert.equal(rowsOf((await check(["--lang", "es", second])).out)[0].label, normalized.labels.es);
});

test("ok where all is known it says so, or nothing, and ends with 0", async () => {
  const list = receipts(60, "CKB");
  const loud = await check([], { input: list.join("\n") });
  assert.deepEqual([loud.code, loud.err], [0, "60 receipts: 60 known, 0 failed.\n"]);
  assert.deepEqual(rowsOf(loud.out).map(({ receipt }) => receipt), list);
  const quiet = await check(["--quiet", "--file", "-"], { input: `# mine\n${list.join("\n")}` });
  assert.deepEqual([quiet.code, quiet.err, quiet.out], [0, "", loud.out]);
  const table = await check(["-q", "--output", "table"], { input: list.join(", ") });
  const lines = table.out.trimEnd().split("\n");
  assert.equal(lines.length, 61);
  assert.match(lines[0], /^RECEIPT {8}STATUS +STAGE +ACT\? +SINCE$/);
  lines.forEach((line, at) => assert.ok(width(line) <= 80 && (at === 0 || line.startsWith(`${list[at - 1]}  `)), line));
});

test("ok a CSV file's own column is taken, in whatever form a spreadsheet writes it", async () => {
  const [first, second] = receipts(2, "CKC");
  const path = file("firm.csv", `\ufeffClient;"Case No.";"Receipt\nNumber"\r\n"Doe; Jane";2024-17;${first}\r\n\r\nRoe;2024-18;IOE12\r\nPoe;2024-19;\r\nMoe;2024-20;${second}\r\n`);
  const { code, out, err } = await check(["--file", path]);
  assert.equal(code, 1);
  assert.deepEqual(rowsOf(out).map(({ receipt }) => receipt), [first, "IOE12", second]);
  assert.deepEqual(err.split("\n").slice(0, 2), [`${path}: the receipts are in column 3, "Receipt Number".`, "Line 5 is no receipt number: three letters and ten digits, such as ABC1234567890."], "lines as an editor counts them");
  const utf16 = file("powershell.txt", Buffer.from(`\ufeff${first}\r\n${second}\r\n`, "utf16le"));
  assert.equal((await check(["-f", utf16])).code, 0);
});

test("ok which column holds receipts", () => {
  const [a, b] = receipts(2, "COL");
  const of = (text) => {
    const { entries, note } = parseList(text, "it");
    return [entries.map(({ text: one, line }) => `${line} ${one}`), note];
  };
  for (const [text, entries, note] of [
    [`${a}\n\n${b}\n`, [`1 ${a}`, `3 ${b}`]],
    [`${a}, ${b}\n`, [`1 ${a}`, `1 ${b}`]],
    [`receipt_number\n${a}\n`, [`2 ${a}`]],
    ["nonsense\nIOE12\n", ["1 nonsense", "2 IOE12"]],
    [`a,b\n1,${a}\n2,${b}`, [`2 ${a}`, `3 ${b}`], 'it: the receipts are in column 2, "b".'],
    [`1,${a}\n2,${b}`, [`1 ${a}`, `2 ${b}`], "it: the receipts are in column 2."],
    [`Case Number,Receipt #\nF-1,${a}`, [`2 ${a}`], 'it: the receipts are in column 2, "Receipt #".'],
    [`Case ID\tStatus\n${a}\told`, [`2 ${a}`], 'it: the receipts are in column 1, "Case ID".'],
    [`related,case\n${a},F-1\n,${b}\n,${a}`, ["2 F-1", `3 ${b}`, `4 ${a}`], 'it: the receipts are in column 2, "case".'],
    [`x,1\n${a},${b}\ny,${b}`, ["1 1", `2 ${b}`, `3 ${b}`], "it: the receipts are in column 2."],
    ["receipt,name\nIOE12,x", ["2 IOE12"], 'it: the receipts are in column 1, "receipt".'],
  ]) {
    assert.deepEqual(of(text), [entries, note], text);
  }
  assert.deepEqual(of("")[0], []);
  assert.throws(() => of("a,b\n1,2"), /^Error: it has no column of receipt numbers/);
});

test("ok nothing in a status is a formula in a spreadsheet, or steers a terminal", async () => {
  const [formula, escape] = receipts(2, "CKD");
  await proxy.seed(formula, { body: JSON.stringify({ receipt_number: formula, status_text: '=HYPERLINK("http://evil.example","x")' }) });
  await proxy.seed(escape, { body: JSON.stringify({ receipt_number: escape, status_text: "\x1b[2J\u009b31m\u202eblah,\nblah" }) });
  const { code, out } = await check([formula, escape]);
  assert.equal(code, 0);
  assert.ok(out.includes(`"'=HYPERLINK(""http://evil.example"",""x"")"`), out);
  assert.equal(rowsOf(out)[1].status_text, "\x1b[2J\u009b31m\u202eblah,\nblah", "a file has what came");
  const table = await check(["--output", "table", formula, escape]);
  assert.match(table.out, /^\w{13} {2}=HYPERLINK/m);
  assert.doesNotMatch(table.out + (await check(["--output", "json", escape])).out, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
});

test("ok it goes to a file, which stays as it was where nothing came", async () => {
  const [receipt] = receipts(1, "CKE");
  const path = file("statuses.csv", "what was before\n");
  const nothing = await check(["--out", path, receipt], { env: { TORCH_EDGE_TOKEN: "another-token" } });
  assert.deepEqual([nothing.code, readFileSync(path, "utf8")], [3, "what was before\n"]);
  const { code, out, err } = await check(["-o", path, receipt]);
  assert.deepEqual([code, out, err], [0, "", `1 receipt: 1 known, 0 failed. Written to ${path}.\n`]);
  assert.equal(rowsOf(readFileSync(path, "utf8"))[0].receipt, receipt);
  const json = file("statuses.json");
  await check(["-o", json, receipt]);
  assert.equal(JSON.parse(readFileSync(json, "utf8")).case.receipt_number, receipt);
  const fresh = file("fresh.csv");
  assert.equal((await check(["-o", fresh, receipt], { env: { TORCH_EDGE_TOKEN: "another-token" } })).code, 3);
  assert.ok(!existsSync(fresh));
  const folder = await check(["-o", file("."), receipt]);
  assert.deepEqual([folder.code, folder.err], [2, `torch-edge: ${file(".")} cannot be written: it is a folder.\n`]);
  assert.equal((await check(["-o", file("no/such/folder.csv"), receipt])).code, 2);
  // Linux has a disk that is always full.
  if (existsSync("/dev/full")) {
    assert.deepEqual(await check(["-q", "-o", "/dev/full", receipt]), { code: 1, signal: null, out: "", err: "torch-edge: /dev/full cannot be written: the disk is full.\n" });
  }
});

test("err a token is never an argument, and never told", async () => {
  for (const args of [["--token", "te_verysecret"], ["--token=te_verysecret"], ["--api-key", "te_verysecret"], ["--file", "x", "--key=te_verysecret"]]) {
    const { code, out, err } = await check([...args, "IOE0912345678"]);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /^torch-edge: --(token|key|api-key) would stand in the list of processes, .* TORCH_EDGE_TOKEN, or into a file for --token-file\./);
    assert.doesNotMatch(err, /verysecret/);
  }
  const [receipt] = receipts(1, "CKF");
  const path = file("token", `${TOKEN}\r\n`);
  assert.equal((await cli(["check", "--token-file", path, "--proxy", `${proxy.url}/v1/`, receipt])).code, 0);
  const spaced = await check(["--token-file", file("spaced", `${TOKEN} x`), receipt]);
  assert.equal(spaced.code, 2);
  assert.match(spaced.err, /^torch-edge: The token must be visible ASCII without spaces/);
  assert.ok(!spaced.err.includes(TOKEN));
});

test("err what is wrong with the command line is told before anything is asked", async () => {
  const calls = await sandbox.calls();
  const none = { TORCH_EDGE_URL: "", TORCH_EDGE_TOKEN: "" };
  for (const [args, env, says] of [
    [["IOE0912345678"], none, "No proxy is named. Give its address by --proxy URL, or set TORCH_EDGE_URL."],
    [["IOE0912345678"], { TORCH_EDGE_TOKEN: "" }, "There is no token. Set TORCH_EDGE_TOKEN, or name a file by --token-file."],
    [["--token-file", file("empty", "\n"), "IOE0912345678"], {}, `${file("empty")} is empty: it should hold the token.`],
    [["--proxy", "nonsense", "IOE0912345678"], {}, "--proxy must be an address such as https://torch.example.com, without user name, query and #."],
    [["IOE0912345678"], { TORCH_EDGE_URL: "http://a:b@x" }, "TORCH_EDGE_URL must be an address such as https://torch.example.com, without user name, query and #."],
    [["--file", "x", "IOE0912345678"], {}, "Give receipts or --file, not both."],
    [["--timeout", "soon", "IOE0912345678"], {}, "--timeout must be a number of seconds, more than 0 and at most 86400."],
    [[], {}, "There is no receipt number in the standard input."],
  ]) {
    assert.deepEqual(await check(args, { env }), { code: 2, signal: null, out: "", err: `torch-edge: ${says}\n` });
  }
  const bad = await check(["IOE12", "x"]);
  assert.deepEqual([bad.code, rowsOf(bad.out).length], [1, 2], "nothing but bad ones is no reason to ask anybody");
  assert.equal(await sandbox.calls(), calls);
  const many = await check([], { input: "x\n".repeat(25) });
  assert.match(many.err, /Line 10 is [^]*\n… and 15 more\./);
  assert.doesNotMatch(many.err, /Line 11 /);
});

test("err a proxy that cannot be used at all is 3, whatever the reason, with a sentence and no rows", async () => {
  const list = receipts(3, "CKG");
  const { url: page } = await serve(() => [200, "<html>", { "content-type": "text/html" }]);
  const { url: gone, close } = await serve(() => undefined);
  await close();
  for (const [address, token, says] of [
    [proxy.url, "another-token", `The proxy at ${proxy.url} does not take the token of TORCH_EDGE_TOKEN (unauthorized): `],
    [proxy.url, "operator-token", `The proxy at ${proxy.url} does not take the token of TORCH_EDGE_TOKEN (forbidden): `],
    [`${proxy.url}/other`, TOKEN, `The proxy at ${proxy.url}/other cannot be used (no_such_route): `],
    [page, TOKEN, `The proxy at ${page} cannot be used (unusable_answer): The proxy's answer is not `],
    [gone, TOKEN, `The proxy at ${gone} cannot be used (network): The proxy cannot be reached (fetch failed, ECONNREFUSED). Ask again later.`],
  ]) {
    const { code, out, err } = await check(list, { env: { TORCH_EDGE_URL: address, TORCH_EDGE_TOKEN: token } });
    assert.deepEqual([code, out], [3, ""]);
    assert.ok(err.startsWith(`torch-edge: ${says}`), err);
    assert.doesNotMatch(err, /baseUrl|ALLOWED_ORIGINS/);
  }
});

test("err of a long list with no use in it not all is tried", async () => {
  const { url, asked } = await serve(() => [200, "<html>", { "content-type": "text/html" }]);
  const { code } = await check([], { env: { TORCH_EDGE_URL: url }, input: receipts(1000, "CKH").join("\n") });
  assert.equal(code, 3);
  assert.ok(asked.length <= 8, `${asked.length} were asked`);
});

test("ok a case whose fields are of another kind has them empty", async () => {
  const { url } = await serve(({ receipts }) => [200, receipts.map((receipt_number) => ({ receipt_number, status_text: "Case Was Received", last_status_at: ["="], last_checked_at: { a: 1 }, normalized: { category: 7, labels: "x", action_required: "=1" } }))]);
  for (const format of ["csv", "table"]) {
    const { code, out } = await check(["--output", format, ...receipts(1, "CKN")], { env: { TORCH_EDGE_URL: url } });
    assert.equal(code, 0);
    assert.match(out, format === "csv" ? /CKN0000000001,,,,,,,Case Was Received,,,,,,,\r\n$/ : /CKN0000000001 {2}Case Was Received\n$/);
  }
});

/** 25 cases that are known, and behind them 25 for which Torch takes its time. */
async function halfKnown(prefix) {
  const list = receipts(50, prefix);
  assert.equal((await check(["-q", ...list.slice(0, 25)])).code, 0);
  await sandbox.fault({ delay_ms: 9000, receipt: list[30] });
  return list;
}

test("ok Ctrl-C ends it with what is there so far", async () => {
  // Cases of its own for each: what was stopped here is still on its way to Torch.
  for (const [format, prefix] of [["csv", "CKI"], ["table", "CKP"]]) {
    const list = await halfKnown(prefix);
    let stopped;
    const calls = await sandbox.calls();
    const { code, out, err } = await check(["--output", format, ...list, "IOE12"], {
      async during(child, said) {
        if (format === "csv") await until("the first rows", () => said.out.split("\r\n").length > 25, 20_000);
        else {
          // A table is held until the end. When Torch is asked for the second batch, the first one is nearly here.
          await until("a call for the others", async () => (await sandbox.calls()) > calls, 20_000);
          await new Promise((resolve) => setTimeout(resolve, 2000));
        }
        stopped = performance.now();
        child.kill("SIGINT");
      },
    });
    assert.ok(performance.now() - stopped < 2000, "at once");
    assert.equal(code, 130);
    assert.match(err, /51 receipts: 25 known, 1 failed, 25 not there yet when it was stopped\./);
    const shown = format === "csv" ? rowsOf(out).map(({ receipt }) => receipt) : out.trimEnd().split("\n").slice(1).map((line) => line.split(" ")[0]);
    assert.deepEqual(shown, [...list.slice(0, 25), "IOE12"]);
    await sandbox.mend();
  }
});

test("ok when its time is over the rest has failed, and what is there is there", async () => {
  const list = await halfKnown("CKJ");
  const { code, out, err } = await check(["--timeout", "4", ...list]);
  await sandbox.mend();
  assert.equal(code, 1);
  assert.deepEqual(rowsOf(out).map(({ error }) => error), [...Array(25).fill(""), ...Array(25).fill("deadline")]);
  assert.match(err, /25 deadline: There was no answer within 4 s\. Ask again later, or raise --timeout\./);
});

test("ok an older answer is told to be one, and --no-cache looks anew", async () => {
  const [receipt] = receipts(1, "CKK");
  await proxy.seed(receipt, { age: 200_000, lifetime: 900, stale: 86_400 });
  await sandbox.fault({ receipt, status: 500 });
  const stale = await check([receipt]);
  await sandbox.mend();
  assert.equal(stale.code, 0);
  assert.match(stale.err, /Some answers are older than they should be \((torch_failed|refreshing)\)\./);
  const [aged] = receipts(1, "CKO");
  await proxy.seed(aged, { age: 600 });
  assert.doesNotMatch((await check([aged, "ZZZ0000000002"])).err, /older/, "one that is fresh is not older for being told beside one that failed");
  const before = await sandbox.calls();
  // Not the old one: it may have travelled with the call for another, and is not asked for twice in half a minute.
  assert.equal((await check(["--no-cache", aged])).code, 0);
  assert.equal(await sandbox.calls(), before + 1);
});

test("ok on a terminal there is a bar that goes away, and a table that fits", async () => {
  const list = receipts(60, "CKL");
  const path = file("sixty.txt", `${list.join("\n")}\nIOE12`);
  const run = async (env, columns, more = "") => {
    const command = `stty cols ${columns} rows 24; exec '${process.execPath}' '${MAIN}' check --file '${path}' ${more}`;
    const args = process.platform === "darwin" ? ["-q", "/dev/null", "sh", "-c", command] : ["-qefc", command, "/dev/null"];
    const child = spawn("script", args, { env: { PATH: process.env.PATH, TERM: "xterm-256color", ...ENV, ...env }, stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part) => (text += part));
    const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
    return { code, text };
  };
  const { code, text } = await run({}, 80);
  assert.equal(code, 1);
  assert.match(text, /\r\x1b\[K\[░+\] 0\/60 0 %/, "the bar");
  assert.match(text, /\x1b\[1mRECEIPT/, "the table, in colours");
  // What is left on the screen: what stands behind the last clearing of each line.
  const left = text.split("\r\n").map((line) => line.split("\r\x1b[K").at(-1).replace(/\x1b\[\d+m/g, ""));
  assert.ok(!left.some((line) => /[█░]/.test(line)), "the bar is gone");
  for (const line of left) assert.ok(width(line) <= 80, line);
  assert.equal(left.filter((line) => line.startsWith("CKL")).length, 60);

  const narrow = await run({ NO_COLOR: "1" }, 50);
  assert.doesNotMatch(narrow.text, /\x1b\[\d+m/, "NO_COLOR");
  for (const line of narrow.text.split("\r\n").map((one) => one.split("\r\x1b[K").at(-1))) assert.ok(width(line) <= 50, line);
  assert.doesNotMatch((await run({ TERM: "dumb" }, 80)).text, /\x1b/, "a terminal that can do nothing");
  const csv = await run({}, 80, "--output csv");
  assert.equal(csv.text.split("\r\n").map((line) => line.split("\r\x1b[K").at(-1)).filter((line) => line.startsWith("CKL")).length, 60, "rows and the bar do not get into each other");
});

test("ok it needs no WebAssembly", async () => {
  const root = file("without-core");
  mkdirSync(root);
  const source = fileURLToPath(new URL("../../www/package", import.meta.url));
  for (const part of ["cli", "client", "package.json"]) cpSync(`${source}/${part}`, `${root}/${part}`, { recursive: true });
  const [receipt] = receipts(1, "CKM");
  assert.equal((await check([receipt], { main: `${root}/cli/main.js` })).code, 0);
  assert.equal((await check(["--help"], { main: `${root}/cli/main.js` })).code, 0);
  const broken = await cli(["normalize", "x"], { main: `${root}/cli/main.js` });
  assert.equal(broken.code, 70);
  assert.match(broken.err, /^torch-edge: this went wrong, and should not have: /);
  // As npm installs it: by a link in node_modules/.bin.
  symlinkSync(MAIN, file("torch-edge"));
  assert.equal((await cli(["receipt", "IOE0912345678"], { main: file("torch-edge") })).code, 0);
});
