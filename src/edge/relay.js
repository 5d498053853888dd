// The relay: delivers to the firm's own endpoints what stands in the ledgers' outboxes. What is to be
// delivered, in which order and when next, a case's ledger says; how it is signed and what an answer means,
// Rust says.
//
// A message of the queue `deliveries` is a case and an endpoint, "IOE0912345678 firm": a nudge. A loaded one
// brings the delivery along, which is claimed already: until when (seconds since 1970), by what the claim is
// known, the row's `seq`, the message's id; and the body, behind a line break. Several for one case and endpoint
// are one piece of work.
import { deliver, ledger, log, relay } from "#glue";

/** So many deliveries to one endpoint are under way at once in one batch: the platform lets an invocation
 * have six connections, and a slow endpoint must leave some to the others. */
const LANES = 3;
/** When what was put off comes again, in seconds. */
const PUT_OFF = 30;
/** After so many claims of one case in one go others have their turn. */
const CLAIMS = 20;
/** How long this isolate believes what it has heard of endpoints that want nothing any more. */
const BELIEVED_MS = 30_000;

let heard = { at: -Infinity };

/** The endpoints that want nothing any more, and the hash of the url that said so. That one of `endpoints` is
 * among them is not believed for long: somebody may have asked for it to be tried again. */
async function gone(env, endpoints) {
  if (Date.now() - heard.at > BELIEVED_MS || endpoints.some((endpoint) => heard.urls.has(endpoint))) {
    // Where the store does not answer, the endpoint says it again itself.
    const rows = await relay(env, "disabled", "[]").catch(() => "[]");
    heard = { at: Date.now(), urls: new Map(JSON.parse(rows)) };
  }
  return heard.urls;
}

/** How many seconds before its end a load is taken for lost: by then it could not be delivered in time. */
const MARGIN = 30;

/** A message's case and endpoint, and its load as `claim` would give it. */
function read({ body, attempts }) {
  const text = String(body);
  const [head, load] = text.includes("\n") ? [text.slice(0, text.indexOf("\n")), text.slice(text.indexOf("\n") + 1)] : [text];
  const [receipt, endpoint, until, token, seq, id] = head.split(" ");
  const good = load !== undefined && attempts === 1 && Number(until) - MARGIN > Date.now() / 1000;
  return { receipt, endpoint, load: good ? [null, Number(token), Number(seq), id, load] : undefined };
}

/** Works a batch off. `attempt` and `verdict` are Rust's. */
export async function consume(messages, env, { attempt, verdict }) {
  const endpoints = new Map();
  for (const message of messages) {
    const { receipt, endpoint, load } = read(message);
    if (!endpoints.has(endpoint)) endpoints.set(endpoint, new Map());
    const cases = endpoints.get(endpoint);
    if (!cases.has(receipt)) cases.set(receipt, { nudges: [], loads: [] });
    cases.get(receipt).nudges.push(message);
    const { loads } = cases.get(receipt);
    // A message may come twice.
    if (load && !loads.some(([, token]) => token === load[1])) loads.push(load);
  }
  const urls = await gone(env, [...endpoints.keys()]);

  /** Delivers what was claimed, one behind the other, until one fails. Gives the lines that a ledger's
   * `settle` reads, and whether the endpoint was too slow. */
  async function work(endpoint, claim) {
    const delivered = [];
    const settled = (...lines) => [endpoint, claim[1], JSON.stringify(delivered), ...lines].join("\n");
    for (let at = 2; at < claim.length; at += 3) {
      const [seq, id, body] = claim.slice(at, at + 3);
      const [url, hash, headers, milliseconds] = attempt(env, endpoint, id, body);
      if (urls.get(endpoint) === hash) return [settled("gone", hash), false];
      const { status, fields, trouble } = await deliver(url, headers, body, milliseconds);
      const [kind, reason, wait] = verdict(status, trouble, fields).split("\n");
      if (kind === "delivered") {
        delivered.push(seq);
        continue;
      }
      log("warn", "a delivery failed", { endpoint, id, reason });
      if (kind !== "gone") return [settled(seq, reason, wait), trouble === "timeout"];
      log("error", "an endpoint answered 410 and is left alone from now on: give it another url, or replay its dead letters", { endpoint });
      await relay(env, "disable", JSON.stringify([endpoint, hash]));
      urls.set(endpoint, hash);
      return [settled("gone", hash, seq), false];
    }
    return [settled(), false];
  }

  async function courier(endpoint, cases) {
    let slow = false;
    const lane = async () => {
      for (const [receipt, { nudges, loads }] of cases) {
        cases.delete(receipt);
        let again = null;
        try {
          let claim = slow ? [PUT_OFF] : loads.shift();
          claim ??= await ledger(env, receipt, "claim", `${endpoint}\n${urls.get(endpoint) ?? ""}`);
          for (let claims = 1; claim.length > 1; claims++) {
            const [settled, tooSlow] = await work(endpoint, claim);
            slow ||= tooSlow;
            claim = await ledger(env, receipt, claims < CLAIMS ? "settle" : "leave", settled);
            // Another load is of another claim, made when the one before had been settled.
            if (claim.length === 1 && claim[0] === null) claim = loads.shift() ?? claim;
          }
          [again] = claim;
        } catch (error) {
          log("error", "a ledger, the relay's store or the configuration fails: what is to be delivered waits", { error: error.message });
          again = PUT_OFF;
        }
        for (const nudge of nudges) {
          if (again === null) nudge.ack();
          else nudge.retry({ delaySeconds: again });
        }
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  }
  await Promise.all([...endpoints].map(([endpoint, cases]) => courier(endpoint, cases)));
}
