// What is measured, in Node and in a page alike: therefore without anything of Node's.
import { ruleTable } from "./peer.js";

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** The peer's table: with what its rules get wrong in it, as a team would put it there, text by text. */
function table({ normalize, categories, taxonomy }, texts, known) {
  const table = ruleTable(categories, taxonomy, known);
  let exceptions = 0;
  for (const text of new Set(texts)) {
    const { category, matched_by } = normalize(text);
    const told = table.normalize(text);
    if (told.category === category && told.matched_by === matched_by) continue;
    table.exact.set(table.key(text), [category, matched_by]);
    exceptions++;
  }
  return { table, exceptions };
}

/** Throws unless both give the same objects, to the letter, for every text. */
function compare(ours, theirs, texts) {
  for (const [at, text] of texts.entries()) {
    const [one, other] = [ours[at], theirs[at]].map((answer) => JSON.stringify(answer));
    if (one !== other) throw new Error(`the answers differ, of ${JSON.stringify(text)}:\nours   ${one}\ntheirs ${other}`);
  }
}

/** Microseconds a text, by rounds that take turns, and who goes first takes turns too. */
function rounds(count, passes, texts, ways) {
  const each = Object.entries(ways);
  const found = Object.fromEntries(each.map(([name]) => [name, []]));
  for (let round = -1; round < count; round++) {
    for (const [name, way] of round % 2 ? each : each.toReversed()) {
      const start = performance.now();
      for (let pass = 0; pass < passes; pass++) way(texts);
      // The first round only warms up.
      if (round >= 0) found[name].push(((performance.now() - start) * 1000) / passes / texts.length);
    }
  }
  return found;
}

export function measure(torch_edge, { texts, known, count, passes }) {
  const { normalize, normalizeMany } = torch_edge;
  const { table: theirs, exceptions } = table(torch_edge, texts, known);
  const byTable = (texts) => texts.map((text) => theirs.normalize(text));
  const bySingle = (texts) => texts.map((text) => normalize(text));
  const many = normalizeMany(texts);
  compare(many, byTable(texts), texts);
  compare(many, bySingle(texts), texts);
  const found = rounds(count, passes, texts, { many: normalizeMany, single: bySingle, table: byTable });
  const ratio = (name) => median(found[name].map((cost, at) => found.table[at] / cost));
  return {
    costs: Object.fromEntries(Object.entries(found).map(([name, costs]) => [name, median(costs)])),
    ratios: { many: ratio("many"), single: ratio("single") },
    exceptions, titles: known.length,
  };
}

/** Milliseconds until the first answer is there. */
export async function startUp(load, text) {
  const start = performance.now();
  const normalize = await load();
  const { category } = normalize(text);
  if (category !== "approved") throw new Error(`${text}: ${category}`);
  return performance.now() - start;
}
