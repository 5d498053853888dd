// <case-status-list receipts="… …">: many cases, grouped by where they stand.
import { summary } from "./announce.js";
import { CaseElement } from "./base.js";
import { card, isMissing, masked, meaning, placeOf } from "./card.js";
import { node, say } from "./dom.js";
import { notice } from "./notice.js";
import { shape } from "./shapes.js";
import { STAGES } from "./words.js";

const GROUPS = ["action", ...STAGES, "failed", "loading"];

export class CaseStatusList extends CaseElement {
  static observedAttributes = ["receipts", "live", "lang", "heading-level"];
  #parts;
  #frame;

  get receipts() {
    return this.given;
  }

  set receipts(receipts) {
    this.given = receipts ?? [];
  }

  build() {
    const [head, count, bar, trouble] = [node("p", "summary"), node("span"), node("progress"), notice(() => this.retry())];
    const loading = node("label", "progress", count, bar);
    const groups = GROUPS.map((name) => {
      const [title, rows] = [node("p", "title", shape("mark", name), node("span")), node("ul", "rows")];
      title.role = "heading";
      // Without markers, some screen readers take it for none.
      rows.role = "list";
      const group = node("section", "group", title, rows);
      group.dataset.place = name;
      return group;
    });
    this.#parts = { head, loading, count, bar, trouble, groups };
    this.body.append(head, loading, trouble.node, ...groups, node("slot"));
  }

  card(record) {
    return card(record, "li");
  }

  changed(record) {
    record.card.show(this.words);
    // Many that change at once find their places at once.
    this.#frame ??= requestAnimationFrame(() => this.show());
  }

  arrange(records, words) {
    this.#frame = cancelAnimationFrame(this.#frame);
    const { head, loading, count, bar, trouble, groups } = this.#parts;
    const busy = records.filter((record) => record.busy).length;
    const failed = records.filter((record) => record.error && !isMissing(record));
    say(head, !busy && records[0] && summary(words, records));
    loading.hidden = !busy;
    say(count, `${words.loading} ${records.length - busy} / ${records.length}`);
    bar.max = records.length;
    bar.value = records.length - busy;
    // One that another try may mend tells more than one that it will not.
    trouble.show(words, failed.find(({ error }) => error.retryable) ?? failed[0], masked);

    // What is due first stands first.
    const due = (record) => Date.parse(meaning(record).respond_by) || Infinity;
    for (const group of groups) {
      const { place } = group.dataset;
      const [title, rows] = group.children;
      const its = records.filter((record) => placeOf(record) === place);
      if (place === "action") its.sort((a, b) => due(a) - due(b) || 0);
      group.hidden = !its.length;
      title.ariaLevel = this.getAttribute("heading-level") ?? 2;
      say(title.lastChild, `${words[place] ?? words.stages[STAGES.indexOf(place)]} (${its.length})`);
      // Rows that are in their place are not touched.
      its.forEach(({ card: { node: row } }, index) => row === rows.children[index] || rows.insertBefore(row, rows.children[index]));
    }
  }
}
