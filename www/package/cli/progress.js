// How far a long command is: a bar that moves on a terminal, a line now and then elsewhere.
import { clipped } from "./terminal.js";

/** How often the bar is drawn, and how often a line is written where there is no terminal, in milliseconds. */
const FRAME = 100;
const SPEAK = 10_000;
const WIDEST = 30;

const took = (seconds) => (seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`);

export class Progress {
  #err;
  #began = performance.now();
  #spoke = this.#began;
  #timer;
  #drawn = false;
  #state = { done: 0, total: 0, failed: 0 };
  #pause;
  /** When it will be done, by what was so far. */
  #ends;

  constructor(err, total, quiet) {
    this.#err = err;
    this.#state.total = total;
    if (quiet) return;
    this.#timer = setInterval(() => this.#show(), FRAME).unref();
    this.#show();
  }

  update(state) {
    this.#state = state;
    this.#pause = undefined;
    const now = performance.now();
    this.#ends = now + ((now - this.#began) / state.done) * (state.total - state.done);
  }

  /** That nothing will happen for so many milliseconds, and why. */
  pause(wait, why) {
    if (wait >= 1000) this.#pause = { until: performance.now() + wait, why };
  }

  #show() {
    const now = performance.now();
    if (this.#err.isLively) {
      this.#err.stream.write(`\r\x1b[K${this.#line(now)}`);
      this.#drawn = true;
    } else if (now - this.#spoke >= SPEAK) {
      this.#spoke = now;
      const { done, total, failed } = this.#state;
      this.#err.line(`${done} of ${total}${failed ? `, ${failed} failed` : ""}${this.#waiting(now)}`);
    }
  }

  #waiting(now) {
    const left = (this.#pause?.until ?? 0) - now;
    return left > 0 ? `, waiting ${took(left / 1000)} (${this.#pause.why})` : "";
  }

  #line(now) {
    const { done, total, failed } = this.#state;
    const seconds = (now - this.#began) / 1000;
    const share = total ? done / total : 1;
    // Before there is anything to go by: that time goes on.
    const left = done ? (this.#ends > now + 1000 ? `, ${took((this.#ends - now) / 1000)} left` : "") : seconds >= 2 ? `, ${Math.floor(seconds)} s` : "";
    const text = `${done}/${total} ${Math.floor(share * 100)} %${failed ? `, ${failed} failed` : ""}${this.#waiting(now) || left}`;
    // A line that is full would wrap, and then not be cleared.
    const room = Math.min(WIDEST, this.#err.columns - text.length - 5);
    const full = Math.round(share * room);
    const bar = room >= 5 ? `[${"█".repeat(full)}${"░".repeat(room - full)}] ` : "";
    return clipped(bar + text, this.#err.columns - 1);
  }

  /** Takes the bar away, so that something else can be written. It comes back by itself. */
  clear() {
    if (this.#drawn) this.#err.stream.write("\r\x1b[K");
    this.#drawn = false;
  }

  end() {
    clearInterval(this.#timer);
    this.clear();
  }
}
