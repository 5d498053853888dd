// For Cloudflare Workers, which compile no bytes at run time: the module is imported.
import wasm from "./wasm/torch_edge_bg.wasm";
import { startSync } from "./core.js";

startSync(wasm);

export * from "../index.js";
