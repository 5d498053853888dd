// `npm test`: all set-up, then every check and every test, one after another. The first run builds the
// tools and every dependency and takes many minutes on two cores; later ones do only what changed.
import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { ROOT, ensureChromedriver, ensureChromium, ensureNode, ensureRust, run, say } from "./setup.mjs";
import { wasmTests } from "./wasm.mjs";

const WASM = ["--target", "wasm32-unknown-unknown"];
const cargo = (...args) => () => run("cargo", args);
const clippy = (...args) => cargo("clippy", "--quiet", "--locked", ...args);
const tests = (folder) => readdirSync(join(ROOT, "tests", folder)).filter((file) => file.endsWith(".test.mjs")).map((file) => join("tests", folder, file));

/** Where the runtime keeps what the tests store: in memory, if there is plenty. They begin thousands of small
 * databases, each of them files, and there are disks on which a file that is made takes milliseconds. */
function scratch() {
  const memory = "/dev/shm";
  if (!existsSync(memory)) return undefined;
  const { bavail, bsize } = statfsSync(memory);
  if (bavail * bsize < 4 * 2 ** 30) return undefined;
  const folder = join(memory, `torch-edge-${process.pid}`);
  mkdirSync(folder);
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
const node = (...folders) => () => {
  const folder = scratch();
  run(process.execPath, ["--test", "--test-concurrency=1", ...folders.flatMap(tests)], { env: { ...process.env, ...(folder && { TMPDIR: folder }) } });
};

await ensureNode();
ensureRust();
ensureChromium();
ensureChromedriver();
const steps = [
  ["formatting", cargo("fmt", "--check")],
  ["lock files", () => ["fuzz", "bench/size"].forEach((folder) => run("cargo", ["metadata", "--locked", "--format-version=1", `--manifest-path=${folder}/Cargo.toml`], { stdio: ["ignore", "ignore", "inherit"] }))],
  ["lints: the core and its tests", clippy("--all-targets")],
  ["lints: the Worker", clippy("--features", "worker", ...WASM)],
  ["lints: the Worker that panics on purpose", clippy("--features", "panic-probe", ...WASM)],
  ["lints: the sandbox", clippy("--features", "sandbox", ...WASM)],
  ["lints: the browser face and its tests", clippy("--features", "browser", "--lib", "--test", "wasm", ...WASM)],
  ["native tests: the core, its examples in the documentation", cargo("test", "--quiet", "--locked")],
  ["native tests: the Worker's own", cargo("test", "--quiet", "--locked", "--features", "worker", "--lib", "edge::")],
  ["native tests: the sandbox's own", cargo("test", "--quiet", "--locked", "--features", "sandbox", "--lib", "sandbox::")],
  ["the browser face's tests inside of wasm, in Node and in Chromium", wasmTests],
  ["builds", () => ["worker", "sandbox", "panic-probe", "browser"].forEach(build)],
  ["the wasm face, the Workers on workerd, and the board", node("package", "edge", "board")],
];
const start = Date.now();
for (const [what, step] of steps) {
  const since = Date.now();
  say(`${what} …`);
  step();
  say(`${what}: passed in ${Math.round((Date.now() - since) / 1000)} s`);
}
say(`everything passed in ${Math.round((Date.now() - start) / 1000)} s`);
