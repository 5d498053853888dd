// What `normalize` adds to a wasm file, gzipped, as it would ship; fails above the bar.
import { join } from "node:path";
import { gzipped, optimize } from "../../scripts/build.mjs";
import { ROOT, ensureRust, fail, run } from "../../scripts/setup.mjs";

const BAR = 20 * 1024;
const TARGET = join(ROOT, "target", "size");

function size(flags) {
  const args = ["build", "--quiet", "--locked", "--release", "--target", "wasm32-unknown-unknown", "--target-dir", TARGET];
  run("cargo", args, { cwd: join(ROOT, "bench/size"), env: { ...process.env, RUSTFLAGS: flags } });
  const small = join(TARGET, "small.wasm");
  optimize(join(TARGET, "wasm32-unknown-unknown/release/normalize_size.wasm"), small);
  return gzipped(small);
}

ensureRust();
const [without, having] = [size("--cfg baseline"), size("")];
const growth = having - without;
console.log(`normalize adds ${growth} bytes gzipped to a wasm file (${without} with the taxonomy alone, ${having} with it; at most ${BAR})`);
if (growth > BAR) fail("that is above the bar.");
