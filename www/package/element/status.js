// <case-status receipt="…">: one case.
import { CaseElement } from "./base.js";
import { card } from "./card.js";
import { node } from "./dom.js";

export class CaseStatus extends CaseElement {
  static observedAttributes = ["receipt", "live", "lang"];

  get receipt() {
    return this.given[0];
  }

  set receipt(receipt) {
    this.given = [receipt ?? ""];
  }

  build() {
    // What a server has written between the tags stands there until there is something to show.
    this.body.append(node("slot"));
  }

  card(record) {
    return card(record, "article", () => this.retry());
  }

  arrange([record]) {
    const { body } = this;
    body.firstChild.hidden = Boolean(record);
    if (record && record.card.node.parentNode !== body) body.append(record.card.node);
  }

  changed() {
    this.show();
  }
}
