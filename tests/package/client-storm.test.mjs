// Everything at once against a proxy that does all it should not, with callers who leave at any moment: each promise
// settles, in a way that is foreseen, and nothing is left behind.
import assert from "node:assert/strict";
import test, { after } from "node:test";
import { WebSocketServer } from "ws";
import { until } from "../edge/support.mjs";
import { caseOf, problem, serve } from "./client-support.mjs";
import { TorchClient, TorchError } from "../../www/package/client/index.js";

/** The same dice at every run (mulberry32). */
let seed = 20261126;
function dice(sides) {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) % sides;
}
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const number = (n) => `STO${String(n).padStart(10, "0")}`;

const proxy = await serve(async ({ path, receipts }, response) => {
  switch (dice(14)) {
    case 0: return void response.destroy();
    case 1: return [503, "x", { "retry-after": "0" }];
    case 2: return void (response.writeHead(200).write("["), setTimeout(() => response.destroy(), 5));
    case 3: return undefined;
    case 4: return [401, problem(401, ["grant_expired", "unauthorized"][dice(2)])];
    case 5: return [200, "<html>"];
    default: await pause(dice(15));
  }
  const cases = receipts.map((receipt) => caseOf(receipt, `Status ${dice(3)}`));
  return [200, path === "/case-status/batch" ? cases : cases[0], { etag: "\"x\"", "cache-control": "max-age=0" }];
});
const acceptor = new WebSocketServer({ server: proxy.server, handleProtocols: () => "torch-edge.v1" });
after(() => acceptor.clients.forEach((socket) => socket.terminate()));
let changes = 0;
acceptor.on("connection", (socket) => {
  socket.on("message", (data) => {
    if (String(data) === "ping") return void socket.send("pong");
    const { receipts } = JSON.parse(data);
    switch (dice(6)) {
      case 0: return void socket.terminate();
      case 1: return void socket.close(4401);
      case 2: return void socket.send("garbage");
    }
    socket.send(JSON.stringify({ type: "subscribed", receipts, cursor: String(changes) }));
    const news = setInterval(() => {
      const receipt = receipts[dice(receipts.length)];
      socket.send(JSON.stringify({ type: "change", cursor: String(++changes), receipt, event: { type: "case.status.updated", data: caseOf(receipt, `Change ${changes}`) } }));
      if (!dice(10)) socket.terminate();
    }, 5);
    socket.on("close", () => clearInterval(news));
  });
});
const getToken = async () => {
  await pause(dice(10));
  if (!dice(8)) throw new Error("no session");
  return `token-${dice(3)}`;
};
const client = new TorchClient({ baseUrl: proxy.url, getToken, tryTimeout: 400, timeout: 1500, retries: 2, batchSize: 5 });

/** Something that an application does; what comes of it. */
async function something(signal) {
  switch (dice(5)) {
    case 0: return (await client.get(number(dice(12)), { signal })).case.receipt_number;
    case 1: {
      const seen = new Set();
      for await (const item of client.getMany(Array.from({ length: 30 }, (_, n) => number(n)), { signal, ...(dice(2) && { timeout: 300 }) })) {
        assert.ok(!seen.has(item.receipt) && Boolean(item.case) !== Boolean(item.error) && item.progress.done === seen.size + 1, item.receipt);
        seen.add(item.receipt);
        if (seen.size === 20 && dice(2)) return "enough";
      }
      assert.equal(seen.size, 30);
      return "all";
    }
    case 2: {
      const last = new Map();
      for await (const { receipt, case: found, previous } of client.watch([number(dice(12)), number(dice(12))], { signal, pollEvery: 20, pingEvery: 100 })) {
        assert.equal(previous, last.get(receipt), "what was told last is what was before");
        assert.notEqual(found.status_text, previous?.status_text);
        last.set(receipt, found);
      }
      return "never";
    }
    case 3: return (await client.history(number(1), { signal })).history;
    default: return (await client.grant({ receipts: [number(1)] }, { signal })).token;
  }
}

test("ok everything settles, and nothing is left", async () => {
  const outcomes = {};
  const errors = [];
  let left = 300;
  const lane = async () => {
    while (left-- > 0) {
      const leaving = new AbortController();
      const timer = setTimeout(() => leaving.abort("I leave"), 50 + dice(700));
      const late = new Promise((_, reject) => setTimeout(reject, 8000, new Error("something does not settle")).unref());
      late.catch(() => {});
      const outcome = await Promise.race([something(leaving.signal), late]).catch((error) => {
        if (error !== "I leave" && !(error instanceof TorchError)) errors.push(error);
        return error?.name ?? error;
      });
      clearTimeout(timer);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  assert.deepEqual(errors, []);
  for (const kind of ["I leave", "all", "ProtocolError"]) assert.ok(outcomes[kind] > 3, `${kind}: ${JSON.stringify(outcomes)}`);
  assert.ok(Object.keys(outcomes).some((outcome) => outcome.startsWith("STO")) && changes > 20);
  await until("no connection", () => acceptor.clients.size === 0);
});
