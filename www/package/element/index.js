// The elements' classes. `define.js` registers them under their names.
export { setClient } from "./base.js";
export { CaseStatusList } from "./list.js";
export { CaseStatus } from "./status.js";
