// The client for the proxy.
import type { Normalized } from "../core/types.js";

/** Torch's record of a case, every field as Torch sends it, and what its status means. */
export interface Case {
  /** The receipt number as Torch writes it. A string for ever: IOE numbers start with zeros. */
  receipt_number: string;
  /** The official text as Torch observed it, to the letter. */
  status_text: string;
  /** Torch's own category; they may change. */
  status_category?: string | null;
  /** When Torch last looked: RFC 3339 as a rule. */
  last_checked_at?: string | null;
  /** When Torch last observed this text: RFC 3339 as a rule. */
  last_status_at?: string | null;
  /** What the text means. */
  normalized: Normalized;
  /** Any other field that Torch sends. Where the deployment has other names for Torch's fields, they stand here. */
  [field: string]: unknown;
}

/** The stable word of a problem. New ones may come. */
export type ProblemCode =
  | "receipt_malformed"
  | "receipt_missing"
  | "too_many_receipts"
  | "unknown_parameter"
  | "unauthorized"
  | "forbidden"
  | "grant_expired"
  | "receipt_not_granted"
  | "no_such_route"
  | "case_not_found"
  | "method_not_allowed"
  | "upgrade_required"
  | "body_malformed"
  | "body_too_large"
  | "too_many_sockets"
  | "rate_limited"
  | "quota_exhausted"
  | "circuit_open"
  | "internal"
  | "misconfigured"
  | "not_cached"
  | "torch_bad_request"
  | "torch_unauthorized"
  | "torch_forbidden"
  | "torch_conflict"
  | "torch_rate_limited"
  | "torch_failed"
  | "torch_unusable"
  | "torch_unreachable"
  | "torch_timeout"
  | (string & {});

/** What the proxy says of an error (RFC 9457). It comes over the network: only `code` is sure to be there. */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  code: ProblemCode;
  retryable?: boolean;
  /** Seconds after which to ask again. */
  retry_after?: number;
  request_id?: string;
}

/** What the proxy's cache did for an answer (RFC 9211). */
export interface CacheStatus {
  /** Whether it came from the cache. */
  hit: boolean;
  /** Why Torch was asked. */
  fwd?: "uri-miss" | "stale" | "request" | (string & {});
  /** What Torch answered. */
  fwdStatus?: number;
  /** Seconds for which it is still fresh; negative once it is stale. */
  ttl?: number;
  stored?: boolean;
  /** Another request's call for the same case served. */
  collapsed?: boolean;
  /** `refreshing`, or the code of the problem for which an older answer stands in. */
  detail?: "refreshing" | "negative" | "only-if-cached" | ProblemCode;
  [parameter: string]: unknown;
}

/** What an answer's headers say; of a batch, what they say of this case. */
export interface Meta {
  /** Seconds since Torch gave the answer. */
  age?: number;
  /** Whether it need not be asked for again yet. */
  fresh: boolean;
  /** For how many seconds more. */
  freshFor: number;
  /** Whether it is known to be older than it should be: it is being renewed, or Torch failed. `cacheStatus.detail` says which. */
  stale: boolean;
  cacheStatus: CacheStatus;
  etag?: string;
  /** Your client's allowance: requests that are left, until so many seconds from now. */
  rateLimit?: { remaining: number; reset: number };
  /** Stands in the proxy's log. */
  requestId?: string;
}

export interface CaseAnswer {
  case: Case;
  meta: Meta;
}

/** A row of a case's ledger. */
export interface HistoryEvent {
  seq: number;
  kind: "case.first_seen" | "case.status.updated" | "case.status.late" | "case.touched" | "case.event" | (string & {});
  source: "poll" | "webhook" | (string & {});
  event_id: string | null;
  event_type: string | null;
  status_text: string | null;
  status_category: string | null;
  last_status_at: string | null;
  /** When it was first seen by the proxy. */
  seen_at: string;
  normalized: Normalized | null;
  hash: string;
  /** Torch's own bytes, which the hash covers. */
  record: string;
}

export interface History {
  receipt_number: string;
  chain: { valid: boolean; length: number; head: string; broken_at?: number };
  events: HistoryEvent[];
}

export interface HistoryAnswer {
  history: History;
  meta: Meta;
}

export interface Grant {
  /** The token: what a browser's `getToken` gives. */
  token: string;
  token_type: "Bearer" | (string & {});
  /** RFC 3339. */
  expires_at: string;
  receipts: string[];
}

/** Why a token is wanted: there is none yet; the last one's time is over, or nearly; the proxy does not take the last one. */
export type TokenReason = "first" | "expired" | "refused";

export interface ClientOptions {
  /** The proxy's address, such as `https://torch.example.com` or `https://example.com/torch/v1`. In a page also relative to it. */
  baseUrl: string | URL;
  /** A client's token, on a server. In a browser only a grant is taken here: anybody can read what a page holds. */
  token?: string;
  /** Fetches a token, a grant as a rule. Called once for all who wait, and again shortly before the grant ends or when
   * the proxy refuses it. With `token` beside it, that one is used first. */
  getToken?: (context: { reason: TokenReason; signal: AbortSignal }) => string | Promise<string>;
  /** In place of the platform's. */
  fetch?: (input: string, init: RequestInit) => Promise<Response>;
  /** In place of the platform's. Where there is none, `watch` polls. */
  WebSocket?: new (url: string, protocols?: string[]) => WebSocket;
  /** Milliseconds for a whole operation with all its tries: 30,000. */
  timeout?: number;
  /** Milliseconds for each try: 10,000. */
  tryTimeout?: number;
  /** How often to try again what may be good the next time: 3. */
  retries?: number;
  /** How many batches `getMany` has on their way at a time: 4. */
  concurrency?: number;
  /** How many receipts it asks for in one: 25; the proxy takes up to 500. */
  batchSize?: number;
  /** Told before each pause of `wait` milliseconds. */
  onRetry?: (retry: { error: TorchError; attempt: number; wait: number }) => void;
}

export interface CallOptions {
  /** An operation that is aborted rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Milliseconds for this operation. For `getMany`: for all of it; without it each batch has the client's. */
  timeout?: number | undefined;
}

export interface ReadOptions extends CallOptions {
  /** Take no answer that is older, in seconds. */
  maxAge?: number | undefined;
  /** Take a new look; the proxy does at most every 30 seconds. */
  noCache?: boolean | undefined;
  /** Do not ask Torch: an `UnavailableError` `not_cached` where nothing is known. */
  onlyIfCached?: boolean | undefined;
}

/** What came of a case of `getMany`: either `case` or `error`. */
export type ManyItem = {
  /** In its one form; what was written, where that is no receipt number. */
  receipt: string;
  /** How far it is: of `total` different receipts. */
  progress: { done: number; total: number; failed: number };
} & ({ case: Case; error?: undefined; meta: Meta } | { case?: undefined; error: TorchError; meta?: Meta });

/** The cases of `getMany` as they come, in any order, each receipt once. To leave the loop aborts what is not there yet.
 * Every loop asks anew. */
export interface Many extends AsyncIterable<ManyItem> {
  /** All of them: in the order asked, and as many as were asked. */
  all(): Promise<ManyItem[]>;
}

/** What the live connection says of a change: the body that the proxy's webhooks have. */
export interface LiveEvent {
  type: "case.status.updated" | "case.status.late" | (string & {});
  id?: string;
  timestamp?: string;
  data?: unknown;
  [member: string]: unknown;
}

export interface Change {
  receipt: string;
  /** The case as it stands now. */
  case: Case;
  /** What was yielded of it last. */
  previous?: Case;
  /** How it is known: what was there at first, or after a gap; the live connection; a poll. */
  via: "snapshot" | "live" | "poll";
  /** With `live`. An event that is no new status (`case.status.late`, or one that Torch tells beside) has the case as it stands beside it. */
  event?: LiveEvent;
  /** How far the live connection has come: for the option `cursor` of a later watch. */
  cursor?: string;
}

/** The changes, as `watch` finds them. `return()` ends it at once, also where somebody waits for `next()`. */
export interface Watch extends AsyncIterableIterator<Change> {
  return(): Promise<IteratorResult<Change, undefined>>;
}

export interface WatchOptions {
  signal?: AbortSignal | undefined;
  /** `never`: only poll. */
  live?: "auto" | "never";
  /** Go on from there: the `cursor` that an earlier watch of up to 1,000 receipts yielded last. */
  cursor?: string | undefined;
  /** The least milliseconds between two polls: 30,000. */
  pollEvery?: number;
  /** Milliseconds between two signs of life on the live connection: 30,000. After twice as long without one it is begun anew. */
  pingEvery?: number;
  /** Told of what goes wrong while the watch goes on: a receipt that is not found, a proxy that is away. */
  onError?: (error: TorchError, receipt?: string) => void;
  /** Told when changes come live, and when they are polled for. */
  onState?: (state: "live" | "polling") => void;
}

/** A client for one proxy. Make one and keep it: it remembers tokens, ETags and the allowance. */
export declare class TorchClient {
  constructor(options: ClientOptions);

  /** A case. Whoever asks for the same one at the same time in the same way shares one request. */
  get(receipt: string, options?: ReadOptions): Promise<CaseAnswer>;

  /** Any number of cases, in batches. What fails is an item with an `error`, not an exception. */
  getMany(receipts: Iterable<string>, options?: ReadOptions): Many;

  /** A case's ledger: every status, when it was seen and how. */
  history(receipt: string, options?: CallOptions): Promise<HistoryAnswer>;

  /** First each case as it is, then each change as it comes, in order and without end: over the proxy's live connection,
   * or by polling where there is none. What is not read yet is kept, without a bound, so read it or leave. To leave
   * the loop ends it; so does `signal`. It throws where no token will do. */
  watch(receipts: Iterable<string>, options?: WatchOptions): Watch;

  /** Mints a grant, on a server: a token for a browser, good for 1 to 200 cases and for 60 seconds to a day (`expiresIn`,
   * in seconds; an hour). */
  grant(request: { receipts: Iterable<string>; expiresIn?: number }, options?: CallOptions): Promise<Grant>;
}

/** An error's word: the problem's `code`, or one of the client's own. */
export type ErrorCode =
  | ProblemCode
  /** Nothing came in time: in all, or in a single try. */
  | "deadline"
  | "try_timeout"
  /** No answer came at all. */
  | "network"
  /** An answer came that is not the proxy's. */
  | "unusable_answer"
  /** About the token before it is sent. */
  | "token_malformed"
  | "token_unavailable"
  | "key_in_browser";

/** Everything that goes wrong between here and Torch. A mistake in an option is a TypeError, and an aborted operation
 * rejects with the signal's reason. Messages hold neither a token nor a whole receipt number. */
export declare class TorchError extends Error {
  readonly code: ErrorCode;
  /** The answer's status, or the item's in a batch; undefined where there was no answer. */
  readonly status: number | undefined;
  /** Whether the same may be good later. */
  readonly retryable: boolean;
  /** Seconds to wait before. */
  readonly retryAfter: number | undefined;
  readonly problem: Problem | undefined;
  readonly requestId: string | undefined;
  /** The whole receipt number. It is not enumerable, so that loggers pass it over. */
  readonly receipt: string | undefined;
}
/** 401 and 403, and tokens that cannot be sent. */
export declare class AuthError extends TorchError {}
/** 404: Torch does not recognize the receipt, or there is no such route. */
export declare class NotFoundError extends TorchError {}
/** 429, or an allowance that is known to be used up. */
export declare class RateLimitError extends TorchError {}
/** 400, 409, 413 and the like, and receipts that are none. */
export declare class InvalidRequestError extends TorchError {}
/** 5xx. */
export declare class UnavailableError extends TorchError {}
/** No connection, or one that broke. */
export declare class NetworkError extends TorchError {}
/** Time is over: `code` is `deadline` for the whole, `try_timeout` for the last try. */
export declare class TimeoutError extends TorchError {}
/** The answer is not what the proxy says: no JSON, no case, another case, a redirect. */
export declare class ProtocolError extends TorchError {}

/** Options for TanStack Query 5. */
export interface CaseQueryOptions {
  queryKey: readonly ["torch-edge", string];
  queryFn: (context: { signal: AbortSignal }) => Promise<CaseAnswer>;
  /** For as long as the proxy says. */
  staleTime: (query: { state: { data?: CaseAnswer | undefined } }) => number;
  /** The client retries by itself. */
  retry: false;
}
export declare function queryOptions(client: TorchClient, receipt: string, options?: Omit<ReadOptions, "signal">): CaseQueryOptions;
