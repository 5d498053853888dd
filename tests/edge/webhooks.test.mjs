// What Torch tells, under each way of saying that it is Torch. Signatures are made here by node's crypto, and
// what became of a webhook is seen in its answer, in the ledger and in the log.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { request } from "node:http";
import test, { after } from "node:test";
import { Webhook } from "standardwebhooks";
import { random } from "./storm/events.mjs";
import { AUTHENTIC, casePath, event, Proxy, receipts, Sandbox, TOKEN, until, WEBHOOK } from "./support.mjs";

const SECRET = WEBHOOK.secrets.WEBHOOK_SECRET;
const NEXT = "staple of another horse";
// The published ones: two of Standard Webhooks, and GitHub's.
const VECTORS = [
  ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", "1649367553", '{"email":"test@example.com","username":"test_user"}', "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="],
  ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", '{"test": 2432232314}', "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="],
];
const [STANDARD, STANDARD_NEXT] = VECTORS.map(([secret]) => secret);
const GITHUB = "It's a Secret to Everybody";
const GITHUB_CODE = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

const settings = (scheme, header, secret, next) => ({
  vars: { WEBHOOK_SCHEME: scheme, ...(header && { WEBHOOK_HEADER: header }) },
  secrets: { WEBHOOK_SECRET: secret, ...(next && { WEBHOOK_SECRET_NEXT: next }) },
});
const sandbox = await Sandbox.start();
const proxies = await Promise.all([
  settings("shared-secret", "X-Torch-Secret", SECRET, NEXT),
  settings("standard-webhooks", undefined, STANDARD, STANDARD_NEXT),
  settings("timestamped-hex", "X-Torch-Signature", SECRET, NEXT),
  settings("sha256-hex", "X-Hub-Signature-256", GITHUB, NEXT),
].map((options) => Proxy.start(sandbox.url, options)));
const [proxy, standard, stamped, hub] = proxies;
after(() => Promise.all([sandbox, ...proxies].map((one) => one.close())));

/** More proxies, with other settings. */
async function others(...options) {
  const started = await Promise.all(options.map((one) => Proxy.start(sandbox.url, one)));
  proxies.push(...started);
  return started;
}

let serial = 0;
const fresh = (count = 1) => receipts(count, "WHK", (serial += count) - count + 1);
const seconds = () => Math.floor(Date.now() / 1000);
const code = (key, text, as) => createHmac("sha256", key).update(text).digest(as);
const bytes = (secret) => Buffer.from(secret.slice("whsec_".length), "base64");
/** The signed headers of each scheme. `at`: what stands for the moment. */
const sign = {
  standard: (body, { id = "msg_1", at = seconds(), secret = STANDARD } = {}) => {
    const signed = Buffer.concat([Buffer.from(`${id}.${at}.`), Buffer.from(body)]);
    return { "webhook-id": id, "webhook-timestamp": String(at), "webhook-signature": `v1,${code(bytes(secret), signed, "base64")}` };
  },
  stamped: (body, { at = seconds(), secret = SECRET } = {}) =>
    ({ "x-torch-signature": `t=${at},v1=${code(secret, Buffer.concat([Buffer.from(`${at}.`), Buffer.from(body)]), "hex")}` }),
  hub: (body, { secret = GITHUB } = {}) => ({ "x-hub-signature-256": `sha256=${code(secret, body, "hex")}` }),
};
const SIGNED = [[standard, sign.standard], [stamped, sign.stamped], [hub, sign.hub]];
const SCHEMES = [[proxy, () => AUTHENTIC], ...SIGNED];

/** A request as it is written: a header whose value is an array is there so many times. */
const exactly = (to, headers, body, path = "/webhooks/torch") => new Promise((resolve, reject) => {
  const sent = request(to.url + path, { method: "POST", headers }, async (response) => {
    const chunks = await response.toArray();
    resolve({ status: response.statusCode, body: JSON.parse(Buffer.concat(chunks)) });
    sent.destroy();
  });
  sent.on("error", reject);
  if (body instanceof Function) body(sent);
  else sent.end(body);
});

const lines = (one, message) => one.logs().split("\n").filter((line) => line.includes(`"message":"${message}"`)).map((line) => JSON.parse(line));
/** Why a webhook is refused, as the log has it. Whoever sent it is told the same whatever it is. */
async function refusal(to, headers, body = "{}") {
  const before = lines(to, "a webhook is refused").length;
  const { status, body: { request_id, ...problem } } = await exactly(to, headers, body);
  assert.equal(status, 401);
  assert.deepEqual([problem.code, problem.retryable, Object.keys(problem).length], ["webhook_unauthorized", false, 6]);
  assert.ok(request_id);
  return (await until("a line in the log", () => lines(to, "a webhook is refused")[before])).code;
}
const outcome = async (answer) => {
  const { status, body } = await answer;
  assert.deepEqual([status, body.received], [200, true], JSON.stringify(body));
  return body.outcome;
};
const rows = async (receipt, at = proxy) => (await at.history(receipt)).events;
/** What comes of `work` in a second that has not ended when it is done. */
async function inOneSecond(work) {
  for (;;) {
    const now = seconds();
    const result = await work(now);
    if (seconds() === now) return result;
  }
}

test("W1 the vectors of Standard Webhooks are authentic and only too old", async () => {
  for (const [secret, id, at, body, signature] of VECTORS) {
    const headers = { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature };
    assert.deepEqual(sign.standard(body, { id, at, secret }), headers);
    assert.equal(await refusal(standard, headers, body), "too_old");
    assert.equal(await refusal(standard, headers, `${body} `), "signature_mismatch");
    assert.equal(await refusal(standard, { ...headers, "webhook-id": `${id}x` }, body), "signature_mismatch");
    assert.equal(await refusal(standard, { ...headers, "webhook-signature": signature.replace(/...=$/, "AAA=") }, body), "signature_mismatch");
  }
});

test("W1 GitHub's vector is authentic, and no event", async () => {
  const headers = { "x-hub-signature-256": `sha256=${GITHUB_CODE}` };
  const { status, body } = await hub.webhook("Hello, World!", headers);
  assert.deepEqual([status, body.code], [400, "event_unusable"]);
  assert.equal(await refusal(hub, headers, "Hello, World?"), "signature_mismatch");
});

test("ok each scheme's webhooks are taken, under /v1 too, and in headers of any case", async () => {
  for (const [to, sign] of SCHEMES) {
    const [one, two] = fresh(2);
    const loud = (headers) => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
    assert.equal(await outcome(to.webhook(event(one), sign(event(one, { id: "not this one" })))).catch(() => "refused"), to === proxy ? "case.status.updated" : "refused");
    const body = event(two);
    assert.equal(await outcome(exactly(to, loud(sign(body)), body, "/v1/webhooks/torch")), "case.status.updated");
    assert.deepEqual((await rows(two, to)).map(({ kind, source }) => [kind, source]), [["case.status.updated", "webhook"]]);
  }
});

test("ok what npm's standardwebhooks signs is taken", async () => {
  const [body, at] = [event(...fresh()), new Date()];
  const signature = new Webhook(STANDARD).sign("msg_published", at, body);
  const headers = { "webhook-id": "msg_published", "webhook-timestamp": String(Math.floor(at / 1000)), "webhook-signature": signature };
  assert.equal((await exactly(standard, headers, body)).status, 200);
});

test("W2 a header that is missing, empty or doubled, in each scheme", async () => {
  // The runtime joins doubled fields; whatever becomes of the join, it is refused.
  const doubled = ["wrong_secret", "id_malformed", "timestamp_malformed", "header_doubled", "header_doubled", "no_signature"];
  for (const [to, sign] of SCHEMES) {
    const body = event(...fresh());
    const headers = sign(body);
    for (const name of Object.keys(headers)) {
      const { [name]: value, ...rest } = headers;
      assert.equal(await refusal(to, rest, body), "header_missing", name);
      assert.equal(await refusal(to, { ...rest, [name]: "" }, body), "header_empty", name);
      assert.equal(await refusal(to, { ...rest, [name]: [value, value] }, body), doubled.shift(), name);
    }
    assert.equal(await refusal(to, {}, body), "header_missing");
  }
});

test("W2 a doubled header is refused though one of the two is right", async () => {
  for (const [to, sign] of SCHEMES) {
    const body = event(...fresh());
    const headers = sign(body);
    for (const [name, value] of Object.entries(headers)) {
      for (const values of [[value, "x"], ["x", value], ["", value]]) {
        // The runtime joins them, and in a list with commas what is no entry is passed over, however it got there.
        if (to === stamped) continue;
        assert.equal((await exactly(to, { ...headers, [name]: values }, body)).status, 401, `${name}: ${values.map((one) => (one === value ? "right" : one))}`);
      }
    }
  }
});

test("W3 a timestamp that is no plain number of seconds, though it is signed", async () => {
  const body = event(...fresh());
  const now = seconds();
  for (const at of ["abc", "123abc", `${now}abc`, `+${now}`, `${now}.9`, "1e9", `-${now}`, "-1", "-9223372036854775808", "9223372036854775808", "00000000001736949810", "18446744073709551615", `0x${now.toString(16)}`, `${now} 1`]) {
    assert.equal(await refusal(standard, sign.standard(body, { at }), body), "timestamp_malformed", at);
    assert.equal(await refusal(stamped, sign.stamped(body, { at }), body), "timestamp_malformed", at);
  }
  assert.equal(await refusal(stamped, sign.stamped(body, { at: ` ${now}` }), body), "timestamp_malformed");
  assert.equal(await refusal(stamped, sign.stamped(body, { at: "" }), body), "timestamp_malformed");
  // HTTP takes the white space around a value away, and then it is not what was signed.
  assert.equal(await refusal(standard, sign.standard(body, { at: ` ${now}` }), body), "signature_mismatch");
});

test("W3 a timestamp that is one, and far away", async () => {
  const body = event(...fresh());
  for (const [at, why] of [["0", "too_old"], ["1", "too_old"], ["1000000000", "too_old"], ["9223372036854775807", "too_new"], [String(Date.now()), "too_new"]]) {
    assert.equal(await refusal(standard, sign.standard(body, { at }), body), why, at);
    assert.equal(await refusal(stamped, sign.stamped(body, { at }), body), why, at);
  }
  assert.match(lines(standard, "a webhook is refused").at(-1).reason, /not milliseconds/);
});

test("W3 a timestamp of exactly 300 seconds before or after now is near enough, and of 301 is not", async () => {
  for (const [to, sign] of SIGNED.slice(0, 2)) {
    for (const [offset, status] of [[-300, 200], [300, 200], [-301, 401], [301, 401]]) {
      const body = event(...fresh());
      const answer = await inOneSecond((now) => to.webhook(body, sign(body, { at: now + offset })));
      assert.equal(answer.status, status, `${offset}`);
    }
  }
});

test("W4 what is no signature is none, and what is one of another version is passed over", async () => {
  const at = seconds();
  // One with both of the letters that base64 has otherwise for URLs.
  const [body, right] = Array.from({ length: 500 }, (_, n) => event("WHK9999999999", { id: `evt_url_${n}` }))
    .map((body) => [body, sign.standard(body, { at })["webhook-signature"].slice(3)]).find(([, right]) => right.includes("+") && right.includes("/"));
  const headers = (signature) => ({ ...sign.standard(body, { at }), "webhook-signature": signature });
  for (const signature of [
    "v1,", "v1", "v1,AAAAAAAA", `v1,${right.slice(0, 8)}`, `v1,${right.slice(1)}`, `v1,!${right.slice(1)}`, `v1,${right.replaceAll("+", "-").replaceAll("/", "_")}`,
    `v1,${right.replace("=", "")}`, `v1,${right}=`, `v2,${right}`, `v1a,${right}`, `V1,${right}`, right, `v1=${right}`, `v1,${right},`, `v1 ,${right}`,
  ]) {
    assert.equal(await refusal(standard, headers(signature), body), "no_signature", signature);
  }
  assert.equal(await refusal(standard, headers("v1,AAAAAAAA v1 v2,x"), body), "no_signature");
  const [receipt] = fresh();
  const good = event(receipt);
  const { "webhook-signature": match, ...rest } = sign.standard(good);
  const among = (count, entry) => ({ ...rest, "webhook-signature": [...Array(count - 1).fill(entry), match].join(" ") });
  const wrong = `v1,${code("another key", good, "base64")}`;
  assert.equal(await refusal(standard, among(17, wrong), good), "too_many_signatures");
  assert.equal(await refusal(standard, among(1000, "v1,AAAA"), good), "too_many_signatures");
  assert.equal(await outcome(standard.webhook(good, among(16, wrong))), "case.status.updated");
  assert.equal(await outcome(standard.webhook(good, among(4, "v2,AAAA"))), "duplicate");
});

test("W4 the same of the schemes in hexadecimal", async () => {
  const body = event(...fresh());
  const { "x-torch-signature": right } = sign.stamped(body);
  const [t, v1] = right.split(",");
  const stamp = (value) => ({ "x-torch-signature": value });
  for (const value of [`${t},v1=`, `${t},v0=${v1.slice(3)}`, `${t},${v1.slice(0, 11)}`, `${t},${v1}0`, `${t},v1=z${v1.slice(4)}`, `${t};${v1}`, `${t}`]) {
    const why = await refusal(stamped, stamp(value), body);
    assert.ok(["no_signature", "timestamp_malformed"].includes(why), `${value}: ${why}`);
  }
  const wrong = `v1=${code("another key", body, "hex")}`;
  assert.equal(await refusal(stamped, stamp(v1), body), "header_missing");
  assert.equal(await refusal(stamped, stamp(`${t},${t},${v1}`), body), "header_doubled");
  assert.equal(await refusal(stamped, stamp([t, ...Array(15).fill(wrong), v1].join()), body), "too_many_signatures");
  assert.equal(await refusal(stamped, stamp([t, ...Array(1000).fill("v1=00"), v1].join()), body), "too_many_signatures");
  assert.equal(await outcome(stamped.webhook(body, stamp([t, ...Array(14).fill(wrong), v1].join()))), "case.status.updated");
  const { "x-hub-signature-256": sha256 } = sign.hub(body);
  for (const value of ["sha256=", sha256.slice(7), `sha1=${sha256.slice(7)}`, sha256.slice(0, -1), `${sha256}0`, `${sha256},${sha256}`, sha256.replace("=", " = ")]) {
    assert.equal(await refusal(hub, { "x-hub-signature-256": value }, body), "no_signature", value);
  }
});

test("W5 both secrets are taken while there are two, and that the old one is still used is told", async () => {
  for (const [to, headers, secrets] of [
    [proxy, (_, { secret }) => ({ "x-torch-secret": secret }), [SECRET, NEXT]], [standard, sign.standard, [STANDARD, STANDARD_NEXT]],
    [stamped, sign.stamped, [SECRET, NEXT]], [hub, sign.hub, [GITHUB, NEXT]],
  ]) {
    const told = () => lines(to, "a webhook came with WEBHOOK_SECRET: Torch does not use WEBHOOK_SECRET_NEXT yet").length;
    const body = event(...fresh());
    assert.equal(await outcome(to.webhook(body, headers(body, { secret: secrets[1] }))), "case.status.updated");
    const before = told();
    assert.equal(await outcome(to.webhook(body, headers(body, { secret: secrets[0] }))), "duplicate");
    await until("a line in the log", () => told() > before);
    const guess = to === standard ? `whsec_${Buffer.from("some other key of bytes").toString("base64")}` : "a guess";
    assert.equal(await refusal(to, headers(body, { secret: guess }), body), to === proxy ? "wrong_secret" : "signature_mismatch");
  }
});

test("W5 a secret that was replaced is none any more, and one with white space around it is told by its name", async () => {
  const shared = (secret, next) => settings("shared-secret", "X-Torch-Secret", secret, next);
  const [rotated, blank, blankNext, unset] = await others(shared(NEXT), shared(`${SECRET}\n`), shared(SECRET, `\t${NEXT}`), {});
  const body = event(...fresh());
  assert.equal(await refusal(rotated, AUTHENTIC, body), "wrong_secret");
  assert.equal(await outcome(rotated.webhook(body, { "x-torch-secret": NEXT })), "case.status.updated");
  for (const [to, sentence] of [
    [blank, "configuration: WEBHOOK_SECRET: the secret has white space at its end"],
    [blankNext, "configuration: WEBHOOK_SECRET_NEXT: the secret has white space at its start"], [unset, "no WEBHOOK_SECRET is set"],
  ]) {
    const { status, body: problem, headers } = await to.webhook(body);
    assert.deepEqual([status, problem.code, problem.retryable], [503, "misconfigured", true]);
    assert.ok(Number(headers.get("retry-after")) > 0);
    assert.doesNotMatch(JSON.stringify(problem), /horse/, "nothing of it in the answer");
    await until("a sentence in the log", () => to.logs().includes(sentence));
  }
});

test("W6 not one byte of a signed body may be another, nor may it be written anew", async () => {
  for (const [to, sign] of SIGNED) {
    const [receipt] = fresh();
    const body = JSON.stringify(JSON.parse(event(receipt, { text: "Case Was Received “ñ”" })), null, 2).replaceAll("\n", "\r\n");
    const headers = sign(body);
    const raw = Buffer.from(body);
    for (const at of [0, 17, raw.length >> 1, raw.length - 1]) {
      const flipped = Buffer.from(raw);
      flipped[at] ^= 1;
      assert.equal(await refusal(to, headers, flipped), "signature_mismatch");
    }
    for (const other of [JSON.stringify(JSON.parse(body)), body.replaceAll("\r\n", "\n"), `\ufeff${body}`, `${body}\n`, raw.subarray(1), ""]) {
      assert.equal(await refusal(to, headers, other), "signature_mismatch");
    }
    assert.deepEqual((await to.history(receipt)).events, []);
    assert.equal(await outcome(to.webhook(body, headers)), "case.status.updated", "as it was signed, with CRLF");
    const [row] = await rows(receipt, to);
    assert.equal(row.record, body.slice(body.indexOf("{", 1), body.indexOf("}") + 1), "byte for byte");
  }
});

test("W6 an authentic body that is no event is a 400, which is not tried again", async () => {
  const [receipt] = fresh();
  const good = event(receipt);
  const bodies = [
    "", " ", "null", "[]", "7", "{", `${good}${good}`, good.replace("case.status.updated", "\u0000"), "{}", '{"type":"case.status.updated"}', `{"type":7,"data":{"receipt_number":"${receipt}"}}`,
    event(undefined), event(receipt, { text: 7 }), event("nonsense"), good.replace('"id"', '"type":"x","id"'), '{"type":"case.status.updated","data":{"error":"down"}}',
    Buffer.concat([Buffer.from(good.slice(0, 60)), Buffer.from([0xff, 0xfe]), Buffer.from(good.slice(60))]), Buffer.from(good, "utf16le"),
  ];
  for (const [to, sign] of SCHEMES) {
    for (const [answer, body] of await Promise.all(bodies.map(async (body) => [await to.webhook(body, sign(body)), body]))) {
      assert.deepEqual([answer.status, answer.body.code, answer.body.retryable], [400, "event_unusable", false], String(body));
      assert.ok(!answer.body.detail.includes(receipt), "nothing of it in the answer");
    }
    assert.deepEqual(await rows(receipt, to), []);
  }
  assert.equal(await outcome(proxy.webhook(`\ufeff${good}`)), "case.status.updated", "a byte order mark is no harm");
});

test("W6 a body of 256 KiB is taken; a byte more is a 413 before it is read, with its length and without", { timeout: 10_000 }, async () => {
  const [receipt] = fresh();
  const bare = event(receipt);
  const full = bare + " ".repeat(256 * 1024 - Buffer.byteLength(bare));
  assert.equal(await outcome(proxy.webhook(full)), "case.status.updated");
  const chunked = { ...AUTHENTIC, "transfer-encoding": "chunked" };
  assert.equal(await outcome(exactly(proxy, chunked, full)), "duplicate");
  const promise = (sent) => sent.flushHeaders();
  const endless = (sent) => {
    const more = setInterval(() => sent.write(Buffer.alloc(65_536, 32)), 5);
    sent.on("close", () => clearInterval(more));
  };
  for (const [headers, body] of [[AUTHENTIC, `${full} `], [chunked, `${full} `], [{ ...AUTHENTIC, "content-length": 2 ** 30 }, promise], [chunked, endless], [{ "transfer-encoding": "chunked" }, endless]]) {
    const answer = await exactly(proxy, headers, body);
    assert.deepEqual([answer.status, answer.body.code, answer.body.retryable], [413, "body_too_large", false]);
  }
  assert.equal((await rows(receipt)).length, 1);
});

test("W7 the same event a hundred times at once is one row, and so is what it says under a hundred ids", async () => {
  const [one, two] = fresh(2);
  const body = event(one);
  for (const [receipt, bodies] of [[one, Array(100).fill(body)], [two, Array.from({ length: 100 }, () => event(two))]]) {
    const outcomes = await Promise.all(bodies.map((body) => outcome(proxy.webhook(body))));
    assert.deepEqual(outcomes.sort(), ["case.status.updated", ...Array(99).fill("duplicate")].sort());
    const { chain, events } = await proxy.history(receipt);
    assert.deepEqual([chain.valid, chain.length, events.length], [true, 1, 1]);
  }
});

test("W7 what is the same event, and what is another", async () => {
  const [receipt, other] = fresh(2);
  const first = event(receipt, { id: "evt_w7" });
  const told = (more) => outcome(proxy.webhook(event(receipt, more)));
  assert.equal(await outcome(proxy.webhook(first)), "case.status.updated");
  assert.equal(await told({ id: "evt_w7", text: "Case Was Approved", at: "2025-03-01T00:00:00Z" }), "duplicate", "the id decides");
  assert.equal(await told({ id: null }), "duplicate", "no id: the case, the time and the text do");
  assert.equal(await told({ at: "2025-01-15T09:03:27-05:00" }), "duplicate", "the same moment, written otherwise");
  assert.equal(await outcome(proxy.webhook(event(receipt.toLowerCase().replace(/(?<=^...)/, "-")))), "duplicate", "the same case, written otherwise");
  assert.equal(await told({ at: "2025-01-15T14:03:28Z" }), "case.touched");
  assert.equal(await told({ text: "Case Was Updated", at: "2025-01-15T14:03:28Z" }), "case.status.updated");
  assert.equal(await outcome(proxy.webhook(event(other, { id: "evt_w7" }))), "case.status.updated", "another case has a ledger of its own");
  assert.deepEqual((await rows(receipt)).map(({ kind }) => kind), ["case.status.updated", "case.touched", "case.status.updated"]);
});

test("W7 where the event has no id the message's counts, which is signed", async () => {
  const [receipt] = fresh();
  // Without a date it is only the id that tells them apart.
  const body = event(receipt, { id: null, at: null });
  const told = (id) => outcome(standard.webhook(body, sign.standard(body, { id })));
  assert.deepEqual([await told("msg_a"), await told("msg_a"), await told("msg_b")], ["case.status.updated", "duplicate", "case.touched"]);
  assert.deepEqual((await rows(receipt, standard)).map(({ event_id }) => event_id), ["msg_a", "msg_b"]);
});

test("W8 a newer status and then an older one: both are kept, and the newer stays", async () => {
  const [receipt] = fresh();
  const told = (text, at) => outcome(proxy.webhook(event(receipt, { text, at })));
  assert.equal(await told("Case Was Approved", "2025-06-01T00:00:00Z"), "case.status.updated");
  assert.equal(await told("Case Was Received", "2025-01-01T00:00:00Z"), "case.status.late");
  assert.equal(await told("Case Was Approved", "2025-05-01T00:00:00Z"), "case.status.late");
  assert.equal((await proxy.json(casePath(receipt))).body.status_text, "Case Was Approved");
  assert.equal(await told("Card Was Mailed To Me", "2025-06-01T00:00:00Z"), "case.status.updated", "of two of one moment the one that came last");
  assert.equal((await proxy.json(casePath(receipt))).body.status_text, "Card Was Mailed To Me");
});

test("W8 in whatever order, at once: the newest is what everybody reads", async () => {
  const list = fresh(8);
  const bodies = list.flatMap((receipt) => Array.from({ length: 9 }, (_, n) => event(receipt, { text: `Status ${n}`, at: `2025-0${n + 1}-01T00:00:00Z` })));
  const next = random(8);
  const shuffled = bodies.map((body) => [next(), body]).sort(([a], [b]) => a - b).map(([, body]) => body);
  await Promise.all(shuffled.map((body) => outcome(proxy.webhook(body))));
  const kv = await proxy.kv();
  for (const receipt of list) {
    const { chain, events } = await proxy.history(receipt);
    assert.deepEqual([chain.valid, events.length], [true, 9]);
    assert.equal((await proxy.json(casePath(receipt))).body.status_text, "Status 8");
    await until("the newest in KV", async () => (await kv.get(`case:1:${receipt}`))?.includes("Status 8"));
  }
});

test("W8 a date in the future does not outrank every status to come", async () => {
  const [receipt] = fresh();
  assert.equal(await outcome(proxy.webhook(event(receipt, { text: "Case Was Received", at: "2099-01-01T00:00:00Z" }))), "case.status.updated");
  const soon = new Date(Date.now() + 2000).toISOString();
  assert.equal(await outcome(proxy.webhook(event(receipt, { text: "Case Was Approved", at: soon }))), "case.status.updated");
  assert.equal((await proxy.json(casePath(receipt))).body.status_text, "Case Was Approved");
});

test("W9 a ledger that cannot write: never a 2xx, and the retry is taken once", async () => {
  const [old, none] = fresh(2);
  await outcome(proxy.webhook(event(old, { at: "2024-01-01T00:00:00Z" })));
  const faults = [
    [old, "ALTER TABLE event RENAME TO gone", "ALTER TABLE gone RENAME TO event"],
    [old, "CREATE TRIGGER full BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'the disk is full'); END", "DROP TRIGGER full"],
    // A case of which nothing is known yet: the first row finds a table that is not what it should be.
    [none, "CREATE TABLE own (one TEXT)", "DROP TABLE own"],
  ];
  for (const [index, [receipt, spoil, mend]] of faults.entries()) {
    const body = event(receipt, { text: `Status ${index}`, at: `2025-0${index + 1}-01T00:00:00Z` });
    await proxy.ledger(receipt, spoil);
    for (const answer of await Promise.all([1, 2, 3].map(() => proxy.webhook(body)))) {
      assert.deepEqual([answer.status >= 500, answer.body.received, answer.body.retryable], [true, undefined, true], spoil);
    }
    await proxy.ledger(receipt, mend);
    assert.equal(await outcome(proxy.webhook(body)), "case.status.updated", spoil);
    assert.equal(await outcome(proxy.webhook(body)), "duplicate");
  }
  assert.deepEqual([await proxy.history(old), await proxy.history(none)].map(({ chain: { valid, length } }) => [valid, length]), [[true, 3], [true, 1]]);
});

test("W9 an event of no case, where its store cannot write: never a 2xx either", async () => {
  const store = await proxy.harness.getWorker().getDurableObjectStorage("RELAY", { name: "relay" });
  const body = '{"type":"ping","id":"evt_w9"}';
  await outcome(proxy.webhook('{"type":"ping","id":"evt_before"}'));
  await store.exec("ALTER TABLE unrouted RENAME TO away");
  assert.ok((await proxy.webhook(body)).status >= 500);
  await store.exec("ALTER TABLE away RENAME TO unrouted");
  assert.equal(await outcome(proxy.webhook(body)), "unrouted");
});

test("W9 the answer is lost and the ledger ends: the retry changes nothing", async () => {
  await Promise.all(fresh(12).map(async (receipt, n) => {
    const body = event(receipt);
    // Nobody hears whether it was written or not.
    await fetch(`${proxy.url}/webhooks/torch`, { method: "POST", headers: AUTHENTIC, body, signal: AbortSignal.timeout(1 + 2 * n) }).catch(() => {});
    await proxy.evictLedger(receipt).catch(() => {});
    await outcome(proxy.webhook(body));
    await proxy.evictLedger(receipt);
    assert.equal(await outcome(proxy.webhook(body)), "duplicate");
    const { chain } = await proxy.history(receipt);
    assert.deepEqual([chain.valid, chain.length], [true, 1]);
  }));
});

test("W10 an event that came long ago, by other ids and without one, is still a duplicate", async () => {
  const [receipt] = fresh();
  const bodies = [event(receipt, { id: "evt_w10" }), event(receipt, { id: null, text: "Case Was Approved", at: "2025-05-01T00:00:00Z" })];
  for (const body of bodies) await outcome(proxy.webhook(body));
  // Nothing waits 80 hours here; what could forget is the storage, and it is as it will be then.
  await proxy.ledger(receipt, "UPDATE event SET seen_at = seen_at - ?", 80 * 3600);
  await proxy.evictLedger(receipt);
  await proxy.tick();
  for (const body of [...bodies, event(receipt, { id: "evt_other" }), event(receipt, { id: "evt_w10", text: "Another", at: "2025-09-01T00:00:00Z" })]) {
    assert.equal(await outcome(proxy.webhook(body)), "duplicate");
  }
  assert.equal((await rows(receipt)).length, 2);
});

test("W11 an event of another type is kept as it came, and told in the log", async () => {
  const [receipt] = fresh();
  const body = JSON.stringify({ type: "case.archived", id: "evt_w11", data: { receipt_number: receipt, by: "USCIS", "é": [1.0] } });
  assert.equal(await outcome(proxy.webhook(body)), "case.event");
  assert.equal(await outcome(proxy.webhook(body)), "duplicate");
  const [row] = await rows(receipt);
  assert.deepEqual([row.kind, row.source, row.event_type, row.event_id, row.status_text, row.normalized], ["case.event", "webhook", "case.archived", "evt_w11", null, null]);
  assert.equal(row.record, JSON.stringify(JSON.parse(body).data), "byte for byte");
  await until("a line in the log", () => lines(proxy, "a webhook of another type than case.status.updated: it is kept as it came").some(({ type }) => type === "case.archived"));
  assert.equal((await (await proxy.kv()).get(`case:1:${receipt}`)), null, "a status it is not");
});

test("W11 an event of another type that tells a status is recorded, and told in the log too", async () => {
  const [receipt] = fresh();
  await outcome(proxy.webhook(event(receipt, { type: "case.reopened" })));
  const [row] = await rows(receipt);
  assert.deepEqual([row.event_type, row.status_text], ["case.reopened", "Case Was Received"]);
  await until("a line in the log", () => proxy.logs().includes("case.reopened"), 1000);
});

test("W11 an event of no case is kept for the operator, once", async () => {
  const bodies = ['{"type":"ping.w11","id":"evt_ping","n":  1.0}', '{"type":"plan.changed","data":{"receipt_number":7}}', '{"type":"plan.changed","data":{"receipt_number":"none"}}'];
  for (const body of [...bodies, ...bodies]) assert.equal(await outcome(proxy.webhook(body)), "unrouted");
  const { unrouted } = await (await proxy.get("/deliveries", { authorization: "Bearer operator-token" })).json();
  const kept = unrouted.filter(({ event }) => bodies.includes(event));
  assert.deepEqual(kept.map(({ event }) => event).sort(), bodies.toSorted());
  assert.ok(kept.every(({ type, seen_at }) => type && Math.abs(Date.parse(seen_at) - Date.now()) < 60_000));
  assert.equal((await proxy.get("/deliveries")).status, 403, "nobody else's business");
});

test("W12 a secret of another length is as wrong as one of the same", async () => {
  const wrong = ["x", SECRET.slice(0, -1), `${SECRET}x`, SECRET.replace("c", "d"), SECRET.toUpperCase(), SECRET.replaceAll(" ", "  "), "x".repeat(8000), `Bearer ${SECRET}`, `"${SECRET}"`];
  for (const secret of wrong) assert.equal(await refusal(proxy, { "x-torch-secret": secret }, event(...fresh())), "wrong_secret");
  // White space around a header's value is HTTP's and no part of it.
  assert.equal(await outcome(exactly(proxy, { "x-torch-secret": `  ${SECRET} ` }, event(...fresh()))), "case.status.updated");
});

test("err another method, and parameters that nobody knows", async () => {
  for (const method of ["GET", "PUT", "DELETE"]) {
    const refused = await fetch(`${proxy.url}/webhooks/torch`, { method, headers: AUTHENTIC });
    assert.deepEqual([refused.status, refused.headers.get("allow"), (await refused.json()).code], [405, "POST", "method_not_allowed"]);
  }
  const { status, body } = await exactly(proxy, AUTHENTIC, event(...fresh()), "/webhooks/torch?receipt=1");
  assert.deepEqual([status, body.code], [400, "unknown_parameter"]);
  assert.equal((await exactly(proxy, { authorization: `Bearer ${TOKEN}` }, event(...fresh()))).status, 401, "a client's token is no webhook's");
});

test("T3 whatever an authentic body holds, it is no 5xx", { timeout: 30_000 }, async () => {
  const next = random(3);
  const pick = (list) => list[Math.floor(next() * list.length)];
  const odd = [
    "[".repeat(100_000), `{"type":"x","data":${"[".repeat(50_000)}${"]".repeat(50_000)}}`, `{"type":"x","data":${'{"a":'.repeat(300)}1${"}".repeat(300)}}`, '{"type":"\\ud800"}',
    '{"type":"case.status.updated","data":{"receipt_number":"WHK9000000000","status_text":"\\udfff"}}', '{"type":1e400}', `{"type":"x","id":${"9".repeat(5000)}}`, `{"type":"${"x".repeat(100_000)}"}`,
    event("WHK9000000001", { id: "" }), event("WHK9000000001", { id: "a\n{\"b\"\n" }), event("WHK9000000001", { at: "0001-01-01T00:00:00Z" }), event("WHK9000000001", { at: "9999-12-31T23:59:60Z" }),
    event("WHK9000000001", { text: "\u0000'; DROP TABLE event; --\u2028" }), event("WHK9000000001", { type: "a\nb" }), event("WHK9000000001", { status_category: "x".repeat(60_000), text: "y".repeat(120_000) }),
    '{"type":"x","__proto__":{"id":1},"data":{"receipt_number":"WHK9000000002","__proto__":null}}', '{"type":"x","data":"WHK9000000002"}', '{"type":"","id":0}', '{"type":"x","id":-0.0e-0}',
  ];
  const spoilt = Array.from({ length: 200 }, () => {
    const body = Buffer.from(event(pick(receipts(5, "WHK", 9_000_000_010)), { text: pick(["A", "B", "C “ñ”", null, 7]), at: pick(["2025-01-01T00:00:00Z", "yesterday", null, 7]) }));
    for (let n = Math.floor(next() * 4); n > 0; n--) body[Math.floor(next() * body.length)] = Math.floor(next() * 256);
    return next() < 0.1 ? body.subarray(0, Math.floor(next() * body.length)) : body;
  });
  const noise = Array.from({ length: 40 }, () => Buffer.from(Array.from({ length: Math.floor(next() * 400) }, () => Math.floor(next() * 256))));
  const bodies = [...odd, ...spoilt, ...noise];
  const count = { 200: 0, 400: 0 };
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let body; (body = bodies.pop()) !== undefined;) {
      const { status } = await proxy.webhook(body);
      assert.ok(status === 200 || status === 400, `${status} to ${String(body).slice(0, 300)}`);
      count[status]++;
    }
  }));
  assert.ok(count[200] > 25 && count[400] > 100, JSON.stringify(count));
  for (const receipt of [...receipts(5, "WHK", 9_000_000_010), "WHK9000000001"]) assert.equal((await proxy.history(receipt)).chain.valid, true);
});

test("ok the sandbox's webhooks are taken under each scheme, with copies, in another order and after a change of secret", { timeout: 30_000 }, async () => {
  const hook = (to, more) => sandbox.control("PUT", "webhook", { url: `${to.url}/webhooks/torch`, ...more });
  for (const [index, [to, more]] of [
    [proxy, { scheme: "shared-secret", header: "X-Torch-Secret", secret: SECRET }],
    [standard, { scheme: "standard-webhooks", secret: STANDARD, secret_next: `whsec_${Buffer.from("some other key of bytes").toString("base64")}` }],
    [stamped, { scheme: "timestamped-hex", header: "X-Torch-Signature", secret: NEXT }],
    [hub, { scheme: "sha256-hex", header: "X-Hub-Signature-256", secret: GITHUB }],
  ].entries()) {
    const list = receipts(2, "WSB", 1 + index * 10);
    await hook(to, more);
    const { failed, delivered } = await sandbox.control("POST", "deliver", { receipts: list, since: "2000-01-01T00:00:00Z", duplicate: 2, shuffle: 7 + index, attempts: 1 });
    assert.equal(failed, 0, more.scheme);
    let count = 0;
    for (const receipt of list) {
      const { steps, current, now } = await sandbox.control("GET", `case?receipt=${receipt}`);
      const begun = steps.filter(({ at }) => at <= now);
      const events = await rows(receipt, to);
      assert.deepEqual(events.map(({ last_status_at, status_text }) => `${last_status_at} ${status_text}`).sort(), begun.map(({ at, status_text }) => `${at} ${status_text}`).sort(), more.scheme);
      assert.equal((await to.json(casePath(receipt))).body.status_text, current.status_text);
      count += 2 * begun.length;
    }
    assert.equal(delivered, count);
    const [victim] = receipts(1, "WST", 1 + index);
    for (const tamper of to === proxy ? ["signature"] : ["body", "signature"]) {
      const { events } = await sandbox.control("POST", "deliver", { receipts: [victim], tamper, attempts: 1 });
      assert.deepEqual(events.map(({ attempts }) => attempts), [[401]], `${more.scheme} ${tamper}`);
    }
    assert.deepEqual(await rows(victim, to), []);
  }
});

test("ok no log holds a secret, a signature or a whole receipt number", () => {
  const text = proxies.map((one) => one.logs()).join("\n");
  assert.match(text, /a webhook is refused/);
  for (const word of [SECRET, "horse", GITHUB, STANDARD.slice(6), STANDARD_NEXT.slice(6), GITHUB_CODE, TOKEN]) assert.ok(!text.includes(word), word);
  assert.doesNotMatch(text, /W(HK|SB|ST)\d{10}|v1,[A-Za-z0-9+/]{8}|v1=[0-9a-f]{8}|sha256=[0-9a-f]{8}/);
});
