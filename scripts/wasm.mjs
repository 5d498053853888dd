// `node scripts/wasm.mjs`: tests/wasm.rs, which runs inside of wasm, in Node and in headless Chromium.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT, ensureChromedriver, ensureChromium, ensureNode, ensureRust, ensureWasmBindgen, run } from "./setup.mjs";

const EXE = process.platform === "win32" ? ".exe" : "";

/** What chromedriver is to start. */
function capabilities() {
  const file = join(ROOT, "build", "webdriver.json");
  const args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ "goog:chromeOptions": { args, binary: ensureChromium() } }));
  return file;
}

export function wasmTests() {
  const runner = join(dirname(ensureWasmBindgen()), `wasm-bindgen-test-runner${EXE}`);
  const browser = { WASM_BINDGEN_USE_BROWSER: "1", CHROMEDRIVER: ensureChromedriver(), WASM_BINDGEN_TEST_WEBDRIVER_JSON: capabilities() };
  for (const where of [{}, browser]) {
    run("cargo", ["test", "--locked", "--target", "wasm32-unknown-unknown", "--features", "browser", "--test", "wasm"], {
      env: { ...process.env, CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: runner, ...where },
    });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureNode();
  ensureRust();
  wasmTests();
}
