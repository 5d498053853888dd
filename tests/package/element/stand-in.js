// A client that says what a test tells it to, for what the real one cannot be made to say at the right moment.
export class StandIn {
  #waiting = [];
  #watching = [];
  reads = [];

  /** Answers all reads of a receipt that wait, and those to come. `fault`: what they throw instead. */
  answers = new Map();

  async get(receipt, { signal }) {
    this.reads.push(receipt);
    while (!this.answers.has(receipt)) {
      signal.throwIfAborted();
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
    const { case: found, error, meta = { age: 0, stale: false, cacheStatus: {} } } = this.answers.get(receipt);
    if (error) throw error;
    return { case: found, meta };
  }

  async *getMany(receipts, options) {
    for (const receipt of receipts) {
      try {
        yield { receipt, ...(await this.get(receipt, options)) };
      } catch (error) {
        yield { receipt, error };
      }
    }
  }

  async *watch(receipts, { signal }) {
    const queue = [];
    const watch = { receipts, push: (item) => void queue.push(item) || watch.wake?.() };
    this.#watching.push(watch);
    signal.addEventListener("abort", () => {
      this.#watching = this.#watching.filter((each) => each !== watch);
      watch.wake?.();
    });
    while (!signal.aborted) {
      for (const item of queue.splice(0)) {
        if (item instanceof Error) throw item;
        yield item;
      }
      await new Promise((resolve) => (watch.wake = resolve));
    }
  }

  answer(receipt, item) {
    this.answers.set(receipt, item);
    this.#waiting.splice(0).forEach((resolve) => resolve());
  }

  /** Tells whoever watches the receipt. */
  change(receipt, found) {
    for (const watch of this.#watching) if (watch.receipts.includes(receipt)) watch.push({ receipt, case: found, via: "live" });
  }

  fail(error) {
    this.#watching.forEach((watch) => watch.push(error));
  }

  get watched() {
    return this.#watching.map(({ receipts }) => receipts);
  }
}
window.StandIn = StandIn;
