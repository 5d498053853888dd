// `torch-edge normalize`: what a status means.
import { EXIT } from "./failure.js";
import { inputs } from "./input.js";
import { clean, clipped, json } from "./terminal.js";

const options = {
  category: { type: "string", value: "CATEGORY", help: "the upstream's own category, asked only where the text does not tell" },
  explain: { type: "boolean", help: "also what told the category: the rule and the words" },
  lang: { type: "string", value: "LANG", among: ["en", "es"], help: "the label's language: en or es" },
  json: { type: "boolean", help: "one JSON object a line: the text, and what the proxy puts under `normalized`" },
};

const usage = `
Usage: torch-edge normalize [TEXT …] [options]

Says what each TEXT, an official status, means. Without TEXT, each line of the
standard input is one. Nothing is guessed: what is not understood is "unknown".`;

const COLORS = { favorable: "green", adverse: "red" };

async function run({ values, positionals, out, err }) {
  const { explain, normalize } = await import("../core/node.js");
  const { category, lang = "en" } = values;
  let before = false;
  for await (const { text, line } of inputs(positionals, "statuses, one a line,", err)) {
    const told = normalize({ title: text, category });
    const why = values.explain ? explain(text) : undefined;
    if (values.json) {
      await out.line(json({ text, ...told, ...(why && { explanation: why }) }));
      continue;
    }
    const rows = [
      // Which text it is, where that is not plain.
      (line || positionals.length > 1) && ["text", clean(text)],
      ["category", told.category],
      ["stage", told.stage],
      ["outcome", told.outcome],
      ["act?", told.action_required ? "yes" : "no"],
      told.final && ["final?", "yes"],
      told.form && ["form", told.form],
      told.event_date && ["event", told.event_date],
      told.respond_by && ["respond by", told.respond_by],
      ["matched by", told.matched_by],
      // The words are the text's own.
      why && ["rule", clean(`${why.rule}${why.words.length ? ": " : ""}${why.words.join(" ")}`)],
    ].filter(Boolean);
    const style = { outcome: COLORS[told.outcome], "act?": told.action_required && "yellow", text: "dim" };
    await out.write(`${before ? "\n" : ""}${out.paint("bold", told.labels[lang])}\n${rows.map(([name, value]) => `  ${name.padEnd(12)}${out.paint(style[name], clipped(value, out.isTerminal ? out.columns - 14 : Infinity))}\n`).join("")}`);
    before = true;
  }
  return EXIT.ok;
}

export default { options, usage, run };
