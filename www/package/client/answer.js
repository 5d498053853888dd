// What an answer of the proxy says. It comes over the network, so it is read with bounds and believed in nothing.
import { ProtocolError } from "./errors.js";
import { canonical } from "./receipt.js";

/** The longest answer that is read, in bytes: a batch of 500 has half a megabyte. */
const LARGEST = 16 * 1024 * 1024;

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const number = (text) => (/^-?\d+$/.test(text ?? "") ? Number(text) : undefined);

/** An answer's text. */
export async function bodyOf(response) {
  const reader = response.body?.getReader?.();
  if (!reader) return response.text();
  const decoder = new TextDecoder();
  let text = "";
  for (let size = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    if ((size += value.byteLength) > LARGEST) {
      reader.cancel().catch(() => {});
      throw unusable("shorter than 16 MiB");
    }
    text += decoder.decode(value, { stream: true });
  }
}

export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Seconds that a Retry-After asks for, which is a number or a date; undefined where it is neither. */
export function retryAfter(field) {
  const seconds = number(field) ?? (field?.endsWith(" GMT") ? Math.ceil((Date.parse(field) - Date.now()) / 1000) : NaN);
  return seconds >= 0 ? seconds : undefined;
}

/** What is left of the allowance, `"client";r=59998;t=27`. */
function rateLimit(field) {
  const [, remaining, reset] = /;\s*r=(\d+)\s*;\s*t=(\d+)/.exec(field) ?? [];
  return remaining && { remaining: Number(remaining), reset: Number(reset) };
}

/** Parameters as in Cache-Status, `hit; ttl=764`, as an object (RFC 9211). */
function parameters(text) {
  const found = {};
  for (const parameter of text?.split(";") ?? []) {
    const [name, value] = parameter.trim().split("=");
    found[name === "fwd-status" ? "fwdStatus" : name] = value === undefined || (number(value) ?? value);
  }
  return found;
}

/** What the headers say of an answer; or, as they say it in `912;ttl=-12;detail=refreshing`, of one case of a batch. */
export function metaOf(headers, item) {
  const [, age = headers.get("age"), own] = /^ ?(\d+);(.*)/.exec(item) ?? [];
  const lifetime = number(/max-age=(\d+)/.exec(headers.get("cache-control"))?.[1]);
  const { detail, ...whole } = parameters(/torch-edge;([^,]*)/.exec(headers.get("cache-status"))?.[1]);
  const status = { hit: false, ...whole, ...parameters(own) };
  const left = status.ttl ?? lifetime - age;
  // What is still fresh has no part in what the whole's `detail` tells of.
  if (detail && (!own || left < 0)) status.detail ??= detail;
  return {
    age: number(age),
    fresh: left > 0,
    freshFor: Math.max(0, left || 0),
    stale: left < 0,
    cacheStatus: status,
    etag: headers.get("etag") ?? undefined,
    rateLimit: rateLimit(headers.get("ratelimit")),
    requestId: headers.get("x-request-id") ?? undefined,
  };
}

/** Whether this is a case. The deployment may give Torch's fields other names, so one of the two will do. */
export const isCase = (value) => isObject(value) && (typeof value.status_text === "string" || isObject(value.normalized));

/** Whether it is the record of this receipt, as far as it says. */
export const isOf = (value, receipt) => typeof value.receipt_number !== "string" || canonical(value.receipt_number) === receipt;

export const unusable = (what, receipt) => new ProtocolError(`The proxy's answer is not ${what}. Check baseUrl, and that this package is as new as the proxy.`, { code: "unusable_answer", receipt });
