// TanStack Query runs the client's reads: its own core, against the real proxy.
import assert from "node:assert/strict";
import test from "node:test";
import { QueryClient, QueryObserver } from "@tanstack/query-core";
import { pair, receipts, TOKEN, until } from "../edge/support.mjs";
import { rejection } from "./client-support.mjs";
import { NotFoundError, queryOptions, TorchClient } from "../../www/package/client/index.js";

const { proxy } = await pair();
let sent = 0;
const client = new TorchClient({ baseUrl: proxy.url, token: TOKEN, fetch: (...args) => (sent++, fetch(...args)) });

test("ok a query is fresh for as long as the proxy says, and one case is one query however it is typed", async () => {
  const queries = new QueryClient();
  const [receipt, stale] = receipts(2, "QRY");
  const answer = await queries.fetchQuery(queryOptions(client, receipt.toLowerCase()));
  assert.equal(answer.case.receipt_number, receipt);
  assert.deepEqual(await queries.fetchQuery(queryOptions(client, receipt)), answer);
  assert.equal(sent, 1, "fresh");
  await proxy.seed(stale, { age: 1000, lifetime: 900, body: JSON.stringify(answer.case).replace(receipt, stale) });
  await queries.fetchQuery(queryOptions(client, stale));
  await queries.fetchQuery(queryOptions(client, stale));
  assert.equal(sent, 3, "stale");
  assert.deepEqual(queries.getQueryCache().getAll().map(({ queryKey }) => queryKey), [["torch-edge", receipt], ["torch-edge", stale]]);
  queries.clear();
});

test("err an error comes at once, and is not asked for again and again", async () => {
  const queries = new QueryClient();
  sent = 0;
  assert.equal((await rejection(queries.fetchQuery(queryOptions(client, "ZZZ0000000001")))).constructor, NotFoundError);
  assert.equal((await rejection(queries.fetchQuery(queryOptions(client, "nonsense")))).code, "receipt_malformed");
  assert.equal(sent, 1);
});

test("ok an observer that goes away has the request aborted", async () => {
  let signal;
  const hanging = new TorchClient({ baseUrl: proxy.url, token: TOKEN, fetch: (_, init) => new Promise(() => ({ signal } = init)) });
  const queries = new QueryClient();
  const leave = new QueryObserver(queries, queryOptions(hanging, receipts(1, "QRX")[0])).subscribe(() => {});
  await until("the request", () => signal);
  leave();
  await until("its end", () => signal.aborted);
  queries.clear();
});
