// How an application in TypeScript uses the elements; compiled, never run.
import { TorchClient } from "../../../www/package/client/index.js";
import "../../../www/package/element/define.js";
import { CaseStatus, CaseStatusList, setClient } from "../../../www/package/element/index.js";

const client = new TorchClient({ baseUrl: "https://torch.example.com", getToken: async () => "grant" });
setClient(client);

const one = document.createElement("case-status");
one.receipt = "IOE0912345678";
one.client = client;
one.addEventListener("case-change", ({ detail }) => {
  const text: string = detail.case.status_text;
  const before: string | undefined = detail.previous?.status_text;
  console.log(detail.receipt, text, before, detail.via === "live");
});
one.addEventListener("case-error", ({ detail: { error, case: shown } }) => console.log(error.code, error.retryable, shown?.status_text));

const many: CaseStatusList = document.querySelector("case-status-list")!;
many.receipts = ["IOE0912345678"];
many.client = undefined;
const all: CaseStatus[] = [...document.querySelectorAll("case-status")];
customElements.define("my-case", class extends CaseStatus {});
console.log(all.length, many.receipts.length);

// @ts-expect-error A token is no client.
setClient("token");
// @ts-expect-error There is no such thing in a list.
many.receipt = "IOE0912345678";
