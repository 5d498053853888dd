// `node scripts/build.mjs worker|sandbox …`: one face of the crate as a Worker in build/FACE/.
//
// The four steps of worker-build (cargo, wasm-bindgen, wasm-opt, esbuild) with an entry of our own
// (src/edge/entry.js, src/sandbox/entry.js) in place of its generated one, which would put a Proxy
// and a class in the way of every request.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { ROOT, ensureNode, ensureRust, ensureWasmBindgen, fail, run, say } from "./setup.mjs";

const ENTRIES = { worker: "src/edge/entry.js", sandbox: "src/sandbox/entry.js" };
const SHARED = ["src/revive.js", "src/edge/glue.js", "scripts/build.mjs", "package-lock.json", "Cargo.lock", "Cargo.toml"];
const TARGET = resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target");

/** What a build is made of, in one number: the compiler and every file. */
function stampOf(files) {
  const hash = createHash("sha256").update(execFileSync("rustc", ["-vV"], { cwd: ROOT }));
  for (const file of files) hash.update(existsSync(file) ? readFileSync(file) : "missing").update(file);
  return hash.digest("hex");
}

/** Builds one face, unless what it is made of is what it was made of the last time. */
export function build(face) {
  ensureRust();
  const entry = ENTRIES[face] ?? fail(`there is no face "${face}": ${Object.keys(ENTRIES).join(", ")}.`);
  const out = join(ROOT, "build", face);
  const stampFile = join(out, "made-of.json");
  // Cargo would compile the crate anew: of its library it keeps the face that was built last.
  if (existsSync(stampFile)) {
    const { files, stamp } = JSON.parse(readFileSync(stampFile, "utf8"));
    if (stampOf(files) === stamp) return out;
  }
  const bindgen = ensureWasmBindgen();
  const begun = Date.now();
  say(`building the ${face} …`);
  run("cargo", ["build", "--quiet", "--locked", "--release", "--lib", "--target", "wasm32-unknown-unknown", "--features", face]);
  const release = join(TARGET, "wasm32-unknown-unknown", "release");
  const wasm = join(release, "torch_edge.wasm");
  // The sources as cargo lists them: `PRODUCT: FILE FILE …`, with a backslash before a space in a name.
  const sources = readFileSync(join(release, "torch_edge.d"), "utf8").trim().replace(/^.*?: /, "").split(/(?<!\\) /);
  const files = [...sources.map((file) => file.replaceAll("\\ ", " ")), entry, ...SHARED].map((file) => resolve(ROOT, file));
  // What was saved while cargo was at work may not be in the build: the next one is not to be skipped.
  const stamp = files.some((file) => statSync(file).mtimeMs > begun) ? "" : stampOf(files);

  const glue = join(ROOT, "build", `${face}.glue`);
  const made = join(glue, "made");
  rmSync(glue, { recursive: true, force: true });
  for (const folder of [out, made]) mkdirSync(folder, { recursive: true });
  run(bindgen, [
    wasm, "--target", "module", "--out-dir", glue, "--out-name", "index", "--no-typescript",
    // What a panic breaks is made anew (see src/revive.js).
    "--experimental-reset-state-function", "--force-enable-abort-handler",
  ]);
  // workerd and esbuild know `import` of a module, not yet `import source`.
  const index = join(glue, "index.js");
  writeFileSync(index, readFileSync(index, "utf8").replace("import source ", "import "));
  const bin = (name) => join(ROOT, "node_modules", ".bin", name);
  run(bin("wasm-opt"), [
    "-Oz", "--enable-bulk-memory", "--enable-bulk-memory-opt", "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int", "--enable-reference-types", "--enable-sign-ext", "--enable-multivalue", "--enable-exception-handling",
    join(glue, "index_bg.wasm"), "-o", join(made, "index_bg.wasm"),
  ]);
  run(bin("esbuild"), [
    join(ROOT, entry), "--bundle", "--format=esm", "--target=es2024", "--minify", "--log-level=warning", "--log-override:duplicate-object-key=silent",
    `--alias:#wasm=${index}`, `--alias:#glue=${join(ROOT, "src/edge/glue.js")}`, "--external:./index_bg.wasm", "--external:cloudflare:*",
    `--outfile=${join(made, "index.js")}`,
  ]);
  // Moved whole: `npm start` takes up a new build while it runs.
  rmSync(stampFile, { force: true });
  for (const file of ["index_bg.wasm", "index.js"]) renameSync(join(made, file), join(out, file));
  rmSync(glue, { recursive: true });
  writeFileSync(stampFile, JSON.stringify({ files, stamp }));
  const size = (file) => gzipSync(readFileSync(join(out, file)), { level: 9 }).length;
  const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
  say(`${face}: wasm ${kib(size("index_bg.wasm"))} + js ${kib(size("index.js"))} gzipped`);
  return out;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureNode();
  for (const face of process.argv.slice(2)) build(face);
}
