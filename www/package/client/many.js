// Any number of cases: in batches, several at a time, each case as soon as it is known.
import { isCase, isObject, isOf, metaOf, unusable } from "./answer.js";
import { bearable, failure, malformed, overdue, refusesToken } from "./errors.js";
import { pieces, sorted } from "./receipt.js";
import { Scope } from "./scope.js";
import { Stream } from "./stream.js";
import { numeric } from "./transport.js";

/** What `getMany` gives. */
export function many(transport, receipts, control, { signal: outer, timeout } = {}) {
  const { good, bad, order } = sorted(receipts);
  const patience = numeric("timeout", timeout, Infinity);
  const work = async (push, signal) => {
    const total = good.length + bad.length;
    let [done, failed, refusal] = [0, 0];
    const found = (receipt, rest) => {
      if (rest.error) failed++;
      push({ receipt, ...rest, progress: { done: ++done, total, failed } });
    };
    bad.forEach((receipt) => found(receipt, { error: malformed() }));
    const batches = pieces(good, transport.batchSize);
    const scope = new Scope(signal, patience, () => overdue(patience, "timeout"));
    const lane = async () => {
      for (let next; (next = batches.shift());) {
        try {
          // A token that is refused once will be for the others.
          if (refusal) throw refusal;
          const { value, headers } = await transport.ask({ path: "/case-status/batch", receipts: next, control }, { signal: scope.signal });
          if (!Array.isArray(value) || value.length !== next.length) throw unusable("the batch asked for");
          const items = headers.get("torch-edge-items")?.split(",") ?? [];
          next.forEach((receipt, index) => {
            const item = value[index];
            const meta = metaOf(headers, items[index]);
            if (!isObject(item) || !isOf(item, receipt) || !(isCase(item) || isObject(item.error))) found(receipt, { error: unusable("a case", receipt), meta });
            else if (isCase(item)) found(receipt, { case: item, meta });
            else found(receipt, { error: failure(item.error, { receipt }), meta });
          });
        } catch (error) {
          bearable(error, signal);
          if (refusesToken(error)) refusal = error;
          // A grant that is not good for one of them is refused for all: those that it names are asked for alone.
          const granted = error.code === "receipt_not_granted" && transport.tokens.granted();
          const good = next.filter((receipt) => granted && granted.has(receipt));
          if (good.length && good.length < next.length) {
            batches.push(good);
            next = next.filter((receipt) => !granted.has(receipt));
          }
          next.forEach((receipt) => found(receipt, { error }));
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: transport.concurrency }, lane));
    } finally {
      scope.close();
    }
  };
  return {
    [Symbol.asyncIterator]: () => new Stream(outer, work),
    async all() {
      const known = new Map();
      for await (const item of this) known.set(item.receipt, item);
      return order.map((receipt) => known.get(receipt));
    },
  };
}
