// One case as it is shown, in an element of its own or as a row. Its nodes stay the same from first to last, so that
// neither the focus nor a selection is lost when a text changes.
import { button, node, say } from "./dom.js";
import { notice } from "./notice.js";
import { draw, shape } from "./shapes.js";
import { dateOf, near, STAGES } from "./words.js";

/** Whatever reads like a receipt number, in whatever text, with all but its beginning and end covered. */
export const masked = (text) => text.replace(/([a-z]{3})([\s-]*\d){6}[\s-]*((\d[\s-]*){3}\d)(?!\d)/gi, "$1******$3");

/** Problems' codes, and what Cache-Status has as `detail`, in the order of `reasons`. */
const REASONS = [/^refreshing/, /^torch_(t|f|un[ru])|circuit/, /quota|limited/, /^torch_/];
/** The words for why an answer is old; undefined where there are none. */
export const reasonOf = (why, words) => words.reasons[REASONS.findIndex((each) => each.test(why))];

/** What the proxy derives of a case. The first name is in use should Torch itself come to send the second. */
export const meaning = ({ case: found }) => found?.torch_edge_normalized ?? found?.normalized ?? {};
export const isMissing = ({ case: found, error }) => !found && error?.code === "case_not_found";
export const stageOf = (record) => STAGES.find((stage) => stage === meaning(record).stage) ?? "unknown";

/** Where a record belongs in a list. */
export const placeOf = (record) => (record.case ? (meaning(record).action_required ? "due" : stageOf(record)) : record.error ? "failed" : "loading");

/** The words for what a record has come to. */
export const labelOf = (record, words) => meaning(record).labels?.[words.language] ?? words[isMissing(record) ? "missing" : placeOf(record)] ?? words.stages[9];

/** Gives its node, and what shows the record in it as it is now. `retry`: what its button for another try does; a row has
 * none, and no room for an error. */
export function card(record, retry) {
  let [open, words] = [];
  const [icon, eye, label, stage, due, act, text, note] = [shape("icon", "loading"), shape("eye", "masked"), node("strong", "label"), node("span", "stage"), node("time"), node("strong"), node("q", "text"), node("p", "note")];
  const [spoken, digits, form, since, time, why, caption] = [node("span", "unseen"), node("span", "digits"), node("span", "form"), node("span"), node("time"), node("span"), node("span")];
  const [action, official, age] = [node("p", "action", shape("flag", "due"), act, due), node("p", "official", caption, text), node("p", "age", since, time, why)];
  const [trouble, fail] = retry ? notice(retry) : [""];
  const reveal = button("reveal", () => show(words, (open = !open)), eye);
  const box = node(
    retry ? "article" : "li", "", icon,
    node("div", "main", node("p", "head", label, stage), action, note, official, trouble),
    node("div", "side", node("p", "number", spoken, digits, reveal, form), age),
  );
  // The official text is English, wherever it is shown; which way its characters run is its own affair.
  text.lang = "en";
  text.dir = "auto";

  const show = (given) => {
    words = given;
    const { receipt, case: found, error, at, stale } = record;
    const { outcome, action_required: must, respond_by: by, form: which } = meaning(record);
    const missing = isMissing(record);
    const [cover, end, place] = [open ? String : masked, words.number + receipt.slice(-4), found ? stageOf(record) : missing ? "unknown" : placeOf(record)];
    box.className = box.part = `case ${found ? (stale ? "stale" : "known") : missing ? "missing" : place} ${must ? "due" : outcome ?? ""}`;
    draw(icon, place);
    say(label, labelOf(record, words));
    say(stage, found && words.stage + words.stages[STAGES.indexOf(place)]);
    action.hidden = !must;
    say(act, words.due);
    const last = Date.parse(`${by}T23:59:59`);
    due.dateTime = by ?? "";
    say(due, last && `${words.by}${dateOf(last, words)} (${near(last, words)})`);
    say(note, missing && words.check);
    say(caption, words.official);
    say(text, found && cover(String(found.status_text ?? "")));
    official.hidden = text.hidden;

    // Asterisks are not for reading aloud.
    say(spoken, !open && end);
    say(digits, cover(receipt));
    digits.ariaHidden = !open || null;
    draw(eye, open ? "shown" : "masked");
    reveal.ariaPressed = !!open;
    reveal.ariaLabel = words.show + end;
    say(form, which);

    age.hidden = !found;
    if (found) {
      say(since, words.asOf);
      say(time, near(at, words));
      time.dateTime = new Date(at).toISOString();
      say(why, stale && reasonOf(record.why, words));
    }
    fail?.(words, cover, missing ? {} : record);
  };
  return [box, show];
}
