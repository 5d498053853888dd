// The client for the proxy: no WebAssembly, no DOM, nothing done at import.
export { TorchClient } from "./client.js";
export { AuthError, InvalidRequestError, NetworkError, NotFoundError, ProtocolError, RateLimitError, TimeoutError, TorchError, UnavailableError } from "./errors.js";
export { queryOptions } from "./query.js";
