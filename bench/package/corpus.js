// The ten thousand texts of the benchmark, the same in every run.
import { textsOf } from "../../tests/vectors.mjs";

/** How many of what there is. Torch tells titles, mostly; descriptions come from other sources, or run on behind one. */
export const SHARES = { "known titles": 5000, "known titles with the noise of the web": 1500, "titles and sentences in no table": 1500, "Spanish": 500, "descriptions": 1500 };

const NOISE = [
  (text) => `  ${text.replaceAll(" ", "  ")}\n`,
  (text) => `<p>${text}</p>`,
  (text) => `<h1><strong>${text}</strong></h1>`,
  (text) => text.toUpperCase(),
  (text) => text.toLowerCase(),
  (text) => `Your Current Status: ${text}`,
  (text) => `${text.replace(" ", "&nbsp;")} +`,
  (text) => text.replaceAll("'", "&amp;apos;"),
  (text) => `${text}|18395`,
];

/** The texts, and the titles that are known, by `normalize`. */
export function corpus(normalize) {
  const isKnown = (text) => normalize(text).matched_by === "title";
  const known = ["corpus/titles.tsv", "titles-more.tsv"].flatMap(textsOf).filter(isKnown);
  const spanish = textsOf("corpus/spanish.tsv");
  const of = {
    "known titles": known,
    "known titles with the noise of the web": known,
    "titles and sentences in no table": ["unseen.tsv", "unseen-2.tsv", "unseen-3.tsv", "unseen-4.tsv", "outcomes.tsv"].flatMap(textsOf),
    "Spanish": spanish,
    "descriptions": ["corpus/descriptions.tsv", "descriptions-more.tsv"].flatMap(textsOf),
  };
  let state = 20261126;
  const next = (below) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % below;
  const texts = Object.entries(SHARES).flatMap(([kind, count]) => Array.from({ length: count }, (_, at) => {
    const text = of[kind][at % of[kind].length];
    return kind.includes("noise") ? NOISE[at % NOISE.length](text) : text;
  }));
  // In no order that a branch predictor could learn.
  for (let at = texts.length - 1; at > 0; at--) {
    const other = next(at + 1);
    [texts[at], texts[other]] = [texts[other], texts[at]];
  }
  return { texts, known: [...new Set([...known, ...spanish.filter(isKnown)])].map((text) => [text, normalize(text).category, "title"]) };
}
