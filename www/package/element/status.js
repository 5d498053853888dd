// <case-status receipt="…">: one case.
import { CaseElement } from "./base.js";
import { card } from "./card.js";
import { node } from "./dom.js";

export class CaseStatus extends CaseElement {
  static observedAttributes = ["receipt", "live", "lang"];

  get receipt() {
    return this.receipts[0];
  }

  set receipt(receipt) {
    this.receipts = receipt ? [receipt] : [];
  }

  build() {
    // What a server has written between the tags stands there until there is something to show.
    this.body.append(node("slot"));
  }

  card(record) {
    return card(record, () => this.retry());
  }

  arrange([record]) {
    const { body } = this;
    body.firstChild.hidden = !!record;
    if (record && body.lastChild !== record.node) body.append(record.node);
  }

  changed() {
    this.show();
  }
}
