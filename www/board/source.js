// The board's list as the client of its elements: they ask nothing of the network. What the board's own client and watch
// bring is shown by them as well, and without a connection what was last known.
import { staleBecause, trouble } from "./rows.js";
import { cases } from "./store.js";
import { onChange } from "./sync.js";
import { language, t } from "./words.js";

/** What is the matter with a case, in the words of the board where it has some; undefined where nothing is. */
function errorOf({ case: found, error }) {
  if (error) {
    const message = trouble(error);
    return { ...error, message, lang: message === error.message ? "en" : language() };
  }
  // Above, the page says that there is no connection, or no access: that is an error here only where nothing is known.
  const code = staleBecause({});
  return code && !found ? { code, message: t().notRead, retryable: code === "offline", lang: language() } : undefined;
}

/** A case as a client's answer; undefined where it is not known. */
function answerOf(record) {
  const { receipt, case: found, asOf, freshUntil } = record;
  if (!found) return;
  const [now, because] = [Date.now(), staleBecause(record)];
  return { receipt, case: found, meta: { age: (now - asOf) / 1000, freshFor: Math.max(0, (freshUntil - now) / 1000) || 0, stale: Boolean(because), cacheStatus: { detail: because } } };
}

/** The next time that the list may have changed, or that nobody waits for it any more. */
const change = (signal) => new Promise((resolve) => {
  const done = () => {
    unlisten();
    signal.removeEventListener("abort", done);
    resolve();
  };
  const unlisten = onChange(done);
  signal.addEventListener("abort", done);
});

/** `again` asks the proxy. The elements' client, but for many cases at once, which nothing here shows. */
export const source = (again) => ({
  async get(receipt, { signal }) {
    // Who wants to have what has failed wants another try.
    if (errorOf(cases.get(receipt))) await again();
    for (;;) {
      signal.throwIfAborted();
      const record = cases.get(receipt);
      const [answer, error] = [answerOf(record), errorOf(record)];
      // Of a known case that cannot be renewed the watch tells the error.
      if (answer) return answer;
      if (error) throw error;
      await change(signal);
    }
  },

  async *watch([receipt], { signal, onError }) {
    for (let told; !signal.aborted && cases.has(receipt); await change(signal)) {
      const record = cases.get(receipt);
      const [answer, error] = [answerOf(record), errorOf(record)];
      const now = JSON.stringify([record.case, record.asOf, staleBecause(record), error]);
      if (now === told) continue;
      told = now;
      if (answer) yield { ...answer, via: "live" };
      if (error) onError(error, receipt);
    }
  },
});
