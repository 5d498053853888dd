// `npm run fuzz [TARGET …]`: each fuzz target, or those that are named, for a minute; FUZZ_SECONDS is another
// time. Sets up what it needs: Rust's nightly toolchain and cargo-fuzz, which libFuzzer needs both.
//
// What a run finds out is kept in fuzz/corpus/ (git ignores it), a finding in fuzz/artifacts/.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT, ensureNode, fail, run, say } from "./setup.mjs";

const CARGO_FUZZ = "0.13.1";
const NIGHTLY = "nightly";

await ensureNode();
const seconds = Number(process.env.FUZZ_SECONDS ?? 60);
if (!(seconds > 0)) fail(`FUZZ_SECONDS should be a number of seconds, not "${process.env.FUZZ_SECONDS}".`);
const all = readdirSync(join(ROOT, "fuzz/fuzz_targets")).map((file) => file.replace(/\.rs$/, ""));
const unknown = process.argv.slice(2).find((name) => !all.includes(name));
if (unknown) fail(`there is no fuzz target "${unknown}": ${all.join(", ")}.`);
const targets = process.argv.length > 2 ? process.argv.slice(2) : all;

const quiet = (command, ...args) => spawnSync(command, args, { stdio: "ignore" }).status === 0;
if (!quiet("rustup", "run", NIGHTLY, "cargo", "--version")) {
  say("installing Rust's nightly toolchain …");
  run("rustup", ["toolchain", "install", NIGHTLY, "--profile", "minimal"]);
}
if (!quiet("cargo", "fuzz", "--version")) {
  say(`building cargo-fuzz ${CARGO_FUZZ} once for this machine (a minute or two) …`);
  run("cargo", ["install", "--locked", "cargo-fuzz", "--version", CARGO_FUZZ]);
}
let total = 0;
for (const target of targets) {
  const corpus = join("fuzz/corpus", target);
  mkdirSync(join(ROOT, corpus), { recursive: true });
  say(`fuzzing ${target} for ${seconds} seconds …`);
  const { status, stderr } = spawnSync("cargo", [
    `+${NIGHTLY}`, "fuzz", "run", target, corpus, `fuzz/seeds/${target}`, "--", `-max_total_time=${seconds}`, "-max_len=4096", "-print_final_stats=1", "-verbosity=0",
  ], { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "inherit", "pipe"] });
  if (status !== 0) {
    console.error(stderr);
    fail(`${target}: a finding, or a build that failed: see above, and fuzz/artifacts/${target}/.`);
  }
  const executions = Number(stderr.match(/number_of_executed_units:\s*(\d+)/)?.[1] ?? 0);
  total += executions;
  console.log(`${target}: ${executions.toLocaleString("en")} executions, no finding`);
}
console.log(`all: ${total.toLocaleString("en")} executions, no finding`);
