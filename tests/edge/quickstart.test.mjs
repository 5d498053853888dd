// What a newcomer does: `npm start`, the two lines it prints, and the three programs of Torch's own
// documentation as they stand there (quickstart/README.md).
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ROOT, cacheFolder } from "../../scripts/setup.mjs";

const RECEIPT = "ABC1234567890";
const program = (name) => fileURLToPath(new URL(`quickstart/${name}`, import.meta.url));
const exec = promisify(execFile);
const state = mkdtempSync(join(tmpdir(), "torch-edge-quickstart-"));
let started;
let expected;

before(async () => {
  started = await start();
  // The same day on every machine.
  const { sandbox } = started;
  await fetch(`${sandbox}/__sandbox/clock`, { method: "PUT", body: '{"now":"2025-07-01T00:00:00Z","frozen":true}' });
  expected = (await (await fetch(`${sandbox}/__sandbox/case?receipt=${RECEIPT}`)).json()).current;
});
after(async () => {
  await started?.end("SIGTERM");
  rmSync(state, { recursive: true, force: true });
});

/** Runs `npm start`'s program, on free ports and with a folder of its own, until it has said everything. */
async function start(more = {}) {
  // Without TORCH_EDGE_NODE it finds its Node itself, as it does for a person.
  const { TORCH_EDGE_NODE: _, ...env } = process.env;
  const child = spawn("node", [join(ROOT, "scripts/start.mjs")], {
    cwd: ROOT,
    env: { ...env, PORT: "0", SANDBOX_PORT: "0", TORCH_EDGE_STATE: state, ...more },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const exited = once(child, "exit").then(([code, signal]) => ({ code, signal }));
  await new Promise((resolve, reject) => {
    const read = (data) => {
      output += data;
      if (output.includes("Stop with Ctrl-C")) resolve();
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    exited.then((end) => reject(new Error(`npm start ended with ${JSON.stringify(end)}:\n${output}`)));
  });
  const exported = Object.fromEntries([...output.matchAll(/^ *export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
  const end = async (signal) => {
    child.kill(signal);
    return exited;
  };
  return { child, output: () => output, exported, end, sandbox: output.match(/sandbox +(http:\S+)/)[1], curl: output.match(/^ *(curl -i .*)$/m)[1] };
}

const bearer = () => ({ authorization: `Bearer ${started.exported.PARLEY_API_KEY}` });

/** What one of the programs prints, with the two variables and nothing else of ours. */
async function run(command, args) {
  const { stdout, stderr } = await exec(command, args, { env: { ...process.env, ...started.exported } });
  assert.doesNotMatch(stderr, /error/i);
  return stdout;
}

test("ok Torch's quickstart for curl", async () => {
  const answer = JSON.parse(await run("sh", [program("curl.sh")]));
  assert.equal(answer.receipt_number, RECEIPT);
  assert.equal(answer.status_text, expected.status_text);
  assert.equal(answer.status_category, expected.status_category);
  assert.equal(answer.normalized.category, expected.category);
});

test("ok Torch's quickstart for Node.js", async () => {
  const printed = await run(process.execPath, [program("node.mjs")]);
  assert.match(printed, new RegExp(`receipt_number: '${RECEIPT}'`));
  assert.ok(printed.includes(`status_text: '${expected.status_text}'`), printed);
  assert.match(printed, new RegExp(`normalized: \\{\\s+category: '${expected.category}'`));
});

test("ok Torch's quickstart for Python", async (t) => {
  const python = pythonWithRequests();
  if (python.missing) return t.skip(python.missing);
  const printed = await run(python.path, [program("python.py")]);
  assert.match(printed, new RegExp(`'receipt_number': '${RECEIPT}'`));
  assert.ok(printed.includes(`'status_text': '${expected.status_text}'`), printed);
  assert.match(printed, new RegExp(`'normalized': \\{'category': '${expected.category}'`));
});

/** A Python that has `requests`: the machine's, or one in a virtual environment of ours. */
function pythonWithRequests() {
  const works = (path) => {
    try {
      execFileSync(path, ["-c", "import requests"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  };
  if (works("python3")) return { path: "python3" };
  const requirements = program("requirements.txt");
  const version = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
  const home = join(cacheFolder(), `python-${version}`);
  const path = join(home, "bin", "python");
  try {
    if (!existsSync(path)) execFileSync("python3", ["-m", "venv", home], { stdio: "pipe" });
    if (!works(path)) execFileSync(path, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements], { stdio: "pipe", timeout: 60_000 });
    return { path };
  } catch (error) {
    const said = String(error.stderr || error.message).trim().split("\n").at(-1);
    return { missing: `no python3 with requests here, and none could be made: ${said}` };
  }
}

test("ok the line that `npm start` prints works as it stands", async () => {
  const { stdout } = await exec("sh", ["-c", started.curl]);
  assert.match(stdout, /^HTTP\/1.1 200 OK\r\n/);
  assert.match(stdout, /\r\nCache-Status: torch-edge; fwd=uri-miss; fwd-status=200; ttl=\d+; stored\r\n/);
  assert.match(stdout, /"normalized":\{"category":/);
});

test("ok the link that `npm start` prints opens the board, with a token that mints grants, behind the #", async () => {
  const link = new URL(started.output().match(/^ *(http:\S+\/#token=\S+)$/m)[1]);
  assert.equal(link.origin, started.exported.BASE_URL);
  assert.equal(link.search, "");
  assert.match(await (await fetch(link)).text(), /<script type="module" src="board\/main\.js">/);
  const token = new URLSearchParams(link.hash.slice(1)).get("token");
  const minted = await fetch(`${link.origin}/grants`, { method: "POST", headers: { authorization: `Bearer ${token}` }, body: JSON.stringify({ receipts: [RECEIPT] }) });
  assert.equal(minted.status, 201);
  // The sandbox's clock, for the board's own page.
  const clock = await fetch(`${link.origin}/__sandbox/clock`, { headers: { "sec-fetch-site": "same-origin" } });
  assert.equal((await clock.json()).frozen, true);
});

test("err a port that is taken is a sentence", async () => {
  const { port } = new URL(started.sandbox);
  const other = join(state, "other");
  const end = exec("node", [join(ROOT, "scripts/start.mjs")], { env: { ...process.env, PORT: port, TORCH_EDGE_STATE: other } });
  await assert.rejects(end, ({ code, stderr }) => code === 1 && stderr.includes(`port ${port} is taken: end the program that has it, or choose another, as in \`PORT=9000 npm start\`.`));
});

test("err a second start in the same folder is a sentence", async () => {
  const end = exec("node", [join(ROOT, "scripts/start.mjs")], { env: { ...process.env, TORCH_EDGE_STATE: state } });
  await assert.rejects(end, ({ code, stderr }) => code === 1 && stderr.includes(`it is running already, at ${started.exported.BASE_URL}`));
});

// Here a Worker calls out by itself, and not through the test's process as it does under the harness.
test("K13 a body that breaks off is a 502, and nothing is kept", async () => {
  const { sandbox, exported } = started;
  const ask = () => fetch(`${exported.BASE_URL}/case-status?receipt=CUT0000000001`, { headers: bearer() });
  await fetch(`${sandbox}/__sandbox/faults`, { method: "POST", body: '{"receipt":"CUT0000000001","body":"cut"}' });
  const broken = await ask();
  assert.deepEqual([broken.status, (await broken.json()).code], [502, "torch_unreachable"]);
  await fetch(`${sandbox}/__sandbox/faults`, { method: "DELETE" });
  await new Promise((done) => setTimeout(done, 1100));
  const whole = await ask();
  assert.deepEqual([whole.status, /fwd=uri-miss/.test(whole.headers.get("cache-status"))], [200, true]);
});

// Last: these stop and start what the others use.
test("ok with the sandbox stopped a case read before is answered, marked stale once it is; one never read gets a 502", async () => {
  await started.end("SIGTERM");
  started = await start({ FRESHNESS: '{"active":1,"waiting":1,"moving":1,"final":1,"unknown":1}' });
  const ask = async (receipt) => {
    const response = await fetch(`${started.exported.BASE_URL}/case-status?receipt=${receipt}`, { headers: bearer() });
    return { status: response.status, cache: response.headers.get("cache-status"), age: Number(response.headers.get("age")), body: await response.json() };
  };
  assert.equal((await ask("GON0000000001")).status, 200);
  const port = new URL(started.sandbox).port;
  const family = descendants(started.child.pid).slice(1);
  const listening = processes("args=").filter(([pid, ...args]) => family.includes(Number(pid)) && args.includes(port)).map(([pid]) => Number(pid));
  assert.ok(listening.length > 0);
  for (const pid of listening) process.kill(pid, "SIGKILL");
  await new Promise((done) => setTimeout(done, 2000));
  const kept = await ask("GON0000000001");
  assert.deepEqual([kept.status, kept.body.receipt_number], [200, "GON0000000001"]);
  assert.match(kept.cache, /^torch-edge; hit; ttl=-\d+; detail=refreshing$/);
  assert.ok(kept.age >= 2);
  const response = await fetch(`${started.exported.BASE_URL}/case-status?receipt=GON0000000001`, { headers: { ...bearer(), "cache-control": "max-age=0" } });
  assert.equal(response.status, 200);
  const never = await ask("GON0000000002");
  assert.deepEqual([never.status, never.body.code], [502, "torch_unreachable"]);
  assert.match(started.output(), /the sandbox has ended/);
  await started.end("SIGTERM");
  started = await start();
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  test(`ok ${signal} ends everything, and the next start keeps token and cache`, async () => {
    const { child, exported } = started;
    const family = descendants(child.pid);
    assert.ok(family.length >= 4, `the program and two Workers: ${family}`);
    assert.deepEqual(await started.end(signal), { code: 0, signal: null });
    assert.deepEqual(await alive(family), []);
    started = await start();
    assert.equal(started.exported.PARLEY_API_KEY, exported.PARLEY_API_KEY);
    const response = await fetch(`${started.exported.BASE_URL}/case-status?receipt=${RECEIPT}`, { headers: bearer() });
    assert.match(response.headers.get("cache-status"), /^torch-edge; hit; /);
  });
}

/** Every process of the machine: its number, and the columns asked for. */
const processes = (columns) => execFileSync("ps", ["-A", "-o", `pid=,${columns}`]).toString().trim().split("\n").map((row) => row.trim().split(/\s+/));

/** The processes that come from this one, itself included. */
function descendants(pid) {
  const rows = processes("ppid=").map((row) => row.map(Number));
  const found = [pid];
  for (const one of found) found.push(...rows.filter(([, parent]) => parent === one).map(([child]) => child));
  return found;
}

/** Which of them are still there a moment later; one that has ended and is not yet collected is not. */
async function alive(pids) {
  for (let round = 0; ; round++) {
    const rows = processes("stat=,args=");
    const left = rows.filter(([pid, state]) => pids.includes(Number(pid)) && !state.startsWith("Z"));
    if (!left.length || round === 20) return left;
    await new Promise((done) => setTimeout(done, 100));
  }
}
