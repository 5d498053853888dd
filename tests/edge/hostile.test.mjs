// Hostile text from Torch, through every route that shows it. Torch is a server of this test's own here.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { AUTHENTIC, Proxy, WEBHOOK, batchPath, casePath, historyPath } from "./support.mjs";

const HOSTILE = [
  `<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</script><svg/onload=alert(1)>`, `Case Was Approved<!-- -->`, `javascript:alert(1)`, `=HYPERLINK("https://evil.example")`,
  `{"status_text":"x"}`, `\u202edevorppA saW esaC`, `\u0000\u0001\u001f\u007f\u2028\u2029`, `\ud83d\ude00 \u0130\u0131`, `${"\u0301".repeat(2000)}`, `%00%0d%0aSet-Cookie: a=b`, `Case Was Approved\r\nX-Evil: 1`, "",
];
const texts = new Map(HOSTILE.map((text, n) => [`TXT${String(n + 1).padStart(10, "0")}`, text]));
const [LONG, LONGER] = ["TXT9999999998", "TXT9999999999"];
texts.set(LONG, "Case Was Approved and ".repeat(45_000));
// With what is around it more than the 1 MiB that an answer of Torch may have.
texts.set(LONGER, "x".repeat(1024 * 1024));
// Written here with escapes of its own, so that "byte for byte" means something.
const record = (receipt) => `{"receipt_number":"${receipt}", "status_text":${JSON.stringify(texts.get(receipt)).replaceAll("<", "\\u003c").replaceAll("/", "\\/")},"status_category":null,"last_status_at":"2026-01-15T14:00:00Z","x":[1.0e0]}`;
const torch = createServer((request, response) => {
  const url = new URL(request.url, "http://torch");
  const asked = url.searchParams.getAll("receipt").map(record);
  response.setHeader("content-type", "application/json").end(url.pathname.endsWith("/batch") ? `[${asked.join(",")}]` : asked[0]);
});
await new Promise((resolve) => torch.listen(0, "127.0.0.1", resolve));
const proxy = await Proxy.start(`http://127.0.0.1:${torch.address().port}`, WEBHOOK);
after(() => Promise.all([proxy.close(), torch.close(), torch.closeAllConnections()]));
const hostile = [...texts.keys()].filter((receipt) => ![LONG, LONGER].includes(receipt));

test("T1 HTML and script pass through byte for byte, as JSON that no browser takes for a page", async () => {
  for (const round of ["asked", "cached"]) {
    for (const receipt of hostile) {
      const response = await proxy.get(casePath(receipt));
      assert.equal(response.status, 200, receipt);
      const body = await response.text();
      assert.ok(body.startsWith(record(receipt).slice(0, -1)), `${round}: ${body.slice(0, 200)}`);
      const { normalized, ...told } = JSON.parse(body);
      assert.deepEqual(told, JSON.parse(record(receipt)));
      assert.equal(typeof normalized.category, "string");
      assert.deepEqual([response.headers.get("content-type"), response.headers.get("x-content-type-options")], ["application/json", "nosniff"]);
      assert.ok(![...response.headers].some(([name, value]) => /evil|set-cookie/i.test(name + value)));
    }
  }
  const batch = await (await proxy.get(batchPath(hostile))).json();
  assert.deepEqual(batch.map(({ status_text }) => status_text), hostile.map((receipt) => texts.get(receipt)));
});

test("T1 so do they in the ledger and its CSV, and what a webhook brings", async () => {
  for (const [n, receipt] of hostile.entries()) {
    const { events } = (await proxy.json(historyPath(receipt))).body;
    assert.equal(events.at(-1).status_text, texts.get(receipt));
    const csv = await proxy.get(historyPath(receipt), { accept: "text/csv" });
    assert.equal(csv.headers.get("x-content-type-options"), "nosniff");
    const text = await csv.text();
    // A spreadsheet would run it.
    assert.doesNotMatch(text, /(^|,)"?[=+@-][A-Z]/m, receipt);
    const event = `{"type":"case.status.updated","data":${record(receipt).replace("2026-01-15", "2026-01-16")},"id":"evt_${n}"}`;
    assert.equal((await proxy.webhook(event, AUTHENTIC)).status, 200);
    assert.equal((await (await proxy.get(casePath(receipt))).json()).status_text, texts.get(receipt));
  }
});

test("T2 a text of nearly a megabyte is told whole, more is no answer and not stored, and a webhook of it is not read", async () => {
  for (const round of ["asked", "cached"]) {
    const response = await proxy.get(casePath(LONG));
    assert.equal(response.status, 200, round);
    const body = await response.json();
    assert.equal(body.status_text, texts.get(LONG));
    assert.ok(JSON.stringify(body.normalized).length < 1000);
  }
  const { status, body } = await proxy.json(casePath(LONGER));
  assert.deepEqual([status, body.code], [502, "torch_unusable"]);
  assert.equal(await (await proxy.kv()).get(`case:1:${LONGER}`), null);
  const event = `{"type":"case.status.updated","data":${record(LONG)},"id":"evt_long"}`;
  assert.equal((await proxy.webhook(event, AUTHENTIC)).status, 413);
  assert.equal((await proxy.get(casePath(hostile[0]))).status, 200, "the next is served");
});
