// A case's page: the package's <case-status>, and what that does not have: the official text to the letter with why it has
// its label, how old the answer is to the minute and why, and its history.
import { CaseStatus } from "../package/element/status.js";
import { clientFor } from "./access.js";
import { button, el, fill, say } from "./dom.js";
import { changeOf, due, staleBecause } from "./rows.js";
import { source } from "./source.js";
import { add, cases, keep, remove } from "./store.js";
import { acknowledge, changed as redraw, failed, follow, take } from "./sync.js";
import { clock, date, day, label, moment, t } from "./words.js";

// Without the package's list, which define.js brings along.
customElements.define("case-status", CaseStatus);

export function caseView(main, receipt) {
  const words = t();
  const record = cases.get(receipt);
  document.title = `${record?.note || receipt} · ${words.name}`;
  const back = el("a", { href: "#/", class: "back" }, words.back);
  if (!record) {
    fill(main, back, el("h1", {}, receipt), el("p", {}, words.missingCase));
    return { update() {} };
  }
  const aborted = new AbortController();
  const parts = { head: el("div"), news: el("div"), official: el("section", { class: "card official" }), facts: el("section", { class: "card" }), age: el("section", { class: "card" }), history: el("section", { class: "card history" }), record: el("details", { class: "card record" }) };
  const note = el("input", { id: "note", value: record.note ?? "", maxlength: 200, autocomplete: "off", "aria-describedby": "note-hint", oninput: () => {
    record.note = note.value;
    keep(record);
    draw();
  } });
  const copy = button(words.copy, async () => {
    await navigator.clipboard.writeText(receipt).then(() => say(words.copied), () => {});
    copy.textContent = words.copied;
    setTimeout(() => (copy.textContent = words.copy), 2000);
  });
  const drop = button(words.remove, () => {
    remove(receipt);
    follow();
    location.hash = "#/";
    removed(record);
  }, { class: "danger" });
  const status = el("case-status", { receipt, live: true });
  status.client = source(() => asking ?? (look(), asking));
  fill(main, back, parts.head, status, parts.news,
    el("div", { class: "columns" },
      el("div", {}, parts.official, parts.history),
      el("aside", { "aria-label": words.facts }, parts.facts, parts.age, el("section", { class: "card" },
        el("label", { for: "note" }, words.note), note, el("p", { class: "quiet", id: "note-hint" }, words.noteHint),
        el("div", { class: "actions" }, copy, button(words.print, () => print()), drop)))),
    parts.record);

  let exact;
  const draw = () => {
    drawHead(parts.head, record);
    drawNews(parts.news, record);
    drawOfficial(parts.official, record);
    drawFacts(parts.facts, record);
    drawAge(parts.age, record, exact, look);
    const open = parts.record.open;
    fill(parts.record, el("summary", {}, words.record), el("pre", { tabindex: "0" }, JSON.stringify(record.case ?? {}, null, 2)));
    parts.record.open = open;
    parts.record.hidden = !record.case;
  };
  let asking;
  const { signal } = aborted;
  async function ask(client, options) {
    try {
      const answer = await client.get(receipt, { signal, ...options });
      exact = answer.meta;
      take(receipt, answer.case, answer.meta);
    } catch (error) {
      if (signal.aborted) return;
      failed(receipt, error);
    }
    redraw();
  }
  /** An answer of its own, whose age and reason are known exactly; then the ledger. */
  async function look(options) {
    const client = clientFor(receipt);
    if (!client) return;
    await (asking = ask(client, options));
    asking = undefined;
    if (signal.aborted) return;
    try {
      const { history } = await client.history(receipt, { signal });
      drawHistory(parts.history, history);
    } catch {
      if (!signal.aborted && !parts.history.hasChildNodes()) fill(parts.history, el("h2", {}, words.history), el("p", { class: "quiet" }, words.noHistory));
    }
  }
  draw();
  look();
  let known = record.case?.status_text;
  return {
    receipt,
    update() {
      if (record.case?.status_text !== known) {
        known = record.case?.status_text;
        if (record.why === "live") look();
      }
      draw();
    },
    leave: () => aborted.abort(),
  };
}

function drawHead(node, record) {
  fill(node,
    record.note && el("p", { class: "receipt" }, record.receipt),
    el("h1", {}, record.note || record.receipt));
}

function drawNews(node, record) {
  const words = t();
  fill(node, record.changed && el("p", { class: "notice new" }, el("span", {}, el("strong", {}, words.is), ` ${clock(record.changed.at)} · ${changeOf(record)}`),
      button(words.seen, () => acknowledge([record]), { "data-key": "seen" })));
}

let core;
/** The official text to the letter; once the core is there, the words that decided are marked in it. */
function drawOfficial(node, record) {
  const words = t();
  const { status_text: text, normalized } = record.case ?? {};
  node.hidden = text === undefined;
  if (text === undefined) return;
  const quote = el("blockquote", { lang: "en" }, text);
  const why = el("div", { class: "why" }, el("p", {}, words.matched[normalized.matched_by] ?? normalized.matched_by));
  fill(node, el("h2", {}, words.official), quote, el("h2", {}, words.why), why);
  const explained = ({ explain }) => {
    const told = explain(text);
    if (told.category !== normalized.category) return;
    const marked = marks(text, told.words);
    if (told.words.length) quote.replaceChildren(...marked);
    why.append(el("p", { class: "quiet" }, words.rule(told.rule), told.words.length ? ` · ${words.decisive}` : ""));
  };
  if (core) explained(core);
  else import("./core.js").then((loaded) => explained((core = loaded)), () => {});
}

/** A text in pieces, in which the words are marked, each where it stands next; those that stand together, together. */
function marks(text, words) {
  const pieces = [];
  let at = 0;
  for (const word of words) {
    const next = text.indexOf(word, at);
    if (next < 0) continue;
    const between = text.slice(at, next);
    const last = pieces.at(-1);
    if (last && !between.trim()) last.append(between, word);
    else pieces.push(between, el("mark", {}, word));
    at = next + word.length;
  }
  return [...pieces, text.slice(at)];
}

const row = (name, ...value) => [el("dt", {}, name), el("dd", {}, ...value)];

function drawFacts(node, record) {
  const words = t();
  const { normalized, last_status_at: since, last_checked_at: looked } = record.case ?? {};
  node.hidden = !normalized;
  if (!normalized) return;
  fill(node, el("h2", {}, words.facts), el("dl", {},
    // Where it requires action, the element says by when.
    normalized.respond_by && !normalized.action_required && row(words.columns.due, ...due(normalized)),
    words.outcomes[normalized.outcome] && row(words.outcome, words.outcomes[normalized.outcome]),
    normalized.form && row(words.form, normalized.form),
    normalized.event_date && row(words.eventDate, day(normalized.event_date)),
    since && row(words.since, date(since)),
    looked && row(words.torchLooked, moment(looked))),
  normalized.final && el("p", { class: "quiet" }, words.final));
}

function drawAge(node, record, exact, look) {
  const words = t();
  node.hidden = !record.asOf;
  if (!record.asOf) return;
  const { hit, fwd } = exact?.cacheStatus ?? {};
  const because = staleBecause(record);
  const cause = because ? (because in words.reasons ? because : "other") : record.why === "live" ? "live" : hit ? "hit" : fwd ? "asked" : "stored";
  fill(node, el("h2", {}, words.freshness), el("p", {}, words.ageNow(moment(record.asOf))), el("p", {}, words.reasons[cause]),
    record.freshUntil && el("p", { class: "quiet" }, record.freshUntil > Date.now() ? words.fresh(clock(record.freshUntil)) : words.freshOver),
    button(words.newLook, () => look({ noCache: true }), { "data-key": "look" }));
}

function drawHistory(node, { events, chain }) {
  const words = t();
  const items = events.toReversed().map((event) => {
    const { kind, source, status_text: text, last_status_at: at, seen_at: seen, normalized } = event;
    return el("li", { class: kind === "case.status.late" ? "late" : undefined },
      at && el("time", { datetime: at }, date(at)),
      el("div", {}, normalized && el("strong", {}, label(normalized)), text && el("q", { lang: "en" }, text),
        el("p", { class: "quiet" }, [words.kinds[kind] ?? kind, words.sources[source] ?? source, words.seenAt(moment(seen))].join(" · "))));
  });
  fill(node, el("h2", {}, words.history), el("p", { class: "quiet" }, words.historyHint(events.length, chain?.valid !== false)), el("ol", { class: "timeline" }, items));
}

/** What was removed can be had back for a while. */
function removed(record) {
  const words = t();
  const node = document.querySelector("#undo");
  const gone = setTimeout(() => node.replaceChildren(), 10_000);
  fill(node, el("p", { class: "notice" }, words.removed(record.note || record.receipt), " ", button(words.undo, () => {
    clearTimeout(gone);
    add(record);
    follow();
    node.replaceChildren();
    redraw();
  })));
}
