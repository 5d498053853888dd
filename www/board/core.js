// The package's core, for receipts and for why a text has its label. It is not needed for the first paint.
import { start } from "../package/core/core.js";

await start(new URL("torch_edge_bg.wasm", import.meta.url));

export { categories, explain, parseReceipt } from "../package/core/core.js";
