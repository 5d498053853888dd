// The client in a page of another origin, in Chromium: with a grant it reads, and anything else it does not even send.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { launch, serve } from "../chromium.mjs";
import { pair, receipts, sha256 } from "../edge/support.mjs";
import { TorchClient } from "../../www/package/client/index.js";

const CLIENT = new URL("../../www/package/client/", import.meta.url);
const files = (path) => {
  if (path === "/") return { type: "text/html", body: "<!doctype html><title>A page</title>" };
  const file = /^\/client\/([a-z]+\.js)$/.exec(path)?.[1];
  return file && { type: "text/javascript", body: readFileSync(new URL(file, CLIENT)) };
};
const site = await serve(files);
const CLIENTS = [{ name: "portal", sha256: [sha256("portal-token")], scopes: ["grant"] }];
const { proxy } = await pair({ vars: { ALLOWED_ORIGINS: site.url }, secrets: { CLIENTS: JSON.stringify(CLIENTS), GRANT_SECRET: randomBytes(32).toString("base64") } });
const browser = await launch();
after(() => Promise.all([browser.close(), site.close()]));
const page = await browser.newPage();
await page.goto(site.url);
const MINE = receipts(3, "PAG");
const { token } = await new TorchClient({ baseUrl: proxy.url, token: "portal-token" }).grant({ receipts: MINE });

test("ok a page reads its cases with a grant, sees what the headers say, and gets 304s past the browser's own cache", async () => {
  const seen = await page.evaluate(async ([baseUrl, token, list]) => {
    const { TorchClient } = await import("/client/index.js");
    const statuses = [];
    const client = new TorchClient({ baseUrl, getToken: () => token, fetch: async (...args) => {
      const response = await fetch(...args);
      statuses.push(response.status);
      return response;
    } });
    const { meta } = await client.get(list[0]);
    const again = await client.get(list[0]);
    const many = await client.getMany([...list, "PAG0000000099"]).all();
    const { history } = await client.history(list[0]);
    const watched = [];
    for await (const { receipt, via } of client.watch(list)) if (watched.push([receipt, via]) === 3) break;
    return { meta, statuses: statuses.slice(0, 2), text: again.case.status_text, errors: many.map(({ error }) => error?.code ?? null), history: history.receipt_number, watched };
  }, [proxy.url, token, MINE]);
  assert.deepEqual([seen.statuses, seen.errors, seen.history], [[200, 304], [null, null, null, "receipt_not_granted"], MINE[0]]);
  assert.ok(seen.text && seen.meta.age === 0 && seen.meta.fresh && seen.meta.etag && seen.meta.rateLimit.remaining > 0 && seen.meta.requestId && seen.meta.cacheStatus.fwd === "uri-miss", JSON.stringify(seen.meta));
  assert.deepEqual(seen.watched, MINE.map((receipt) => [receipt, "snapshot"]));
});

test("err a Torch key or a client's token in a page is refused before anything is sent: given, fetched, or in a worker", async () => {
  const requests = [];
  page.on("request", (request) => requests.push(request.url()));
  const jwt = (claims) => ["{}", JSON.stringify(claims), "x"].map((part) => Buffer.from(part).toString("base64url")).join(".");
  const codes = await page.evaluate(async ([baseUrl, tokens]) => {
    const { TorchClient } = await import("/client/index.js");
    const tried = [];
    for (const token of tokens) {
      try {
        new TorchClient({ baseUrl, token });
        tried.push("taken");
      } catch (error) {
        tried.push(error.code, error.message.includes(token));
      }
      tried.push(await new TorchClient({ baseUrl, getToken: () => token }).get("PAG0000000001").catch(({ code }) => code));
    }
    const source = `import { TorchClient } from "${location.origin}/client/index.js"; try { new TorchClient({ baseUrl: "${baseUrl}", token: "te_key" }); postMessage("taken"); } catch (error) { postMessage(error.code); }`;
    const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })), { type: "module" });
    tried.push(await new Promise((resolve) => (worker.onmessage = ({ data }) => resolve(data))));
    return tried;
  }, [proxy.url, ["te_a-client-token", "sandbox-torch-key", jwt({ aud: "parley", exp: 9e9 })]]);
  assert.deepEqual(codes, [...Array(3).fill(["key_in_browser", false, "key_in_browser"]).flat(), "key_in_browser"]);
  assert.deepEqual(requests.filter((url) => url.startsWith(proxy.url)), []);
});

test("err an origin that is not allowed is a NetworkError that says where to look", async () => {
  const other = await serve(files);
  const foreign = await browser.newPage();
  await foreign.goto(other.url);
  const told = await foreign.evaluate(async ([baseUrl, token]) => {
    const { TorchClient } = await import("/client/index.js");
    return new TorchClient({ baseUrl, token, retries: 0 }).get("PAG0000000001").catch(({ name, message }) => [name, message]);
  }, [proxy.url, token]);
  assert.equal(told[0], "NetworkError");
  assert.match(told[1], /ALLOWED_ORIGINS/);
  await other.close();
});
