// Set-up that needs nothing but Rust (rustup), Node >= 20 and npm. Each step says what it does and
// is skipped when it is done. Every version stands in one place: npm's in package.json, Rust's own
// in Cargo.toml (`rust-version`), wasm-bindgen's in Cargo.lock.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { constants, homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
const EXE = process.platform === "win32" ? ".exe" : "";

export const say = (text) => console.error(`\x1b[36m[torch-edge]\x1b[0m ${text}`);

/** Ends the program with a sentence for a person instead of a stack trace. */
export function fail(text) {
  console.error(`\x1b[31m[torch-edge]\x1b[0m ${text}`);
  process.exit(1);
}

/** Runs a program in the project's folder with its output shown; ends this one where it fails. */
export function run(program, args, options = {}) {
  const { status, error } = spawnSync(program, args, { cwd: ROOT, stdio: "inherit", ...options });
  if (error || status !== 0) fail(`\`${program} ${args.join(" ")}\` failed${error ? `: ${error.message}` : ""}. What it said stands above; mend that and run this again.`);
}

function tryRead(program, args) {
  try {
    return execFileSync(program, args, { cwd: ROOT, stdio: ["ignore", "pipe", "ignore"] }).toString();
  } catch {
    return undefined;
  }
}

/** What asks a program to end: Ctrl-C, `kill`, a terminal that closes. */
export const END_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Installs the npm packages of package-lock.json, and goes on under the Node version they bring: to be awaited. */
export async function ensureNode() {
  const lock = readFileSync(join(ROOT, "package-lock.json"));
  const stamp = createHash("sha256").update(lock).update(process.platform + process.arch).digest("hex");
  const stampFile = join(ROOT, "node_modules", ".torch-edge-stamp");
  if (!existsSync(stampFile) || readFileSync(stampFile, "utf8") !== stamp) {
    say("installing the npm packages (under a minute) …");
    // Not `npm ci`: it refuses a lock that lacks other platforms' optional packages, and some
    // registries carry only one platform's. This takes the lock's versions and leaves it alone.
    run("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"], { shell: process.platform === "win32" });
    writeFileSync(stampFile, stamp);
  }
  const node = join(ROOT, "node_modules", "node", "bin", `node${EXE}`);
  if (process.env.TORCH_EDGE_NODE !== node && existsSync(node)) {
    const path = `${join(ROOT, "node_modules", "node", "bin")}${process.platform === "win32" ? ";" : ":"}${process.env.PATH}`;
    const env = { ...process.env, TORCH_EDGE_NODE: node, PATH: path };
    const child = spawn(node, process.argv.slice(1), { stdio: "inherit", env });
    // The child decides how to end. A terminal's Ctrl-C reaches it without us, a `kill` does not: it
    // may be told twice. (On Windows `kill` would end it there and then.)
    for (const signal of END_SIGNALS) process.on(signal, () => process.platform !== "win32" && child.kill(signal));
    const [status, signal] = await once(child, "exit");
    process.exit(status ?? 128 + constants.signals[signal]);
  }
}

/** What a pattern finds in a file of the project. */
export const field = (file, pattern, what) => {
  const found = readFileSync(join(ROOT, file), "utf8").match(pattern)?.[1];
  return found ?? fail(`${file} does not say ${what}.`);
};

/** What the Rust compiler in use calls itself. */
export const rustVersion = () => tryRead("rustc", ["--version"]) ?? "";

/** Sees to the Rust toolchain and the wasm32 target. */
export function ensureRust() {
  const wanted = field("Cargo.toml", /^rust-version = "([\d.]+)"/m, "its rust-version");
  if (!tryRead("rustup", ["--version"])) fail("Rust is not installed: get rustup from https://rustup.rs and run this again.");
  const active = rustVersion().match(/ (\d+)\.(\d+)/) ?? [];
  const [major, minor] = wanted.split(".").map(Number);
  const recent = Number(active[1]) > major || (Number(active[1]) === major && Number(active[2]) >= minor);
  if (!recent) {
    say(`installing Rust ${wanted}, which this project needs …`);
    run("rustup", ["toolchain", "install", wanted, "--profile", "minimal", "--component", "clippy,rustfmt"]);
    process.env.RUSTUP_TOOLCHAIN = wanted;
  }
  if (!tryRead("rustup", ["target", "list", "--installed"])?.includes("wasm32-unknown-unknown")) {
    say("adding Rust's wasm32-unknown-unknown target …");
    run("rustup", ["target", "add", "wasm32-unknown-unknown"]);
  }
  for (const [component, program] of [["clippy", "cargo-clippy"], ["rustfmt", "cargo-fmt"]]) {
    if (tryRead("rustup", ["which", program])) continue;
    say(`adding Rust's ${component} …`);
    run("rustup", ["component", "add", component]);
  }
}

/** Sees to the source of Rust's standard library, for the version that Cargo.toml names. Gives back that toolchain's
 * name, where it is another one than is in use. */
export function ensureRustSource() {
  const wanted = field("Cargo.toml", /^rust-version = "([\d.]+)"/m, "its rust-version");
  const other = rustVersion().startsWith(`rustc ${wanted}.`) ? undefined : wanted;
  const of = other ? ["--toolchain", other] : [];
  if (other && !tryRead("rustup", ["run", other, "rustc", "--version"])) {
    say(`installing Rust ${other}, which builds the browser's wasm …`);
    run("rustup", ["toolchain", "install", other, "--profile", "minimal"]);
  }
  const installed = tryRead("rustup", ["component", "list", "--installed", ...of]) ?? "";
  if (!/^rust-src/m.test(installed)) {
    say("adding the source of Rust's standard library …");
    run("rustup", ["component", "add", "rust-src", ...of]);
  }
  if (other && !tryRead("rustup", ["target", "list", "--installed", ...of])?.includes("wasm32-unknown-unknown")) run("rustup", ["target", "add", "wasm32-unknown-unknown", ...of]);
  return other;
}

/** Where this project keeps what all its clones on the machine can use. */
export function cacheFolder() {
  if (process.env.XDG_CACHE_HOME) return join(process.env.XDG_CACHE_HOME, "torch-edge");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "torch-edge");
  if (process.platform === "win32") return join(process.env.LOCALAPPDATA ?? homedir(), "torch-edge");
  return join(homedir(), ".cache", "torch-edge");
}

/** The path of wasm-bindgen's program, in the version of Cargo.lock; installed once for all clones. */
export function ensureWasmBindgen() {
  const version = field("Cargo.lock", /name = "wasm-bindgen"\nversion = "([^"]+)"/, "the version of wasm-bindgen");
  const home = join(cacheFolder(), `wasm-bindgen-${version}`);
  const program = join(home, "bin", `wasm-bindgen${EXE}`);
  if (existsSync(program)) return program;
  say(`building wasm-bindgen ${version} once for this machine (two to four minutes on two cores) …`);
  const staging = `${home}.${process.pid}`;
  mkdirSync(staging, { recursive: true });
  run("cargo", ["install", "--locked", "wasm-bindgen-cli", "--version", version, "--no-default-features", "--root", staging]);
  // Another clone may have finished first: either copy is good.
  if (existsSync(home)) rmSync(staging, { recursive: true });
  else renameSync(staging, home);
  return program;
}

const BROWSERS = {
  win32: ["PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"].flatMap((place) => process.env[place] ? [join(process.env[place], "Google/Chrome/Application/chrome.exe")] : []),
  darwin: ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium"],
  linux: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].flatMap((name) => ["/usr/bin", "/usr/local/bin", "/snap/bin"].map((place) => join(place, name))),
};

/** Installs a package of Debian's, if this is root's own machine. */
function debian(name, what) {
  if (process.getuid?.() !== 0 || !tryRead("apt-get", ["--version"])) return;
  say(`installing ${what}, Debian's package (a minute or two) …`);
  const quiet = { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  run("apt-get", ["update", "--quiet"], quiet);
  run("apt-get", ["install", "--yes", "--quiet", "--no-install-recommends", name], quiet);
}

/** The path of the system's Chromium or Chrome, or of the one that CHROMIUM names. Where there is none, it is
 * installed, if that can be done. */
export function ensureChromium() {
  const found = () => [process.env.CHROMIUM, ...(BROWSERS[process.platform] ?? [])].find((path) => path && existsSync(path));
  if (!found()) debian("chromium", "Chromium");
  return found() ?? fail("the tests of pages need Chromium or Chrome: install it, or name its path in the variable CHROMIUM, and run this again.");
}

/** The path of the chromedriver that goes with it, or of the one that CHROMEDRIVER names. */
export function ensureChromedriver() {
  const places = [...(process.env.PATH ?? "").split(delimiter).filter(Boolean), "/usr/lib/chromium", "/usr/lib/chromium-browser", "/snap/bin"];
  const found = () => [process.env.CHROMEDRIVER, ...places.map((place) => join(place, `chromedriver${EXE}`))].find((path) => path && existsSync(path));
  if (!found()) debian("chromium-driver", "chromedriver");
  return found() ?? fail("the tests inside of wasm need chromedriver, in the version of the Chromium or Chrome that is there: install it, or name its path in the variable CHROMEDRIVER, and run this again.");
}
