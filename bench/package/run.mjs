// `npm run bench:package`: `normalizeMany` over ten thousand texts, in Node and in Chromium, beside a rule table in
// JavaScript that gives the same ten thousand answers; single calls and the start-up beside it.
//
// In each of the two both run in one process, in rounds that take turns; the ratio is the median of the rounds'
// ratios, theirs over ours.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build as bundle } from "esbuild";
import { gzipped } from "../../scripts/build.mjs";
import { ROOT, fail, say } from "../../scripts/setup.mjs";
import { launch, serve } from "../../tests/chromium.mjs";
import * as torch_edge from "../../www/package/core/node.js";
import { SHARES, corpus } from "./corpus.js";
import { measure } from "./measure.js";

const BAR = 3;
const ROUNDS = Number(process.env.ROUNDS ?? 9);
const PASSES = Number(process.env.PASSES ?? 20);
const STARTS = 9;

const job = { ...corpus(torch_edge.normalize), count: ROUNDS, passes: PASSES };
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const slow = [];

function report(where, { costs, ratios }) {
  const cost = (name) => `${costs[name].toFixed(2)} µs`;
  console.log(`${where}: normalizeMany ${cost("many")} a text, one by one ${cost("single")}, the rule table ${cost("table")} (medians of ${ROUNDS} rounds of ${PASSES} × ${job.texts.length})`);
  console.log(`ratio normalizeMany ${ratios.many.toFixed(2)} (${where})`);
  console.log(`ratio normalize, one by one ${ratios.single.toFixed(2)} (${where})`);
  if (ratios.many < BAR) slow.push(where);
}

// What is loaded is timed in a process or a page of its own: ours, and the table with its titles.
const TITLE = "Case Was Approved";
const OURS = (path) => `import(${JSON.stringify(path)}).then(({ normalize }) => normalize)`;
const THEIRS = (path) => `import(${JSON.stringify(path)}).then(({ ruleTable }) => ruleTable(${JSON.stringify(torch_edge.categories)}, "", ${JSON.stringify(job.known)}).normalize)`;

function inNode(load) {
  const source = `import { startUp } from ${JSON.stringify(import.meta.resolve("./measure.js"))}; console.log(await startUp(() => ${load}, ${JSON.stringify(TITLE)}));`;
  return Number(execFileSync(process.execPath, ["--input-type=module", "--eval", source]));
}

async function inPage(load) {
  const page = await browser.newPage();
  await page.goto(site.url);
  const took = await page.evaluate(`import("/bench/package/measure.js").then(({ startUp }) => startUp(() => ${load}, ${JSON.stringify(TITLE)}))`);
  await page.close();
  return took;
}

async function starts(where, run, ours, theirs) {
  const found = { ours: [], theirs: [] };
  for (let round = 0; round < STARTS; round++) {
    found.ours.push(await run(ours));
    found.theirs.push(await run(theirs));
  }
  console.log(`${where}: from import to the first answer ${median(found.ours).toFixed(1)} ms, the rule table ${median(found.theirs).toFixed(1)} ms (medians of ${STARTS})`);
}

/** What travels: bundled, minified, gzipped. */
async function weigh(contents) {
  const { outputFiles } = await bundle({ stdin: { contents, resolveDir: ROOT }, bundle: true, format: "esm", minify: true, write: false, logLevel: "error" });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

const TYPES = { js: "text/javascript", wasm: "application/wasm" };
const site = await serve((path) => {
  if (path === "/") return { type: "text/html", body: "<!doctype html><title>A benchmark</title>" };
  const [, extension] = /^\/(?:bench\/package|www\/package\/(?:core|client)(?:\/wasm)?)\/[a-z_]+\.(js|wasm)$/.exec(path) ?? /^\/www\/package\/index\.(js)$/.exec(path) ?? [];
  return extension && { type: TYPES[extension], body: readFileSync(join(ROOT, path)) };
});
const browser = await launch();
try {
  console.log(`${job.texts.length} texts: ${Object.entries(SHARES).map(([kind, count]) => `${count} ${kind}`).join(", ")}`);
  say("in Node …");
  const found = measure(torch_edge, job);
  console.log(`the rule table knows ${found.titles} titles and ${found.exceptions} texts that its rules get wrong; all ${job.texts.length} answers are equal`);
  report("node", found);
  await starts("node", inNode, OURS(import.meta.resolve("../../www/package/core/node.js")), THEIRS(import.meta.resolve("./peer.js")));
  say("in Chromium …");
  const page = await browser.newPage();
  await page.goto(site.url);
  report("chromium", await page.evaluate(async (job) => {
    const [torch_edge, { measure }] = await Promise.all(["/www/package/core/browser.js", "/bench/package/measure.js"].map((path) => import(path)));
    return measure(torch_edge, job);
  }, job));
  await starts("chromium", inPage, OURS("/www/package/core/browser.js"), THEIRS("/bench/package/peer.js"));
} finally {
  await Promise.all([browser.close(), site.close()]);
}
const js = await weigh('export { normalize, normalizeMany } from "./www/package/core/core.js"; export { start } from "./www/package/core/core.js";');
const table = await weigh(`import { ruleTable } from "./bench/package/peer.js"; export const { normalize } = ruleTable(${JSON.stringify(torch_edge.categories)}, "", ${JSON.stringify(job.known)});`);
console.log(`gzipped: ${gzipped(join(ROOT, "www/package/core/wasm/torch_edge_bg.wasm"))} bytes of wasm and ${js} of JavaScript; the rule table with its titles, and without what it gets wrong, ${table}`);
if (slow.length) fail(`normalizeMany should be ${BAR} times as fast as the rule table: it is not in ${slow.join(" and ")}.`);
