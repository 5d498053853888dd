// The board's page: which view is shown, and what stands around it. The list is on the screen before anything is asked of
// the network, and the core's wasm is fetched when it is needed, or when there is nothing else to do.
import { access, forget, recall, take } from "./access.js";
import { accessView, addView } from "./add.js";
import { caseView } from "./case.js";
import { demoPanel, fillDemo } from "./demo.js";
import { el, fill, say } from "./dom.js";
import { listView, notices } from "./list.js";
import { cases, open } from "./store.js";
import { changed, follow, keepLooking, onChange, read, state } from "./sync.js";
import { language, remember, remembered, speak, t } from "./words.js";

const $ = (id) => document.getElementById(id);
const { demo } = recall();
let view = { update() {} };
/** The changes that have been told of, once the list has been seen. */
let told;

/** Shows the view that the address says, behind the #: what one looks at is told to nobody. */
function show({ focus = true } = {}) {
  view.leave?.();
  const main = $("main");
  const [, name, receipt] = location.hash.match(/^#\/(\w*)\/?(\w*)$/) ?? [];
  main.className = name || "list";
  if (name === "case") view = caseView(main, receipt);
  else if (name === "add") view = addView(main);
  else if (name === "access") view = accessView(main, { take, forget, access, changed: begin });
  else view = listView(main, () => view.update());
  scrollTo(0, 0);
  if (focus && name !== "add") main.focus({ preventScroll: true });
  $("demo").hidden = Boolean(name);
}

/** Reads everything with the token of now. */
function begin() {
  const { kind, receipts } = access();
  // A grant brings its cases along.
  if (kind === "grant") for (const receipt of receipts) if (!cases.has(receipt)) cases.set(receipt, { receipt, note: "", added: Date.now() });
  changed();
  if (kind === "none" || !cases.size) return follow();
  read().then(() => {
    follow();
    view.again?.();
  });
}

function frame() {
  const words = t();
  document.documentElement.lang = language();
  $("skip").textContent = words.skip;
  $("home").textContent = words.name;
  fill($("nav"), el("a", { href: "#/add", class: "button primary", "data-key": "add" }, words.add), el("a", { href: "#/access", class: "button", "data-key": "settings" }, words.settings));
  const choice = (id, name, options, chosen, onchange) => el("div", { class: "field" }, el("label", { for: id }, name), el("select", { id, onchange: (event) => onchange(event.target.value), "data-key": id }, options.map(([value, text]) => el("option", { value, selected: value === chosen }, text))));
  fill($("foot"),
    el("p", {}, words.notLegal, " ", el("a", { href: "openapi.json" }, words.contract)),
    choice("language", words.language, [["en", "English"], ["es", "Español"]], language(), (value) => {
      remember("lang", value);
      speak(value);
      frame();
      show({ focus: false });
      $("language").focus();
      changed();
    }),
    choice("theme", words.theme, Object.entries(words.themes), document.documentElement.dataset.theme ?? "auto", (value) => {
      remember("theme", value);
      dress(value);
    }));
  if (demo) demoPanel($("demo"));
}

function dress(theme) {
  if (["light", "dark"].includes(theme)) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

function around() {
  const words = t();
  notices($("notices"), { refused: state.refused, none: access().kind === "none" && cases.size > 0 });
  const standing = state.offline ? "offline" : state.live ? "live" : state.readAt ? "polling" : "";
  $("standing").className = standing;
  $("standing").textContent = standing ? words[standing] : "";
  const changes = [...cases.values()].filter((record) => record.changed);
  const keyOf = ({ receipt, changed }) => `${receipt} ${changed.at}`;
  // Those who do not see the page hear of it; of the case whose page it is, the element there tells.
  const news = changes.filter((record) => record.receipt !== view.receipt && !told?.has(keyOf(record)));
  if (told && news.length) say(words.changedCount(changes.length));
  told = new Set(changes.map(keyOf));
  document.title = document.title.replace(/^(\(\d+\) )?/, changes.length ? `(${changes.length}) ` : "");
}

dress(remembered("theme"));
speak(language());
frame();
show({ focus: false });
addEventListener("hashchange", () => {
  // The link of `npm start`, opened where the board is open already.
  if (/^#(.*&)?token=/.test(location.hash)) {
    recall();
    begin();
  }
  show();
});
onChange(() => {
  around();
  view.update();
});
await open();
if (demo) fillDemo();
// With neither cases nor a token there is one thing to do first.
if (access().kind === "none" && !cases.size && location.hash.length < 3) location.replace("#/access");
// These do not show the list, and somebody may have begun to type.
else if (!/^#\/(add|access)$/.test(location.hash)) show({ focus: false });
begin();
keepLooking();
(window.requestIdleCallback ?? setTimeout)(async () => {
  await import("./core.js").catch(() => {});
  // All that the page is made of is here now, and can be kept for when the network is away. Where the browser allows no
  // service worker, the page is what it was.
  await navigator.serviceWorker?.register("board/sw.js", { scope: "./" }).catch(() => {});
});
