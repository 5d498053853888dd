// For Node, Deno and Bun: the wasm is read from the package's folder.
import { readFileSync } from "node:fs";
import { startSync } from "./core.js";

startSync(readFileSync(new URL("./wasm/torch_edge_bg.wasm", import.meta.url)));

export * from "../index.js";
