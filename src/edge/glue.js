// The few lines between Rust and the runtime's objects. A string that crosses into WebAssembly is
// copied, and each call costs: so a request goes in as one string, and an answer's body, which Rust
// never looks into, stays on this side.

/** A request in six lines: method, URL, and the four fields that decide. No field can hold a line break. */
export function pack(request) {
  const { headers } = request;
  const field = (name) => headers.get(name) ?? "";
  return `${request.method}\n${request.url}\n${field("authorization")}\n${field("cache-control")}\n${field("if-none-match")}\n${field("if-modified-since")}`;
}

/** A body with the header values that stay the same as long as it is kept. */
export function page(values, body) {
  const [cacheControl, etag, lastModified] = values.split("\n");
  return { body, cacheControl, etag, lastModified };
}

export const body = (page) => page.body;

/** The answer that a page makes: 200, or 304 without its body. */
export function reply(page, status, age, cacheStatus) {
  const headers = {
    "Age": age,
    "Cache-Control": page.cacheControl,
    "Cache-Status": cacheStatus,
    "ETag": page.etag,
  };
  if (page.lastModified) headers["Last-Modified"] = page.lastModified;
  if (status === 304) return new Response(null, { status, headers });
  headers["Content-Type"] = "application/json";
  return new Response(page.body, { status, headers });
}

/** A hit: the commonest answer, with nothing but numbers to say. */
export const hit = (page, age, ttl) => reply(page, 200, age, `torch-edge; hit; ttl=${ttl}`);

/** Any other answer. `headers`: names and values by turns, a line each. */
export function respond(status, headers, body) {
  const lines = headers.split("\n");
  const pairs = [];
  for (let i = 0; i + 1 < lines.length; i += 2) pairs.push([lines[i], lines[i + 1]]);
  return new Response(body, { status, headers: pairs });
}

/** The bodies of some pages and other texts as one JSON array. */
export const join = (items) => `[${items.map((item) => item.body ?? item).join(",")}]`;

export const put = (kv, key, value, expirationTtl) => kv.put(key, value, { expirationTtl });

export const uuid = () => crypto.randomUUID();

/** The answer to a request that broke: the problem `internal` of problem.rs, made without Rust. */
export function panicked(error) {
  const id = uuid();
  console.error(JSON.stringify({ level: "error", message: "a request broke", error: String(error), request_id: id }));
  const problem = {
    type: "urn:torch-edge:problem:internal",
    title: "The proxy failed",
    status: 500,
    detail: "This request broke; the next will be served. Ask again.",
    code: "internal",
    retryable: true,
    request_id: id,
  };
  const headers = { "Content-Type": "application/problem+json", "Cache-Control": "no-store", "X-Request-Id": id };
  return new Response(JSON.stringify(problem), { status: 500, headers });
}
