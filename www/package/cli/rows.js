// The results of a check, as CSV, JSON or a table. A row is `{ receipt, case }` or `{ receipt, error }`; the receipt is
// whole, because it is the user's own. A case comes over the network, so nothing is taken for granted in it.
import { csvLine } from "./csv.js";
import { table } from "./table.js";
import { clean, json } from "./terminal.js";

const text = (value) => (typeof value === "string" ? value : undefined);
const yes = (value) => (typeof value === "boolean" ? (value ? "yes" : "no") : undefined);
const meaning = ({ case: found }) => found?.normalized ?? {};
const label = (row, lang) => text(meaning(row).labels?.[lang]) ?? text(meaning(row).category);

/** What an error says of its case; the row says which. */
const sentence = ({ message }) => message.replace(/^[A-Z]{3}\*{6}\d{4}: /, "");

const CSV = {
  receipt: (row) => row.receipt,
  category: (row) => text(meaning(row).category),
  label,
  stage: (row) => text(meaning(row).stage),
  outcome: (row) => text(meaning(row).outcome),
  action_required: (row) => yes(meaning(row).action_required),
  final: (row) => yes(meaning(row).final),
  status_text: (row) => text(row.case?.status_text),
  last_status_at: (row) => text(row.case?.last_status_at),
  last_checked_at: (row) => text(row.case?.last_checked_at),
  form: (row) => text(meaning(row).form),
  event_date: (row) => text(meaning(row).event_date),
  respond_by: (row) => text(meaning(row).respond_by),
  error: (row) => row.error?.code,
  error_message: (row) => row.error && sentence(row.error),
};

const STYLES = { favorable: "green", adverse: "red" };
const TABLE = (lang) => [
  { title: "RECEIPT", of: (row) => row.receipt },
  {
    title: "STATUS",
    // What was not understood is told in the words that came.
    of: (row) => (row.error ? row.error.code : meaning(row).category === "unknown" || !label(row, lang) ? text(row.case.status_text) : label(row, lang)),
    style: (row) => (row.error ? "red" : STYLES[meaning(row).outcome]),
    shrinks: true,
  },
  { title: "STAGE", of: (row) => text(meaning(row).stage), spared: true },
  {
    title: "ACT?",
    of: (row) => (meaning(row).action_required === true ? (meaning(row).respond_by ? `by ${meaning(row).respond_by}` : "yes") : ""),
    style: () => "yellow",
  },
  { title: "SINCE", of: (row) => text(row.case?.last_status_at)?.slice(0, 10), spared: true },
];

export const FORMATS = ["table", "csv", "json"];

/** Writes rows to a sink as they come, and the rest at the end. */
export function writer(format, sink, out, lang) {
  const kept = [];
  let begun = false;
  if (format === "json") {
    const shown = (error) => ({ code: error.code, status: error.status, message: sentence(error), retryable: error.retryable, retry_after: error.retryAfter });
    return {
      row: ({ receipt, case: found, error }) => sink.write(`${json({ receipt, ...(error ? { error: shown(error) } : { case: found }) })}\n`),
      end: async () => {},
    };
  }
  if (format === "csv") {
    const line = (cells) => csvLine(sink.isTerminal ? cells.map((one) => one && clean(one)) : cells);
    return {
      async row(row) {
        if (!begun) await sink.write(line(Object.keys(CSV)));
        begun = true;
        await sink.write(line(Object.values(CSV).map((of) => of(row, lang))));
      },
      end: async () => {},
    };
  }
  return {
    row: async (row) => void kept.push(row),
    end: () => (kept.length ? sink.write(`${table(TABLE(lang), kept, sink.isTerminal ? out : { paint: (_, plain) => plain }, sink.isTerminal ? out.columns : Infinity).join("\n")}\n`) : undefined),
  };
}
