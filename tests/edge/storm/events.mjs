// What Torch tells in a storm: every event of every case, with the repetitions and in the disorder that
// real senders make. All of it follows from the seed.

/** mulberry32: numbers from 0 to 1. */
export function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const STATUSES = [
  ["Case Was Received", "Case Received"], ["Fees Were Waived", "Case Received"], ["Case Was Updated To Show Fingerprints Were Taken", "Fingerprints Taken"],
  ["Biometrics Appointment Was Scheduled", "Biometrics Scheduled"], ["Case Is Being Actively Reviewed By USCIS", "Actively Reviewed"],
  ["Request for Additional Evidence Was Mailed", "Request for Evidence"], ["Response To USCIS' Request For Evidence Was Received", "Evidence Received"],
  ["Interview Was Scheduled", "Interview Scheduled"], ["Interview Was Completed And My Case Must Be Reviewed", "Interview Completed"],
  ["Case Was Approved", "Approved"], ["Card Is Being Produced", "Document Being Produced"], ["Card Was Mailed To Me — “ñ”", "Document Mailed"],
];
const FIRST = Date.UTC(2025, 0, 1) / 1000;

/** Seconds since 1970 of a moment as Torch writes it, or as a number; undefined for others. */
export const seconds = (moment) => (typeof moment === "number" ? moment : Date.parse(moment) / 1000 || undefined);
/** What tells one status of a case from the others. */
export const keyOf = ({ receipt_number, last_status_at, status_text }) => `${receipt_number} ${seconds(last_status_at)} ${status_text}`;

/**
 * `events`: what happened, `data` byte for byte as it will be sent. `sendings`: in which order it is told,
 * some events behind the case's next one, some told again at once or later, with the same id or another.
 */
export function storm({ seed, events: count, cases, doubled, reordered }) {
  const next = random(seed);
  const pick = (length) => Math.floor(next() * length);
  const events = Array.from({ length: count }, (_, n) => {
    const turn = Math.floor(n / cases);
    const [status_text, status_category] = STATUSES[turn % STATUSES.length];
    const at = new Date((FIRST + turn * 3600 + (n % 3600)) * 1000).toISOString().replace(".000Z", "Z");
    const record = { receipt_number: `IOE${String(8_100_000_000 + (n % cases))}`, status_text, status_category, last_status_at: at };
    return { ...record, ids: [`evt_${n}`], data: JSON.stringify(record) };
  });
  // Pairs of a case's events change places, as often as moves this share of all; most are neighbours.
  const order = events.map((_, n) => n);
  let moved = 0;
  for (let n = 0; n < count; n++) {
    const other = n + cases * (next() < 0.75 ? 1 : 3);
    if (other >= count || order[n] !== n || order[other] !== other || next() >= reordered / (2 - reordered)) continue;
    [order[n], order[other]] = [other, n];
    moved += 2;
  }
  const sendings = order.map((n) => ({ event: events[n], id: events[n].ids[0] }));
  for (let left = Math.round(count * doubled); left > 0; left--) {
    const at = pick(sendings.length);
    const { event } = sendings[at];
    let id = event.ids[0];
    if (next() < 0.25) event.ids.push((id = `${id}_${event.ids.length}`));
    // Told again by the next connection that is free, or at any time after.
    sendings.splice(next() < 0.5 ? at + 1 : at + 1 + pick(sendings.length - at), 0, { event, id, again: true });
  }
  return { events, sendings, moved };
}

/** A sending's body. */
export const bodyOf = ({ event, id }) => `{"type":"case.status.updated","data":${event.data},"id":"${id}","sent_at":"${event.last_status_at}"}`;
