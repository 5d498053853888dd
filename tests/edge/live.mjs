// A subscriber of `GET /live`, as a client of the protocol is: it keeps each message, and the last cursor.
import { once } from "node:events";
import { request } from "node:http";
import { until } from "./support.mjs";

export class Live {
  messages = [];
  cursor;

  /** Opens a socket. `token`: offered as a browser does, unless `headers` has it. */
  static async open(address, token, { headers, protocols = ["torch-edge.v1", `bearer.${token}`] } = {}) {
    const live = new Live();
    const socket = (live.socket = new WebSocket(`${address.replace("http", "ws")}/live`, { protocols, headers }));
    socket.onmessage = ({ data }) => {
      const message = data === "pong" ? { type: "pong" } : JSON.parse(data);
      live.messages.push(message);
      if (message.cursor) live.cursor = message.cursor;
    };
    live.closed = new Promise((resolve) => (socket.onclose = ({ code, reason }) => resolve({ code, reason })));
    socket.onerror = () => {};
    await Promise.race([once(socket, "open"), live.closed.then(({ code }) => Promise.reject(new Error(`closed with ${code}`)))]);
    return live;
  }

  send = (message) => this.socket.send(typeof message === "string" ? message : JSON.stringify(message));

  of = (type) => this.messages.filter((message) => message.type === type);
  /** What was told: the texts of the statuses, in order. */
  texts = (receipt) => this.of("change").filter((one) => one.receipt === receipt).map(({ event }) => event.data.status_text);

  /** The next message of a type, behind those that were there. */
  async after(type, act, patience) {
    const before = this.of(type).length;
    await act();
    return until(`a message ${type}`, () => this.of(type)[before], patience);
  }

  subscribe = (receipts, cursor) => this.after("subscribed", () => this.send({ type: "subscribe", receipts, cursor }));
  changes = (count, patience) => until(`${count} changes`, () => this.of("change").length >= count && this.of("change"), patience);

  close() {
    this.socket.close(1000);
    return this.closed;
  }
}

/** What a request for an upgrade is answered: its status, headers and body; 101 where it would be granted. */
export function upgrade(address, headers = {}) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const call = request(`${address}/live`, { headers: { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": Buffer.from("0123456789abcdef").toString("base64"), ...headers } });
  call.on("upgrade", (response, socket) => {
    socket.destroy();
    resolve({ status: response.statusCode, headers: response.headers });
  });
  call.on("response", async (response) => resolve({ status: response.statusCode, headers: response.headers, body: JSON.parse((await response.toArray()).join("")) }));
  call.on("error", reject);
  call.end();
  return promise;
}
