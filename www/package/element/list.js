// <case-status-list receipts="… …">: many cases, grouped by where they stand.
import { summary } from "./announce.js";
import { CaseElement } from "./base.js";
import { card, isMissing, masked, meaning, placeOf } from "./card.js";
import { node, say } from "./dom.js";
import { notice } from "./notice.js";
import { shape } from "./shapes.js";
import { STAGES } from "./words.js";

export class CaseStatusList extends CaseElement {
  static observedAttributes = ["receipts", "live", "lang"];
  #frame;
  #changed = new Set();

  build() {
    const [head, count, bar] = [node("p", "summary"), node("span"), node("progress")];
    const loading = node("label", "progress", count, bar);
    const [trouble, fail] = notice(() => this.retry());
    const groups = ["due", ...STAGES, "failed"].map((place) => {
      const [title, rows, name] = [node("p", "title", shape("mark", place)), node("ul", "rows"), node("span")];
      title.append(name);
      title.role = "heading";
      title.ariaLevel = this.getAttribute("heading-level") ?? 2;
      // Without markers, some screen readers take it for none.
      rows.role = "list";
      return { place, name, rows, group: node("section", `group ${place}`, title, rows) };
    });
    this.body.append(head, loading, trouble, ...groups.map(({ group }) => group), node("slot"));

    this.arrange = (records, words) => {
      this.#frame = cancelAnimationFrame(this.#frame);
      this.#changed.clear();
      const { length } = records;
      const busy = records.filter((record) => record.busy).length;
      const failed = records.filter((record) => record.error && !isMissing(record));
      say(head, !busy && length && summary(words, records));
      loading.hidden = !busy;
      say(count, `${words.loading} ${length - busy} / ${length}`);
      bar.max = length;
      bar.value = length - busy;
      // One that another try may mend tells more than one that it will not.
      fail(words, masked, failed.find(({ error }) => error.retryable) ?? failed[0]);
      // What is due first stands first.
      const due = (record) => meaning(record).respond_by ?? "~";
      for (const { place, name, rows, group } of groups) {
        const its = records.filter((record) => placeOf(record) === place);
        if (place === "due") its.sort((a, b) => (due(a) > due(b) ? 1 : due(a) < due(b) ? -1 : 0));
        group.hidden = !its.length;
        say(name, `${words[place] ?? words.stages[STAGES.indexOf(place)]} (${its.length})`);
        // Rows that are in their place are not touched.
        its.forEach((record, index) => rows.children[index] === record.node || rows.insertBefore(record.node, rows.children[index]));
      }
    };
  }

  card(record) {
    // A row is made when there is something to show: the work is spread, and nobody has to listen to many that load.
    return placeOf(record) === "loading" ? [] : card(record);
  }

  changed(record) {
    this.#changed.add(record);
    // Many that change at once are drawn at once.
    this.#frame ??= requestAnimationFrame(() => this.show(this.#changed));
  }
}
