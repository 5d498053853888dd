// A saved delivery: the request as it went over the line, its headers and its body in two files, or JSON.
import { Failure } from "./failure.js";
import { textOf } from "./input.js";

const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/;
const START = /^(POST|PUT|PATCH|GET|DELETE|HEAD|OPTIONS) \S+( HTTP\/[\d.]+)?$/;

/** The header fields in a text, as pairs; a request line before them is passed over. */
export function headersOf(text, name) {
  const pairs = [];
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  if (START.test(lines[0])) lines.shift();
  lines.forEach((line, at) => {
    if (!line.trim()) return;
    const [, field, value] = FIELD.exec(line) ?? [];
    // A value that goes on in the next line, as it was once allowed.
    if (!field && /^[ \t]/.test(line) && pairs.length) pairs.at(-1)[1] += ` ${line.trim()}`;
    else if (!field) throw new Failure(`${name}: line ${at + 1} of its headers is no "name: value".`);
    else pairs.push([field, value]);
  });
  return pairs;
}

const only = (headers, name) => headers.find(([field]) => field.toLowerCase() === name)?.[1];

/** The bytes within `Transfer-Encoding: chunked`; undefined where these are no chunks. */
function unchunked(bytes) {
  const parts = [];
  for (let at = 0; ;) {
    const end = bytes.indexOf("\r\n", at);
    const size = end < 0 ? undefined : /^([0-9a-f]{1,7})(;.*)?$/i.exec(bytes.subarray(at, end).toString("latin1"))?.[1];
    if (size === undefined) return undefined;
    const length = parseInt(size, 16);
    if (length === 0) return Buffer.concat(parts);
    const from = end + 2;
    if (bytes.subarray(from + length, from + length + 2).toString("latin1") !== "\r\n") return undefined;
    parts.push(bytes.subarray(from, from + length));
    at = from + length + 2;
  }
}

/** What is odd about a body, given its headers. */
function lengthNote(headers, body) {
  const length = only(headers, "content-length");
  if (!/^\d+$/.test(length ?? "") || Number(length) === body.length) return [];
  return [`The body has ${body.length} bytes, and Content-Length says ${length}: what was saved is not what came.`];
}

/** A delivery from its two parts. */
export function ofParts(headers, body) {
  const notes = [];
  if (/chunked/i.test(only(headers, "transfer-encoding") ?? "")) {
    const whole = unchunked(body);
    if (whole) notes.push("The body was saved in chunks, as it was transferred; they are put together here.");
    return { headers, body: whole ?? body, notes };
  }
  return { headers, body, notes: lengthNote(headers, body) };
}

function ofJson(saved, name) {
  const { headers, body, bodyBase64, isBase64Encoded } = saved;
  const fields = Array.isArray(headers) ? headers : Object.entries(headers).flatMap(([field, value]) => [value].flat().map((one) => [field, one]));
  if (!fields.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === "string"))) {
    throw new Failure(`${name}: "headers" must be an object of texts or lists of texts, or a list of pairs.`);
  }
  const base64 = bodyBase64 ?? (isBase64Encoded === true ? body : undefined);
  if (base64 !== undefined) {
    if (typeof base64 !== "string" || !/^[A-Za-z0-9+/_-]*=*\s*$/.test(base64)) throw new Failure(`${name}: "bodyBase64" is no base64.`);
    return ofParts(fields, Buffer.from(base64, "base64"));
  }
  if (typeof body === "string") return ofParts(fields, Buffer.from(body));
  if (body === undefined || body === null) throw new Failure(`${name} has no "body" and no "bodyBase64".`);
  return { headers: fields, body: Buffer.from(JSON.stringify(body)), notes: ['"body" is no text: it was parsed, and is serialised again here. What is signed are the bytes as they came.'] };
}

/** The delivery in a file of one of the forms. */
export function parseDelivery(saved, name) {
  // An editor's byte order mark is no part of a request.
  const bytes = saved.subarray(saved.subarray(0, 3).toString("latin1") === "\xef\xbb\xbf" ? 3 : 0);
  if (/^\s*\{/.test(textOf(bytes.subarray(0, 256)))) {
    let told;
    try {
      told = JSON.parse(textOf(bytes));
    } catch {
      throw new Failure(`${name} begins like JSON, and is none.`);
    }
    if (typeof told.headers !== "object" || told.headers === null) throw new Failure(`${name} has no "headers": is it the body alone? Then give both, by --headers FILE --body FILE.`);
    return ofJson(told, name);
  }
  // Only the first line that is blank counts: the body may have others.
  const text = bytes.toString("latin1");
  const blank = /\r?\n\r?\n/.exec(text);
  const head = blank ? text.slice(0, blank.index) : text;
  const [first] = head.split(/\r?\n/, 1);
  if (!START.test(first) && !FIELD.test(first)) throw new Failure(`${name} is no saved delivery: it should be a request as "POST /path HTTP/1.1" with its headers, a blank line and the body, or JSON with headers and body.`);
  return ofParts(headersOf(head, name), blank ? bytes.subarray(blank.index + blank[0].length) : Buffer.alloc(0));
}
