// Torch's side: tells every event until it is acknowledged, as often as that takes.
import { Agent, request } from "node:http";
import { bodyOf, random } from "./events.mjs";

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const TIMEOUT = 30_000;

function post({ port, headers, agent }, body) {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, path: "/webhooks/torch", method: "POST", headers, agent, timeout: TIMEOUT }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
      response.on("error", reject);
    });
    call.on("timeout", () => call.destroy(new Error("no answer in time")));
    call.on("error", reject);
    call.end(body);
  });
}

/**
 * Sends all; `onAck` is told after each acknowledgement how many there are. Gives the counts and the
 * sendings that were never acknowledged.
 */
export async function send(sendings, { port, headers, concurrency, seed, patience, onAck }) {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const next = random(seed);
  const told = { acks: 0, retries: 0, broken: 0, statuses: {}, given_up: [] };
  const end = Date.now() + patience;
  let index = 0;
  const lane = async () => {
    while (index < sendings.length) {
      const sending = sendings[index++];
      const body = bodyOf(sending);
      for (let attempt = 0; ; attempt++) {
        const status = await post({ port, headers, agent }, body).catch(() => "broken");
        if (status >= 200 && status <= 299) {
          sending.acknowledged = true;
          onAck((told.acks += 1));
          break;
        }
        told.retries += 1;
        told.statuses[status] = (told.statuses[status] ?? 0) + 1;
        // Who refuses ten times means it, and who refuses fifty events will refuse the rest.
        if (Date.now() > end || (status < 500 && attempt >= 10)) {
          if (told.given_up.push(sending) === 50) index = sendings.length;
          break;
        }
        // Full jitter, up to two seconds.
        await pause(Math.min(2000, 100 * 2 ** attempt) * next());
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  agent.destroy();
  return told;
}
