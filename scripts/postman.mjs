// `npm run postman`: build/torch-edge.postman_collection.json, made of www/openapi.json. Import it into Postman
// and set its variables: where the proxy is, a client's token, an operator's, the webhooks' secret.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT, ensureNode, fail, say } from "./setup.mjs";

/** The contract's own examples, which the sandbox knows. */
const RECEIPTS = { receipt: "IOE0907407037", otherReceipt: "IOE0912345678" };
const VARIABLES = { baseUrl: "http://127.0.0.1:8787", token: "", opsToken: "", webhookSecret: "", ...RECEIPTS };
const OPTIONS = { folderStrategy: "Tags", parametersResolution: "Example", enableOptionalParameters: false, includeAuthInfoInExample: false };

const text = (value) => ({ content: value, type: "text/plain" });
/** Who asks: by what the operation's security says. */
function authenticate(request, [first], schemes) {
  request.auth = { type: "noauth" };
  if (!first) return;
  const [[name, scopes]] = Object.entries(first);
  const scheme = schemes[name];
  if (scheme.type === "http") request.auth = { type: "bearer", bearer: [{ key: "token", value: scopes.includes("ops") ? "{{opsToken}}" : "{{token}}", type: "string" }] };
  else request.header.push({ key: scheme.name, value: "{{webhookSecret}}", description: text(scheme.description) });
}

/** The script that looks at an answer. `types`: the media types of each status that is documented. */
const script = (types) => `const types = ${JSON.stringify(types)};
const { code } = pm.response;
pm.test("the status is documented", () => pm.expect(Object.keys(types)).to.include(String(code)));
pm.test("the content type is documented", () => {
  const type = (pm.response.headers.get("Content-Type") || "").split(";")[0];
  if (types[code].length) pm.expect(types[code]).to.include(type);
});`;

/** The collection of a contract. */
export async function collection(contract) {
  const { default: converter } = await import("openapi-to-postmanv2");
  contract = structuredClone(contract);
  // In Postman a WebSocket is no request of a collection.
  for (const [path, item] of Object.entries(contract.paths)) if (item.get?.responses[101]) delete contract.paths[path];
  const { result, reason, output } = await new Promise((resolve, reject) => {
    converter.convertV2({ type: "json", data: contract }, OPTIONS, (error, made) => (error ? reject(error) : resolve(made)));
  });
  if (!result) throw new Error(reason);
  const [{ data }] = output;
  const { securitySchemes, responses } = contract.components;
  for (const folder of data.item) {
    for (const item of folder.item) {
      const { request } = item;
      const operation = contract.paths[`/${request.url.path.join("/")}`][request.method.toLowerCase()];
      const types = Object.entries(operation.responses).map(([status, { $ref }]) => [status, Object.keys(responses[$ref.split("/").at(-1)].content ?? {})]);
      authenticate(request, operation.security, securitySchemes);
      for (const parameter of request.url.query ?? []) {
        const name = Object.keys(RECEIPTS).find((one) => RECEIPTS[one] === parameter.value);
        if (name) parameter.value = `{{${name}}}`;
      }
      item.event = [{ listen: "test", script: { type: "text/javascript", exec: script(Object.fromEntries(types)).split("\n") } }];
      // Random at each run, and nothing refers to them.
      delete item.id;
      for (const response of item.response) {
        delete response.id;
        response.header = response.header.filter(({ value }) => value);
      }
    }
  }
  data.variable = Object.entries(VARIABLES).map(([key, value]) => ({ key, value, type: "string" }));
  delete data.info._postman_id;
  return data;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureNode();
  const made = await collection(JSON.parse(readFileSync(join(ROOT, "www/openapi.json"), "utf8"))).catch((error) => fail(`the collection cannot be made: ${error.message}`));
  const file = "build/torch-edge.postman_collection.json";
  mkdirSync(join(ROOT, "build"), { recursive: true });
  writeFileSync(join(ROOT, file), `${JSON.stringify(made, null, 2)}\n`);
  const count = made.item.reduce((sum, { item }) => sum + item.length, 0);
  say(`${file}: ${count} requests in ${made.item.length} folders`);
}
