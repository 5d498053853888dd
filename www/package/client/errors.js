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
    Object.assign(this, { code, status, retryable, retryAfter, requestId });
    Object.defineProperty(this, "problem", { value: problem });
    Object.defineProperty(this, "receipt", { value: receipt });
  }
}
export class AuthError extends TorchError {
  get name() {
    return "AuthError";
  }
}
export class NotFoundError extends TorchError {
  get name() {
    return "NotFoundError";
  }
}
export class RateLimitError extends TorchError {
  get name() {
    return "RateLimitError";
  }
}
export class InvalidRequestError extends TorchError {
  get name() {
    return "InvalidRequestError";
  }
}
export class UnavailableError extends TorchError {
  get name() {
    return "UnavailableError";
  }
}
export class NetworkError extends TorchError {
  get name() {
    return "NetworkError";
  }
}
export class TimeoutError extends TorchError {
  get name() {
    return "TimeoutError";
  }
}
export class ProtocolError extends TorchError {
  get name() {
    return "ProtocolError";
  }
}

const KINDS = { 401: AuthError, 403: AuthError, 404: NotFoundError, 429: RateLimitError };
const text = (value) => (typeof value === "string" && value ? value.slice(0, 500) : undefined);

/** The error that a problem document tells, or a bare status where there is none. */
export function failure(document, { status, retryAfter, requestId, receipt } = {}) {
  const problem = text(document?.code) ? document : undefined;
  status ??= Number.isInteger(problem?.status) ? problem.status : 500;
  const Kind = KINDS[status] ?? (status < 500 ? InvalidRequestError : UnavailableError);
  const says = text(problem?.detail) ?? text(problem?.title) ?? problem?.code;
  return new Kind(says ?? `The proxy answered ${status} without saying why. Ask again later; if it stays so, see that baseUrl is the proxy's address.`, {
    code: problem?.code ?? `http_${status}`,
    status,
    retryable: problem ? problem.retryable === true : [429, 502, 503, 504].includes(status),
    retryAfter: retryAfter ?? (problem?.retry_after >= 0 ? problem.retry_after : undefined),
    problem,
    requestId: requestId ?? text(problem?.request_id),
    receipt,
  });
}

export const malformed = () => new InvalidRequestError("A receipt number is malformed: it is three letters and ten digits, such as ABC1234567890. Correct it and ask again.", { code: "receipt_malformed" });

/** Whether it is the caller's own token that is refused, whatever is asked for. */
export const refusesToken = (error) => error instanceof AuthError && error.code !== "receipt_not_granted" && !error.code.startsWith("torch_");
