// Either Worker in simulated time: what `Date` tells in this isolate, its Durable Objects included, is real
// time and an offset. Timers run in real time. `POST /__moment` is how the day goes on.
import { env } from "cloudflare:workers";
import worker from "#worker";
import { moment } from "./moment.js";

export * from "#worker";

const real = Date.now;
let offset = 0;
Date.now = () => real() + offset;
const construct = (target, args, as) => Reflect.construct(target, args.length > 0 ? args : [target.now()], as);
globalThis.Date = new Proxy(Date, { construct });
// Torch is the sandbox, whatever its address: no call leaves workerd.
globalThis.fetch = (...args) => env.TORCH.fetch(...args);

/** Never back: where the moment before took longer in real time than it has, the clock is there already. */
function setClock(now) {
  const behind = now - real() > offset;
  if (behind) offset = now - real();
  return behind;
}

const scheduled = worker.scheduled && ((...args) => worker.scheduled(...args));
async function fetch(request, ...rest) {
  if (!request.url.endsWith("/__moment")) return worker.fetch(request, ...rest);
  return Response.json({ ...(await moment(await request.json(), setClock)), scheduled: Boolean(scheduled) });
}
export default scheduled ? { fetch, scheduled } : { fetch };
