// POST /webhooks/torch: what is taken, what is refused, and what the case's ledger makes of it. Webhooks are
// signed here by Node's crypto, or by the published package, and not by the code that verifies them.
import assert from "node:assert/strict";
import { createHash, createHmac, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import test, { after } from "node:test";
import { Webhook } from "standardwebhooks";
import { Proxy, ROOT, Sandbox, TOKEN, casePath, receipts, until } from "./support.mjs";

const SECRET = "It's a Secret to Everybody";
const NEXT = "another secret of another length, to come";
const WHSEC = `whsec_${Buffer.alloc(24, 9).toString("base64")}`;
const OPS = { authorization: "Bearer operator-token" };
const seconds = () => Math.floor(Date.now() / 1000);
const hex = (text, secret = SECRET) => createHmac("sha256", secret).update(text).digest("hex");
const standard = (id, at, body, secret = WHSEC) => `v1,${createHmac("sha256", Buffer.from(secret.slice(6), "base64")).update(`${id}.${at}.`).update(body).digest("base64")}`;

const sandbox = await Sandbox.start();
const start = (scheme, header, secrets) => Proxy.start(sandbox.url, { vars: { WEBHOOK_SCHEME: scheme, WEBHOOK_HEADER: header }, secrets });
const [shared, signed, stamped, hashed] = await Promise.all([
  start("shared-secret", "X-Torch-Secret", { WEBHOOK_SECRET: SECRET, WEBHOOK_SECRET_NEXT: NEXT }),
  start("standard-webhooks", "", { WEBHOOK_SECRET: WHSEC }),
  start("timestamped-hex", "X-Signature", { WEBHOOK_SECRET: SECRET }),
  start("sha256-hex", "X-Hub-Signature-256", { WEBHOOK_SECRET: SECRET }),
]);
after(() => Promise.all([shared, signed, stamped, hashed, sandbox].map((one) => one.close())));

const [A, B, C, D, E, F, G, H, I, J, K, L] = receipts(12, "WHK");
const at = (minute) => `2026-01-15T14:${String(minute).padStart(2, "0")}:00Z`;
const event = (receipt, { id, text = "Case Was Received", minute = 0, type = "case.status.updated", ...data } = {}) =>
  JSON.stringify({ type, data: { receipt_number: receipt, status_text: text, status_category: "Case Received", last_status_at: at(minute), ...data }, id, sent_at: at(minute) });

/** Sends a webhook. Gives `[status, outcome or code]`. */
async function send(proxy, body, headers, path = "/webhooks/torch") {
  const response = await fetch(proxy.url + path, { method: "POST", body, headers, duplex: "half" });
  const { outcome, code } = await response.json();
  return [response.status, outcome ?? code];
}
const tell = (body, secret = SECRET) => send(shared, body, { "x-torch-secret": secret });
const taken = (outcome = "case.status.updated") => [200, outcome];
const REFUSED = [401, "webhook_unauthorized"];
const history = async (receipt, proxy = shared) => (await proxy.json(`/case-status/history?receipt=${receipt}`)).body;
const kinds = async (receipt) => (await history(receipt)).events.map(({ kind }) => kind.slice(5));
const ledger = (receipt) => shared.harness.getWorker().getDurableObjectStorage("LEDGER", { name: receipt });

test("W1 the published vectors are authentic: what is wrong with them is their age, or that they tell nothing", async () => {
  const vectors = await Promise.all([
    ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", "1649367553", '{"email":"test@example.com","username":"test_user"}', "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="],
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", '{"test": 2432232314}', "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="],
  ].map(async ([secret, id, timestamp, body, signature]) => {
    const proxy = await start("standard-webhooks", "", { WEBHOOK_SECRET: secret });
    const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
    const answers = [await send(proxy, body, headers), await send(proxy, `${body} `, headers)];
    const codes = [...proxy.logs().matchAll(/"code":"(\w+)"/g)].map(([, code]) => code);
    await proxy.close();
    return { answers, codes };
  }));
  for (const { answers, codes } of vectors) {
    assert.deepEqual(answers, [REFUSED, REFUSED]);
    assert.deepEqual(codes, ["too_old", "signature_mismatch"], "the signature is looked at first");
  }
  const signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  assert.deepEqual(await send(hashed, "Hello, World!", { "x-hub-signature-256": signature }), [400, "event_unusable"]);
});

test("ok each scheme's webhook is taken, under /v1 too, and npm's standardwebhooks signs for ours", async () => {
  const body = event(A, { id: "evt_schemes" });
  const [id, now] = ["msg_schemes", seconds()];
  const published = new Webhook(WHSEC).sign(id, new Date(now * 1000), body);
  assert.equal(published, standard(id, now, body));
  for (const [proxy, headers] of [
    [shared, { "x-torch-secret": SECRET }],
    [signed, { "webhook-id": id, "webhook-timestamp": String(now), "webhook-signature": published }],
    [stamped, { "x-signature": `t=${now},v1=${hex(`${now}.${body}`)}` }],
    [hashed, { "x-hub-signature-256": `sha256=${hex(body)}` }],
  ]) {
    assert.deepEqual(await send(proxy, body, headers), taken());
    assert.deepEqual(await send(proxy, body, headers, "/v1/webhooks/torch"), taken("duplicate"));
  }
});

test("W2 a header that is missing, doubled or empty refuses the webhook, whatever the scheme", async () => {
  const body = event(B, { id: "evt_headers" });
  const [id, now] = ["msg_headers", seconds()];
  for (const [proxy, good] of [
    [shared, { "x-torch-secret": SECRET }],
    [signed, { "webhook-id": id, "webhook-timestamp": String(now), "webhook-signature": standard(id, now, body) }],
    [stamped, { "x-signature": `t=${now},v1=${hex(`${now}.${body}`)}` }],
    [hashed, { "x-hub-signature-256": `sha256=${hex(body)}` }],
  ]) {
    for (const name of Object.keys(good)) {
      const { [name]: value, ...others } = good;
      const doubled = [...Object.entries(good), [name, value]];
      for (const headers of [others, doubled, { ...good, [name]: "" }]) {
        assert.deepEqual(await send(proxy, body, headers), REFUSED, `${name}: ${JSON.stringify(headers)}`);
      }
    }
    assert.deepEqual(await send(proxy, body, good), taken());
  }
});

test("W3 a timestamp is digits within five minutes, and nothing else", async () => {
  const body = event(C, { id: "evt_times" });
  const now = seconds();
  const sent = (timestamp) => send(signed, body, { "webhook-id": "msg_times", "webhook-timestamp": timestamp, "webhook-signature": standard("msg_times", timestamp, body) });
  const stampedAt = (timestamp) => send(stamped, body, { "x-signature": `t=${timestamp},v1=${hex(`${timestamp}.${body}`)}` });
  for (const timestamp of ["abc", `${now}abc`, `+${now}`, `${now}.9`, "1e9", `0x${now.toString(16)}`, "12345678901234567890", "9223372036854775807", "-9223372036854775808", "18446744073709551616", `-${now}`, "0"]) {
    assert.deepEqual(await sent(timestamp), REFUSED, timestamp);
    assert.deepEqual(await stampedAt(timestamp), REFUSED, timestamp);
  }
  // White space around a field's value is no part of it (RFC 9110, 5.5); within the other scheme's field it is.
  assert.deepEqual(await stampedAt(` ${now}`), REFUSED);
  for (const offset of [-302, 302]) assert.deepEqual([await sent(String(seconds() + offset)), await stampedAt(seconds() + offset)], [REFUSED, REFUSED]);
  for (const offset of [-298, 298]) {
    const [, outcome] = await sent(String(seconds() + offset));
    assert.ok(["case.status.updated", "duplicate"].includes(outcome), `${offset}: ${outcome}`);
    assert.equal((await stampedAt(seconds() + offset))[0], 200);
  }
});

test("W4 of many signatures one must be whole, right and of a version that is known", async () => {
  const body = event(D, { id: "evt_signatures" });
  const now = String(seconds());
  const good = standard("msg_s", now, body);
  const sent = (signature) => send(signed, body, { "webhook-id": "msg_s", "webhook-timestamp": now, "webhook-signature": signature });
  const other = () => `v1,${randomBytes(32).toString("base64")}`;
  for (const signature of ["v1,", good.slice(0, 11), "v1,!!!!", good.replace(/[+/]/g, "_").replace("=", ""), good.replace("v1", "v2"), good.slice(3), other(), `${good},${good}`, Array.from({ length: 1000 }, other).join(" ")]) {
    // A signature without + and / is the same in both alphabets; then the missing = is all that is wrong.
    if (signature === good.replace("=", "")) continue;
    assert.deepEqual(await sent(signature), REFUSED, signature.slice(0, 60));
  }
  assert.deepEqual(await sent([other(), "v1a,x", "v2,y", other(), good].join(" ")), taken());
});

test("W5 both secrets are good while one replaces the other, and white space in one is told to the operator", async () => {
  assert.deepEqual(await tell(event(E, { id: "evt_old" })), taken());
  assert.deepEqual(await tell(event(E, { id: "evt_new", text: "Case Was Approved", minute: 1 }), NEXT), taken());
  assert.match(shared.logs(), /a webhook came with WEBHOOK_SECRET: Torch does not use WEBHOOK_SECRET_NEXT yet/);
  for (const [secrets, says] of [
    [{ WEBHOOK_SECRET: "secret-with-a-line-break\n" }, /WEBHOOK_SECRET: the secret has white space at its end/],
    [{ WEBHOOK_SECRET: SECRET, WEBHOOK_SECRET_NEXT: " blank-before-it" }, /WEBHOOK_SECRET_NEXT: the secret has white space at its start/],
  ]) {
    const proxy = await start("shared-secret", "X-Torch-Secret", secrets);
    assert.deepEqual(await send(proxy, event(E, { id: "x" }), { "x-torch-secret": "secret-with-a-line-break" }), [503, "misconfigured"]);
    assert.match(proxy.logs(), says);
    assert.doesNotMatch(proxy.logs(), /secret-with|blank-before/);
    await proxy.close();
  }
});

test("W6 what is signed is the raw body: a byte, a line break, an order of members more or less is another", async () => {
  const body = event(F, { id: "evt_raw", text: "Case Was Received é" });
  const headers = { "x-hub-signature-256": `sha256=${hex(body)}` };
  const bytes = Buffer.from(body);
  const flipped = Buffer.from(bytes);
  flipped[40] ^= 1;
  for (const other of [flipped, JSON.stringify(JSON.parse(body), null, 1), `${body}\r\n`, body.normalize("NFD"), ""]) {
    assert.deepEqual(await send(hashed, other, headers), REFUSED);
  }
  const authentic = (raw) => send(hashed, raw, { "x-hub-signature-256": `sha256=${hex(raw)}` });
  assert.deepEqual(await authentic(Buffer.from([0xff, 0xfe, 0x00])), [400, "event_unusable"], "authentic, and no UTF-8");
  assert.deepEqual(await authentic(""), [400, "event_unusable"]);
  assert.deepEqual(await authentic(body), taken());
  assert.equal((await history(F, hashed)).events[0].status_text, "Case Was Received é");
});

test("W6 a body above 256 KiB is refused before it is read, with a length or without one", async () => {
  const large = " ".repeat(256 * 1024 + 1);
  assert.deepEqual(await tell(large), [413, "body_too_large"]);
  const chunks = Array.from({ length: 300 }, () => new Uint8Array(1024));
  assert.deepEqual(await send(shared, ReadableStream.from(chunks), { "x-torch-secret": SECRET }), [413, "body_too_large"]);
  const most = event(F, { id: "evt_large", minute: 3, filler: "" });
  const filler = "x".repeat(256 * 1024 - Buffer.byteLength(most));
  assert.deepEqual(await tell(event(F, { id: "evt_large", minute: 3, filler })), taken());
});

test("W7 the same event a hundred times at once is one row, and so is the same status under another id", async () => {
  const body = event(G, { id: "evt_once" });
  const answers = await Promise.all(Array.from({ length: 100 }, () => tell(body)));
  assert.deepEqual(answers.map(([, outcome]) => outcome).sort(), ["case.status.updated", ...Array(99).fill("duplicate")]);
  assert.deepEqual(await tell(event(G, { id: "evt_other" })), taken("duplicate"));
  assert.deepEqual(await tell(event(G, { id: undefined })), taken("duplicate"));
  assert.equal((await history(G)).events.length, 1);
});

test("W8 an older status that comes later is recorded in its place, and the newest stays", async () => {
  assert.deepEqual(await tell(event(H, { id: "evt_2", text: "Case Was Approved", minute: 20 })), taken());
  assert.deepEqual(await tell(event(H, { id: "evt_1", text: "Request for Additional Evidence Was Mailed", minute: 10 })), taken("case.status.late"));
  assert.deepEqual(await tell(event(H, { id: "evt_3", text: "Case Was Approved", minute: 30 })), taken("case.touched"));
  assert.deepEqual(await kinds(H), ["status.updated", "status.late", "touched"]);
  const { body, cache } = await shared.json(casePath(H));
  assert.deepEqual([body.status_text, body.last_status_at, body.normalized.category, cache.hit], ["Case Was Approved", at(30), "approved", true]);
  await until("KV agrees", async () => (await shared.kept(H)).includes(at(30)));
});

test("W9 where the storage fails there is no 2xx, and a retry after a crash changes nothing", async () => {
  assert.deepEqual(await tell(event(I, { id: "evt_1" })), taken());
  const storage = await ledger(I);
  await storage.exec("ALTER TABLE outbox RENAME TO gone");
  await storage.exec("ALTER TABLE event RENAME TO lost");
  const more = event(I, { id: "evt_2", text: "Case Was Approved", minute: 5 });
  assert.deepEqual(await tell(more), [500, "internal"]);
  await storage.exec("ALTER TABLE lost RENAME TO event");
  await storage.exec("ALTER TABLE gone RENAME TO outbox");
  assert.deepEqual(await tell(more), taken());
  // The answer is lost, and with it all that was in memory: Torch tells it again.
  await shared.harness.getWorker().evictDurableObject("LEDGER", { name: I });
  assert.deepEqual(await tell(more), taken("duplicate"));
  const { chain, events } = await history(I);
  assert.deepEqual([chain.valid, events.length], [true, 2]);
});

test("W10 an event is known for ever: no time is too long for a retry", async () => {
  const body = event(J, { id: "evt_known" });
  assert.deepEqual(await tell(body), taken());
  await (await ledger(J)).exec("UPDATE event SET seen_at = seen_at - 100 * 3600");
  await shared.harness.getWorker().evictDurableObject("LEDGER", { name: J });
  assert.deepEqual([await tell(body), await tell(event(J, { id: "evt_another_id" }))], [taken("duplicate"), taken("duplicate")]);
});

test("W11 an event of a type that nobody knows is taken, recorded and logged; one that names no case is kept too", async () => {
  assert.deepEqual(await tell(JSON.stringify({ type: "case.note.added", data: { receipt_number: K, note: "x" }, id: "evt_note" })), taken("case.event"));
  const [row] = (await history(K)).events;
  assert.deepEqual([row.kind, row.event_type, row.status_text, JSON.parse(row.record).note], ["case.event", "case.note.added", null, "x"]);
  const ping = JSON.stringify({ type: "ping", data: { hello: 1 }, id: "evt_ping" });
  assert.deepEqual([await tell(ping), await tell(ping)], [taken("unrouted"), taken("unrouted")]);
  const { unrouted } = await (await shared.get("/deliveries", OPS)).json();
  assert.deepEqual(unrouted.filter(({ type }) => type === "ping").map(({ event }) => event), [ping]);
  for (const type of ["case.note.added", "ping"]) assert.match(shared.logs(), new RegExp(`a webhook tells no status[^\\n]*"type":"${type}"`));
  for (const wrong of ["{}", "[]", "nonsense", JSON.stringify({ type: "case.status.updated", data: { receipt_number: K } })]) assert.deepEqual(await tell(wrong), [400, "event_unusable"]);
});

test("W12 a secret of any other length is refused alike, and the log has the reason and no secret", async () => {
  for (const secret of ["x", SECRET.slice(1), `${SECRET} `, `${SECRET}${SECRET}`, "x".repeat(7000), NEXT.slice(0, -1)]) {
    // A field's value ends before white space.
    if (secret.trim() === SECRET) continue;
    assert.deepEqual(await tell(event(L, { id: "evt_never" }), secret), REFUSED);
  }
  assert.equal((await history(L)).events.length, 0);
  assert.match(shared.logs(), /a webhook is refused[^\n]*"code":"wrong_secret"/);
});

test("K9 after a webhook nobody is told an older status: not from the cache, not from Torch, not in a batch", async () => {
  const [receipt, other] = receipts(2, "KNN");
  const before = (await shared.json(casePath(receipt))).body;
  const text = "Case Was Denied";
  const now = new Date().toISOString().replace(/\.\d+Z/, "Z");
  assert.notEqual(before.status_text, text);
  assert.deepEqual(await tell(event(receipt, { id: "evt_newer", text, last_status_at: now })), taken());
  const told = async (headers) => (await shared.json(casePath(receipt), headers)).body.status_text;
  assert.equal(await told(), text, "at once");
  // Torch still says what it said: it is asked, and its answer goes through the ledger.
  const calls = await sandbox.calls();
  await until("KV has it", async () => (await shared.kept(receipt)).includes(text));
  await shared.evict();
  await (await shared.kv()).delete(`case:1:${receipt}`);
  await new Promise((resolve) => setTimeout(resolve, 5500)); // What the isolate remembers.
  assert.equal(await told({ "cache-control": "no-cache" }), text);
  assert.ok((await sandbox.calls()) > calls, "Torch was asked");
  const batch = await shared.json(`/case-status/batch?receipt=${receipt}&receipt=${other}`);
  assert.equal(batch.body[0].status_text, text);
  assert.deepEqual((await kinds(receipt)).slice(0, 2), ["first_seen", "status.updated"]);
  assert.equal((await history(receipt)).events.filter(({ status_text }) => status_text === before.status_text).length, 1);
});

test("ok what Torch says when it is asked is in the ledger too: a first look, then a change", async () => {
  const [receipt] = receipts(1, "PLL");
  await sandbox.control("PUT", "clock", { real: true });
  await shared.json(casePath(receipt));
  const first = await history(receipt);
  assert.deepEqual(first.events.map(({ kind, source }) => [kind, source]), [["case.first_seen", "poll"]]);
  await (await ledger(receipt)).exec("UPDATE event SET status_text = 'Something Else', at = 0, last_status_at = 0, key = 'another'");
  await shared.harness.getWorker().evictDurableObject("LEDGER", { name: receipt });
  await shared.forget();
  await (await shared.kv()).delete(`case:1:${receipt}`);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await until("it is asked for again", async () => {
    await shared.json(casePath(receipt), { "cache-control": "no-cache" });
    return (await kinds(receipt)).length === 2;
  }, 10_000);
  const { chain, events } = await history(receipt);
  assert.deepEqual(events.map(({ kind, source }) => [kind, source]), [["case.first_seen", "poll"], ["case.status.updated", "poll"]]);
  assert.deepEqual([chain.valid, chain.broken_at], [false, 1], "and that a row was changed behind its back shows");
});

test("ok a history's chain can be recomputed from the answer by ten lines in another language", async () => {
  const { chain, events } = await history(H);
  let head = Buffer.alloc(32);
  for (const row of events) {
    const unix = (moment) => (moment === null ? null : Date.parse(moment) / 1000);
    const fields = ["torch-edge/history/1", H, row.seq, row.kind, row.source, row.event_id, row.event_type, row.status_text, row.status_category, unix(row.last_status_at), unix(row.seen_at), row.record];
    const bytes = fields.map((field) => (field === null ? "-," : `${Buffer.byteLength(String(field))}:${field},`)).join("");
    head = createHash("sha256").update(head).update(bytes).digest();
    assert.equal(head.toString("hex"), row.hash);
  }
  assert.deepEqual(chain, { valid: true, length: 3, head: head.toString("hex") });
});

test("ok a history as CSV is a file for a spreadsheet, and of a case never seen it is empty", async () => {
  await tell(event("CSV0000000001", { id: "=1+1", text: '=HYPERLINK("x"), "quoted"' }));
  const response = await shared.get("/case-status/history?receipt=CSV0000000001", { accept: "text/csv" });
  const [header, line] = (await response.text()).split("\r\n");
  assert.deepEqual([response.headers.get("content-type"), response.headers.get("vary")], ["text/csv; charset=utf-8", "Accept"]);
  assert.equal(response.headers.get("content-disposition"), 'attachment; filename="CSV0000000001.csv"');
  assert.match(header, /^seq,receipt_number,kind,source,event_id/);
  assert.match(line, /^1,CSV0000000001,case.status.updated,webhook,'=1\+1,case.status.updated,"'=HYPERLINK\(""x""\), ""quoted""",/);
  assert.deepEqual(await history("CSV0000000002"), { receipt_number: "CSV0000000002", chain: { valid: true, length: 0, head: "0".repeat(64) }, events: [] });
  assert.equal((await shared.get("/case-status/history?receipt=CSV0000000001", {}, { method: "HEAD" })).status, 200);
});

test("ok an operator erases a case: ledger, cache, roster; others may not", async () => {
  const [receipt] = receipts(1, "ERS");
  await shared.json(casePath(receipt));
  await tell(event(receipt, { id: "evt_erased", text: "Case Was Denied", last_status_at: new Date().toISOString() }));
  await shared.kept(receipt);
  const erase = (headers) => fetch(`${shared.url}/case-status/history?receipt=${receipt}`, { method: "DELETE", headers });
  assert.deepEqual([(await erase()).status, (await erase({ authorization: `Bearer ${TOKEN}` })).status], [401, 403]);
  const erased = await erase(OPS);
  assert.deepEqual([erased.status, await erased.json()], [200, { receipt_number: receipt, erased: true }]);
  assert.equal((await history(receipt)).events.length, 0);
  assert.equal(await (await shared.kv()).get(`case:1:${receipt}`), null);
  assert.deepEqual(await shared.sql("SELECT * FROM roster WHERE receipt = ?", receipt), []);
  const { body } = await shared.json(casePath(receipt), { "cache-control": "no-cache" });
  assert.notEqual(body.status_text, "Case Was Denied", "nothing remembers it");
  assert.deepEqual(await kinds(receipt), ["first_seen"], "it begins anew");
});

test("err the receiver takes POST, no parameters, and nothing where nothing is set up", async () => {
  const get = await shared.get("/webhooks/torch");
  assert.deepEqual([get.status, get.headers.get("allow")], [405, "POST"]);
  assert.deepEqual(await send(shared, "{}", { "x-torch-secret": SECRET }, "/webhooks/torch?x=1"), [400, "unknown_parameter"]);
  const bare = await Proxy.start(sandbox.url);
  assert.deepEqual(await send(bare, event(A, { id: "x" }), { "x-torch-secret": SECRET }), [503, "misconfigured"], "so that Torch tells it again");
  await bare.close();
});

test("ok the sandbox delivers to it by each scheme, doubled and out of order", async () => {
  for (const [proxy, scheme, header, secret] of [[shared, "shared-secret", "X-Torch-Secret", SECRET], [signed, "standard-webhooks", null, WHSEC], [stamped, "timestamped-hex", "X-Signature", SECRET], [hashed, "sha256-hex", "X-Hub-Signature-256", SECRET]]) {
    await sandbox.control("PUT", "webhook", { url: `${proxy.url}/webhooks/torch`, scheme, header, secret });
    const list = receipts(5, "SBX");
    const report = await sandbox.control("POST", "deliver", { receipts: list, duplicate: 2, shuffle: 7 });
    assert.deepEqual([report.failed, report.events.every(({ delivered }) => delivered)], [0, true], scheme);
    for (const receipt of list) assert.equal((await history(receipt, proxy)).events.length, 1);
  }
});

test("T3 whatever an authentic webhook holds, the answer is never a failure of ours", async () => {
  const seeds = readFileSync(`${ROOT}/tests/vectors/webhooks.json`, "utf8");
  let state = 7;
  const next = (most) => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % most;
  const bodies = Array.from({ length: 300 }, (_, n) => {
    const body = Buffer.from(n % 2 ? event("FZZ0000000001", { id: `f${n}` }) : seeds.slice(next(5000), 5000 + next(5000)));
    for (let k = 0; k < 1 + next(4) && body.length; k++) body[next(body.length)] = next(256);
    return body;
  });
  const statuses = new Set();
  for (const body of bodies) statuses.add((await tell(body))[0]);
  assert.deepEqual([...statuses].sort().filter((status) => status !== 200 && status !== 400), []);
});

test("A3 no log tells a secret or a whole receipt number", () => {
  for (const proxy of [shared, signed, stamped, hashed]) {
    const logs = proxy.logs();
    for (const secret of [SECRET, NEXT, WHSEC.slice(6)]) assert.ok(!logs.includes(secret));
    assert.doesNotMatch(logs, /\b(WHK|KNN|PLL|CSV|ERS|SBX|FZZ)\d{10}\b/);
  }
});
