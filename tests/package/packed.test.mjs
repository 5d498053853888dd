// The package from its tarball, in a project of its own for each way it is used.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { build as esbuild } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { build as vite, createServer as viteServer } from "vite";
import webpack from "webpack";
import { createTestHarness } from "wrangler";
import { launch, serve } from "../chromium.mjs";
import { ROOT } from "../edge/support.mjs";
import { pack, printed, project, SAID, SAYS } from "./packed.mjs";

const { tarball, files } = await pack();
const browser = await launch();
after(() => browser.close());
const bin = (name) => join(ROOT, "node_modules/.bin", name);

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".css": "text/css" };
/** No inline script, no eval: what the README asks a page to allow is enough. */
const POLICY = { "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" };
const page = (script) => `<!doctype html><meta charset="utf-8"><title>-</title>${script}`;
const SHOW = 'import { said } from "./said.js"; document.title = "shown"; document.body.textContent = said;';

/** What a folder's page shows in Chromium, and the paths of what it loaded. */
async function shown(folder, path = "/index.html") {
  const loaded = [];
  const server = await serve((path) => {
    loaded.push(path);
    const type = TYPES[/\.\w+$/.exec(path)?.[0]];
    try {
      return type && { type, body: readFileSync(join(folder, path)), headers: POLICY };
    } catch {
      return undefined;
    }
  });
  try {
    return { text: await visit(server.url + path), loaded };
  } finally {
    await server.close();
  }
}

/** A port that was free just now: Vite's socket wants to know it beforehand. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

async function visit(url) {
  const tab = await browser.newPage();
  const errors = [];
  tab.on("pageerror", (error) => errors.push(error.message));
  tab.on("console", (message) => message.type() === "error" && !/favicon/.test(message.location().url) && errors.push(message.text()));
  await tab.goto(url);
  await tab.waitForFunction(() => document.title === "shown", null, { timeout: 60_000 }).catch(() => errors.push("nothing was shown"));
  const text = await tab.textContent("body");
  await tab.close();
  assert.deepEqual(errors, []);
  return text;
}

test("ok the tarball holds what is used, one .wasm, and nothing else", () => {
  const names = files.map(({ path }) => path);
  assert.deepEqual(names.filter((name) => name.endsWith(".wasm")), ["core/wasm/torch_edge_bg.wasm"]);
  for (const name of ["package.json", "README.md", "LICENSE", "LICENSE-MIT", "LICENSE-APACHE", "index.js", "index.d.ts", "core/slim.d.ts", "client/index.d.ts", "element/define.d.ts", "cli/main.js"]) {
    assert.ok(names.includes(name), `${name} is there`);
  }
  assert.deepEqual(names.filter((name) => !/^(package\.json|README\.md|LICENSE(-\w+)?|index\.(js|d\.ts)|(core|core\/wasm|client|element|cli)\/[\w.-]+\.(js|d\.ts|wasm))$/.test(name)), []);
  const manifest = JSON.parse(readFileSync(join(ROOT, "www/package/package.json")));
  assert.equal(manifest.dependencies ?? manifest.peerDependencies, undefined);
});

test("ok sizes: the wasm 30 KB gzipped, the browser's path 45, the client alone 8", async (t) => {
  const folder = await project("sizes", tarball, {});
  const size = async (contents) => {
    const { outputFiles } = await esbuild({ stdin: { contents, resolveDir: folder }, bundle: true, minify: true, write: false, format: "esm", loader: { ".wasm": "empty" } });
    return gzipSync(outputFiles[0].contents, { level: 9 }).length;
  };
  const wasm = gzipSync(readFileSync(join(folder, "node_modules/torch-edge/core/wasm/torch_edge_bg.wasm")), { level: 9, memLevel: 9 }).length;
  const [all, client, element] = await Promise.all(['export * from "torch-edge"', 'export * from "torch-edge/client"', 'import "torch-edge/element/define"; export * from "torch-edge/client"'].map(size));
  t.diagnostic(`gzipped: wasm ${wasm}, with all of the JavaScript ${wasm + all}; the client alone ${client}; elements and client ${element} bytes`);
  assert.ok(wasm <= 30_000 && wasm + all <= 45_000 && client <= 8_000, "within the bars");
});

test("ok publint and attw find nothing", async () => {
  const bytes = readFileSync(tarball);
  const { messages } = await publint({ pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) }, strict: true });
  assert.deepEqual(messages.map((message) => formatMessage(message, {})), []);
  // It exits with 1, and this throws, where it finds something.
  assert.match(await printed(bin("attw"), [tarball, "--profile", "esm-only", "--format", "ascii", "--no-color"]), /"torch-edge\/element\/define"/);
});

test("ok Node: modules, and require where Node has it for modules", async () => {
  const folder = await project("node", tarball, {
    "said.js": SAYS(),
    "show.js": 'import { said } from "./said.js"; console.log(said);',
    "old.cjs": 'console.log(require("torch-edge").normalize("Case Was Approved").category);',
    "slim.js": 'import { readFileSync } from "node:fs"; import { normalize, start, startSync } from "torch-edge/slim"; try { normalize("") } catch (error) { console.log(error.message) } startSync(readFileSync(new URL(import.meta.resolve("torch-edge/wasm")))); console.log(normalize("Case Was Denied").category);',
  });
  assert.equal((await printed(process.execPath, ["show.js"], { cwd: folder })).trim(), SAID);
  assert.equal((await printed(process.execPath, ["old.cjs"], { cwd: folder })).trim(), "approved");
  assert.match(await printed(process.execPath, ["slim.js"], { cwd: folder }), /^torch-edge is not started: `await start\(wasm\)` first.*\ndenied\n$/);
});

test("ok npx torch-edge, as it is installed", async () => {
  const folder = await project("command", tarball, {});
  const npx = (...args) => printed("npx", ["--no-install", "torch-edge", ...args], { cwd: folder });
  assert.equal(await npx("receipt", "ioe-0912 345 678"), "IOE0912345678\n");
  assert.equal(JSON.parse(await npx("normalize", "--json", "Case Was Approved")).category, "approved");
  const { version } = JSON.parse(readFileSync(join(ROOT, "www/package/package.json")));
  assert.match(await npx("--version"), new RegExp(RegExp.escape(version)));
});

test("ok Deno and Bun", async () => {
  const folder = await project("others", tarball, { "said.js": SAYS(), "show.js": 'import { said } from "./said.js"; console.log(said);' });
  const quiet = { cwd: folder, env: { ...process.env, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" } };
  assert.equal((await printed(bin("deno"), ["run", "--allow-read", "--node-modules-dir=manual", "--no-lock", "show.js"], quiet)).trim(), SAID);
  assert.equal((await printed(bin("bun"), ["run", "show.js"], quiet)).trim(), SAID);
});

test("ok TypeScript under strict, by Node's rules and by a bundler's", async () => {
  const folder = await project("typescript", tarball, {
    "app.ts": `
      import { categories, normalize, normalizeMany, parseReceipt, queryOptions, TorchClient, TorchError, verifyWebhook, type CategoryId, type Normalized } from "torch-edge";
      import { start } from "torch-edge/slim";
      import { CaseStatus } from "torch-edge/element";
      import "torch-edge/element/define";
      import wasm from "torch-edge/wasm";
      await start(wasm);
      const told: Normalized = normalize({ title: "Case Was Approved", category: null });
      // A newer id may come, and a known one is offered.
      const id: CategoryId = told.category === "approved" ? "denied" : "something_new";
      const due: string | undefined = told.respond_by;
      const parsed = parseReceipt(id);
      if (parsed.ok) { const receipt: string = parsed.receipt; console.log(receipt); } else { const at: number = parsed.position; console.log(at, parsed.message); }
      const verified = verifyWebhook(new Uint8Array(), new Headers(), { secret: "x", scheme: "sha256-hex", header: "x-torch" });
      if (!verified.ok) console.log(verified.code.length, due);
      const client = new TorchClient({ baseUrl: "https://torch.example", getToken: async () => "a" });
      for await (const { receipt, error } of client.getMany(["IOE0912345678"])) console.log(receipt, error instanceof TorchError && error.retryAfter);
      const element: CaseStatus | null = document.querySelector("case-status");
      console.log(element, categories[0]?.labels.es, normalizeMany(new Set(["a"])).length, queryOptions(client, "IOE0912345678").queryKey);
      // @ts-expect-error a number is no receipt
      void client.get(5);
      // @ts-expect-error nothing is verified without a secret
      verifyWebhook("", {}, {});
      // @ts-expect-error what is read only
      categories[0].id = "x";
    `,
  });
  for (const resolution of [["nodenext", "nodenext"], ["bundler", "preserve"]]) {
    await printed(bin("tsc"), ["--strict", "--noEmit", "--target", "es2022", "--lib", "es2022,dom,dom.iterable,dom.asynciterable", "--types", "", "--noUncheckedIndexedAccess", "false", "--moduleResolution", resolution[0], "--module", resolution[1], "app.ts"], { cwd: folder });
  }
});

test("ok a page without a bundler", async () => {
  const folder = await project("page", tarball, {});
  // Its modules name one another by their paths, so that it needs no import map.
  writeFileSync(join(folder, "said.js"), SAYS("./node_modules/torch-edge/core/browser.js"));
  writeFileSync(join(folder, "show.js"), SHOW);
  writeFileSync(join(folder, "index.html"), page('<body><script type="module" src="show.js"></script>'));
  const { text, loaded } = await shown(folder);
  assert.equal(text, SAID);
  assert.deepEqual(loaded.filter((path) => path.endsWith(".wasm")), ["/node_modules/torch-edge/core/wasm/torch_edge_bg.wasm"]);
});

test("ok Vite: one .wasm in what it makes, and its server while developing", async () => {
  const folder = await project("vite", tarball, { "said.js": SAYS(), "show.js": SHOW, "index.html": page('<body><script type="module" src="/show.js"></script>') });
  const quiet = { root: folder, logLevel: "error", configFile: false };
  await vite({ ...quiet, build: { assetsInlineLimit: 0 } });
  const made = readdirSync(join(folder, "dist"), { recursive: true }).map(String);
  assert.equal(made.filter((name) => name.endsWith(".wasm")).length, 1, made.join(" "));
  assert.equal((await shown(join(folder, "dist"))).text, SAID);
  const port = await freePort();
  const server = await viteServer({ ...quiet, server: { port, strictPort: true, host: "127.0.0.1" } });
  try {
    await server.listen();
    assert.equal(await visit(`http://127.0.0.1:${port}/`), SAID);
  } finally {
    await server.close();
  }
});

test("ok webpack: one .wasm in what it makes", async () => {
  const folder = await project("webpack", tarball, { "said.js": SAYS(), "show.js": SHOW });
  const stats = await new Promise((resolve, reject) => webpack({
    mode: "production", context: folder, entry: "./show.js", output: { path: join(folder, "dist"), publicPath: "" },
  }, (error, stats) => (error ? reject(error) : resolve(stats))));
  assert.deepEqual([...stats.toJson().errors, ...stats.toJson().warnings].map(({ message }) => message), []);
  writeFileSync(join(folder, "dist/index.html"), page('<body><script type="module" src="main.js"></script>'));
  assert.equal(readdirSync(join(folder, "dist")).filter((name) => name.endsWith(".wasm")).length, 1);
  assert.equal((await shown(join(folder, "dist"))).text, SAID);
});

test("ok esbuild: with the .wasm as a file of its own, within the bundle, or copied beside it", async () => {
  const folder = await project("esbuild", tarball, {
    "own.js": `import { start } from "torch-edge/slim"; import wasm from "torch-edge/wasm"; export const ready = start(wasm instanceof Uint8Array ? wasm : new URL(wasm, import.meta.url));`,
    "said.js": SAYS("torch-edge/slim", 'import { ready } from "./own.js"; await ready;'),
    "all.js": SAYS(),
    "show.js": SHOW,
  });
  const bundle = (entry, to, loader) => esbuild({ absWorkingDir: folder, stdin: { contents: SHOW.replace("./said.js", entry), resolveDir: folder }, bundle: true, minify: true, format: "esm", outfile: `${to}/main.js`, loader: loader && { ".wasm": loader } });
  const html = page('<body><script type="module" src="main.js"></script>');
  for (const [entry, to, loader] of [["./said.js", "file", "file"], ["./said.js", "binary", "binary"], ["./all.js", "copied", undefined]]) {
    await bundle(entry, to, loader);
    writeFileSync(join(folder, to, "index.html"), html);
  }
  // The address in the bundle is the one that the file has in the package.
  await esbuild({ absWorkingDir: folder, entryPoints: [{ in: join(folder, "node_modules/torch-edge/core/wasm/torch_edge_bg.wasm"), out: "wasm/torch_edge_bg" }], outdir: "copied", loader: { ".wasm": "copy" } });
  for (const to of ["file", "binary", "copied"]) assert.equal((await shown(join(folder, to))).text, SAID, to);
});

test("ok a Worker on workerd, bundled by wrangler", async () => {
  const folder = await project("worker", tarball, {
    "said.js": SAYS(),
    "index.js": 'import { said } from "./said.js"; export default { fetch: () => new Response(said) };',
    "wrangler.toml": 'name = "consumer"\nmain = "index.js"\ncompatibility_date = "2026-11-01"\n',
  });
  const harness = createTestHarness({ root: folder, workers: [{ configPath: "wrangler.toml" }] });
  try {
    const { url } = await harness.listen();
    assert.equal(await (await fetch(url)).text(), SAID);
  } finally {
    await harness.close();
  }
});
