// The Worker's static assets, build/board/: the contract, and the board, which esbuild bundles. What the first paint
// does not need, the core and its wasm, lies in files of its own.
import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT, ensureNode, run } from "./setup.mjs";

export function buildBoard() {
  const [from, out] = [join(ROOT, "www", "board"), join(ROOT, "build", "board")];
  const files = join(out, "board");
  rmSync(out, { recursive: true, force: true });
  mkdirSync(files, { recursive: true });
  run(join(ROOT, "node_modules", ".bin", "esbuild"), [
    join(from, "main.js"), "--bundle", "--splitting", "--format=esm", "--target=es2022,chrome123,firefox120,safari17.5", "--minify",
    "--log-level=warning", "--chunk-names=[name]", `--outdir=${files}`,
  ]);
  for (const name of readdirSync(from).filter((name) => /\.(css|svg)$/.test(name))) cpSync(join(from, name), join(files, name));
  copyFileSync(join(from, "index.html"), join(out, "index.html"));
  copyFileSync(join(ROOT, "www", "package", "core", "wasm", "torch_edge_bg.wasm"), join(files, "torch_edge_bg.wasm"));
  copyFileSync(join(ROOT, "www", "openapi.json"), join(out, "openapi.json"));
  return out;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureNode();
  buildBoard();
}
