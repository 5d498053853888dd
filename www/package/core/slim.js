// For libraries, and bundlers with ways of their own: whoever imports this starts it, with the .wasm that
// "torch-edge/wasm" is.
export { start, startSync } from "./core.js";
export * from "../index.js";
