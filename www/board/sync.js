// Keeps the list as the proxy has it: reads it in batches, follows changes live, and looks again now and then, so that
// what the page says of an answer's age stays true.
import { access, clientsFor } from "./access.js";
import { cases, keep } from "./store.js";

/** How often the list is read again while the page is looked at: the proxy's cache answers. */
const EVERY = 5 * 60_000;

export const state = { live: false, offline: !navigator.onLine, refused: false, progress: undefined, readAt: undefined };
const listeners = new Set();
let pending;
/** Tells whoever shows the list, once for all that comes in a moment. */
export function changed() {
  pending ??= setTimeout(() => {
    pending = undefined;
    listeners.forEach((listen) => listen());
  }, 60);
}
/** Gives what ends it. */
export function onChange(listen) {
  listeners.add(listen);
  return () => listeners.delete(listen);
}

/** What makes a status another one: not that it was dated anew. */
const identity = (one) => JSON.stringify([one.status_text, one.normalized?.category]);
const time = (one) => Date.parse(one?.last_status_at);

/** Takes a case as the proxy tells it. A change is one until somebody has acknowledged it. */
export function take(receipt, found, meta, via) {
  const record = cases.get(receipt);
  if (!record) return false;
  // An older status never takes the place of a newer one.
  if (record.case && time(found) < time(record.case)) return false;
  const now = Date.now();
  const before = record.case;
  const isNew = Boolean(before && identity(before) !== identity(found));
  if (isNew) record.changed = { from: record.changed?.from ?? before, at: now };
  // There and back again is no change.
  if (record.changed && identity(record.changed.from) === identity(found)) record.changed = undefined;
  record.case = found;
  record.error = undefined;
  record.asOf = now - 1000 * (meta?.age ?? 0);
  record.freshUntil = meta ? now + 1000 * meta.freshFor : undefined;
  record.why = via ?? (meta?.stale ? meta.cacheStatus.detail ?? "other" : undefined);
  keep(record);
  return isNew;
}

export function failed(receipt, error) {
  const record = cases.get(receipt);
  if (!record) return;
  if (error.code === "network" || error.code === "deadline" || error.code === "try_timeout" || error.cause?.code === "network") state.offline = true;
  else if (error.code === "receipt_not_granted") record.error = { code: error.code };
  // Where Torch refuses the proxy's key, nothing is wrong with ours.
  else if (!/^torch_/.test(error.code) && (error.status === 401 || error.status === 403 || /^(token|grant|unauthorized|forbidden)/.test(error.code))) state.refused = true;
  else record.error = { code: error.code, message: error.problem?.detail ?? error.message, retryable: error.retryable };
  keep(record);
}

export function acknowledge(records) {
  for (const record of records) {
    record.changed = undefined;
    keep(record);
  }
  changed();
}

let reading;
/** Reads these cases, or all; tells how far it is. One reading at a time: who asks meanwhile gets another after it. */
export function read(receipts, options) {
  reading = (reading ?? Promise.resolve()).then(() => readNow(receipts ?? [...cases.keys()], options)).catch((error) => console.error(error));
  return reading;
}

async function readNow(receipts, { quiet } = {}) {
  if (!receipts.length) return;
  [state.offline, state.refused] = [!navigator.onLine, false];
  // Without a token there is nothing to read by, which is no fault of the cases.
  if (access().kind === "none") return changed();
  const progress = { done: 0, total: receipts.length };
  if (!quiet) state.progress = progress;
  let good = 0;
  changed();
  await Promise.all([...clientsFor(receipts)].map(async ([client, list]) => {
    if (!client) {
      list.forEach((receipt) => failed(receipt, { code: "receipt_not_granted" }));
      progress.done += list.length;
      return;
    }
    for await (const { receipt, case: found, error, meta } of client.getMany(list)) {
      progress.done++;
      if (found) {
        good++;
        take(receipt, found, meta);
      } else failed(receipt, error);
      changed();
    }
  }));
  if (good) state.readAt = Date.now();
  if (state.progress === progress) state.progress = undefined;
  changed();
}

let following;
/** Follows the changes of all cases, over the proxy's live connection where it has one. Begins anew with another list. */
export function follow() {
  following?.abort();
  following = new AbortController();
  const { signal } = following;
  state.live = false;
  for (const [client, list] of clientsFor([...cases.keys()])) {
    if (client) followWith(client, list, signal);
  }
}

async function followWith(client, list, signal) {
  const options = {
    signal, pollEvery: 60_000,
    onState: (now) => {
      state.live = now === "live";
      changed();
    },
  };
  try {
    for await (const { receipt, case: found, via } of client.watch(list, options)) {
      state.offline &&= !navigator.onLine;
      if (via === "live") take(receipt, found, undefined, "live");
      else takeSeen(receipt, found);
      changed();
    }
  } catch (error) {
    if (signal.aborted) return;
    state.live = false;
    if (error.status || error.code) failed(list[0], error);
    changed();
  }
}

/** What the watch read is as old as that answer was, which it does not say: only a change is taken from it. */
function takeSeen(receipt, found) {
  const record = cases.get(receipt);
  if (record?.case && identity(record.case) === identity(found)) return;
  take(receipt, found);
}

/** Looks again regularly, and whenever the page may have missed something. */
export function keepLooking() {
  let last = Date.now();
  const look = () => {
    if (document.hidden) return;
    last = Date.now();
    read(undefined, { quiet: true });
  };
  setInterval(() => Date.now() - last >= (state.offline ? 15_000 : EVERY) && look(), 5_000);
  document.addEventListener("visibilitychange", () => Date.now() - last > 60_000 && look());
  addEventListener("online", look);
  addEventListener("offline", () => {
    state.offline = true;
    changed();
  });
}
