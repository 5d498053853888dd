export * from "../index.js";

/** The package's .wasm: compiled, its bytes, its address, or an answer that brings it. */
export type WasmSource = WebAssembly.Module | BufferSource | URL | string | Request | Response;

/** Starts the core; to be awaited before its first use. */
export function start(wasm: WasmSource | Promise<WasmSource>): Promise<void>;

/** The same at once, where that is allowed: not in a page's main thread. */
export function startSync(wasm: WebAssembly.Module | BufferSource): void;
