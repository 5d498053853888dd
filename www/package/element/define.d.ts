import type { CaseStatus, CaseStatusList } from "./index.js";

declare global {
  interface HTMLElementTagNameMap {
    "case-status": CaseStatus;
    "case-status-list": CaseStatusList;
  }
}
