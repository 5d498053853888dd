// What the tests of the client share: a proxy of a few lines whose faults the real one cannot be made to have.
import { createServer } from "node:http";
import { after } from "node:test";

export const caseOf = (receipt_number, status_text = "Case Was Received", more = {}) => ({ receipt_number, status_text, normalized: { category: "received" }, ...more });
export const FRESH = { "content-type": "application/json", age: "0", "cache-control": "private, max-age=900" };
export const problem = (status, code, more = {}) => ({ type: `urn:torch-edge:problem:${code}`, title: code, status, detail: `This is ${code}.`, code, retryable: false, request_id: "r-1", ...more });

/** A server on this machine for the tests of a file. `answer(request, response)` does whatever it likes; it may give
 * back `[status, body, headers]`. What was asked is in `asked`. */
export async function serve(answer) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://localhost");
    let body = "";
    for await (const chunk of request) body += chunk;
    const receipts = url.searchParams.getAll("receipt");
    asked.push({ method: request.method, path: url.pathname, receipts, headers: request.headers, body, at: performance.now() });
    const [status, value, headers] = (await answer({ receipts, path: url.pathname, headers: request.headers, body, count: asked.length }, response)) ?? [];
    if (status) response.writeHead(status, { ...FRESH, ...headers }).end(typeof value === "string" ? value : JSON.stringify(value));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => new Promise((resolve) => server.close(resolve) && server.closeAllConnections());
  after(close);
  return { url: `http://127.0.0.1:${server.address().port}`, server, asked, close };
}

/** What a promise rejects with; an error where it does not. */
export const rejection = (promise) => promise.then((value) => Promise.reject(new Error(`it came to ${JSON.stringify(value)}`)), (error) => error);

/** Fails the test run should anything be left behind. */
const strays = [];
process.on("unhandledRejection", (error) => strays.push(error));
process.on("warning", (warning) => /listener|unhandled|timeout/i.test(warning.message) && strays.push(warning));
after(async () => {
  await new Promise((resolve) => setTimeout(resolve, 50));
  if (strays.length) throw new Error("something was left behind that nobody handles", { cause: strays[0] });
});
