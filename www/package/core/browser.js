// For pages, with a bundler or without: the wasm is fetched from beside this file.
import { start } from "./core.js";

await start(new URL("./wasm/torch_edge_bg.wasm", import.meta.url));

export * from "../index.js";
