// The system's Chromium, for the tests of pages.
import { createServer } from "node:http";
import { chromium } from "playwright-core";
import { ensureChromium } from "../scripts/setup.mjs";

/** A browser of its own, without anything that it would ask the network for. To be closed. */
export const launch = () => chromium.launch({
  executablePath: ensureChromium(),
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** Serves what `answer(path, request)` gives back, `{ type, body, headers, status }` or nothing for a 404, on this machine alone. */
export async function serve(answer) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const found = await answer(pathname, request);
    if (!found) return void response.writeHead(404).end();
    response.writeHead(found.status ?? 200, { "Content-Type": found.type, ...found.headers }).end(found.body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => new Promise((resolve) => server.close(resolve) && server.closeAllConnections()) };
}
