// Either Worker with KV in place of a Map: what is measured is the Worker, not a simulated store.
import worker from "#worker";

const entries = new Map();
const CASES = { get: async (key) => entries.get(key) ?? null };
let stubbed;

export default {
  async fetch(request, env, ctx) {
    if (request.method === "PUT") {
      for (const [key, value] of Object.entries(await request.json())) entries.set(key, value);
      return new Response("kept");
    }
    stubbed ??= { ...env, CASES, GATE: {}, LEDGER: {}, RELAY: {}, FEED: {}, DELIVERIES: {} };
    return worker.fetch(request, stubbed, ctx);
  },
};
