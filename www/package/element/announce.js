// What is said to those who listen to the page: one polite announcement for all that happens within a second or so,
// in whichever of the elements.
import { labelOf, placeOf } from "./card.js";

const QUIET_MS = 1000;
/** Where news does not end, it is not held back for longer than this. */
const LONGEST_MS = 5000;
/** So many cases are named; of the others, how many. */
const NAMED = 3;

let news = new Map();
let since;
let timer;

/** To be said: that a record has been read or, with `before`, has changed. `host` has the live region. */
export function announce(host, record, before) {
  if (!news.size) since = Date.now();
  news.set(record, { host, changed: Boolean(before || news.get(record)?.changed) });
  clearTimeout(timer);
  timer = setTimeout(flush, Math.min(QUIET_MS, since + LONGEST_MS - Date.now()));
}

function flush() {
  const all = [...news].filter(([record, { host }]) => host.has(record));
  news = new Map();
  if (!all.length) return;
  const { region, words } = all[0][1].host;
  region.textContent = [true, false].map((changed) => {
    const records = all.filter(([, item]) => item.changed === changed).map(([record]) => record);
    const count = records.length;
    if (!changed && count > 1) return summary(words, records);
    const named = records.slice(0, NAMED).map((record) => `${words.number + record.receipt.slice(-4)}: ${labelOf(record, words)}${placeOf(record) === "action" ? `, ${words.action}` : ""}`);
    if (count > NAMED) named.push(count - NAMED + words.more);
    return (count > 1 ? count + words.changed : "") + named.join("; ");
  }).join(" ");
  // Afterwards nobody who reads on is to come upon it.
  setTimeout(() => region.replaceChildren(), 2 * LONGEST_MS);
}

/** How many cases there are, require action and are not available. */
export const summary = (words, records) =>
  ["cases", "action", "failed"].map((name) => [words[name], records.filter((record) => name === "cases" || placeOf(record) === name).length]).filter(([, count]) => count).map((pair) => pair.join(": ")).join(" · ");
