// That something failed: what, whether it makes sense to try again, and the button for it.
import { button, node, say } from "./dom.js";
import { near } from "./words.js";

/** Gives its node, and what shows in it the error of a record, or nothing. `retry`: what the button does; `cover` hides
 * receipt numbers in a text. */
export function notice(retry) {
  const [problem, advice, again] = [node("p", "problem"), node("p", "advice"), button("retry", retry)];
  const box = node("div", "notice", problem, advice, again);
  const show = (words, cover, { error, failedAt, busy } = {}) => {
    box.hidden = !error;
    if (!error) return;
    const { retryable } = error;
    const from = failedAt + error.retryAfter * 1000;
    // A proxy's sentences are English.
    problem.lang = error.lang ?? "en";
    // A client's own begin with the receipt number, which stands there anyway.
    say(problem, cover(String(error.problem?.detail ?? error.message)).replace(/^\S*\*\S*: /, ""));
    say(advice, retryable ? from > Date.now() && `${words.again} ${near(from, words)}` : words.useless);
    // The button stays where it is while it works, for the focus to stay as well.
    say(again, retryable && (busy ? words.loading : words.again));
    again.ariaDisabled = busy || null;
  };
  return [box, show];
}
