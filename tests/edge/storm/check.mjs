// What must be true after a storm. Each function gives a sentence for every violation.
import { createHash } from "node:crypto";
import { keyOf, seconds } from "./events.mjs";

const UPDATED = "case.status.updated";

/** The hash of a row: src/history/chain.rs says what it covers. `record` is Torch's, byte for byte. */
export function link(previous, receipt, row, record) {
  const fields = [
    "torch-edge/history/1", receipt, row.seq, row.kind, row.source, row.event_id, row.event_type, row.status_text, row.status_category,
    seconds(row.last_status_at), seconds(row.seen_at), record,
  ];
  const bytes = fields.map((field) => (field === null || field === undefined ? "-," : `${Buffer.byteLength(String(field))}:${field},`)).join("");
  return createHash("sha256").update(Buffer.from(previous, "hex")).update(bytes).digest("hex");
}

/** What a row is, beside those before it: src/history/ledger.rs. `current` is the row that began last. */
function kindOf(row, current) {
  if (current && seconds(row.last_status_at) < seconds(current.last_status_at)) return "case.status.late";
  return current?.status_text === row.status_text ? "case.touched" : UPDATED;
}

/** A case's ledger holds every event of it once, in a chain that holds. `events`: those that were acknowledged. */
export function ledger(receipt, { receipt_number, chain, events: rows }, events) {
  const violations = [];
  const say = (text) => violations.push(`${receipt}: ${text}`);
  if (receipt_number !== receipt) say(`the history is of ${receipt_number}`);
  const found = new Map();
  for (const row of rows) {
    const key = keyOf({ receipt_number: receipt, ...row });
    found.set(key, [...(found.get(key) ?? []), row]);
  }
  const records = new Map(events.map((event) => [keyOf(event), event]));
  for (const [key, event] of records) {
    const there = found.get(key) ?? [];
    if (there.length !== 1) say(`the event ${event.ids[0]} was acknowledged and stands in the ledger ${there.length} times`);
    for (const { event_id } of there) if (!event.ids.includes(event_id)) say(`the row of ${event.ids[0]} has the id ${event_id}`);
  }
  for (const [key, [row]] of found) if (!records.has(key)) say(`row ${row.seq} is of no event that was acknowledged`);
  let head = "00".repeat(32);
  let current;
  for (const [index, row] of rows.entries()) {
    const { data } = records.get(keyOf({ receipt_number: receipt, ...row })) ?? {};
    if (row.seq !== index + 1) say(`row ${index + 1} has the seq ${row.seq}`);
    const kind = kindOf(row, current);
    if (row.kind !== kind) say(`row ${row.seq} is called ${row.kind}, and is ${kind}`);
    if (kind !== "case.status.late") current = row;
    if (row.record !== undefined && row.record !== data) say(`the record of row ${row.seq} is not what Torch sent`);
    head = link(head, receipt, row, data);
    if (row.hash !== head) {
      say(`the chain breaks at row ${row.seq}`);
      break;
    }
  }
  if (chain.valid !== true || chain.length !== rows.length || chain.head !== (rows.at(-1)?.hash ?? "00".repeat(32))) say(`the history calls its chain ${JSON.stringify(chain)}`);
  return violations;
}

/** The status changes of a ledger: what a subscriber must be told. */
export const changes = (receipt, { events: rows }) => rows.filter(({ kind }) => kind === UPDATED).map((row) => keyOf({ receipt_number: receipt, ...row }));

/** The subscriber has each change, by one id, and in order per case. `histories`: by receipt. */
export function deliveries(taken, histories) {
  const violations = [];
  const [ids, keys, latest] = [new Map(), new Map(), new Map()];
  for (const { id, body } of taken) {
    const key = keyOf(body.data);
    if (body.type !== UPDATED) continue;
    if (ids.has(id) && ids.get(id) !== key) violations.push(`the message ${id} is of two events: ${ids.get(id)}; ${key}`);
    if (keys.has(key) && keys.get(key) !== id) violations.push(`the event ${key} comes as the messages ${keys.get(key)} and ${id}`);
    ids.set(id, key);
    if (keys.has(key)) continue;
    keys.set(key, id);
    const { receipt_number: receipt } = body.data;
    const at = seconds(body.data.last_status_at);
    if (at < latest.get(receipt)) violations.push(`${receipt}: ${body.data.last_status_at} was delivered behind a later one`);
    latest.set(receipt, Math.max(at, latest.get(receipt) ?? at));
    if (!body.data.normalized) violations.push(`${receipt}: a delivery without normalized`);
  }
  const due = new Set();
  for (const [receipt, history] of histories) for (const key of changes(receipt, history)) due.add(key);
  for (const key of due) if (!keys.has(key)) violations.push(`${key}: a new status that the subscriber was never told`);
  for (const key of keys.keys()) if (!due.has(key)) violations.push(`${key}: delivered as a new status, which the ledger does not say it was`);
  return violations;
}

/** What the cache answers is the ledger's newest status. */
export function cached(receipt, body, { events: rows }) {
  const newest = rows.toSorted((a, b) => seconds(b.last_status_at) - seconds(a.last_status_at) || b.seq - a.seq)[0];
  const same = body?.status_text === newest?.status_text && seconds(body?.last_status_at) === seconds(newest?.last_status_at);
  return same ? [] : [`${receipt}: the cache answers ${JSON.stringify(body?.status_text)} of ${body?.last_status_at}, the ledger's newest is ${JSON.stringify(newest?.status_text)} of ${newest?.last_status_at}`];
}
