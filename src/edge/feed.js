// The feed's Durable Object: who is told of changes over a WebSocket. What is sent to whom, and what a message
// means, Rust decides; here sockets are opened and closed. Each is known by a number, which it has for a tag.
//
// It sleeps while nothing comes, and its sockets stay open: so nothing that counts is in memory. docs/STORAGE.md
// tells of the tables.
import { log } from "#glue";
import * as wasm from "#wasm";
import { DurableObject } from "cloudflare:workers";
import { call } from "../revive.js";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS own (epoch TEXT NOT NULL, floor INTEGER NOT NULL, wake_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS change (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    receipt TEXT NOT NULL,
    event TEXT,
    at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS change_receipt ON change (receipt);
CREATE TABLE IF NOT EXISTS socket (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client TEXT NOT NULL,
    grant_id TEXT,
    expires_at INTEGER,
    receipts TEXT
);
CREATE INDEX IF NOT EXISTS socket_client ON socket (client, grant_id);
CREATE TABLE IF NOT EXISTS subscription (receipt TEXT NOT NULL, socket INTEGER NOT NULL, PRIMARY KEY (receipt, socket)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS subscription_socket ON subscription (socket);
`;

/** How often the alarm looks for what is too old, in seconds. */
const TIDY = 3600;
/** One byte more than a message may have, in characters. */
const MOST = 64 * 1024 + 1;
/** A grant's time is over; the socket's own end is not known, or after a fault nobody knows what was sent. */
const [EXPIRED, RESTART] = [4401, 1012];
const seconds = () => Math.floor(Date.now() / 1000);

export class Feed extends DurableObject {
  /** How many messages a socket has sent in which minute. What is lost of it is a limit's strictness. */
  #sent = new Map();

  constructor(ctx, env) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    this.#rows(SCHEMA);
    this.#rows("INSERT INTO own SELECT ?, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM own)", crypto.randomUUID().slice(0, 8));
  }

  #rows = (statement, ...values) => this.ctx.storage.sql.exec(statement, ...values).toArray();

  /** Calls into Rust. Where that fails, who comes back with a cursor misses nothing. */
  #call(rust, ...args) {
    try {
      return call(rust, this.ctx, ...args);
    } catch (error) {
      for (const socket of this.ctx.getWebSockets()) socket.close(RESTART, "come back with your cursor");
      throw error;
    }
  }

  /** Sets the alarm, unless it comes sooner anyway. */
  #wake(at) {
    const set = this.#rows("UPDATE own SET wake_at = ?1 WHERE wake_at = 0 OR wake_at > ?1 RETURNING 1", at);
    if (set.length) this.ctx.storage.setAlarm(at * 1000);
  }

  /** Opens a socket. */
  fetch(request) {
    const [client, grant, expires, receipts, most, mostOfAll] = JSON.parse(request.headers.get("x-socket"));
    const count = (where, ...values) => this.#rows(`SELECT count(*) AS n FROM socket ${where}`, ...values)[0].n;
    const room = () => count("") < mostOfAll && count("WHERE client = ? AND grant_id IS ?", client, grant) < most;
    // Some may stand there that were open when the process ended.
    if (!room() && (this.#sweep(), !room())) {
      log("warn", "a client has as many sockets open as it may", { client });
      return new Response(null, { status: 429 });
    }
    const [{ id }] = this.#rows("INSERT INTO socket (client, grant_id, expires_at, receipts) VALUES (?, ?, ?, ?) RETURNING id", client, grant, expires, receipts);
    if (expires) this.#wake(expires);
    const [theirs, ours] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(ours, [String(id)]);
    return new Response(null, { status: 101, webSocket: theirs });
  }

  /** What another object asks: `push` with changes, or `erase` with a receipt number. */
  ask(what, text) {
    if (what === "erase") this.#rows("DELETE FROM change WHERE receipt = ?", text);
    else {
      this.#call(wasm.feed_push, text);
      this.#wake(seconds() + 24 * TIDY);
    }
    return true;
  }

  webSocketMessage(socket, message) {
    const [number] = this.ctx.getTags(socket);
    const [holder] = this.#rows("SELECT receipts, expires_at FROM socket WHERE id = ?", number);
    if (!holder) return socket.close(RESTART, "this socket is not known");
    if (holder.expires_at && holder.expires_at <= seconds()) return this.#end(socket, EXPIRED);
    const minute = Math.floor(seconds() / 60);
    const sent = this.#sent.get(number);
    const count = sent?.minute === minute ? sent.count + 1 : 1;
    this.#sent.set(number, { minute, count });
    // What is too big for Rust to read is seen by its beginning.
    const text = typeof message === "string" ? message.slice(0, MOST) : undefined;
    const code = this.#call(wasm.feed_message, number, holder.receipts ?? undefined, count, text);
    if (code) this.#end(socket, code);
  }

  webSocketClose(socket, code) {
    // 1005 and 1006 say that there was none.
    this.#end(socket, code === 1005 || code === 1006 ? 1000 : code);
  }

  webSocketError(socket) {
    this.#end(socket, 1011);
  }

  #end(socket, code) {
    const [number] = this.ctx.getTags(socket);
    this.#sent.delete(number);
    for (const [table, column] of [["subscription", "socket"], ["socket", "id"]]) this.#rows(`DELETE FROM ${table} WHERE ${column} = ?`, number);
    try {
      socket.close(code, code === EXPIRED ? "grant_expired" : "");
    } catch {
      // It is closed.
    }
  }

  /** Strikes out sockets that are not open any more. */
  #sweep() {
    const open = JSON.stringify(this.ctx.getWebSockets().map((socket) => Number(this.ctx.getTags(socket)[0])));
    for (const [table, column] of [["subscription", "socket"], ["socket", "id"]]) this.#rows(`DELETE FROM ${table} WHERE ${column} NOT IN (SELECT value FROM json_each(?))`, open);
  }

  /** What is too old goes: changes, and sockets whose grant has expired. */
  alarm() {
    this.#rows("UPDATE own SET wake_at = 0");
    this.#sweep();
    const now = seconds();
    for (const { id } of this.#rows("SELECT id FROM socket WHERE expires_at <= ?", now)) {
      for (const socket of this.ctx.getWebSockets(String(id))) this.#end(socket, EXPIRED);
    }
    this.#call(wasm.feed_tidy);
    const [{ expires, changes }] = this.#rows("SELECT (SELECT min(expires_at) FROM socket) AS expires, EXISTS (SELECT 1 FROM change) AS changes");
    if (expires) this.#wake(expires);
    if (changes) this.#wake(now + TIDY);
  }
}
