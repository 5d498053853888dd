// The day's calls to Torch as a small plot: only where the token may see them (a client's, with the scope ops).
import { access, asClient } from "./access.js";
import { el, fill, svg } from "./dom.js";
import { clock, moment, number, t } from "./words.js";

const [WIDTH, HEIGHT] = [220, 56];
/** What was seen since the page was opened: moments and calls used. */
const seen = [];
let refused = false;

export async function budgetPlot(node) {
  if (access().kind !== "client" || refused) return;
  let report;
  try {
    report = await asClient("/budget");
  } catch (error) {
    refused = error.status === 403;
    return;
  }
  const { day } = report ?? {};
  if (!day) return;
  seen.push([Date.now(), day.used]);
  if (seen.length > 500) seen.splice(1, 1);
  fill(node, plot(report));
}

function plot({ day, saved }) {
  const words = t();
  const [from, to] = [Date.parse(day.began_at), Date.parse(day.resets_at)];
  const now = Math.min(Math.max(Date.now(), from), to);
  const hours = (to - now) / 3_600_000;
  const forecast = day.used + (day.calls_an_hour ?? 0) * hours;
  const top = Math.max(day.limit ?? 0, forecast, day.used, 1);
  const x = (at) => (WIDTH * (at - from)) / (to - from);
  const y = (calls) => HEIGHT - 2 - ((HEIGHT - 6) * Math.min(calls, top)) / top;
  const since = seen.filter(([at, used]) => at >= from && used <= day.used);
  const line = [[from, 0], ...since, [now, day.used]].map(([at, used]) => `${x(at).toFixed(1)},${y(used).toFixed(1)}`).join(" ");
  const used = day.limit ? words.budgetOf(number(day.used), number(day.limit)) : words.budgetUsed(number(day.used));
  const about = day.limit ? words.budgetAlt(number(day.used), number(day.limit), clock(now)) : words.budgetUsed(number(day.used));
  return el("figure", { class: "budget" },
    el("figcaption", {}, el("span", {}, words.budget), " ", el("b", {}, used)),
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": about, preserveAspectRatio: "none" },
      svg("line", { class: "axis", x1: 0, x2: WIDTH, y1: HEIGHT - 2, y2: HEIGHT - 2 }),
      day.limit && svg("line", { class: "limit", x1: 0, x2: WIDTH, y1: y(day.limit), y2: y(day.limit) }),
      svg("polygon", { class: "area", points: `0,${HEIGHT - 2} ${line} ${x(now).toFixed(1)},${HEIGHT - 2}` }),
      svg("polyline", { class: "used", points: line }),
      svg("line", { class: "pace", x1: x(now), y1: y(day.used), x2: WIDTH, y2: y(forecast) }),
      svg("line", { class: "now", x1: x(now), x2: x(now), y1: 2, y2: HEIGHT - 2 })),
    el("p", {}, day.exhausted_at ? words.budgetEnds(moment(day.exhausted_at)) : words.resets(clock(to)), " ", saved ? words.budgetSaved(number((saved.by_cache ?? 0) + (saved.by_coalescing ?? 0) + (saved.by_batching ?? 0))) : ""));
}
