// An async iterator over what some work finds.

/** `work(push, signal)` begins at the first `next()`. What it pushes is handed out in order; the iteration ends when
 * it does, and the work ends when the iteration does: by `return()` (which `break` calls), at once, or by the caller's
 * signal. What nobody has asked for yet is kept, however much it is. */
export class Stream {
  #controller = new AbortController();
  #items = [];
  #waiting = [];
  #outer;
  #work;
  /** Once it has ended: what is still to be said of it. */
  #end;
  #leave = () => {
    this.#items = [];
    this.#close([this.#outer.reason]);
  };

  constructor(outer, work) {
    this.#outer = outer;
    this.#work = work;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  next() {
    return new Promise((resolve, reject) => {
      this.#waiting.push([resolve, reject]);
      this.#begin();
      this.#flush();
    });
  }

  async return(value) {
    this.#items = [];
    this.#close([]);
    return { done: true, value };
  }

  #begin() {
    const work = this.#work;
    if (!work || this.#end) return;
    this.#work = undefined;
    if (this.#outer?.aborted) return void this.#leave();
    this.#outer?.addEventListener("abort", this.#leave);
    const push = (item) => {
      if (this.#end) return;
      this.#items.push(item);
      this.#flush();
    };
    work(push, this.#controller.signal).then(() => this.#close([]), (error) => this.#close([error]));
  }

  /** `errors`: the one that it ends with, if any. It is thrown once. */
  #close(errors) {
    if (this.#end) return;
    this.#end = errors;
    this.#outer?.removeEventListener("abort", this.#leave);
    this.#controller.abort();
    this.#flush();
  }

  #flush() {
    while (this.#waiting.length && (this.#items.length || this.#end)) {
      const [resolve, reject] = this.#waiting.shift();
      if (this.#items.length) resolve({ done: false, value: this.#items.shift() });
      else if (this.#end.length) reject(this.#end.pop());
      else resolve({ done: true, value: undefined });
    }
  }
}
