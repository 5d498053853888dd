// The same files in the other runtimes: a Worker on workerd, Node 20, Deno and Bun; and what the package promises of
// them: their size, their types, and that to import them does nothing.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { createTestHarness } from "wrangler";
import { pair, receipts, ROOT, sha256, TOKEN } from "../edge/support.mjs";

const ENTRY = join(ROOT, "www/package/client/index.js");
const folder = join(ROOT, "build", "client-tests");
mkdirSync(folder, { recursive: true });
after(() => rmSync(folder, { recursive: true }));
const { proxy } = await pair({ secrets: { CLIENTS: JSON.stringify([{ name: "tests", sha256: [sha256(TOKEN)], scopes: ["read", "live"] }]) } });
/** What a program prints. The proxy lives in this process, which must not stand still meanwhile. */
const printed = async (program, args) => (await promisify(execFile)(program, args, { timeout: 60_000 })).stdout;
const bundled = async (options) => (await build({ bundle: true, write: false, format: "esm", ...options })).outputFiles[0].text;

/** Reads, asks for many, watches and fails, in whatever runtime; prints what came of it. */
const PROGRAM = `
import { TorchClient } from ${JSON.stringify(ENTRY)};
const client = new TorchClient({ baseUrl: ${JSON.stringify(proxy.url)}, token: ${JSON.stringify(TOKEN)} });
const list = ${JSON.stringify(receipts(3, "RUN"))};
const out = [(await client.get(list[0])).case.receipt_number, (await client.get(list[0])).meta.cacheStatus.hit];
out.push((await client.getMany([...list, "nonsense"]).all()).map(({ error }) => error?.code ?? "good").join());
for await (const { via } of client.watch(list)) if (out.push(via) === 6) break;
out.push(await client.get("ZZZ0000000001").catch(({ code }) => code));
console.log(JSON.stringify(out));
`;
const EXPECTED = ["RUN0000000001", true, "good,good,good,receipt_malformed", "snapshot", "snapshot", "snapshot", "case_not_found"];

test("ok a Worker whose client is made once serves requests that come together, each with timers of its own", async () => {
  const list = receipts(4, "WRK");
  const source = `
    import { TorchClient } from ${JSON.stringify(ENTRY)};
    const client = new TorchClient({ baseUrl: ${JSON.stringify(proxy.url)}, token: ${JSON.stringify(TOKEN)} });
    let tokens = 0;
    const granted = new TorchClient({ baseUrl: ${JSON.stringify(proxy.url)}, getToken: async () => (await new Promise((resolve) => setTimeout(resolve, 50)), tokens++, ${JSON.stringify(TOKEN)}) });
    export default {
      async fetch(request) {
        const receipt = new URL(request.url).searchParams.get("receipt");
        if (!receipt) {
          const seen = [];
          for await (const { receipt, via } of client.watch(${JSON.stringify(list)})) if (seen.push(receipt + via) === 4) break;
          return Response.json({ all: (await client.getMany(${JSON.stringify(list)}).all()).map((item) => item.case.receipt_number), seen });
        }
        const [one, other] = await Promise.all([client.get(receipt), granted.get(receipt)]);
        return Response.json([one.case.receipt_number, other.case.receipt_number]);
      },
    };`;
  writeFileSync(join(folder, "worker.js"), await bundled({ stdin: { contents: source, resolveDir: ROOT } }));
  writeFileSync(join(folder, "wrangler.toml"), 'name = "client-tests"\nmain = "worker.js"\ncompatibility_date = "2026-11-01"\nno_bundle = true\n');
  const harness = createTestHarness({ root: folder, workers: [{ configPath: "wrangler.toml" }] });
  try {
    const { url } = await harness.listen();
    const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => fetch(`${url.origin}/?receipt=${list[n % 2]}`).then((response) => response.json())));
    answers.forEach((answer, n) => assert.deepEqual(answer, [list[n % 2], list[n % 2]]));
    // Whoever goes away takes nobody with him.
    const leaving = new AbortController();
    const left = fetch(`${url.origin}/?receipt=${list[2]}`, { signal: leaving.signal }).catch(() => "left");
    const stayed = fetch(`${url.origin}/?receipt=${list[2]}`);
    setTimeout(() => leaving.abort(), 5);
    assert.deepEqual([await left, await (await stayed).json()], ["left", [list[2], list[2]]]);
    const { all, seen } = await (await fetch(url.origin)).json();
    assert.deepEqual([all, seen], [list, list.map((receipt) => `${receipt}snapshot`)]);
  } finally {
    await harness.close();
  }
});

test("ok Deno and Bun run it as it stands", async (t) => {
  const program = join(folder, "program.mjs");
  writeFileSync(program, PROGRAM);
  const { resolve } = createRequire(import.meta.url);
  for (const [name, path, args] of [["deno", "deno/package.json", ["run", "--allow-all", "--no-config", "--no-lock", "--node-modules-dir=none"]], ["bun", "bun/package.json", ["run"]]]) {
    const { bin } = JSON.parse(readFileSync(resolve(path), "utf8"));
    const runtime = join(resolve(path), "..", typeof bin === "string" ? bin : bin[name]);
    // Deno's is a script of Node that starts the program of this platform; Bun's is the program.
    const command = name === "deno" ? [process.execPath, runtime] : [runtime];
    const version = await printed(command[0], [...command.slice(1), "--version"]).catch(() => undefined);
    if (version === undefined) t.diagnostic(`${name} is not there for this platform`);
    else assert.deepEqual(JSON.parse(await printed(command[0], [...command.slice(1), ...args, program])), EXPECTED, name);
  }
});

test("ok without a WebSocket, as in Node 20, it runs as well; and to import it does nothing", async () => {
  const program = `
    delete globalThis.WebSocket;
    const nothing = () => { throw new Error("at import") };
    const kept = { setTimeout, setInterval, fetch };
    Object.assign(globalThis, { setTimeout: nothing, setInterval: nothing, fetch: nothing });
    const before = Object.keys(globalThis).length;
    await import(${JSON.stringify(ENTRY)});
    if (Object.keys(globalThis).length !== before) throw new Error("a global");
    Object.assign(globalThis, kept);
    ${PROGRAM.replace(/import ({.*}) from (.*);/, "const $1 = await import($2);")}`;
  assert.deepEqual(JSON.parse(await printed(process.execPath, ["--input-type=module", "-e", program])), EXPECTED);
});

test("ok the client alone has at most 8,000 bytes, minified and zipped", async (t) => {
  const size = gzipSync(await bundled({ entryPoints: [ENTRY], minify: true }), { level: 9 }).length;
  t.diagnostic(`${size} bytes`);
  assert.ok(size <= 8000, `${size} bytes`);
});
