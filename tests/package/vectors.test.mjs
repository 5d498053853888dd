// The vectors through every face: natively, in the package's wasm under Node and in Chromium, through the Worker.
// One answer, to the letter.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { launch, serve } from "../chromium.mjs";
import { Proxy, TOKEN, receipts } from "../edge/support.mjs";
import { native, texts, upstreamNames, webhooks } from "../vectors.mjs";
import { face, hooks, memory, random } from "./vectors/face.js";

const torch_edge = await import("../../www/package/core/node.js");
const wasm = await import("../../www/package/core/wasm/torch_edge.js");

// Each text alone; and what it does not tell under every name that the upstream may give it.
const alone = texts().map((text) => [text, null]);
const PAIRS = [...alone, ["Case Was Approved", "Denied"], ...upstreamNames().map((name) => ["Something Else", name])];
const NATIVE = native(PAIRS);

const PACKAGE = new URL("../../www/package/", import.meta.url);
const TYPES = { js: "text/javascript", wasm: "application/wasm" };
const site = await serve((path) => {
  if (path === "/") return { type: "text/html", body: "<!doctype html><title>A page</title>" };
  if (path === "/face.js") return { type: TYPES.js, body: readFileSync(new URL("vectors/face.js", import.meta.url)) };
  const [, file, extension] = /^\/package\/((?:[a-z_]+\/)*[a-z_]+\.(js|wasm))$/.exec(path) ?? [];
  return file && { type: TYPES[extension], body: readFileSync(new URL(file, PACKAGE)) };
});
const browser = await launch();
after(() => Promise.all([browser.close(), site.close()]));
const page = await browser.newPage();
await page.goto(site.url);

/** What a function of vectors/face.js gives in the page. */
const inPage = (name, ...args) => page.evaluate(async ([name, args]) => {
  const [torch_edge, wasm, face] = await Promise.all(["/package/core/browser.js", "/package/core/wasm/torch_edge.js", "/face.js"].map((path) => import(path)));
  return face[name](torch_edge, ...args, wasm);
}, [name, args]);

/** The first answer that is another one: a thousand beside it help nobody. */
function same(found, expected, texts = PAIRS) {
  assert.equal(found.length, expected.length);
  const at = found.findIndex((answer, at) => answer !== expected[at]);
  assert.ok(at < 0, at < 0 || `of ${JSON.stringify(texts[at])}\nfound    ${found[at]}\nexpected ${expected[at]}`);
}

test("ok there are well over a thousand vectors, and they mean everything that there is", () => {
  assert.ok(alone.length > 1500, `${alone.length}`);
  const categories = new Set(NATIVE.map((told) => JSON.parse(told).normalized.category));
  assert.deepEqual(torch_edge.categories.map(({ id }) => id).filter((id) => !categories.has(id)), []);
});

test("ok the wasm in Node says what the native core says, and why", () => same(face(torch_edge, PAIRS), NATIVE));

test("ok the wasm in Chromium does, in a page without a bundler", async () => same(await inPage("face", PAIRS), NATIVE));

test("ok the Worker does, of what Torch answers it", async () => {
  const list = receipts(PAIRS.length, "VEC");
  const cases = new Map(list.map((receipt, at) => [receipt, { receipt_number: receipt, status_text: PAIRS[at][0], status_category: PAIRS[at][1], last_status_at: "2026-01-15T14:00:00Z" }]));
  const torch = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://torch");
    const asked = searchParams.getAll("receipt").map((receipt) => cases.get(receipt));
    response.setHeader("content-type", "application/json").end(JSON.stringify(pathname.endsWith("/batch") ? asked : asked[0]));
  });
  await new Promise((resolve) => torch.listen(0, "127.0.0.1", resolve));
  const proxy = await Proxy.start(`http://127.0.0.1:${torch.address().port}`, { vars: { TORCH_PER_MINUTE: "100000", TORCH_PER_DAY: "100000" } });
  try {
    // A ledger is made for each case: the slowest part of this file.
    const client = new torch_edge.TorchClient({ baseUrl: proxy.url, token: TOKEN, batchSize: 50, concurrency: 8, timeout: 300_000, tryTimeout: 30_000 });
    const found = await client.getMany(list).all();
    assert.deepEqual(found.filter(({ error }) => error).map(({ error }) => error.message), []);
    same(found.map((answer) => JSON.stringify(answer.case.normalized)), NATIVE.map((told) => JSON.stringify(JSON.parse(told).normalized)));
  } finally {
    await Promise.all([proxy.close(), torch.close(), torch.closeAllConnections()]);
  }
});

test("ok every webhook of the vectors becomes what they say, and what is accepted can be made, in Node and in Chromium", async () => {
  const requests = webhooks().map(({ body, ...request }) => ({ ...request, body: [...body] }));
  const expected = requests.map(({ name, expect }) => [name, expect, expect === "ok" ? "signed and verified" : "refused"]);
  assert.deepEqual(hooks(torch_edge, requests), expected);
  assert.deepEqual(await inPage("hooks", requests), expected);
  // What others published is made again to the letter.
  const published = webhooks().filter(({ name }) => name.startsWith("w1_"));
  assert.equal(published.length, 3);
  for (const { scheme, header, secret, headers, body, now } of published) {
    const id = scheme === "standard-webhooks" ? headers[0][1] : undefined;
    assert.deepEqual(torch_edge.signWebhook(body, { scheme, header, secret, id, now: now * 1000 }), Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])));
  }
});

test("ok 20,000 texts of anything throw nothing and mean natively what they mean in wasm, together as one by one", async () => {
  const SEED = 20261126;
  const anything = random(SEED, 20_000);
  for (const kind of [/\0/, /\p{Surrogate}/u, /&#?\w+;/, /<\w/, /[^\x00-\xff]/, /^.{9000}/s, /^$/]) assert.ok(anything.some((text) => kind.test(text)), `${kind}`);
  const pairs = anything.map((text, at) => [text, at % 3 ? null : anything[(at * 7) % 20_000].slice(0, 40)]);
  const one = face(torch_edge, pairs, { singly: true });
  same(face(torch_edge, pairs), one, pairs);
  same(one, native(pairs), pairs);
  for (const text of anything) {
    assert.equal(typeof torch_edge.parseReceipt(text).ok, "boolean");
    assert.equal(torch_edge.verifyWebhook(text, { "webhook-id": text, "webhook-timestamp": text.slice(0, 20), "webhook-signature": text }, { secret: "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" }).ok, false);
  }
});

test("ok wherever the bound of 4 KiB cuts a text, it is cut natively and in wasm alike", () => {
  const ends = ["\u{1f600}", "é", "審", ". é", ".😀 Case Was Denied", " I-485é", " Respond by April 17, 2026—", "&eacute;", "\ud83d"];
  const pairs = ends.flatMap((end) => Array.from({ length: 60 }, (_, at) => [`${"a".repeat(4040 + at)}${end.repeat(3)}`, `${"b".repeat(4040 + at)}${end}`]));
  same(face(torch_edge, pairs), native(pairs), pairs);
});

test("ok fifty calls with a megabyte each need the memory of one, in Node and in Chromium", async () => {
  for (const [first, last] of [memory(torch_edge, wasm), await inPage("memory")]) {
    assert.ok(first >= 2 ** 20 && first < 16 * 2 ** 20, `${first} bytes`);
    assert.equal(last, first);
  }
});
