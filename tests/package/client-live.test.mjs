// Watching over the live connection, against a server of a few lines that follows the protocol of `GET /live`: what it
// says, and when its connections break, is up to each test.
import assert from "node:assert/strict";
import test, { after, afterEach } from "node:test";
import { WebSocketServer } from "ws";
import { receipts, until } from "../edge/support.mjs";
import { caseOf, problem, rejection, serve } from "./client-support.mjs";
import { AuthError, TorchClient } from "../../www/package/client/index.js";

const [A, B, C] = receipts(3, "LIV");
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const watches = [];
afterEach(() => Promise.all(watches.splice(0).map((watch) => watch.return())));

/** A proxy with `/live`. `live(socket, message, nth)` is called for each message of the nth connection; without it, a
 * subscription is answered as it should be. */
async function standIn({ live, cases = { [A]: "Received", [B]: "Received" }, upgrade = () => undefined, token = "t", getToken } = {}) {
  const sockets = [];
  const server = await serve(async ({ path, receipts, headers }) => {
    if (path === "/live") return upgrade(headers) ?? [426, problem(426, "upgrade_required")];
    await pause(stand.slow ?? 0);
    return [200, receipts.map((one) => (cases[one] ? caseOf(one, cases[one], stand.dates?.[one] && { last_status_at: stand.dates[one] }) : { receipt_number: one, error: problem(404, "case_not_found") }))];
  });
  const acceptor = new WebSocketServer({ noServer: true, handleProtocols: (offered) => offered.has("torch-edge.v1") && "torch-edge.v1" });
  after(() => acceptor.clients.forEach((socket) => socket.terminate()));
  const stand = {
    ...server, sockets, cases,
    say: (message, socket = stand.speaker) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
    change: (receipt, text, cursor, more = {}) => stand.say({ type: "change", cursor, receipt, event: { type: "case.status.updated", id: `msg_${cursor}`, data: caseOf(receipt, text, more) } }),
    subscribed: ({ receipts }, cursor = "0", refused = []) => stand.say({ type: "subscribed", receipts: receipts.filter((one) => !refused.some(({ receipt }) => receipt === one)), cursor, refused }),
    reads: () => server.asked.filter(({ path }) => path === "/case-status/batch"),
    watch(list = [A, B], options) {
      const watch = stand.client.watch(list, { pollEvery: 60_000, ...options });
      watches.push(watch);
      return watch;
    },
  };
  server.server.on("upgrade", (request, socket, head) => {
    const [status] = upgrade(request.headers) ?? [];
    if (status) return void socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
    acceptor.handleUpgrade(request, socket, head, (accepted) => {
      sockets.push(accepted);
      const nth = sockets.length;
      Object.assign(accepted, { said: [], path: request.url, offered: request.headers["sec-websocket-protocol"] });
      accepted.on("message", (data) => {
        const text = String(data);
        accepted.said.push(text);
        if (text === "ping") return void accepted.send("pong");
        const message = JSON.parse(text);
        // Who subscribed last is spoken to.
        stand.speaker = accepted;
        if (live) live(stand, message, nth);
        else stand.subscribed(message);
      });
    });
  });
  stand.client = new TorchClient({ baseUrl: server.url, ...(getToken ? { getToken } : { token }), retries: 0 });
  return stand;
}
const next = async (watch) => {
  const { value, done } = await watch.next();
  return done ? "done" : [value.receipt, value.case.status_text, value.previous?.status_text, value.via, value.cursor];
};
const snapshot = async (watch, count = 2) => {
  for (let n = 0; n < count; n++) assert.equal((await watch.next()).value.via, "snapshot");
};

test("ok it subscribes first, then reads what is, then tells each change as it lands", async () => {
  const stand = await standIn();
  const states = [];
  const watch = stand.watch([A, B], { onState: (state) => states.push(state) });
  assert.deepEqual([await next(watch), await next(watch)], [[A, "Received", undefined, "snapshot", "0"], [B, "Received", undefined, "snapshot", "0"]]);
  const [socket] = stand.sockets;
  assert.deepEqual([socket.path, socket.offered, socket.protocol], ["/live", "torch-edge.v1, bearer.t", "torch-edge.v1"]);
  assert.deepEqual(JSON.parse(socket.said[0]), { type: "subscribe", receipts: [A, B] });
  stand.change(B, "Approved", "1");
  stand.change(A, "Denied", "2");
  stand.change(A, "Reopened", "3");
  const { value } = await watch.next();
  assert.deepEqual([value.receipt, value.case.status_text, value.previous.status_text, value.via, value.cursor, value.event.id], [B, "Approved", "Received", "live", "1", "msg_1"]);
  assert.deepEqual([await next(watch), await next(watch)], [[A, "Denied", "Received", "live", "2"], [A, "Reopened", "Denied", "live", "3"]]);
  assert.deepEqual([states, stand.reads().length], [["live"], 1]);
  await watch.return();
  await until("the end of the connection", () => socket.readyState === socket.CLOSED);
});

test("ok what comes while the snapshot is being read comes behind it, and once", async () => {
  const stand = await standIn({ live: (it, message) => (it.subscribed(message), it.change(A, "Approved", "1"), it.change(B, "Received", "2")) });
  Object.assign(stand, { slow: 100 });
  stand.cases[A] = "Received";
  const watch = stand.watch();
  assert.deepEqual([await next(watch), await next(watch), await next(watch)], [[A, "Received", undefined, "snapshot", "0"], [B, "Received", undefined, "snapshot", "0"], [A, "Approved", "Received", "live", "1"]]);
  // That B is as it was is no news; what comes next is.
  stand.change(B, "Denied", "3");
  assert.deepEqual(await next(watch), [B, "Denied", "Received", "live", "3"]);
});

test("ok a change that is older than what was read is not told, an event that is no new status comes with the case as it stands", async () => {
  const stand = await standIn();
  stand.dates = { [A]: "2026-02-01T00:00:00Z" };
  const watch = stand.watch();
  await snapshot(watch);
  stand.change(A, "Older", "1", { last_status_at: "2026-01-01T00:00:00Z" });
  stand.say({ type: "change", cursor: "2", receipt: A, event: { type: "case.status.late", id: "m", data: caseOf(A, "Late") } });
  stand.say({ type: "change", cursor: "3", receipt: B, event: { type: "case.noted", id: "n", data: null } });
  stand.say({ type: "change", cursor: "4", receipt: C, event: { type: "case.noted", id: "n", data: null } });
  stand.change(A, "Newer", "5", { last_status_at: "2026-03-01T00:00:00Z" });
  const { value: late } = await watch.next();
  assert.deepEqual([late.case.status_text, late.previous, late.event.type, late.event.data.status_text], ["Received", late.case, "case.status.late", "Late"]);
  assert.deepEqual([await next(watch), await next(watch)], [[B, "Received", "Received", "live", "3"], [A, "Newer", "Received", "live", "5"]]);
});

test("ok after a drop it goes on from its cursor: nothing is read again, nothing missed, nothing told twice", async () => {
  const stand = await standIn({
    live(it, message, nth) {
      if (nth === 2) {
        assert.equal(message.cursor, "1");
        it.change(A, "Approved", "1");
        it.change(B, "Denied", "2");
      }
      it.subscribed(message, nth === 2 ? "2" : "0");
    },
  });
  const states = [];
  const watch = stand.watch([A, B], { onState: (state) => states.push(state) });
  await snapshot(watch);
  stand.change(A, "Approved", "1");
  await next(watch);
  const change = next(watch);
  stand.sockets[0].close(1012);
  assert.deepEqual(await change, [B, "Denied", "Received", "live", "2"]);
  await until("it to be live again", () => states.length === 3);
  assert.deepEqual([states, stand.reads().length, stand.sockets.length], [["live", "polling", "live"], 1, 2]);
});

test("ok a cursor that was kept is where it begins: first what was missed, then what is", async () => {
  const stand = await standIn({ live: (it, message) => (assert.equal(message.cursor, "7"), it.change(A, "Missed", "8"), it.subscribed(message, "8")), cases: { [A]: "Missed", [B]: "Received" } });
  const watch = stand.watch([A, B], { cursor: "7" });
  assert.deepEqual([await next(watch), await next(watch)], [[A, "Missed", undefined, "live", "8"], [B, "Received", undefined, "snapshot", "8"]]);
});

test("ok on resync the cases are read again, and what has changed is told", async () => {
  const stand = await standIn();
  const watch = stand.watch();
  await snapshot(watch);
  stand.cases[B] = "Approved";
  stand.say({ type: "resync", receipts: [A, B], cursor: "90" });
  assert.deepEqual(await next(watch), [B, "Approved", "Received", "snapshot", "90"]);
  assert.equal(stand.reads().length, 2);
  // In answer to a subscription with an old cursor it stands ahead of `subscribed`.
  const again = await standIn({ live: (it, message) => (it.say({ type: "resync", receipts: message.receipts, cursor: "5" }), it.subscribed(message, "5")) });
  const resumed = again.watch([A], { cursor: "1" });
  assert.deepEqual(await next(resumed), [A, "Received", undefined, "snapshot", "5"]);
});

test("ok a connection that has died is noticed and begun anew", async () => {
  const stand = await standIn({ live: (it, message, nth) => nth > 1 && it.subscribed(message, "1") });
  // The first connection answers nothing: not even that it has subscribed. The second one falls silent later.
  stand.client = new TorchClient({ baseUrl: stand.url, token: "t", tryTimeout: 150 });
  const watch = stand.watch([A], { pingEvery: 80, pollEvery: 30_000 });
  await snapshot(watch, 1);
  await until("another connection", () => stand.sockets.length >= 2);
  const second = stand.sockets[1];
  await until("pings", () => second.said.filter((text) => text === "ping").length >= 2);
  second.send = () => {};
  const pending = watch.next();
  await until("a third connection", () => stand.sockets.length >= 3);
  await until("its subscription", () => stand.sockets[2].said.length);
  stand.change(A, "Approved", "2");
  assert.equal((await pending).value.case.status_text, "Approved");
});

test("ok where there is no live connection it polls: none in the proxy, none on this platform, no token that could stand there", async () => {
  for (const [options, client] of [[{ upgrade: () => [404, problem(404, "no_such_route")] }], [{ upgrade: () => [501, ""] }], [{ upgrade: () => [503, problem(503, "misconfigured", { retryable: true })] }], [{}, { WebSocket: null }], [{}, { token: "a/b=" }]]) {
    const stand = await standIn(options);
    stand.client = new TorchClient({ baseUrl: stand.url, token: "t", retries: 0, ...client });
    if (client?.WebSocket === null) {
      const { WebSocket } = globalThis;
      globalThis.WebSocket = undefined;
      stand.client = new TorchClient({ baseUrl: stand.url, token: "t" });
      globalThis.WebSocket = WebSocket;
    }
    const states = [];
    const watch = stand.watch([A], { pollEvery: 30, onState: (state) => states.push(state) });
    assert.deepEqual(await next(watch), [A, "Received", undefined, "snapshot", undefined]);
    assert.deepEqual([states, stand.sockets.length], [["polling"], 0]);
    await watch.return();
  }
  const never = await standIn();
  const watch = never.watch([A], { live: "never" });
  assert.equal((await next(watch))[3], "snapshot");
  assert.deepEqual([never.sockets.length, never.asked.filter(({ path }) => path === "/live").length], [0, 0]);
});

test("ok a token whose time is over is fetched anew, and it goes on from its cursor", async () => {
  let tokens = 0;
  const stand = await standIn({ getToken: () => `token-${++tokens}`, live: (it, message, nth) => (nth === 2 && it.change(B, "Approved", "9"), it.subscribed(message, "8")) });
  const watch = stand.watch();
  await snapshot(watch);
  stand.sockets[0].close(4401);
  assert.deepEqual(await next(watch), [B, "Approved", "Received", "live", "9"]);
  assert.deepEqual(stand.sockets.map(({ offered }) => offered), ["torch-edge.v1, bearer.token-1", "torch-edge.v1, bearer.token-2"]);
  // Refused before it opens: a browser is not told why, so it asks.
  const refused = await standIn({ getToken: () => `token-${++tokens}`, upgrade: (headers) => (`${headers["sec-websocket-protocol"] ?? ""}${headers.authorization ?? ""}`.includes("token-3") ? [401, problem(401, "grant_expired")] : undefined) });
  const second = refused.watch();
  await snapshot(second);
  assert.equal(tokens, 4);
});

test("ok that a message says the token is over ends nothing: the close that follows has it renewed", async () => {
  let tokens = 0;
  const stand = await standIn({ getToken: () => `token-${++tokens}` });
  const errors = [];
  const watch = stand.watch([A], { onError: ({ code }) => errors.push(code) });
  await snapshot(watch, 1);
  stand.say({ type: "error", problem: problem(401, "grant_expired") });
  stand.sockets[0].close(4401);
  await until("the next connection", () => stand.sockets[1]?.said.length);
  stand.change(A, "Approved", "1");
  assert.equal((await next(watch))[1], "Approved");
  assert.deepEqual([errors, tokens], [["grant_expired"], 2]);
});

test("ok a getToken that fails now and then ends nothing", async () => {
  let calls = 0;
  const stand = await standIn({ getToken: () => (++calls % 2 ? Promise.reject(new Error("offline")) : "token") });
  const errors = [];
  const watch = stand.watch([A], { pollEvery: 50, onError: ({ code }) => errors.push(code) });
  await snapshot(watch, 1);
  assert.equal(errors[0], "token_unavailable");
});

test("ok a connection that is refused for now is tried again later, and meanwhile the cases are polled", async () => {
  for (const [code, name] of [[4429, "RateLimitError"], [4400, "InvalidRequestError"], [1009, "InvalidRequestError"]]) {
    const stand = await standIn({ live: (it) => it.speaker.close(code) });
    const errors = [];
    const watch = stand.watch([A], { pollEvery: 50, onError: ({ name, code }) => errors.push([name, code]) });
    assert.equal((await next(watch))[3], "snapshot");
    assert.deepEqual([errors, stand.sockets.length], [[[name, `live_${code}`]], 1]);
  }
});

test("err it ends where no token will do", async () => {
  for (const [options, code] of [
    [{ upgrade: () => [401, problem(401, "unauthorized")] }, "unauthorized"], [{ upgrade: () => [403, problem(403, "forbidden")] }, "forbidden"],
    [{ live: (it) => it.sockets.at(-1).close(4403) }, "live_4403"], [{ live: (it) => it.sockets.at(-1).close(4401) }, "live_4401"], [{ live: (it) => it.sockets.at(-1).close(4401), getToken: () => "another" }, "live_4401"],
  ]) {
    const stand = await standIn(options);
    const watch = stand.watch();
    const error = await rejection(next(watch));
    assert.deepEqual([error.constructor, error.code], [AuthError, code]);
    assert.equal(await next(watch), "done");
    assert.ok(stand.sockets.length <= 2);
  }
});

test("ok receipts that are refused are told beside; the others are watched", async () => {
  const stand = await standIn({ live: (it, message) => it.subscribed(message, "0", [{ receipt: B, problem: problem(403, "receipt_not_granted") }]) });
  const errors = [];
  const watch = stand.watch([A, B], { onError: (error, receipt) => errors.push([error.code, receipt]) });
  await snapshot(watch, 1);
  stand.change(A, "Approved", "1");
  assert.equal((await next(watch))[1], "Approved");
  stand.say({ type: "error", problem: problem(429, "too_many_receipts") });
  stand.say({ type: "something new", of: "a later version" });
  stand.change(A, "Denied", "2");
  assert.equal((await next(watch))[1], "Denied");
  assert.deepEqual(errors, [["receipt_not_granted", B], ["too_many_receipts", undefined]]);
  assert.deepEqual(stand.reads().map(({ receipts }) => receipts), [[A]]);
});

test("ok garbage on the connection ends that connection and not the watch", async () => {
  for (const garbage of ["nonsense", "[]", "null", "{}", "{\"type\":5}", JSON.stringify({ type: "change", receipt: A }), JSON.stringify({ type: "change", event: {} }), Buffer.from([1, 2, 3])]) {
    const stand = await standIn();
    const errors = [];
    const watch = stand.watch([A], { onError: (error) => errors.push(error.code) });
    await snapshot(watch, 1);
    const change = next(watch);
    stand.sockets[0].send(garbage);
    await until("another connection", () => stand.sockets[1]?.said.length);
    stand.change(A, "Approved", "1");
    assert.equal((await change)[1], "Approved");
    assert.deepEqual(errors, ["unusable_answer"]);
    await watch.return();
  }
});

test("err an abort closes the connection at any moment, and nothing is left", async () => {
  for (const delay of [0, 3, 10, 30, 120]) {
    const stand = await standIn();
    stand.slow = 60;
    const controller = new AbortController();
    const reason = new Error(`after ${delay}`);
    setTimeout(() => controller.abort(reason), delay);
    const run = async () => {
      for await (const item of stand.watch([A, B], { signal: controller.signal })) assert.ok(item.case);
    };
    assert.equal(await rejection(run()), reason);
    // What was on its way may still arrive.
    await pause(50);
    await until("no connection", () => stand.sockets.every((socket) => socket.readyState === socket.CLOSED));
    const count = stand.sockets.length;
    await pause(100);
    assert.equal(stand.sockets.length, count);
  }
});

test("ok more than a thousand cases have several connections, and what nobody has asked for yet waits in order", async () => {
  const many = receipts(1_500, "LIM");
  const stand = await standIn({ cases: Object.fromEntries(many.map((receipt) => [receipt, "Received"])) });
  const watch = stand.watch(many);
  await snapshot(watch, 1_500);
  assert.deepEqual(stand.sockets.map(({ said }) => JSON.parse(said[0]).receipts.length).sort(), [1000, 500]);
  const socket = stand.sockets.find(({ said }) => said[0].includes(many[0]));
  for (let n = 0; n < 500; n++) stand.say({ type: "change", cursor: String(n), receipt: many[n], event: { type: "case.status.updated", id: "m", data: caseOf(many[n], "Approved") } }, socket);
  await pause(200);
  for (let n = 0; n < 500; n++) assert.equal((await watch.next()).value.receipt, many[n]);
});
