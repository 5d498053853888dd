// The firm's endpoint: a plain HTTP server that writes down what it is told, in the order in which it comes.
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { random } from "./events.mjs";

/** The published package where it is installed, otherwise the same by hand. */
export async function verifier(secret) {
  const { Webhook } = await import("standardwebhooks").catch(() => ({}));
  if (Webhook) {
    const webhook = new Webhook(secret);
    return { by: "npm standardwebhooks", verify: (body, headers) => webhook.verify(body, headers) };
  }
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const verify = (body, { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures = "" }) => {
    const expected = `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
    if (!signatures.split(" ").includes(expected) || !(Math.abs(Date.now() / 1000 - Number(timestamp)) < 300)) throw new Error("no signature fits");
  };
  return { by: "Node's crypto (standardwebhooks is not installed)", verify };
}

export class Subscriber {
  /** Everything that it took, first to last: `{ id, body, first }`. */
  deliveries = [];
  refused = 0;
  violations = [];
  lastAt = Date.now();
  #seen = new Set();
  #failed = new Set();

  /** `faults`: the share of messages that get a 500 when they first come. */
  static async start({ secret, faults, seed }) {
    const subscriber = new Subscriber();
    const next = random(seed);
    const { by, verify } = await verifier(secret);
    subscriber.by = by;
    subscriber.server = createServer(async (request, response) => {
      const chunks = [];
      try {
        for await (const chunk of request) chunks.push(chunk);
      } catch {
        return; // The Worker was killed while it sent.
      }
      response.statusCode = subscriber.#take(Buffer.concat(chunks), request.headers, verify, () => next() < faults);
      response.end();
    }).listen(0, "127.0.0.1");
    await once(subscriber.server, "listening");
    subscriber.url = `http://127.0.0.1:${subscriber.server.address().port}/hook`;
    return subscriber;
  }

  #take(body, headers, verify, fails) {
    const id = headers["webhook-id"];
    try {
      verify(body, headers);
    } catch (error) {
      this.violations.push(`the delivery ${id} is not authentic: ${error.message}`);
      return 400;
    }
    if (!this.#failed.has(id) && !this.#seen.has(id) && fails()) {
      this.#failed.add(id);
      this.refused += 1;
      return 500;
    }
    this.deliveries.push({ id, body: JSON.parse(body), first: !this.#seen.has(id) });
    this.#seen.add(id);
    this.lastAt = Date.now();
    return 204;
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
