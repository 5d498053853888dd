// The Worker's static assets, build/board/: the contract, and the board, which esbuild bundles. What the first paint
// does not need, the core and its wasm, lies in files of its own.
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT, ensureNode, run } from "./setup.mjs";

const BUNDLE = ["--bundle", "--target=es2022,chrome123,firefox120,safari17.5", "--minify", "--log-level=warning"];

/** Puts the service worker beside the files that it keeps, in `out`, and tells it which they are and of which build. */
export function serviceWorker(out) {
  const names = ["index.html", ...readdirSync(join(out, "board")).filter((name) => name !== "sw.js").sort().map((name) => `board/${name}`)];
  const hash = createHash("sha256");
  for (const name of names) {
    const bytes = readFileSync(join(out, name));
    hash.update(`${name} ${bytes.length}\n`).update(bytes);
  }
  // The page goes by no name.
  const told = { FILES: ["", ...names.slice(1)], BUILD: hash.digest("hex").slice(0, 16) };
  run(join(ROOT, "node_modules", ".bin", "esbuild"), [
    join(ROOT, "www", "board", "sw.js"), ...BUNDLE,
    ...Object.entries(told).map(([name, value]) => `--define:${name}=${JSON.stringify(value)}`), `--outfile=${join(out, "board", "sw.js")}`,
  ]);
  return told;
}

export function buildBoard() {
  const [from, out] = [join(ROOT, "www", "board"), join(ROOT, "build", "board")];
  const files = join(out, "board");
  rmSync(out, { recursive: true, force: true });
  mkdirSync(files, { recursive: true });
  run(join(ROOT, "node_modules", ".bin", "esbuild"), [
    join(from, "main.js"), ...BUNDLE, "--splitting", "--format=esm", "--chunk-names=[name]", `--outdir=${files}`,
  ]);
  for (const name of readdirSync(from).filter((name) => /\.(css|svg)$/.test(name))) cpSync(join(from, name), join(files, name));
  copyFileSync(join(from, "index.html"), join(out, "index.html"));
  copyFileSync(join(ROOT, "www", "package", "core", "wasm", "torch_edge_bg.wasm"), join(files, "torch_edge_bg.wasm"));
  copyFileSync(join(ROOT, "www", "openapi.json"), join(out, "openapi.json"));
  serviceWorker(out);
  return out;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureNode();
  buildBoard();
}
