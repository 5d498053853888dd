// tests/vectors for JavaScript: the texts of every table, the webhooks, and what the native core says of a text.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { ROOT } from "../scripts/setup.mjs";

const read = (file) => readFileSync(new URL(`vectors/${file}`, import.meta.url), "utf8");
const rows = (file) => read(file).split("\n").filter((line) => line && !line.startsWith("#")).map((line) => line.split("\t"));

/** Files whose columns are text, category, kind. */
export const TITLES = ["corpus/titles.tsv", "corpus/spanish.tsv", "titles-more.tsv", "unseen.tsv", "unseen-2.tsv", "unseen-3.tsv", "unseen-4.tsv", "outcomes.tsv"];
/** Files whose columns are category, language, kind, text. */
export const DESCRIPTIONS = ["corpus/descriptions.tsv", "descriptions-more.tsv"];

/** The texts of a file. */
export const textsOf = (file) => rows(file).map((row) => row[DESCRIPTIONS.includes(file) ? 3 : 0]);

/** Every text of the vectors, and a sentence for every form: for their numbers, and their titles full of other words. */
export const texts = () => [
  ...[...TITLES, ...DESCRIPTIONS].flatMap(textsOf),
  ...rows("corpus/forms.tsv").map(([form, title]) => `On March 3, 2021, we received your Form ${form}, ${title}. Respond by April 17, 2026.`),
];

/** What the upstream may say beside a text: ids and labels of the taxonomy. */
export const upstreamNames = () => rows("corpus/taxonomy.tsv").flatMap(([id, en, es]) => [id, en, es]);

/** The requests of webhooks.json, with their bodies as bytes. */
export const webhooks = () => JSON.parse(read("webhooks.json")).cases.map(({ body, body_hex, ...request }) => ({ ...request, body: body_hex === undefined ? Buffer.from(body) : Buffer.from(body_hex, "hex") }));

/** What the native core says of texts, each with the upstream's category or null: `{"normalized":…,"explained":…}`. */
export function native(pairs) {
  // What is no character crosses into wasm as U+FFFD.
  const lines = pairs.map((pair) => JSON.stringify(pair.map((text) => text?.toWellFormed() ?? null)));
  const { status, stdout, stderr } = spawnSync("cargo", ["run", "--quiet", "--locked", "--example", "normalize", "--", "--json"], { cwd: ROOT, input: lines.join("\n"), maxBuffer: 2 ** 30, encoding: "utf8" });
  if (status !== 0) throw new Error(`the native core did not answer: ${stderr}`);
  return stdout.trimEnd().split("\n");
}
