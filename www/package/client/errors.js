// Everything that can go wrong, as classes. What an error says never holds a token or a whole receipt number,
// because messages end up in logs.
import { masked } from "./receipt.js";

export class TorchError extends Error {
  get name() {
    return "TorchError";
  }

  /** `receipt` is whole, so it is kept where no logger prints it. */
  constructor(message, { code, status, retryable = false, retryAfter, problem, requestId, receipt, cause } = {}) {
    super(masked(`${receipt ? `${receipt}: ` : ""}${message}`), cause && { cause });
    Object.assign(this, { code, status, retryable, retryAfter, problem, requestId });
    Object.defineProperty(this, "receipt", { value: receipt });
  }
}

const kind = (name) => class extends TorchError {
  get name() {
    return name;
  }
};
export const AuthError = kind("AuthError");
export const NotFoundError = kind("NotFoundError");
export const RateLimitError = kind("RateLimitError");
export const InvalidRequestError = kind("InvalidRequestError");
export const UnavailableError = kind("UnavailableError");
export const NetworkError = kind("NetworkError");
export const TimeoutError = kind("TimeoutError");
export const ProtocolError = kind("ProtocolError");

const KINDS = { 401: AuthError, 403: AuthError, 404: NotFoundError, 429: RateLimitError };
const text = (value) => (typeof value === "string" && value.slice(0, 500)) || undefined;

/** The error that a problem document tells, or a bare status where there is none. */
export function failure(document, { status, retryAfter, requestId, receipt } = {}) {
  const problem = text(document?.code) ? document : undefined;
  status ??= problem?.status | 0 || 500;
  const Kind = KINDS[status] ?? (status < 500 ? InvalidRequestError : UnavailableError);
  const says = text(problem?.detail) ?? problem?.code;
  return new Kind(says ?? `The proxy answered ${status} without saying why. Ask again later; check baseUrl.`, {
    code: problem?.code ?? `http_${status}`,
    status,
    retryable: problem ? problem.retryable === true : [429, 502, 503, 504].includes(status),
    retryAfter: retryAfter ?? (problem?.retry_after >= 0 ? problem.retry_after : undefined),
    problem,
    requestId: requestId ?? text(problem?.request_id),
    receipt,
  });
}

export const malformed = () => new InvalidRequestError("A receipt number must be three letters and ten digits.", { code: "receipt_malformed" });

/** That time is over, which the option of this name gives. */
export const overdue = (ms, option, more) => new TimeoutError(`There was no answer within ${ms / 1000} s. Ask again later, or raise the option ${option}.`, { code: option === "timeout" ? "deadline" : "try_timeout", retryable: true, ...more });

/** Whether it is the caller's own token that is refused, whatever is asked for. */
export const refusesToken = (error) => error instanceof AuthError && error.code !== "receipt_not_granted" && !error.code.startsWith("torch_");

/** An error that one can go on after: one of these, and not because the caller wants to end. */
export function bearable(error, signal) {
  signal.throwIfAborted();
  if (error instanceof TorchError) return error;
  throw error;
}
