// The client watches over the real Worker's live connection: from a webhook to the loop that reads it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { event, pair, receipts, sha256, until, WEBHOOK } from "../edge/support.mjs";
import { rejection } from "./client-support.mjs";
import { AuthError, TorchClient } from "../../www/package/client/index.js";

const CLIENTS = [{ name: "firm", sha256: [sha256("live-token")], scopes: ["read", "live", "grant"] }, { name: "reader", sha256: [sha256("read-token")], scopes: ["read"] }];
const { proxy } = await pair({ ...WEBHOOK, secrets: { ...WEBHOOK.secrets, GRANT_SECRET: randomBytes(32).toString("base64"), CLIENTS: JSON.stringify(CLIENTS) } });
const client = new TorchClient({ baseUrl: proxy.url, token: "live-token" });
let serial = 0;
const fresh = (count) => receipts(count, "FED", (serial += count) - count + 1);
const tell = async (receipt, text, day) => assert.equal((await proxy.webhook(event(receipt, { text, at: `2026-11-${day}T00:00:00Z` }))).status, 200);
/** The next items of a watch, until there are so many. */
async function take(watch, count) {
  const items = [];
  while (items.length < count) items.push((await watch.next()).value);
  return items;
}

test("ok a webhook's change is there in less than two seconds, in order, and none twice", async () => {
  const [A, B] = fresh(2);
  const states = [];
  const watch = client.watch([A, B], { onState: (state) => states.push(state) });
  const first = await take(watch, 2);
  assert.deepEqual(first.map(({ via }) => via), ["snapshot", "snapshot"]);
  const since = performance.now();
  await tell(A, "One", "01");
  const [one] = await take(watch, 1);
  assert.ok(performance.now() - since < 2000);
  assert.deepEqual([one.receipt, one.case.status_text, one.previous.status_text, one.via, one.event.type, one.event.data.receipt_number], [A, "One", first.find(({ receipt }) => receipt === A).case.status_text, "live", "case.status.updated", A]);
  assert.equal(typeof one.case.normalized.category, "string");
  for (const [text, day] of [["Two", "02"], ["Three", "03"]]) await tell(A, text, day);
  await tell(A, "Three", "03");
  await tell(A, "Before all", "01");
  await tell(B, "Four", "04");
  const rest = await take(watch, 4);
  assert.deepEqual(rest.map(({ receipt, case: found, event: { type } }) => [receipt, found.status_text, type]), [[A, "Two", "case.status.updated"], [A, "Three", "case.status.updated"], [A, "Three", "case.status.late"], [B, "Four", "case.status.updated"]]);
  assert.deepEqual(states, ["live"]);
  await watch.return();
});

test("ok what happens while nobody is connected is told by the cursor, and a strange cursor by reading again", async () => {
  const [A, B] = fresh(2);
  const before = client.watch([A, B]);
  const { cursor } = (await take(before, 2))[1];
  await before.return();
  await tell(A, "While away", "05");
  await tell(B, "This too", "06");
  const after = client.watch([A, B], { cursor });
  assert.deepEqual((await take(after, 2)).map((item) => [item.receipt, item.case.status_text, item.via]), [[A, "While away", "live"], [B, "This too", "live"]]);
  await after.return();
  const strange = client.watch([A], { cursor: "no cursor of ours" });
  assert.deepEqual((await take(strange, 1)).map((item) => [item.case.status_text, item.via]), [["While away", "snapshot"]]);
  await strange.return();
});

test("ok a connection that breaks goes on where it was", async () => {
  const [A] = fresh(1);
  const sockets = [];
  class Breaking extends WebSocket {
    constructor(...args) {
      super(...args);
      sockets.push(this);
    }
  }
  const watch = new TorchClient({ baseUrl: proxy.url, token: "live-token", WebSocket: Breaking }).watch([A]);
  await take(watch, 1);
  const next = take(watch, 1);
  sockets[0].close();
  await tell(A, "In between", "07");
  const [{ case: found, via }] = await next;
  assert.deepEqual([found.status_text, via], ["In between", "live"]);
  await until("another connection", () => sockets.length === 2);
  await watch.return();
});

test("ok a grant watches its own cases; err a token without the scope, a grant for others", async () => {
  const [A, B] = fresh(2);
  const { token } = await client.grant({ receipts: [A] });
  const granted = new TorchClient({ baseUrl: proxy.url, getToken: () => token });
  const errors = [];
  const watch = granted.watch([A, B], { onError: ({ code }, receipt) => errors.push([code, receipt]) });
  await take(watch, 1);
  await tell(A, "Mine", "08");
  await tell(B, "Not mine", "08");
  await tell(A, "Mine again", "09");
  assert.deepEqual((await take(watch, 2)).map((item) => item.case.status_text), ["Mine", "Mine again"]);
  assert.deepEqual(errors, [["receipt_not_granted", B]]);
  await watch.return();
  const other = await rejection(granted.watch([B]).next());
  assert.deepEqual([other.constructor, other.code], [AuthError, "receipt_not_granted"]);
  const scopeless = await rejection(new TorchClient({ baseUrl: proxy.url, token: "read-token" }).watch([A]).next());
  assert.deepEqual([scopeless.constructor, scopeless.code], [AuthError, "forbidden"]);
  const polled = new TorchClient({ baseUrl: proxy.url, token: "read-token" }).watch([A], { live: "never" });
  assert.equal((await take(polled, 1))[0].via, "snapshot");
  await polled.return();
});
