import type { Case, Meta, TorchClient, TorchError } from "../client/index.js";

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
  /** The receipt numbers. As a property they appear in no attribute. */
  get receipts(): readonly string[];
  set receipts(receipts: readonly string[] | undefined);
}
