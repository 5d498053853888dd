import type { Case, TorchClient, TorchError } from "../client/index.js";

/** What the elements need of a client: a `TorchClient` has it. */
export type ElementClient = Pick<TorchClient, "get" | "getMany" | "watch">;

/** Sets the client of all elements that have none of their own and stand in no list that has one. */
export function setClient(client: ElementClient | undefined): void;

interface Detail {
  /** The whole receipt number. */
  receipt: string;
}

/** `case-change`: an element shows a case, for the first time or as it is now. */
export interface CaseChangeDetail extends Detail {
  case: Case;
  /** What was shown before; not there the first time. */
  previous?: Case;
  /** How it was learned: by reading, or by watching, with `live`. */
  via: "read" | "snapshot" | "live" | "poll";
}

/** `case-error`: a case could not be read, or is not watched any more. */
export interface CaseErrorDetail extends Detail {
  error: TorchError;
  /** What is shown on, where something was known. */
  case?: Case;
}

export interface CaseElementEventMap extends HTMLElementEventMap {
  "case-change": CustomEvent<CaseChangeDetail>;
  "case-error": CustomEvent<CaseErrorDetail>;
}

/**
 * Properties to theme by, set on the elements: `--case-ink`, `--case-quiet`, `--case-paper`, `--case-line`, `--case-accent`,
 * `--case-good`, `--case-bad`, `--case-due`. Of their defaults those for dark hold where `color-scheme` says so.
 *
 * Parts: `case`, which is also one of `loading`, `known`, `stale`, `missing`, `failed`, and `due`, `favorable`, `adverse`,
 * `none`; in it `icon`, `main`, `head`, `label`, `stage`, `action`, `flag`, `note`, `official`, `text`, `notice`,
 * `problem`, `advice`, `retry`, `side`, `number`, `digits`, `reveal`, `eye`, `form`, `age`. Of a list: `summary`,
 * `progress`, `group` (and its place: `due`, a stage, `failed`), `title`, `mark`, `rows`.
 */
declare class CaseElement extends HTMLElement {
  /** The client that it reads with: its own, or that of the `<case-status-list>` around it, or what `setClient` was given. */
  get client(): ElementClient | undefined;
  set client(client: ElementClient | undefined);

  addEventListener<K extends keyof CaseElementEventMap>(type: K, listener: (this: this, event: CaseElementEventMap[K]) => unknown, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof CaseElementEventMap>(type: K, listener: (this: this, event: CaseElementEventMap[K]) => unknown, options?: boolean | EventListenerOptions): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | EventListenerOptions): void;
}

/**
 * `<case-status receipt="…">`: one case, read once and, with the attribute `live`, watched. The language is that of
 * `lang`, here or around it: `es…` is Spanish, all else English.
 */
export class CaseStatus extends CaseElement {
  /** The receipt number. As a property it appears in no attribute. */
  get receipt(): string | undefined;
  set receipt(receipt: string | undefined);
}

/**
 * `<case-status-list receipts="… …">`: many cases, those that require action first, the others by where they stand.
 * Attributes: `receipts`, parted by spaces or commas; `live`; `lang`; `heading-level`, 2 where it is not set. What stands
 * inside is shown below, and a `<case-status>` in there has the list's client.
 */
export class CaseStatusList extends CaseElement {
  /** The receipt numbers; a text is read like the attribute. As a property they appear in no attribute. */
  get receipts(): string[];
  set receipts(receipts: Iterable<string> | undefined);
}
