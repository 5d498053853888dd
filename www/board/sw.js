// The page's own files for when the network is away: the board then opens as it was, with the list that the browser keeps,
// and says that it is offline. Only these files are ever in here, and they are public: no answer of the proxy, no receipt
// number, no token. Whatever else the page asks for goes past.

// FILES, by their names below the page, and BUILD, a digest of what is in them, come from scripts/board.mjs. So each build
// has a cache of its own, which is never half one build and half another.
const { scope } = registration;
const OURS = `board ${scope} `;
const CACHE = OURS + BUILD;

/** How long the network may take until the page begins to come, in milliseconds. */
const PATIENCE = 4_000;

/** The pages that came out of the cache. What belongs to them is of the same build, and waits for nothing. */
const opened = new Set();

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(tidy()));
addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  // The address of a page may still have a token behind its #.
  const [place] = url.split(/[?#]/);
  if (method === "GET" && place.startsWith(scope) && FILES.includes(place.slice(scope.length))) event.respondWith(answer(event));
});

async function install() {
  const cache = await caches.open(CACHE);
  // The page has just loaded them: the browser asks whether they are still the same, and they travel only if not. A login
  // page to which somebody is sent is none of them.
  await cache.addAll(FILES.map((file) => new Request(scope + file, { cache: "no-cache", redirect: "error" })));
  // It may take over at once: the network comes first in any case.
  await skipWaiting();
}

async function tidy() {
  const old = (await caches.keys()).filter((name) => name.startsWith(OURS) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

/** What the network says, as long as it says something of use: a new version is seen at the next load. */
async function answer({ request, clientId, resultingClientId }) {
  const isPage = request.mode === "navigate";
  const kept = async () => (await caches.open(CACHE)).match(request, { ignoreSearch: true, ignoreVary: true });
  if (!isPage && opened.has(clientId)) return (await kept()) ?? fetch(request);
  const controller = new AbortController();
  const asked = fetch(request, { signal: controller.signal });
  // Only the page is given up on: what it is made of comes from where it came from.
  const late = new Promise((done) => isPage && setTimeout(done, PATIENCE));
  const said = await Promise.race([asked, late]).catch(() => undefined);
  if (said?.status < 500) return said;
  const copy = await kept();
  if (!copy) return asked;
  // The browser would have the next load of the page wait for this one.
  controller.abort();
  if (isPage) opened.add(resultingClientId);
  return copy;
}
