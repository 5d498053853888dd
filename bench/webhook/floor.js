// The floor: a Durable Object per case that writes each event down as one row, and nothing else.
import { DurableObject } from "cloudflare:workers";

export class Ledger extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, body TEXT NOT NULL)");
  }

  async add(body) {
    this.ctx.storage.sql.exec("INSERT INTO event (body) VALUES (?)", body);
  }
}

export default {
  async fetch(request, env) {
    const body = await request.text();
    await env.LEDGER.getByName(JSON.parse(body).data.receipt_number).add(body);
    return new Response(null, { status: 204 });
  },
};
