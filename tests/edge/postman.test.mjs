// The Postman collection that is made of the contract: every request of it, run against the sandbox.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import newman from "newman";
import { collection } from "../../scripts/postman.mjs";
import { pair, ROOT, sha256, TOKEN, WEBHOOK } from "./support.mjs";

const OPS_TOKEN = "the-operator-of-the-collection";
const CLIENTS = JSON.stringify([
  { name: "application", sha256: [sha256(TOKEN)], scopes: ["read", "grant"] },
  { name: "operator", sha256: [sha256(OPS_TOKEN)], scopes: ["ops"] },
]);
const contract = JSON.parse(readFileSync(`${ROOT}/www/openapi.json`, "utf8"));
const { proxy } = await pair({ vars: WEBHOOK.vars, secrets: { ...WEBHOOK.secrets, CLIENTS, GRANT_SECRET: "what grants are signed with, 32 bytes or more" } });

test("ok every request of the collection succeeds, and there is one for each operation that is no WebSocket", async () => {
  const made = await collection(contract);
  const values = { baseUrl: proxy.url, token: TOKEN, opsToken: OPS_TOKEN, webhookSecret: WEBHOOK.secrets.WEBHOOK_SECRET };
  const envVar = Object.entries(values).map(([key, value]) => ({ key, value }));
  const { run } = await new Promise((resolve, reject) => {
    newman.run({ collection: made, envVar, timeoutRequest: 15_000 }, (error, summary) => (error ? reject(error) : resolve(summary)));
  });
  assert.deepEqual(run.failures.map(({ source, error }) => `${source?.name}: ${error.message}`), []);
  const operations = Object.entries(contract.paths).flatMap(([path, item]) => Object.keys(item).filter((method) => !item[method].responses[101]).map((method) => `${method.toUpperCase()} ${path}`));
  const asked = run.executions.map(({ request, response }) => [`${request.method} /${request.url.path.join("/")}`, response.code]);
  assert.deepEqual(asked.map(([operation]) => operation).sort(), operations.sort());
  for (const [operation, code] of asked) assert.ok(code >= 200 && code < 300, `${operation}: ${code}`);
  assert.equal(run.stats.assertions.total, 2 * operations.length, "each answer is looked at");
});
