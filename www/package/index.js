// What every entry exports; nothing is started here.
export { categories, explain, normalize, normalizeMany, parseReceipt, signWebhook, taxonomy, verifyWebhook } from "./core/core.js";
export * from "./client/index.js";
