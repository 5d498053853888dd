// A WebSocket as a queue of texts that one can wait for.
import { race, Scope } from "./scope.js";

export class Socket {
  /** Why it is closed; undefined as long as it is not. */
  code;
  open = false;
  #socket;
  #texts = [];
  #unanswered = false;
  #heartbeat;
  #stir = () => {};

  constructor(WebSocket, url, protocols, pingEvery) {
    this.#socket = new WebSocket(url, protocols);
    this.#socket.onopen = () => {
      this.open = true;
      this.#stir();
    };
    this.#socket.onmessage = ({ data }) => {
      this.#unanswered = false;
      if (data === "pong" || this.code !== undefined) return;
      this.#texts.push(data);
      this.#stir();
    };
    this.#socket.onclose = ({ code }) => this.#over(code);
    // Not every platform lets a close follow.
    this.#socket.onerror = () => this.#over(1006);
    this.#heartbeat = setInterval(() => {
      if (this.#unanswered) this.close();
      else if (this.open) {
        // Not by the clock: a page in the background is woken seldom.
        this.#unanswered = true;
        this.send("ping");
      }
    }, pingEvery);
  }

  send(text) {
    try {
      this.#socket.send(text);
    } catch {
      this.close();
    }
  }

  /** Waits until something happens, but no longer than `ms`. */
  async stirred(ms, signal) {
    if (this.#texts.length || this.code !== undefined) return;
    const scope = new Scope(signal, ms);
    try {
      await race(new Promise((resolve) => (this.#stir = resolve)), scope.signal);
    } catch {
      signal.throwIfAborted();
    } finally {
      scope.close();
    }
  }

  take() {
    return this.#texts.shift();
  }

  close() {
    this.#over(1006);
    try {
      this.#socket.close();
    } catch {
      // It never came to be open.
    }
  }

  #over(code) {
    if (this.code !== undefined) return;
    this.code = code;
    clearInterval(this.#heartbeat);
    this.#stir();
  }
}
