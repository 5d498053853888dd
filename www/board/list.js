// The list: what needs action first, what has changed, and everything else by its stage. It is a table of the board's own:
// the package's list has neither columns nor sorting nor filters, and its shapes and places are used here.
import { budgetPlot } from "./budget.js";
import { toCsv } from "./csv.js";
import { shape } from "../package/element/shapes.js";
import { button, download, el, fill } from "./dom.js";
import { arranged, groupName, matches, needsAction, rowOf } from "./rows.js";
import { cases } from "./store.js";
import { acknowledge, read, state } from "./sync.js";
import { STAGES, clock, label, moment, number, t } from "./words.js";

/** How the list is looked at: for as long as the page is open. */
const view = { search: "", stage: "", only: "", sort: "", descending: false, grouped: true };
const COLUMNS = ["name", "status", "text", "due", "since", "age"];

export function listView(main, update) {
  const words = t();
  document.title = words.name;
  const set = (change) => {
    Object.assign(view, change);
    update();
  };
  const tally = el("div", { class: "tally" });
  const plot = el("div", { class: "plot" });
  const count = el("p", { class: "count", role: "status" });
  const table = el("table", { role: "table", "aria-label": words.name });
  const head = el("thead", { role: "rowgroup" });
  table.append(head);

  const search = el("input", { type: "search", id: "search", placeholder: words.searchHint, value: view.search, autocomplete: "off", spellcheck: "false", oninput: () => set({ search: search.value }) });
  const stage = el("select", { id: "stage", onchange: () => set({ stage: stage.value }) }, el("option", { value: "" }, words.all), STAGES.map((one) => el("option", { value: one, selected: view.stage === one }, words.stages[one])));
  const grouped = el("input", { type: "checkbox", id: "grouped", checked: view.grouped, onchange: () => set({ grouped: grouped.checked }) });
  const visible = () => [...cases.values()].filter((record) => matches(record, view));
  const tools = el("div", { class: "tools" },
    el("div", { class: "field grow" }, el("label", { for: "search" }, words.search), search),
    el("div", { class: "field" }, el("label", { for: "stage" }, words.stage), stage),
    el("div", { class: "check" }, grouped, el("label", { for: "grouped" }, words.grouped)),
    el("div", { class: "actions" },
      button(words.lookAgain, () => read()),
      button(words.csv, () => download(`cases-${new Date().toISOString().slice(0, 10)}.csv`, "text/csv", toCsv(arranged(visible(), view).flatMap(([, records]) => records), label))),
      button(words.print, () => print())));
  const start = el("section", { class: "start" }, el("h2", {}, words.empty), el("p", {}, words.emptyHint), el("a", { href: "#/add", class: "button primary" }, words.add));
  const filled = el("div", { class: "filled" }, el("div", { class: "top" }, tally, plot), tools, count, table);
  fill(main, el("h1", { class: "unseen title" }, words.name), el("p", { class: "printed-only" }, words.printed(moment(Date.now()))), start, filled, el("p", { class: "kept" }, words.kept));

  table.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !event.target.matches("th.name a")) return;
    const links = [...table.querySelectorAll("th.name a")];
    links[links.indexOf(event.target) + step]?.focus();
    event.preventDefault();
  });

  const render = () => {
    const all = [...cases.values()];
    start.hidden = all.length > 0;
    filled.hidden = !all.length;
    if (!all.length) return;
    tallies(tally, all, set);
    // Most texts name no date: then there is no column for it.
    table.classList.toggle("no-due", !all.some((record) => record.case?.normalized?.respond_by));
    heads(head, set);
    const shown = visible();
    count.textContent = shown.length ? (shown.length < all.length ? words.showing(number(shown.length), number(all.length)) : "") : words.noMatch;
    bodies(table, head, arranged(shown, view));
  };
  budgetPlot(plot);
  render();
  return { update: render, again: () => budgetPlot(plot) };
}

/** What needs action, what has changed, what failed: each a filter. */
function tallies(node, all, set) {
  const words = t();
  const changes = all.filter(({ changed }) => changed);
  const [actions, errors] = [all.filter(needsAction).length, all.filter(({ error }) => error).length];
  const tile = (only, figure, text, kind) => button([el("b", {}, number(figure)), el("span", {}, text)], () => set({ only: view.only === only ? "" : only }), { class: `tile ${kind}`, "aria-pressed": String(view.only === only), "data-key": `tile ${only}` });
  fill(node,
    tile("", all.length, words.cases(all.length).replace(/^\S+ /, ""), "all"),
    tile("action", actions, words.actionCount(actions).replace(/^\S+ /, ""), actions ? "act" : ""),
    tile("changed", changes.length, words.changedCount(changes.length).replace(/^\S+ /, ""), changes.length ? "new" : ""),
    errors > 0 && tile("failed", errors, words.failedCount(errors).replace(/^\S+ /, ""), "bad"),
    changes.length > 0 && button(words.allSeen, () => acknowledge(changes), { class: "plain", "data-key": "all seen" }));
}

let headMark;
function heads(head, set) {
  const mark = JSON.stringify([view.sort, view.descending, t().columns]);
  if (head.hasChildNodes() && headMark === mark) return;
  headMark = mark;
  const sorted = (column) => view.sort === column && (view.descending ? "descending" : "ascending");
  const turn = (column) => () => set(view.sort !== column ? { sort: column, descending: false } : view.descending ? { sort: "" } : { descending: true });
  fill(head, el("tr", { role: "row" }, COLUMNS.map((column) => el("th", { role: "columnheader", scope: "col", class: column, "aria-sort": sorted(column) || undefined },
    column === "text" ? t().columns.text : button(t().columns[column], turn(column), { "data-key": `sort ${column}` })))));
}

/** Puts the groups under the head. A row that stays where it was is not touched: the focus is on it, perhaps. */
function bodies(table, head, groups) {
  const known = new Map([...table.tBodies].map((body) => [body.dataset.group, body]));
  const wanted = groups.map(([group, records]) => {
    const body = known.get(group) ?? el("tbody", { role: "rowgroup", "data-group": group });
    const rows = records.map((record) => rowOf(record));
    const title = `${groupName(group)} ${records.length}`;
    let caption = body.querySelector("tr.group");
    if (group !== "every" && caption?.dataset.title !== title) {
      caption = el("tr", { role: "row", class: `group ${group}`, "data-title": title }, el("th", { role: "columnheader", scope: "rowgroup", colspan: COLUMNS.length }, shape("shape", group), groupName(group), " ", el("span", { class: "number" }, number(records.length))));
    }
    settle(body, group === "every" ? rows : [caption, ...rows]);
    return body;
  });
  settle(table, [head, ...wanted]);
}

function settle(node, children) {
  if (children.length === node.children.length && children.every((child, index) => node.children[index] === child)) return;
  fill(node, ...children);
}

/** Above all views: how far a reading is, and what is the matter. */
export function notices(node, { refused, none }) {
  const words = t();
  const { progress, offline } = state;
  // By the answers themselves: a page that has just been opened has read nothing yet.
  const newest = Math.max(...[...cases.values()].map(({ asOf }) => asOf ?? 0));
  const bar = progress && el("div", { class: "progress" }, el("progress", { max: progress.total, value: progress.done, "aria-label": words.loading }), el("span", {}, words.progress(number(progress.done), number(progress.total))));
  fill(node,
    bar,
    offline && el("p", { class: "notice warn", role: "alert" }, el("strong", {}, `${words.offline}.`), " ", words.offlineLong(newest > 0 && clock(newest))),
    (refused || none) && el("p", { class: "notice warn", role: "alert" }, none ? words.accessNeeded : words.expired, " ", el("a", { href: "#/access", "data-key": "access" }, words.open)));
}
