// `node scripts/build.mjs FACE …`: one face of the crate, made in build/FACE/.
//
// `browser` is what the npm package wraps: one .wasm and the glue of wasm-bindgen's `web` target. The
// others are Workers:
// The four steps of worker-build (cargo, wasm-bindgen, wasm-opt, esbuild) with an entry of our own
// (src/edge/entry.js, src/sandbox/entry.js) in place of its generated one, which would put a Proxy
// and a class in the way of every request.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { buildBoard } from "./board.mjs";
import { ROOT, ensureNode, ensureRust, ensureRustSource, ensureWasmBindgen, fail, run, rustVersion, say } from "./setup.mjs";

const FACES = {
  worker: { target: "module", entry: "src/edge/entry.js" },
  "panic-probe": { target: "module", entry: "src/edge/entry.js" },
  sandbox: { target: "module", entry: "src/sandbox/entry.js" },
  browser: { target: "web", lean: true },
};
const bin = (name) => join(ROOT, "node_modules", ".bin", name);
const CARGO_HOME = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
const TARGET = resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target");

// SHA-256 in a loop rather than unrolled: 3 KB less, and a token's hash is a small part of a request.
const COMPACT = ['--cfg=sha2_backend_soft="compact"'];

/** What makes a wasm leaner than a stable build can: the standard library built along, for size, and a panic that
 * stops at once instead of one that formats a message for nobody: 3 KB of the browser's 30. Both are unstable
 * options of cargo, therefore of one compiler's version; the Worker, whose log tells of panics, goes without. */
function lean() {
  const toolchain = ensureRustSource();
  return {
    args: ["--config", "profile.release.package.sha2.opt-level=3", "-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size", "-Zpanic-immediate-abort"],
    env: { RUSTC_BOOTSTRAP: "1", CARGO_PROFILE_RELEASE_PANIC: "immediate-abort", ...(toolchain && { RUSTUP_TOOLCHAIN: toolchain }) },
    // No table for JavaScript's objects: numbers and bytes are all that crosses there.
    flags: ["-Zlocation-detail=none", "-Ctarget-feature=-reference-types"],
  };
}
/** Where the standard library's sources are, if they are there: then their paths would be in what ships. */
const library = (env) => join(spawnSync("rustc", ["--print", "sysroot"], { encoding: "utf8", env }).stdout.trim(), "lib", "rustlib", "src", "rust");

/** A digest of everything that a build is made of. */
function inputs() {
  const hash = createHash("sha256").update(rustVersion());
  const sources = readdirSync(join(ROOT, "src"), { recursive: true }).map((file) => join("src", file)).filter((file) => /\.(rs|js)$/.test(file));
  for (const file of ["Cargo.toml", "Cargo.lock", "package-lock.json", "scripts/build.mjs", ...sources.sort()]) {
    hash.update(file).update(readFileSync(join(ROOT, file)));
  }
  return hash.digest("hex");
}

/** The features of WebAssembly that rustc and wasm-bindgen use, and no newer ones. */
const FEATURES = [
  "--enable-bulk-memory", "--enable-bulk-memory-opt", "--enable-mutable-globals", "--enable-nontrapping-float-to-int",
  "--enable-reference-types", "--enable-sign-ext", "--enable-multivalue", "--enable-exception-handling",
];

/** wasm-opt, for size as it travels. A function with one caller stays one unless it is tiny: in one large
 * function with hundreds of locals each has a longer number, which gzips worse by 6 KB. Nothing lies in the
 * first KB of memory: there is the far end of the stack. And functions go by their names at last, where those of a
 * kind lie beside each other, and not by how often they are called: that gzips better by 3 KB. */
export function optimize(from, to, level = "-Oz") {
  const [first, then] = [level, "-Oz"].map((level) => ["--flatten", "--rereloop", level]);
  const named = `${to}.named`;
  run(bin("wasm-opt"), ["-g", "--low-memory-unused", "--one-caller-inline-max-function-size=30", ...first, ...then, "-Oz", ...FEATURES, from, "-o", named]);
  // Without -g the names end here; who made it is of no use to who runs it.
  run(bin("wasm-opt"), ["--reorder-functions-by-name", "--strip-producers", "--strip-target-features", ...FEATURES, named, "-o", to]);
  rmSync(named);
}

/** Numbers in place of the hashes that wasm-bindgen ends the names of its imports with, of the same length: nothing
 * compresses a hash, and each stands here and there. That is 2 KB. */
function number(...files) {
  const known = new Map();
  for (const file of files) {
    const text = readFileSync(file, "latin1").replace(/(__wbg_\w+?_)([0-9a-f]{16})(?![0-9a-f])/g, (name, stem) => {
      if (!known.has(name)) known.set(name, stem + String(known.size).padStart(16, "0"));
      return known.get(name);
    });
    writeFileSync(file, text, "latin1");
  }
}

/** Takes out what only exports hold that the module beside it never names: `worker` exports classes
 * for all of the platform's products, whoever uses them, and wasm-bindgen what ends an instance. */
function prune(wasm, js) {
  const text = readFileSync(js, "utf8");
  const exported = WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(wasm))).map(({ name }) => name);
  const named = exported.filter((name) => new RegExp(`\\b${RegExp.escape(name)}\\b`).test(text));
  const graph = `${wasm}.json`;
  writeFileSync(graph, JSON.stringify(named.map((name) => ({ name, export: name, root: true }))));
  run(bin("wasm-metadce"), ["-g", wasm, `--graph-file=${graph}`, "-o", wasm, ...FEATURES], { stdio: ["ignore", "ignore", "inherit"] });
}

/** A file's size as it travels: gzipped. */
export const gzipped = (file) => gzipSync(readFileSync(file), { level: 9 }).length;

/** Waits until no other build is under way: all faces go by one name where cargo puts them, and two of one face are in each
 * other's way. Gives back what ends the lock. */
function lock() {
  const file = join(ROOT, "build", ".lock");
  mkdirSync(join(ROOT, "build"), { recursive: true });
  const holder = () => {
    try {
      const pid = Number(readFileSync(file, "utf8"));
      return process.kill(pid, 0) && pid;
    } catch {
      return undefined;
    }
  };
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      return () => rmSync(file, { force: true });
    } catch {
      // One that died left its lock behind.
      if (!holder()) rmSync(file, { force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
}

/** What the npm package is published with beside what is written there. */
function toPackage(from) {
  const home = join(ROOT, "www", "package");
  mkdirSync(join(home, "core", "wasm"), { recursive: true });
  copyFileSync(join(from, "index.js"), join(home, "core", "wasm", "torch_edge.js"));
  copyFileSync(join(from, "index_bg.wasm"), join(home, "core", "wasm", "torch_edge_bg.wasm"));
  for (const license of ["LICENSE", "LICENSE-APACHE", "LICENSE-MIT"]) copyFileSync(join(ROOT, license), join(home, license));
}

/** Builds one face, unless what it is made of is what it was made of the last time. */
export function build(face) {
  ensureRust();
  if (!FACES[face]) fail(`there is no face "${face}": ${Object.keys(FACES).join(", ")}.`);

  if (face === "worker") {
    // The board's labels and receipts are the package's.
    build("browser");
    buildBoard();
  }
  const unlock = lock();
  try {
    return make(face);
  } finally {
    unlock();
  }
}

function make(face) {
  const { target, entry, lean: asLean } = FACES[face];
  const out = join(ROOT, "build", face);
  const stampFile = join(out, ".stamp");
  const stamp = inputs();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) {
    if (face === "browser") toPackage(out);
    return out;
  }
  const bindgen = ensureWasmBindgen();
  const glue = join(ROOT, "build", `${face}.glue`);
  rmSync(glue, { recursive: true, force: true });
  mkdirSync(glue, { recursive: true });
  const wasm = join(glue, "torch_edge.wasm");
  say(`building the ${face} …`);
  const { args = [], env = {}, flags = [] } = asLean ? lean() : {};
  const environment = { ...process.env, ...env };
  run("cargo", ["build", "--quiet", "--locked", "--release", "--lib", "--target", "wasm32-unknown-unknown", "--features", face, ...args], {
    // No path of the machine that built it in what ships.
    env: { ...environment, CARGO_ENCODED_RUSTFLAGS: [`--remap-path-prefix=${CARGO_HOME}=/cargo`, `--remap-path-prefix=${ROOT}=/torch-edge/`, `--remap-path-prefix=${library(environment)}=/rust`, ...COMPACT, ...flags].join("\x1f") },
  });
  copyFileSync(join(TARGET, "wasm32-unknown-unknown", "release", "torch_edge.wasm"), wasm);

  const made = join(glue, "made");
  for (const folder of [out, made]) mkdirSync(folder, { recursive: true });
  run(bindgen, [
    wasm, "--target", target, "--out-dir", glue, "--out-name", "index", "--no-typescript",
    // What a panic breaks is made anew (see src/revive.js).
    ...(entry ? ["--experimental-reset-state-function"] : ["--omit-default-module-path"]),
  ]);
  number(join(glue, "index.js"), join(glue, "index_bg.wasm"));
  // workerd and esbuild know `import` of a module, not yet `import source`. And esbuild leaves out a
  // class that nobody uses only where it sees that making it does nothing.
  const index = join(glue, "index.js");
  const glued = readFileSync(index, "utf8").replace("import source ", "import ");
  writeFileSync(index, entry ? glued.replace(/^if \(Symbol\.dispose\).*\n/gm, "").replaceAll("new FinalizationRegistry(", "/* @__PURE__ */ $&") : glued);
  if (!entry) renameSync(index, join(made, "index.js"));
  else {
    run(bin("esbuild"), [
      join(ROOT, entry), "--bundle", "--format=esm", "--target=es2024", "--minify", "--log-level=warning", "--log-override:duplicate-object-key=silent",
      `--alias:#wasm=${index}`, `--alias:#glue=${join(ROOT, "src/edge/glue.js")}`, "--external:./index_bg.wasm", "--external:cloudflare:*",
      `--outfile=${join(made, "index.js")}`,
    ]);
  }
  prune(join(glue, "index_bg.wasm"), join(made, "index.js"));
  optimize(join(glue, "index_bg.wasm"), join(made, "index_bg.wasm"), asLean ? "-O4" : "-Oz");
  // Moved whole: `npm start` takes up a new build while it runs.
  rmSync(stampFile, { force: true });
  for (const file of ["index_bg.wasm", "index.js"]) renameSync(join(made, file), join(out, file));
  rmSync(glue, { recursive: true });
  if (face === "browser") toPackage(out);
  // What the sources were before cargo read them: one that was saved meanwhile is built the next time.
  writeFileSync(stampFile, stamp);
  const size = (file) => `${(gzipped(join(out, file)) / 1024).toFixed(1)} KiB`;
  say(`${face}: wasm ${size("index_bg.wasm")} + js ${size("index.js")} gzipped`);
  return out;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureNode();
  for (const face of process.argv.slice(2)) build(face);
}
