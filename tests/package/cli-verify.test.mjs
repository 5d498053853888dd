// `torch-edge verify`: saved deliveries, and what happens to them on the way.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { cli, file } from "./cli-support.mjs";
import { signWebhook } from "../../www/package/core/node.js";

const { cases } = JSON.parse(readFileSync(new URL("../vectors/webhooks.json", import.meta.url)));
const SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const env = { WEBHOOK_SECRET: SECRET };
const NOW = 1736949810;
const BODY = '{"type":"case.status.updated","data":{"note":"café","path":"a/b","n":1.0,"none":[],"more":[1,{"x":null}]},"id":"evt_1"}';
const LINES = '{\r\n  "a": 1\r\n}';

/** A request as it goes over the line. */
const request = (headers, body, eol = "\r\n") => Buffer.concat([Buffer.from(["POST /webhooks/torch HTTP/1.1", "Host: hooks.example.com", ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), "", ""].join(eol)), Buffer.from(body)]);
const sign = (body, more) => signWebhook(body, { secret: SECRET, now: NOW * 1000, id: "msg_1", ...more });
const verify = (args, options) => cli(["verify", ...args], { env, ...options });
/** What it says of a request whose body was signed as `signed`, and saved as `saved`. */
async function says(signed, saved, args = []) {
  const headers = sign(signed);
  const told = await verify([file("it.http", request(headers, saved)), ...args]);
  // The code that would be right for what was saved is nobody's to know.
  assert.ok(!told.out.includes(sign(saved)["webhook-signature"].slice(3)) && !told.out.includes(headers["webhook-signature"].slice(3)));
  return told;
}

test("ok every vector is judged as everywhere else", async () => {
  for (const { name, scheme, header, secret, previous, headers, body, body_hex: hex, now, expect } of cases) {
    const path = file(`${name}.json`, JSON.stringify({ headers, ...(hex ? { bodyBase64: Buffer.from(hex, "hex").toString("base64") } : { body }) }));
    const { code, out, err } = await verify([path, "--scheme", scheme, ...(header ? [`--header=${header}`] : []), "--now", String(now)], { env: { WEBHOOK_SECRET: secret, ...(previous && { WEBHOOK_SECRET_PREVIOUS: previous }) } });
    assert.equal(err, "", name);
    assert.deepEqual([code, out.split("\n")[0].replace(/, by.*/, "")], expect === "ok" ? [0, "authentic"] : [1, `not authentic (${expect})`], name);
  }
});

test("ok a request as it came, in each form in which it may be saved", async () => {
  const headers = sign(BODY);
  const raw = request(headers, BODY);
  const [head] = raw.toString("latin1").split("\r\n\r\n");
  const chunks = Buffer.concat([Buffer.from(`${head}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n${BODY.slice(0, 5)}\r\n`), Buffer.from(`${Buffer.byteLength(BODY.slice(5)).toString(16)};x=y\r\n${BODY.slice(5)}\r\n0\r\n\r\n`)]);
  for (const [name, content, ...more] of [
    ["raw", raw],
    ["line feeds", request(headers, BODY, "\n")],
    ["a byte order mark", Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), raw])],
    ["no request line", raw.subarray(raw.indexOf("\r\n") + 2)],
    ["chunks", chunks, /saved in chunks/],
    ["object", JSON.stringify({ headers, body: BODY })],
    ["pairs", JSON.stringify({ headers: Object.entries(headers), bodyBase64: Buffer.from(BODY).toString("base64") })],
    ["lists", JSON.stringify({ headers: Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, [value]])), body: Buffer.from(BODY).toString("base64"), isBase64Encoded: true })],
    ["UTF-16", Buffer.from(`\ufeff${JSON.stringify({ headers, body: BODY })}`, "utf16le")],
  ]) {
    const { code, out, err } = await verify([file("delivery", content), "--now", "2025-01-15T14:03:33Z"]);
    assert.deepEqual([code, err], [0, ""], `${name}: ${out}`);
    assert.match(out, new RegExp(`^authentic, by the secret\n {2}scheme {6}standard-webhooks\n {2}id {10}msg_1\n {2}signed at {3}2025-01-15T14:03:30Z\n {2}body {8}${Buffer.byteLength(BODY)} bytes\n`));
    for (const note of more) assert.match(out, note);
  }
  const parts = [`--headers=${file("headers.txt", `${head.replaceAll("\r\n", "\n")}\n`)}`, `--body=${file("body.bin", BODY)}`];
  assert.equal((await verify(parts)).code, 0);
  assert.equal((await verify(["-"], { input: raw })).code, 0, "the standard input");
  assert.equal((await verify([file("delivery", raw), "--secret-file", file("secret", `${SECRET}\n`)], { env: {} })).code, 0);
  const parsed = await verify([file("delivery", JSON.stringify({ headers: sign('{"a":1}'), body: { a: 1 } }))]);
  assert.match(parsed.out, /^authentic[^]*"body" is no text: it was parsed/);
  const rotated = await verify([file("delivery", raw)], { env: { WEBHOOK_SECRET: "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=", WEBHOOK_SECRET_PREVIOUS: SECRET } });
  assert.match(rotated.out, /^authentic, by the previous secret: the sender has not changed over\n/);
});

test("ok without a moment it is taken for just arrived, and that is said", async () => {
  const { code, out } = await says(BODY, BODY);
  assert.equal(code, 0);
  assert.match(out, /The time is taken from the delivery itself, as if it had just arrived\. By the clock: signed \d+ s ago; the tolerance is 300 s/);
  const strict = await says(BODY, BODY, ["--strict-time"]);
  assert.deepEqual([strict.code, strict.out.split("\n")[0]], [1, "not authentic (too_old)"]);
  assert.doesNotMatch(strict.out, /taken from/);
  assert.equal((await says(BODY, BODY, ["--now", String(NOW + 301)])).code, 1);
  const late = await says(BODY, BODY, ["--now", String(NOW + 301), "--tolerance", "301"]);
  assert.equal(late.code, 0);
  assert.doesNotMatch(late.out, /taken from/);
  const ms = cases.find(({ name }) => name === "standard_milliseconds");
  const told = await verify([file("ms.json", JSON.stringify(ms)), "--scheme", ms.scheme], { env: { WEBHOOK_SECRET: ms.secret } });
  assert.match(told.out, /By the clock: .* milliseconds/, "a unit that is wrong does not hide behind it");
  const stamped = signWebhook(BODY, { scheme: "timestamped-hex", header: "X-Sig", secret: "s3cret-of-torch", now: 0 });
  const old = await verify([file("stamped.http", request(stamped, BODY)), "--scheme=timestamped-hex", "--header=X-Sig"], { env: { WEBHOOK_SECRET: "s3cret-of-torch" } });
  assert.match(old.out, /^authentic[^]*1970-01-01T00:00:00Z[^]*taken from the delivery/);
});

test("err what was done to the body is found out", async () => {
  const compact = JSON.stringify(JSON.parse(BODY));
  const python = '{"a": [1, 2.50, {"b": "x\\u00e9"}], "c": {}}';
  for (const [signed, saved, hint] of [
    [BODY, `${BODY}\n`, "the body did not end with a line break, which editors add"],
    [BODY, `${BODY}\r\n`, "the body did not end with a line break, which editors add"],
    [BODY, `${BODY} \n\n`, "there were no blanks and line breaks at its end"],
    [`${BODY}\n`, BODY, "the body ended with a line break"],
    [LINES, LINES.replaceAll("\r\n", "\n"), "the body's lines ended with CRLF instead of LF"],
    [LINES.replaceAll("\r\n", "\n"), LINES, "the body's lines ended with LF instead of CRLF"],
    [LINES.replaceAll("\r\n", "\n"), `${LINES}\r\n`, "the body's lines ended with LF instead of CRLF, and it did not end with a line break, which editors add"],
    [BODY, `\ufeff${BODY}`, "the body did not begin with a byte order mark"],
    [compact, JSON.stringify(JSON.parse(BODY), null, 2), "the body's JSON had no spaces, as JSON.stringify writes it"],
    [compact, `${JSON.stringify(JSON.parse(BODY), null, "\t")}\n`, "the body's JSON had no spaces, as JSON.stringify writes it"],
    [JSON.stringify(JSON.parse(BODY), null, 2), compact, "the body's JSON was indented by two spaces"],
    [`${JSON.stringify(JSON.parse(BODY), null, 4)}\n`, compact, "the body's JSON was indented by four spaces, and it ended with a line break"],
    [JSON.stringify(JSON.parse(BODY), null, "\t"), compact, "the body's JSON was indented by tabs"],
    [python, '{"a":[1,2.50,{"b":"xé"}],"c":{}}', "the body's JSON had spaces after commas and colons, as Python writes it, and letters beyond ASCII were escaped (\\u00e9)"],
    [BODY, BODY.replace("é", "\\u00e9"), "letters beyond ASCII were not escaped"],
    [BODY.replace("a/b", "a\\/b"), BODY, "slashes were escaped (\\/)"],
    [BODY, BODY.replace("a/b", "a\\/b"), "slashes were not escaped (\\/)"],
    [BODY, Buffer.from(BODY).toString("latin1"), "the body's letters beyond ASCII had not been encoded twice"],
  ]) {
    const { code, out, err } = await says(signed, saved);
    assert.deepEqual([code, err], [1, ""], hint);
    assert.equal(out.split("\n")[2], `  It would match if ${hint}.`);
  }
});

test("err what cannot be explained is not explained away", async () => {
  for (const saved of [BODY.replace("evt_1", "evt_2"), Buffer.from([0xff, 0xfe, 0]), "", `${BODY}${BODY}`]) {
    const { code, out } = await says(BODY, saved);
    assert.equal(code, 1);
    assert.match(out, /^not authentic \(signature_mismatch\)\n[^\n]*\n {2}None of what editors and JSON libraries do to a body explains it/);
  }
  const short = await verify([file("short.http", request({ ...sign(BODY), "Content-Length": "500" }, BODY.slice(0, 40)))]);
  assert.match(short.out, /The body has 40 bytes, and Content-Length says 500: what was saved is not what came\./);
});

test("err a secret that was taken in another way, headers of another scheme", async () => {
  const plain = "a plain secret of sixteen";
  const headers = signWebhook(BODY, { secret: `whsec_${Buffer.from("whsec_c2VjcmV0IG9mIHRoZSBzZW5kZXI=").toString("base64")}` });
  const taken = await verify([file("taken.http", request(headers, BODY))], { env: { WEBHOOK_SECRET: "whsec_c2VjcmV0IG9mIHRoZSBzZW5kZXI=" } });
  assert.match(taken.out, /It would match if the secret were taken as it stands, not as base64/);
  for (const [options, hint] of [
    [{ secret: SECRET, header: "svix" }, "--scheme standard-webhooks --header svix"],
    [{ secret: plain, scheme: "timestamped-hex", header: "X-Torch-Signature" }, "--scheme timestamped-hex --header x-torch-signature"],
    [{ secret: plain, scheme: "sha256-hex", header: "X-Hub-Signature-256" }, "--scheme sha256-hex --header x-hub-signature-256"],
  ]) {
    const path = file("other.http", request(signWebhook(BODY, options), BODY));
    const first = await verify([path]);
    assert.equal(first.code, 1);
    assert.ok(first.out.startsWith("not authentic (header_missing)\n  Webhook-id is missing: ") && first.out.includes(`  Its headers look like: ${hint}\n`), first.out);
    assert.equal((await verify([path, ...hint.split(" ")], { env: { WEBHOOK_SECRET: options.secret } })).code, 0, "and that it is");
  }
});

test("err what is wrong with the command line or the file is a sentence", async () => {
  const raw = file("good.http", request(sign(BODY), BODY));
  for (const [args, says, secrets = env] of [
    [[], "Name the file of the delivery, or - for the standard input. `torch-edge help verify` tells its forms."],
    [[raw, raw], "verify takes one delivery at a time."],
    [["--headers", raw], "--headers and --body go together, and there is no other FILE then."],
    [[raw], "There is no secret. Set WEBHOOK_SECRET, or name a file by --secret-file.", {}],
    [[raw], "The secret has white space at its end: copy it again without the line break.", { WEBHOOK_SECRET: `${SECRET}\n` }],
    [[raw], 'The secret should be "whsec_" and base64, as Standard Webhooks writes it.', { WEBHOOK_SECRET: "whsec_nö base64" }],
    [[raw, "--scheme", "sha256-hex"], "The scheme needs the name of the header, which the onboarding pack gives."],
    [[raw, "--scheme", "sha256"], "--scheme must be standard-webhooks, shared-secret, timestamped-hex or sha256-hex. Did you mean sha256-hex?"],
    [[raw, "--now", "yesterday"], "--now must be a moment with its offset such as 2026-01-15T14:03:30Z, or seconds since 1970."],
    [[raw, "--now", "2026-01-15T14:03:30"], "--now must be a moment with its offset such as 2026-01-15T14:03:30Z, or seconds since 1970."],
    [[raw, "--now", "1", "--strict-time"], "Give --now or --strict-time, not both."],
    [[raw, "--tolerance", "4000"], "--tolerance must be a number of seconds, more than 0 and at most 3600."],
    [[file("body.json", BODY)], `${file("body.json")} has no "headers": is it the body alone? Then give both, by --headers FILE --body FILE.`],
    [[file("cut.json", '{"headers":')], `${file("cut.json")} begins like JSON, and is none.`],
    [[file("none.json", '{"headers":{}}')], `${file("none.json")} has no "body" and no "bodyBase64".`],
    [[file("odd.json", '{"headers":{"a":1},"body":""}')], `${file("odd.json")}: "headers" must be an object of texts or lists of texts, or a list of pairs.`],
    [[file("text.txt", "hello\nworld")], `${file("text.txt")} is no saved delivery: it should be a request as "POST /path HTTP/1.1" with its headers, a blank line and the body, or JSON with headers and body.`],
    [[file("odd.http", "POST / HTTP/1.1\nno field\n\n")], `${file("odd.http")}: line 1 of its headers is no "name: value".`],
  ]) {
    assert.deepEqual(await verify(args, { env: secrets }), { code: 2, signal: null, out: "", err: `torch-edge: ${says}\n` });
  }
  for (const option of ["--secret", "--previous-secret"]) {
    const { code, out, err } = await verify([raw, `${option}=verysecret`]);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /would stand in the list of processes/);
    assert.doesNotMatch(err, /verysecret/);
  }
});
