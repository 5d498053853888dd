// One case as it is shown, in an element of its own or as a row. Its nodes stay the same from first to last, so that
// neither the focus nor a selection is lost when a text changes.
import { button, node, say } from "./dom.js";
import { notice } from "./notice.js";
import { draw, shape } from "./shapes.js";
import { near, STAGES } from "./words.js";

/** Whatever reads like a receipt number, in whatever text, with all but its beginning and end covered. */
export const masked = (text) => text.replace(/([a-z]{3})([\s-]*\d){6}[\s-]*((\d[\s-]*){3}\d)(?!\d)/gi, "$1******$3");

/** Problems' codes, and what Cache-Status has as `detail`, in the order of `reasons`. */
const REASONS = [/^refreshing/, /^torch_[tf]|^torch_un[ru]|circuit/, /quota|limited/, /^torch_/];

export const meaning = (record) => record.case?.normalized ?? {};

/** Where a record belongs in a list, by which it has its shape too. */
export function placeOf(record) {
  if (!record.case) return record.error ? "failed" : "loading";
  return meaning(record).action_required ? "action" : stageOf(record);
}
const stageOf = (record) => STAGES.find((stage) => stage === meaning(record).stage) ?? "unknown";
export const isMissing = ({ case: found, error }) => !found && error?.code === "case_not_found";

/** The words for what a record has come to. */
export const labelOf = (record, words) => meaning(record).labels?.[words.language] ?? words[isMissing(record) ? "missing" : placeOf(record)] ?? words.stages[9];

/** `name`: what element it is. `retry`: what its button for another try does; where there is none, it has no room for an error. */
export function card(record, name, retry) {
  let [open, words] = [false];
  const [icon, eye, reveal] = [shape("icon"), shape("eye"), button("reveal", () => show(words, (open = !open)))];
  const [label, stage, act, due, text, note] = [node("strong", "label"), node("span", "stage"), node("strong"), node("time", "due"), node("q", "text"), node("p", "note")];
  const [spoken, digits, form, since, time, why] = [node("span", "unseen"), node("span", "digits"), node("span", "form"), node("span"), node("time"), node("span")];
  const [caption, trouble] = [node("span"), notice(retry)];
  const [action, official, age] = [node("p", "action", shape("flag", "action"), act, due), node("p", "official", caption, text), node("p", "age", since, time, why)];
  reveal.append(eye);
  const box = node(
    name, "case", icon,
    node("div", "main", node("p", "head", label, stage), action, note, official, trouble.node),
    node("div", "side", node("p", "number", spoken, digits, reveal, form), age),
  );
  // The official text is English, wherever it is shown; which way its characters run is its own affair.
  text.lang = "en";
  text.dir = "auto";

  /** Shows the record as it is now, how long ago and how soon included. */
  const show = (given) => {
    words = given;
    const { receipt, case: found, error, at, stale } = record;
    const { outcome, action_required: must, respond_by: by, form: which } = meaning(record);
    const [cover, end, place] = [open ? String : masked, words.number + receipt.slice(-4), found ? stageOf(record) : placeOf(record)];
    const missing = isMissing(record);

    box.dataset.state = found ? (stale ? "stale" : "known") : missing ? "missing" : place;
    box.dataset.tone = must ? "action" : outcome ?? (error && !missing ? "adverse" : "");
    draw(icon, missing ? "unknown" : place);
    say(label, labelOf(record, words));
    say(stage, found ? words.stage + words.stages[STAGES.indexOf(place)] : "");
    say(act, words.action);
    action.hidden = !must;
    const last = Date.parse(`${by}T23:59:59`);
    due.dateTime = by;
    say(due, last ? `${words.by}${new Date(last).toLocaleDateString(words.language, { dateStyle: "long" })} (${near(last, words)})` : "");
    say(note, missing ? words.check : "");
    say(caption, words.official);
    say(text, cover(found?.status_text ?? ""));
    official.hidden = text.hidden;

    // Asterisks are not for reading aloud.
    say(spoken, open ? "" : end);
    say(digits, cover(receipt));
    digits.ariaHidden = !open || null;
    draw(eye, open ? "shown" : "masked");
    reveal.ariaPressed = open;
    reveal.ariaLabel = words.show + end;
    say(form, which);

    age.hidden = !found;
    if (found) {
      say(since, words.asOf);
      say(time, near(at, words));
      time.dateTime = new Date(at).toISOString();
      say(why, stale && words.reasons[REASONS.findIndex((each) => each.test(record.why))]);
    }
    trouble.show(words, missing || (found && !retry) ? {} : record, cover);
  };
  return { node: box, show };
}
