// That something failed: what, whether it makes sense to try again, and the button for it.
import { button, node, say } from "./dom.js";
import { near } from "./words.js";

/** `retry`: what the button does. */
export function notice(retry) {
  const [problem, advice, again] = [node("p", "problem"), node("p", "advice"), button("retry", retry)];
  const box = node("div", "notice", problem, advice, again);
  /** Shows what failed, or nothing. `cover` hides receipt numbers in a text. */
  const show = (words, { error, failedAt, busy } = {}, cover) => {
    box.hidden = !error;
    if (!error) return;
    const { retryable, retryAfter } = error;
    const from = failedAt + retryAfter * 1000;
    // A proxy's sentences are English.
    problem.lang = error.lang ?? "en";
    say(problem, cover(error.problem?.detail ?? error.message));
    say(advice, !retryable ? words.useless : from > Date.now() ? `${words.again} ${near(from, words)}` : "");
    // The button stays where it is while it works, for the focus to stay as well.
    say(again, !retryable ? "" : busy ? words.loading : words.again);
    again.ariaDisabled = busy || null;
  };
  return { node: box, show };
}
