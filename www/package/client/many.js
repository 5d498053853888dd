// Any number of cases: in batches, several at a time, each case as soon as it is known.
import { isCase, isObject, isOf, unusable } from "./answer.js";
import { failure, malformed, refusesToken, TimeoutError, TorchError } from "./errors.js";
import { sorted } from "./receipt.js";
import { Scope } from "./scope.js";
import { Stream } from "./stream.js";
import { numeric } from "./transport.js";

/** Asks for a batch, and hands out what comes of each case. */
async function batch(transport, receipts, headers, signal, found) {
  const ask = (scope) => transport.call({ path: "/case-status/batch", receipts, headers }, scope);
  let answer;
  try {
    answer = await transport.within({ signal }, ask);
  } catch (error) {
    // A grant that is not good for one of them is refused for all: those that it names are asked for alone.
    const granted = error?.code === "receipt_not_granted" && transport.tokens.granted();
    const good = granted ? receipts.filter((receipt) => granted.has(receipt)) : [];
    if (!good.length || good.length === receipts.length) throw error;
    receipts.forEach((receipt) => granted.has(receipt) || found(receipt, { error }));
    return batch(transport, good, headers, signal, found);
  }
  const { value: items, meta } = answer;
  if (!Array.isArray(items) || items.length !== receipts.length) throw unusable("the batch that was asked for");
  receipts.forEach((receipt, index) => {
    const item = items[index];
    const usable = isObject(item) && isOf(item, receipt);
    if (usable && isCase(item)) found(receipt, { case: item, meta });
    else if (usable && isObject(item.error)) found(receipt, { error: failure(item.error, { receipt }), meta });
    else found(receipt, { error: unusable("a case", receipt), meta });
  });
}

/** What `getMany` gives. */
export function many(transport, receipts, headers, { signal: outer, timeout } = {}) {
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
    const batches = [];
    for (let at = 0; at < good.length; at += transport.batchSize) batches.push(good.slice(at, at + transport.batchSize));
    const late = () => new TimeoutError(`Not all cases were answered within ${timeout / 1000} s. Ask again for the rest, or give it more time by the option timeout.`, { code: "deadline", retryable: true });
    const scope = new Scope(signal, patience, late);
    const lane = async () => {
      for (let next; (next = batches.shift());) {
        try {
          // A token that is refused once will be for the others.
          if (refusal) throw refusal;
          await batch(transport, next, headers, scope.signal, found);
        } catch (error) {
          signal.throwIfAborted();
          if (!(error instanceof TorchError)) throw error;
          if (refusesToken(error)) refusal = error;
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
