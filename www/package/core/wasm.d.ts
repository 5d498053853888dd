/** The core, as bundlers and runtimes give a .wasm: a module in Workers, an address or bytes from a bundler. */
declare const wasm: WebAssembly.Module & string & Uint8Array;
export default wasm;
