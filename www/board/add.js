// Cases come in: pasted, typed or dropped. Receipts are found in whatever it is, and what is none is explained.
import { button, el, fill, say } from "./dom.js";
import { find } from "./find.js";
import { add, cases, clear } from "./store.js";
import { follow, read } from "./sync.js";
import { language, number, t } from "./words.js";

export function addView(main) {
  const words = t();
  document.title = `${words.addTitle} · ${words.name}`;
  const from = el("p", { class: "quiet", role: "status" });
  const result = el("div", { class: "found", "aria-live": "polite" });
  const text = el("textarea", { id: "text", rows: 10, spellcheck: "false", autocomplete: "off", "aria-describedby": "add-hint", oninput: () => look() });
  const file = el("input", { type: "file", id: "file", class: "unseen", accept: ".txt,.csv,.tsv,.eml,text/*,message/rfc822", onchange: () => take(file.files) });
  const submit = el("button", { type: "submit", class: "primary", disabled: true }, words.addThem(0));
  let fresh = [];

  async function take(files) {
    const texts = await Promise.all([...files].slice(0, 20).map((one) => one.text()));
    text.value = [text.value, ...texts].filter(Boolean).join("\n");
    from.textContent = words.dropped([...files].map(({ name }) => name).join(", "));
    look();
  }
  let looking;
  function look() {
    clearTimeout(looking);
    looking = setTimeout(async () => {
      const { parseReceipt } = await import("./core.js");
      const { found, bad } = find(text.value, parseReceipt);
      fresh = found.filter(({ receipt }) => !cases.has(receipt));
      submit.disabled = !fresh.length;
      submit.textContent = words.addThem(number(fresh.length));
      show(result, { fresh, known: found.length - fresh.length, bad, typed: Boolean(text.value.trim()) });
    }, 150);
  }
  const form = el("form", { onsubmit: (event) => {
    event.preventDefault();
    if (!fresh.length) return;
    const now = Date.now();
    for (const { receipt, note } of fresh) add({ receipt, note, added: now });
    const receipts = fresh.map(({ receipt }) => receipt);
    say(words.found(receipts.length));
    read(receipts).then(follow);
    location.hash = "#/";
  } },
  el("label", { for: "text", class: "unseen" }, words.addLabel), text, from,
  el("div", { class: "actions" }, submit, file, el("label", { for: "file", class: "button" }, words.choose), el("a", { href: "#/", class: "button" }, words.cancel)),
  result);
  fill(main, el("a", { href: "#/", class: "back" }, words.back), el("h1", {}, words.addTitle), el("p", { class: "lead", id: "add-hint" }, words.addHint), form, el("p", { class: "kept" }, words.kept));
  main.classList.add("drop");
  const over = (event) => {
    event.preventDefault();
    main.classList.toggle("over", event.type === "dragover");
    if (event.type !== "drop") return;
    if (event.dataTransfer.files.length) take(event.dataTransfer.files);
    else {
      text.value += `\n${event.dataTransfer.getData("text")}`;
      look();
    }
  };
  const kinds = ["dragover", "dragleave", "drop"];
  kinds.forEach((kind) => main.addEventListener(kind, over));
  text.focus();
  return {
    update() {},
    leave() {
      main.classList.remove("drop", "over");
      kinds.forEach((kind) => main.removeEventListener(kind, over));
    },
  };
}

function show(node, { fresh, known, bad, typed }) {
  const words = t();
  if (!fresh.length && !known && !bad.length) return fill(node, typed && el("p", { class: "quiet" }, words.nothingFound));
  fill(node,
    el("p", { class: "sum" }, el("strong", {}, words.found(fresh.length)), known > 0 && ` · ${words.already(known)}`, bad.length > 0 && ` · ${words.bad(bad.length)}`),
    bad.length > 0 && el("ul", { class: "bad" }, bad.map(({ line, written, position, code, message }) => el("li", {},
      el("span", { class: "quiet" }, words.line(line)),
      el("code", {}, written.slice(0, position - 1), el("mark", {}, written.slice(position - 1, position) || "\u2038"), written.slice(position)),
      el("span", {}, language() === "en" ? message : words.receiptErrors[code] ?? message)))),
    fresh.length > 0 && el("ul", { class: "new" }, fresh.slice(0, 60).map(({ receipt, note }) => el("li", {}, el("span", { class: "receipt" }, receipt), note && ` ${note}`)), fresh.length > 60 && el("li", { class: "quiet" }, `+ ${number(fresh.length - 60)}`)));
}

/** The page of the token. */
export function accessView(main, { take, forget, access, changed }) {
  const words = t();
  document.title = `${words.accessTitle} · ${words.name}`;
  const { kind, receipts } = access();
  const said = el("p", { class: "notice", role: "status", hidden: true });
  const field = el("textarea", { id: "token", rows: 3, spellcheck: "false", autocomplete: "off", "aria-describedby": "token-kept" });
  const form = el("form", { onsubmit: (event) => {
    event.preventDefault();
    const good = take(field.value);
    said.hidden = false;
    said.textContent = good ? words.replaced : words.badToken;
    said.classList.toggle("warn", !good);
    if (!good) return;
    field.value = "";
    changed();
    location.hash = "#/";
  } }, el("label", { for: "token" }, words.tokenLabel), field, el("p", { class: "quiet", id: "token-kept" }, words.accessKept), said,
  el("div", { class: "actions" }, el("button", { type: "submit", class: "primary" }, words.useToken), kind !== "none" && button(words.forget, () => {
    forget();
    changed();
    accessView(main, { take, forget, access, changed });
  })));
  const now = words.accessNow[kind];
  fill(main, el("a", { href: "#/", class: "back" }, words.back), el("h1", {}, words.accessTitle), el("p", { class: "lead" }, words.accessHint), el("p", {}, el("strong", {}, typeof now === "function" ? now(receipts.length) : now)), form,
    el("ul", { class: "terms" }, el("li", {}, words.accessGrant), el("li", {}, words.accessClient)),
    cases.size > 0 && el("div", { class: "clear" }, el("p", { class: "quiet" }, words.kept), button(words.clear, () => {
      if (!confirm(words.sure(number(cases.size)))) return;
      clear();
      changed();
      location.hash = "#/";
    }, { class: "danger" })));
  return { update() {} };
}
