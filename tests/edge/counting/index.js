// The built Worker with its reads of KV counted: KV itself is the real one. For the tests only.
// (What is written, the gate writes.)
import worker, { Feed, Gate, Ledger, Relay } from "../../../build/worker/index.js";

export { Feed, Gate, Ledger, Relay };

const operations = { get: 0, keys: 0 };
let wrapped;

function counted(kv) {
  return {
    get(key, options) {
      operations.get += 1;
      operations.keys += Array.isArray(key) ? key.length : 1;
      return kv.get(key, options);
    },
  };
}

export default {
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname === "/__operations") return Response.json(operations);
    wrapped ??= { ...env, CASES: counted(env.CASES) };
    return worker.fetch(request, wrapped, ctx);
  },
};
