// `npm run client -- new NAME [--scopes read,live] [--allowance N]`: a client's token, and its row for CLIENTS.
//
// The token is made here, printed once and kept nowhere: only its SHA-256 goes to the Worker.
import { createHash, randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { fail } from "./setup.mjs";

const SCOPES = ["read", "live", "grant", "ops"];
const USAGE = "npm run client -- new NAME [--scopes read,live,grant,ops] [--allowance REQUESTS_A_MINUTE]";

function read() {
  try {
    return parseArgs({ allowPositionals: true, options: { scopes: { type: "string", default: "read" }, allowance: { type: "string" } } });
  } catch (error) {
    return fail(`${error.message}\n  ${USAGE}`);
  }
}
const { values, positionals: [verb, name, ...more] } = read();
if (verb !== "new" || !name || more.length) fail(`say what to do:\n  ${USAGE}`);
if (!/^[\x21-\x7e]+$/.test(name)) fail("a client's name should be a word without spaces, such as site.");
const scopes = values.scopes.split(",").filter(Boolean);
const unknown = scopes.find((scope) => !SCOPES.includes(scope));
if (!scopes.length || unknown !== undefined) fail(`the scopes are ${SCOPES.join(", ")}${unknown ? `, and "${unknown}" is none` : ""}.`);
const allowance = values.allowance === undefined ? undefined : Number(values.allowance);
if (allowance !== undefined && !(Number.isInteger(allowance) && allowance > 0 && allowance < 2 ** 32)) fail("the allowance is a number of requests a minute, 1 or more.");

const token = `te_${randomBytes(32).toString("base64url")}`;
const row = { name, sha256: [createHash("sha256").update(token).digest("hex")], scopes, ...(allowance && { allowance }) };
console.log(`
  The token of "${name}". It is shown this once: give it to the application, as its PARLEY_API_KEY.

    ${token}

  Its row: add it to the JSON array in the secret CLIENTS (npx wrangler secret put CLIENTS).

    ${JSON.stringify(row)}

  To rotate later, make another one and put both digests into "sha256" until the application has moved over.
`);
