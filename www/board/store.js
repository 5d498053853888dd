// The board's list, in this browser and nowhere else: one record for each case, in IndexedDB. Where the browser keeps
// nothing (a private window, say), the list lives as long as the page.

const cases = new Map();
let base;

const request = (asked) => new Promise((resolve, reject) => {
  asked.onsuccess = () => resolve(asked.result);
  asked.onerror = () => reject(asked.error);
});

/** Opens the list, and gives every record of it. */
export async function open() {
  try {
    const opening = indexedDB.open("torch-edge-board", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("cases", { keyPath: "receipt" });
    base = await request(opening);
    for (const record of await request(base.transaction("cases").objectStore("cases").getAll())) cases.set(record.receipt, record);
  } catch {
    base = undefined;
  }
  return cases;
}

const write = (act) => {
  if (!base) return;
  try {
    act(base.transaction("cases", "readwrite", { durability: "relaxed" }).objectStore("cases"));
  } catch {
    // The list is still on the page.
  }
};

let waiting = new Set();
/** Keeps records, those of a moment in one transaction. */
export function keep(record) {
  if (!waiting.size) setTimeout(flush, 100);
  waiting.add(record);
}

export function flush() {
  const records = waiting;
  waiting = new Set();
  if (records.size) write((store) => records.forEach((record) => cases.get(record.receipt) === record && store.put(record)));
}
addEventListener("pagehide", flush);

export function add(record) {
  cases.set(record.receipt, record);
  keep(record);
}

export function remove(receipt) {
  cases.delete(receipt);
  write((store) => store.delete(receipt));
}

export function clear() {
  cases.clear();
  write((store) => store.clear());
}

export { cases };
