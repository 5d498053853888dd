// The package's types. Nothing here throws on what comes from outside: bad receipts and forged webhooks are results.
import type { Category, CategoryId, MatchedBy, Normalized } from "./core/types.js";

export type { Category, CategoryId, Labels, MatchedBy, Normalized, Outcome, Stage } from "./core/types.js";
export * from "./client/index.js";

/** A status as sources give it: all in one text, or in parts. */
export type Status =
  | string
  | {
      title?: string | null;
      description?: string | null;
      /** The upstream's own category, asked only where the text does not tell. */
      category?: string | null;
    };

/** What a status means. `unknown` is never guessed away. Only the first 4 KiB of a text count. */
export function normalize(status: Status): Normalized;

/** The same for many, crossing into WebAssembly once for some thousand of them. */
export function normalizeMany(statuses: Iterable<Status>): Normalized[];

/** Why a text gets its category. */
export interface Explanation {
  category: CategoryId;
  /** Never `upstream`: only the text is asked. */
  matched_by: MatchedBy;
  /** The rule, such as `known title` or `expedite request`. */
  rule: string;
  /** The words that decided, as they stand in the text. */
  words: string[];
}

export function explain(status: Status): Explanation;

/** The taxonomy, in its order. */
export const categories: readonly Category[];

/** Its version. */
export const taxonomy: string;

export type ReceiptErrorCode = "empty" | "too_short" | "too_long" | "expected_letter" | "expected_digit" | "not_a_string" | (string & {});

export type ParsedReceipt =
  | {
      ok: true;
      /** Three capital letters and ten digits. */
      receipt: string;
      /** For logs and messages: `IOE******5678`. */
      masked: string;
    }
  | {
      ok: false;
      code: ReceiptErrorCode;
      /** A sentence for a person. It quotes one character at most. */
      message: string;
      /** The character, counted from 1, where it goes wrong; one past the end where something is missing. */
      position: number;
    };

/** Reads a receipt number as people type it: in either case, with dashes and spaces. Throws for nothing. */
export function parseReceipt(text: unknown): ParsedReceipt;

/** How a sender shows that a webhook is its own: `WEBHOOK_SCHEME` of the proxy. */
export type WebhookScheme = "standard-webhooks" | "shared-secret" | "timestamped-hex" | "sha256-hex";

export interface WebhookSecret {
  /** As the sender gives it out: `whsec_…` for Standard Webhooks. */
  secret: string;
  /** `standard-webhooks` unless said otherwise. */
  scheme?: WebhookScheme;
  /** The header's name; for Standard Webhooks the first word of its headers' names, `webhook` unless said otherwise. */
  header?: string;
}

export interface VerifyOptions extends WebhookSecret {
  /** While secrets rotate: the one before. */
  previousSecret?: string;
  /** How far the timestamp may lie from now, in seconds, 1 to 3600: 300 unless said otherwise. */
  tolerance?: number;
  /** Milliseconds since 1970, as `Date.now()`. */
  now?: number;
}

export type VerifyErrorCode =
  | "header_missing"
  | "header_doubled"
  | "header_empty"
  | "id_malformed"
  | "timestamp_malformed"
  | "no_signature"
  | "too_many_signatures"
  | "signature_mismatch"
  | "wrong_secret"
  | "too_old"
  | "too_new"
  | (string & {});

export type Verified =
  | {
      ok: true;
      /** While it is `previous`, the sender has not changed over. */
      secret: "current" | "previous";
      /** Standard Webhooks: the message's id, the same at every retry. */
      id?: string;
      /** When this attempt was signed, where the scheme says so. */
      signedAt?: Date;
    }
  | {
      ok: false;
      code: VerifyErrorCode;
      /** Why, and what to look at, for your log. To the sender it is a 401, whatever the reason. */
      message: string;
    };

/** A request's headers: `Headers`, pairs, or an object as Node's `request.headers`. */
export type HeaderFields = Iterable<readonly [string, string]> | Readonly<Record<string, string | readonly string[] | null | undefined>>;

/**
 * Verifies a webhook over its raw bytes (or the text as it came), in constant time.
 *
 * Throws a `TypeError` where scheme or secret cannot be used at all, or the body is an object.
 */
export function verifyWebhook(body: string | ArrayBuffer | ArrayBufferView, headers: HeaderFields, options: VerifyOptions): Verified;

export interface SignOptions extends WebhookSecret {
  /** The message's id; a random one unless said otherwise. */
  id?: string;
  /** Milliseconds since 1970, as `Date.now()`. */
  now?: number;
}

/** The headers that make a body a webhook: for tests of what receives it. */
export function signWebhook(body: string | ArrayBuffer | ArrayBufferView, options: SignOptions): Record<string, string>;
