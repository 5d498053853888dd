// Registers <case-status> and <case-status-list>, where there are custom elements, and under names that are still free.
import { CaseStatus, CaseStatusList } from "./index.js";

for (const [name, element] of Object.entries({ "case-status-list": CaseStatusList, "case-status": CaseStatus })) {
  if (globalThis.customElements && !customElements.get(name)) customElements.define(name, element);
}
