// The list's order and its rows.
import { placeOf, reasonOf, stageOf } from "../package/element/card.js";
import { shape } from "../package/element/shapes.js";
import { hasAccess } from "./access.js";
import { button, el } from "./dom.js";
import { acknowledge, state } from "./sync.js";
import { STAGES, clock, date, day, daysUntil, label, language, moment, t } from "./words.js";

export const needsAction = ({ case: found }) => Boolean(found?.normalized?.action_required);
const dueOf = ({ case: found }) => found?.normalized?.respond_by ?? "9999";

/** The groups, as the package's elements place a case: what needs action first, then by stage, and last what there is no
 * answer of. */
const GROUPS = ["due", ...STAGES, "failed", "loading"];
export const groupName = (group) => ({ due: t().action, failed: t().unread, loading: t().notRead })[group] ?? t().stages[group];

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const KEYS = {
  name: (record) => record.note || record.receipt,
  status: (record) => (record.case ? label(record.case.normalized) : "\uffff"),
  due: dueOf,
  since: (record) => record.case?.last_status_at ?? "",
  age: (record) => String(record.asOf ?? 0).padStart(16, "0"),
};

export function matches(record, { search, stage, only }) {
  if (only === "changed" && !record.changed) return false;
  if (only === "action" && !needsAction(record)) return false;
  if (only === "failed" && !record.error) return false;
  if (stage && stageOf(record) !== stage) return false;
  if (!search) return true;
  const { normalized, status_text } = record.case ?? {};
  const text = [record.receipt, record.note, status_text, normalized?.form, ...Object.values(normalized?.labels ?? {})].join(" ").toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word) || text.includes(word.replaceAll("-", "")));
}

/** The records in groups, each in its order. */
export function arranged(records, { sort, descending, grouped }) {
  const compare = (a, b) => (descending ? -1 : 1) * collator.compare(KEYS[sort](a), KEYS[sort](b)) || collator.compare(KEYS.name(a), KEYS.name(b));
  // Unless somebody sorts, what is due soonest stands first, then what has changed last.
  const natural = (a, b) => collator.compare(dueOf(a), dueOf(b)) || (b.changed?.at ?? 0) - (a.changed?.at ?? 0) || collator.compare(KEYS.name(a), KEYS.name(b));
  const groups = new Map();
  for (const record of records.sort(sort ? compare : natural)) {
    const group = grouped ? placeOf(record) : "every";
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(record);
  }
  return [...groups].sort(([a], [b]) => GROUPS.indexOf(a) - GROUPS.indexOf(b));
}

/** By when to respond, and in how many days that is. */
export function due(normalized) {
  const by = normalized?.respond_by;
  if (!by) return [];
  const left = daysUntil(by);
  return [el("time", { datetime: by, class: "date" }, day(by)), " ", el("span", { class: left < 0 ? "late" : left <= 14 ? "soon" : "quiet" }, t().days(left))];
}

export const trouble = (error) => ({ case_not_found: t().notFound, receipt_not_granted: t().notGranted })[error.code] ?? error.message ?? t().error;

/** Why an answer is older than it should be, as the code of a reason; undefined where it is not. */
export const staleBecause = ({ error, why }) => (state.offline ? "offline" : state.refused || !hasAccess() ? "refused" : (error?.code ?? (why === "live" ? undefined : why)));

function age({ asOf, ...record }) {
  if (!asOf) return [];
  const because = staleBecause(record);
  // The elements' words for it go on a sentence, for which there is no room in a column.
  const words = because && (t().old[because] ?? reasonOf(because, t().element)?.replace(/^, (because |porque )?/, "") ?? t().old.other);
  return [el("time", { datetime: new Date(asOf).toISOString(), title: moment(asOf), class: because && "old" }, clock(asOf)), because && " ", because && el("span", { class: "because" }, words)];
}

/** What has changed: the label, or under the same label the text. */
export const changeOf = ({ case: found, changed: { from } }) => (from.normalized?.category === found.normalized?.category ? t().newText : t().was(label(from.normalized)));

const rows = new WeakMap();
/** A record's row: the same one until something of it is another. */
export function rowOf(record) {
  const { receipt, note, case: found, asOf, changed, error } = record;
  const mark = JSON.stringify([language(), note, found?.status_text, found?.normalized, found?.last_status_at, asOf && clock(asOf), changed, error, staleBecause(record), new Date().toDateString()]);
  const kept = rows.get(record);
  if (kept?.mark === mark) return kept.row;
  const words = t().columns;
  const normalized = found?.normalized;
  const cell = (name, ...content) => el("td", { role: "cell", class: name }, el("div", { "data-label": words[name] }, ...content));
  const row = el("tr", { role: "row", class: [changed && "changed", needsAction(record) && "due", normalized?.outcome].filter(Boolean).join(" "), "data-receipt": receipt },
    el("th", { role: "rowheader", scope: "row", class: "name" }, el("a", { href: `#/case/${receipt}`, "data-key": receipt }, note || receipt), note && el("span", { class: "receipt" }, receipt)),
    cell("status",
      // A stage is known by its shape, and not by a colour alone.
      shape("shape", found ? stageOf(record) : placeOf(record)),
      found ? el("strong", { class: "label" }, label(normalized)) : el("span", { class: "quiet" }, groupName(placeOf(record))),
      needsAction(record) && el("span", { class: "must" }, shape("shape", "due"), t().action),
      normalized?.form && el("span", { class: "form" }, normalized.form),
      changed && el("span", { class: "change" }, el("b", {}, t().is), ` ${changeOf(record)}`,
        button(t().seen, () => acknowledge([record]), { class: "small", "data-key": `seen ${receipt}`, "aria-label": `${t().seen}: ${note || receipt}` }))),
    cell("text", found ? el("q", { lang: "en" }, found.status_text) : error ? el("span", { class: "quiet" }, trouble(error)) : ""),
    cell("due", ...due(normalized)),
    cell("since", found?.last_status_at && el("time", { datetime: found.last_status_at, title: moment(found.last_status_at) }, date(found.last_status_at))),
    cell("age", ...age(record)));
  rows.set(record, { mark, row });
  return row;
}
