// The board opened where there is no network: out of the files that the service worker keeps, with the list of before.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import test from "node:test";
import { serviceWorker } from "../../scripts/board.mjs";
import { serve } from "../chromium.mjs";
import { ROOT, event, receipts, sha256, until } from "../edge/support.mjs";
import { TOKEN, assertSound, labelOf, open, paste, proxy, row, settled, visit } from "./support.mjs";

const BUILT = join(ROOT, "build", "board");
const FILES = ["/", "/board/board.css", "/board/core.js", "/board/icon.svg", "/board/main.js", "/board/torch_edge_bg.wasm"];

/** Waits until the service worker has what it keeps. */
const ready = (page) => page.evaluate(async () => {
  const { active } = await navigator.serviceWorker.ready;
  if (active.state !== "activated") await new Promise((resolve) => active.addEventListener("statechange", resolve));
});
/** Everything that any cache holds: each cache's name with the paths, and all of the texts. */
const kept = (page) => page.evaluate(async () => {
  const [found, texts] = [{}, []];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    found[name] = [];
    for (const request of await cache.keys()) {
      found[name].push(request.url.slice(location.origin.length));
      texts.push(request.url, await (await cache.match(request)).text());
    }
    found[name].sort();
  }
  return { found, text: texts.join("\n") };
});
const tell = (receipt, text, at) => proxy.webhook(event(receipt, { text, at }), { "x-torch-secret": "correct horse battery" });
/** Waits until the page has come to rest: when its list has been read it is drawn once more, and what was typed is gone. */
const rested = (page) => page.waitForFunction(() => performance.getEntriesByType("resource").some(({ name }) => name.endsWith(".wasm")));
const offline = (page) => page.locator("#standing.offline").waitFor();

test("ok reloaded without a connection the board is there with the list, says how old it is, and becomes current again", { timeout: 120_000 }, async () => {
  const [one, two, three] = receipts(3, "SWR");
  for (const receipt of [one, two, three]) await tell(receipt, "Case Was Received", "2025-01-15T14:03:27Z");
  const page = await visit();
  await paste(page, `receipt,name\n${one},Núñez\n${two},\n${three},`);
  await settled(page, 3);
  await ready(page);
  const { found, text } = await kept(page);
  assert.deepEqual(Object.values(found), [FILES], "the page's own files, and nothing else");
  for (const secret of [TOKEN, one, two, three, "Núñez"]) assert.ok(!text.includes(secret), `${secret} is in no cache`);
  const before = await page.locator("td.age time").evaluateAll((times) => times.map((time) => time.textContent));

  await page.context().setOffline(true);
  assert.match(await page.evaluate(() => fetch("/health").catch(String)), /Failed to fetch/, "there is no network");
  await page.reload();
  await settled(page, 3);
  await offline(page);
  assert.equal(await page.locator("#standing").textContent(), "No connection");
  assert.match(await page.locator("#notices").textContent(), /The proxy cannot be reached\. You see what was last known: the newest is from .*\d:\d\d.(AM|PM), and each case says its own time\./);
  assert.deepEqual([await labelOf(page, one), await labelOf(page, three)], ["Case Received", "Case Received"]);
  assert.match(await row(page, one).textContent(), /Núñez/);
  assert.deepEqual(await page.locator("td.age .old").evaluateAll((times) => times.map((time) => time.textContent)), before, "each answer is marked, and as old as it was");
  await assertSound(page, "opened offline");

  await row(page, one).locator("a").click();
  await page.locator("blockquote mark").first().waitFor();
  await page.locator(".history").getByText("not available right now").waitFor();
  assert.match(await page.locator(".why").textContent(), /Rule: /, "the core and its wasm are there too");
  await assertSound(page, "a case, offline");
  // Opened at a case, as from a bookmark.
  await page.reload();
  await page.locator("blockquote").waitFor();
  await page.locator(".back").click();
  await settled(page, 3);

  await tell(two, "Case Was Approved", "2025-03-01T00:00:00Z");
  await page.context().setOffline(false);
  await page.locator("#notices .notice").waitFor({ state: "detached", timeout: 30_000 });
  await page.locator(`tr.changed[data-receipt="${two}"]`).waitFor({ timeout: 30_000 });
  assert.equal(await labelOf(page, two), "Approved");
  assert.equal(await page.locator("td.age .old").count(), 0);
  await page.locator("#standing.live").waitFor({ timeout: 70_000 });
  assert.deepEqual(Object.values((await kept(page)).found), [FILES], "nothing has come to it");
  assert.deepEqual(page.complaints, []);

  // In another tab, which has no token: nothing is held against the cases.
  await page.context().setOffline(true);
  const other = await open(page.context());
  await settled(other, 3);
  await offline(other);
  await other.getByText("The board needs a token.").waitFor();
  await page.context().setOffline(false);
  await other.locator("#standing:empty").waitFor({ state: "attached" });
  assert.equal(await other.locator(".tile.bad").count(), 0);
  assert.deepEqual(other.complaints, []);
  await page.context().close();
});

test("ok only the page's own files go through the service worker, and with a network they are the network's", { timeout: 60_000 }, async () => {
  const page = await visit("/add");
  await ready(page);
  const [worker] = page.context().serviceWorkers();
  const taken = await worker.evaluate((requests) => requests.filter(([path, init]) => {
    let taken = false;
    const event = new FetchEvent("fetch", { request: new Request(path, init) });
    event.respondWith = () => (taken = true);
    dispatchEvent(event);
    return taken;
  }).map(([path]) => path), [
    ...FILES.map((path) => [path]), ["/#token=x"], ["/?utm=x"], ["/", { method: "POST" }], ["/board/main.js", { method: "HEAD" }],
    ...["/case-status?receipt_number=IOE0912345678", "/case-status/batch", "/live", "/grants", "/budget", "/health", "/openapi.json", "/__sandbox/clock", "/v1/", "/v1/board/main.js", "/board/sw.js", "/board/", "/board/none.js", "https://example.com/", "https://example.com/board/main.js"].map((path) => [path]),
  ]);
  assert.deepEqual(taken, [...FILES, "/#token=x", "/?utm=x"]);

  // Another page in the cache: while there is a network nobody sees it.
  await page.evaluate(async () => {
    for (const name of await caches.keys()) await (await caches.open(name)).put("/", new Response("stale", { headers: { "Content-Type": "text/html" } }));
  });
  await page.reload();
  await page.locator("#text").waitFor();
  await page.context().setOffline(true);
  await page.reload();
  assert.equal(await page.locator("body").textContent(), "stale", "and that it was there to be seen");
  await page.context().close();
});

test("ok where the network answers nothing, the page comes out of the cache after four seconds; a new build takes the old one's place", { timeout: 90_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "torch-edge-sw-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(BUILT, folder, { recursive: true });
  const first = serviceWorker(folder);
  assert.equal(readFileSync(join(folder, "board/sw.js"), "utf8"), readFileSync(join(BUILT, "board/sw.js"), "utf8"), "of the same files it is the same");
  assert.deepEqual(first.FILES.map((name) => `/${name}`), FILES);
  const response = await fetch(`${proxy.url}/board/sw.js`);
  const LIKE_THE_WORKER = Object.fromEntries(["service-worker-allowed", "cache-control", "content-security-policy"].map((name) => [name, response.headers.get(name)]));
  const etag = response.headers.get("etag");
  assert.deepEqual([LIKE_THE_WORKER["service-worker-allowed"], (await fetch(response.url, { headers: { "if-none-match": etag } })).status], ["/", 304]);
  const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".wasm": "application/wasm" };
  let mute = false;
  const waiting = new Set();
  let broken = false;
  let moved = false;
  const sent = [];
  const server = await serve((path, request) => {
    if (mute) return new Promise(() => waiting.add(request.socket));
    if (path === "/login") return { type: "text/html", body: "Who are you?" };
    if (moved && path === "/") return { type: "text/html", status: 302, headers: { Location: "/login" } };
    if (!FILES.includes(path) && path !== "/board/sw.js") return undefined;
    if (broken) return { type: "text/html", body: "broken", status: 503 };
    const name = path === "/" ? "index.html" : path.slice(1);
    const body = readFileSync(join(folder, name));
    const headers = { ETag: `"${sha256(body)}"`, ...LIKE_THE_WORKER };
    if (request.headers["if-none-match"] === headers.ETag) return { type: TYPES[extname(name)], status: 304, headers };
    sent.push(path);
    return { type: TYPES[extname(name)], body, headers };
  });
  t.after(() => server.close());
  const page = await visit("/add", { url: server.url });
  await page.locator("#text").waitFor();
  await ready(page);
  assert.deepEqual(sent.toSorted(), [...FILES, "/board/sw.js"].toSorted(), "what it keeps travels once");
  assert.equal(sent.at(-1), "/board/sw.js", "it comes when the page is there");
  const [old] = Object.keys((await kept(page)).found);
  assert.ok(old.endsWith(` ${first.BUILD}`), old);

  mute = true;
  const began = Date.now();
  await page.reload();
  await rested(page);
  await page.locator("#text").fill("IOE0912345678");
  // Its files, the core among them, do not wait for the network once more.
  await page.locator("form [type=submit]:not([disabled])").waitFor();
  const took = Date.now() - began;
  console.log(`# a network that answers nothing: the page after ${took} ms`);
  assert.ok(took >= 4000 && took < 8000, `${took} ms`);
  mute = false;
  // The look for a new service worker is among them, and another would wait for it.
  for (const socket of waiting) socket.destroy();
  broken = true;
  const again = Date.now();
  await page.reload();
  await page.locator("#text").waitFor();
  assert.ok(Date.now() - again < 3500, "a server's error is no reason to wait");
  broken = false;
  // Where somebody must log in first, the way leads there.
  moved = true;
  await page.reload();
  assert.equal(new URL(page.url()).pathname, "/login");
  moved = false;
  await page.goto(`${server.url}/#/add`);

  writeFileSync(join(folder, "board/board.css"), `${readFileSync(join(folder, "board/board.css"), "utf8")}\n#home { letter-spacing: 7px; }`);
  const second = serviceWorker(folder);
  assert.notEqual(second.BUILD, first.BUILD);
  await page.reload();
  assert.equal(await page.locator("#home").evaluate((home) => getComputedStyle(home).letterSpacing), "7px", "the new build is seen at the next load");
  await until("the old cache is gone", async () => JSON.stringify(Object.keys((await kept(page)).found)) === JSON.stringify([old.replace(first.BUILD, second.BUILD)]), 20_000);
  assert.match((await kept(page)).text, /letter-spacing: 7px/);
  await page.context().close();
});

test("ok where the browser has no service workers, or allows none, the board is what it was", async () => {
  for (const refuse of [
    () => Object.defineProperty(Navigator.prototype, "serviceWorker", { value: undefined }),
    () => (ServiceWorkerContainer.prototype.register = () => Promise.reject(new DOMException("The operation is insecure.", "SecurityError"))),
  ]) {
    const page = await visit("/add", { before: refuse });
    await rested(page);
    await page.locator("#text").fill("SWX0000000001");
    await page.locator("form [type=submit]:not([disabled])").waitFor();
    await page.waitForTimeout(500);
    assert.deepEqual(Object.keys((await kept(page)).found), []);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
});
