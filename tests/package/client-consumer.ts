// What an application writes in TypeScript: it is compiled under `strict` by client-types.test.mjs, not run.
import { QueryClient, QueryObserver } from "@tanstack/query-core";
import { AuthError, NotFoundError, queryOptions, RateLimitError, TorchClient, TorchError, type Case, type Change, type Grant, type ManyItem, type ProblemCode } from "../../www/package/client/index.js";

const client = new TorchClient({
  baseUrl: new URL("https://torch.example.com/v1"),
  getToken: async ({ reason, signal }) => (await fetch(`/grant?${reason}`, { signal })).text(),
  onRetry: ({ error, wait }) => console.log(error.code, wait),
  fetch: globalThis.fetch,
  WebSocket: globalThis.WebSocket,
});

export async function read(signal: AbortSignal): Promise<string> {
  const { case: found, meta } = await client.get("IOE0012345678", { signal, maxAge: 60, noCache: undefined });
  const category: string = found.normalized.category;
  const unknown: unknown = found.some_field;
  const seconds: number | undefined = meta.age ?? meta.rateLimit?.reset;
  // @ts-expect-error any other field may be anything
  const text: string = found.some_field;
  return `${found.status_text} ${category} ${unknown} ${seconds} ${text}`;
}

export async function many(receipts: Set<string>): Promise<Case[]> {
  const cases: Case[] = [];
  for await (const item of client.getMany(receipts)) {
    // Either one or the other: what is left is known.
    if (item.error) console.log(item.receipt, item.error.code, item.meta?.requestId);
    else cases.push(item.case), console.log(item.meta.freshFor, item.progress.done / item.progress.total);
  }
  const all: ManyItem[] = await client.getMany([...receipts]).all();
  return all.flatMap((item) => item.case ?? cases);
}

export async function watch(): Promise<Change | undefined> {
  const changes = client.watch(["IOE0012345678"], { live: "auto", onError: (error, receipt) => console.log(error.retryAfter, receipt), onState: (state) => state === "live" });
  for await (const { case: now, previous, via, event, cursor } of changes) {
    if (via === "live" && event?.type === "case.status.late") return undefined;
    console.log(now.status_text, previous?.status_text, cursor?.length);
  }
  const { value, done } = await changes.next();
  await changes.return();
  return done ? undefined : value;
}

export function what(error: unknown): string {
  if (error instanceof NotFoundError) return "not found";
  if (error instanceof RateLimitError || error instanceof AuthError) return `${error.retryAfter ?? error.problem?.detail}`;
  if (!(error instanceof TorchError)) throw error;
  // Words that are known are offered, and new ones may come.
  const code: ProblemCode = "a_new_one";
  return error.code === "deadline" || error.code === code ? "later" : `${error.status}`;
}

export const grant = async (): Promise<Grant> => client.grant({ receipts: ["IOE0012345678"], expiresIn: 600 });

export async function query(queries: QueryClient): Promise<string> {
  new QueryObserver(queries, queryOptions(client, "IOE0012345678")).subscribe(({ data }) => data?.case.status_text);
  return (await queries.fetchQuery(queryOptions(client, "IOE0012345678", { maxAge: 5 }))).case.status_text;
}

// @ts-expect-error an address is needed
new TorchClient({ token: "x" });
// @ts-expect-error a number is none of the two
void client.get(12);
