// What came of each case of a check, and whether the proxy is of any use.
import { AuthError, InvalidRequestError, NetworkError, ProtocolError, TimeoutError } from "../client/index.js";
import { refusesToken } from "../client/errors.js";
import { clean } from "./terminal.js";

/** Whether an error is about the proxy as a whole, and not about a case: nothing answers, or something else does. */
const ofProxy = (error) => error instanceof NetworkError || error instanceof ProtocolError || error instanceof TimeoutError || refusesToken(error)
  || ["misconfigured", "no_such_route"].includes(error.code) || error.code.startsWith("http_");

/** An error's sentence, in the words of the command line. */
export const why = ({ message }, address = "the address") => clean(message).replace("; check baseUrl and the proxy's ALLOWED_ORIGINS", "").replaceAll("baseUrl", address).replaceAll("the option timeout", "--timeout");

/** Why the proxy cannot be used, and what to look at. */
export function usable(address, error, tokenFrom) {
  const where = clean(String(address));
  if (error instanceof AuthError) return `The proxy at ${where} does not take the token of ${tokenFrom} (${error.code}): ${why(error)}`;
  return `The proxy at ${where} cannot be used (${error.code}): ${why(error)}`;
}

const MALFORMED = new InvalidRequestError("This is no receipt number: three letters and ten digits. `torch-edge receipt` shows where it goes wrong.", { code: "receipt_malformed", status: 400 });

export class Tally {
  known = new Map();
  /** Whether the proxy has told something of a case. */
  proven = false;
  /** What went wrong first. */
  trouble;
  failed = 0;
  #errors = new Map();
  /** That an answer is older than it should be, and why, where that is said. */
  #stale;

  constructor(entries) {
    this.entries = entries;
    this.bad = entries.filter(({ receipt }) => !receipt);
    this.asked = [...new Set(entries.map(({ receipt }) => receipt).filter(Boolean))];
    for (const _ of this.bad) this.#fail(MALFORMED);
  }

  add({ receipt, case: found, error, meta }) {
    this.known.set(receipt, { receipt, case: found, error });
    if (meta?.stale) this.#stale = { why: meta.cacheStatus.detail ?? this.#stale?.why };
    if (!error) this.proven = true;
    else {
      this.#fail(error);
      if (ofProxy(error)) this.trouble ??= error;
      else this.proven = true;
    }
  }

  rowOf({ receipt, text }) {
    return receipt ? this.known.get(receipt) : { receipt: text, error: MALFORMED };
  }

  #fail(error) {
    this.failed++;
    const { count = 0 } = this.#errors.get(error.code) ?? {};
    this.#errors.set(error.code, { count: count + 1, says: why(error).replace(/^[A-Z]{3}\*{6}\d{4}: /, "") });
  }

  /** Says what came of it all. */
  async summary(err, stopped, path) {
    const total = this.asked.length + this.bad.length;
    const there = this.known.size + this.bad.length;
    const doubled = this.entries.length - total;
    await err.say([
      `${total} receipt${total === 1 ? "" : "s"}${doubled ? ` in ${this.entries.length} rows` : ""}: ${there - this.failed} known, ${this.failed} failed${stopped ? `, ${total - there} not there yet when it was stopped` : ""}.`,
      path !== undefined && `Written to ${path}.`,
    ].filter(Boolean).join(" "));
    for (const [code, { count, says }] of this.#errors) await err.say(says, { lead: `  ${count} ${code}: ` });
    if (this.#stale) await err.say(`Some answers are older than they should be${this.#stale.why ? ` (${clean(String(this.#stale.why))})` : ""}.`);
  }
}
