// What is said to those who listen to the page: one polite announcement for all that happens within a second or so,
// in whichever of the elements.
import { labelOf, placeOf } from "./card.js";
import { wordsOf } from "./words.js";

const QUIET_MS = 1000;
/** Where news does not end, it is not held back for longer than this. */
const LONGEST_MS = 5000;
/** So many cases are named; of the others, how many. */
const NAMED = 3;

let news = new Map();
let since;
let timer;

/** To be said: that a record has been read or has `changed`. `host` has the live region. */
export function announce(host, record, changed) {
  if (!news.size) since = Date.now();
  news.set(record, { host, record, changed: changed || !!news.get(record)?.changed });
  clearTimeout(timer);
  timer = setTimeout(flush, Math.min(QUIET_MS, since + LONGEST_MS - Date.now()));
}

function flush() {
  const [first] = news.values();
  // A list that is still being read is told of as a whole.
  if ([...first.host.records.values()].some((record) => record.busy)) return void (timer = setTimeout(flush, QUIET_MS));
  const all = [...news.values()].filter(({ host, record }) => host.has(record));
  news = new Map();
  if (!all.length) return;
  const [{ host }] = all;
  const words = wordsOf(host);
  host.region.lang = words.language;
  host.region.textContent = [true, false].map((changed) => {
    const records = all.filter((item) => item.changed === changed).map(({ record }) => record);
    const { length } = records;
    if (!changed && length > 1) return summary(words, records);
    const named = records.slice(0, NAMED).map((record) => `${words.number + record.receipt.slice(-4)}: ${labelOf(record, words)}${placeOf(record) === "due" ? `, ${words.due}` : ""}`);
    if (length > NAMED) named.push(length - NAMED + words.more);
    return (length > 1 ? length + words.changed : "") + named.join("; ");
  }).join(" ");
  // Afterwards nobody who reads on is to come upon it.
  setTimeout(() => host.region.replaceChildren(), 2 * LONGEST_MS);
}

/** How many cases there are, require action and are not available. */
export const summary = (words, records) => ["cases", "due", "failed"].flatMap((name) => {
  const { length } = records.filter((record) => name === "cases" || placeOf(record) === name);
  return length ? `${words[name]}: ${length}` : [];
}).join(" · ");
