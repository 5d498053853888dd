// Verification alone: 10,000 webhooks of the scheme Standard Webhooks, by whoever can do it in Node; then native,
// beside the published crate (bench/verify.rs).
import { spawnSync } from "node:child_process";
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { verifyWebhook } from "../../www/package/core/node.js";

const COUNT = 10_000;
const ROUNDS = 5;
const TOLERANCE = 300;
const SECRET = `whsec_${randomBytes(24).toString("base64")}`;
const key = Buffer.from(SECRET.slice(6), "base64");

/** By hand, with Node's crypto: what a careful program writes. */
function byHand({ headers, body }) {
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures } = headers;
  if (!id || !/^\d{1,12}$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE) return false;
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
  let found = false;
  for (const one of signatures.split(" ")) {
    const candidate = one.startsWith("v1,") ? Buffer.from(one.slice(3), "base64") : undefined;
    if (candidate?.length === expected.length && timingSafeEqual(candidate, expected)) found = true;
  }
  return found;
}

/** The published package, where it is installed. */
async function published() {
  const { Webhook } = await import("standardwebhooks").catch(() => ({}));
  if (!Webhook) return "not installed";
  const webhook = new Webhook(SECRET);
  return ({ headers, body }) => {
    try {
      return Boolean(webhook.verify(body, headers));
    } catch {
      return false;
    }
  };
}

/** Ours, in wasm. */
const ours = ({ headers, body }) => verifyWebhook(body, headers, { secret: SECRET }).ok;

const contenders = { "Node's crypto by hand": byHand, "npm standardwebhooks": await published(), "torch-edge in wasm": ours };
const now = Math.floor(Date.now() / 1000);
const webhooks = Array.from({ length: COUNT }, (_, n) => {
  const data = { receipt_number: `IOE${String(n).padStart(10, "0")}`, status_text: "Case Was Received", status_category: "Case Received", last_status_at: "2025-01-15T14:03:27Z" };
  const body = Buffer.from(JSON.stringify({ type: "case.status.updated", data, id: `evt_${n}`, sent_at: "2025-01-15T14:03:30Z" }));
  const signature = createHmac("sha256", key).update(`msg_${n}.${now}.`).update(body).digest("base64");
  return { body, headers: { "webhook-id": `msg_${n}`, "webhook-timestamp": String(now), "webhook-signature": `v1,${signature}` } };
});
const forged = { ...webhooks[0], body: Buffer.from(webhooks[0].body.toString().replace("Received", "Approved")) };
console.log(`${COUNT} verifications of Standard Webhooks, ${webhooks[0].body.length} bytes each; the median of ${ROUNDS} rounds:`);
const times = {};
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, verify] of Object.entries(contenders)) {
    if (typeof verify === "string") continue;
    if (verify(forged)) throw new Error(`${name} takes a forged webhook`);
    const since = performance.now();
    for (const webhook of webhooks) if (!verify(webhook)) throw new Error(`${name} refuses a webhook`);
    (times[name] ??= []).push(performance.now() - since);
  }
}
for (const [name, verify] of Object.entries(contenders)) {
  const middle = times[name]?.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)];
  console.log(`  ${name}: ${middle ? `${middle.toFixed(1)} ms, ${((1000 * middle) / COUNT).toFixed(2)} µs each` : verify}`);
}
const native = spawnSync("cargo", ["bench", "--quiet", "--bench", "verify"], { stdio: "inherit" });
if (native.status !== 0) throw new Error("the native benchmark failed");
