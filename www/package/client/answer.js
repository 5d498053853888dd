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
  const [, remaining, reset] = /;\s*r=(\d+)\s*;\s*t=(\d+)/.exec(field ?? "") ?? [];
  return remaining && { remaining: Number(remaining), reset: Number(reset) };
}

/** `torch-edge; hit; ttl=764` as an object (RFC 9211). */
function cacheStatus(field) {
  const status = { hit: false };
  for (const parameter of /torch-edge;([^,]*)/.exec(field ?? "")?.[1].split(";") ?? []) {
    const [name, value] = parameter.trim().split("=");
    status[name === "fwd-status" ? "fwdStatus" : name] = value === undefined || (number(value) ?? value);
  }
  return status;
}

/** What the headers say of an answer. */
export function metaOf(headers) {
  const age = number(headers.get("age"));
  const lifetime = number(/max-age=(\d+)/.exec(headers.get("cache-control") ?? "")?.[1]);
  const freshFor = Math.max(0, lifetime - age || 0);
  const status = cacheStatus(headers.get("cache-status"));
  return {
    age,
    fresh: freshFor > 0,
    freshFor,
    // A batch with a failed item is fresh for no time, which does not make the others stale: `ttl` tells.
    stale: (status.ttl ?? lifetime - age) < 0,
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
