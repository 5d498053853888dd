// By what the board may read. The package's client takes only grants in a page; so what is pasted is either grants, or a
// client's token, which is traded here for grants of an hour, and is sent to this proxy's /grants and /budget alone.
import { AuthError, NetworkError, TorchClient } from "../package/client/index.js";
import { claims } from "../package/client/tokens.js";

const KEY = "board.access";
/** The most cases that a grant is good for (src/grant.rs). */
const MOST = 200;
const LIFETIME = 3600;
export const base = new URL(".", location.href).href.replace(/\/$/, "");

let held = { kind: "none" };
let groups = [];

const store = () => {
  try {
    if (held.kind === "none") sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, JSON.stringify(held));
  } catch {
    // Then it is good for this page alone.
  }
};

/** Takes what somebody pasted. Whether it can be a token at all. */
export function take(text) {
  const tokens = text.split(/[\s,;"]+/).filter(Boolean).map((token) => token.replace(/^bearer$/i, "")).filter(Boolean);
  const grants = tokens.filter((token) => claims(token));
  if (!tokens.length || !tokens.every((token) => /^[\x21-\x7e]{8,8192}$/.test(token))) return false;
  if (grants.length && grants.length < tokens.length) return false;
  if (!grants.length && tokens.length > 1) return false;
  held = grants.length ? { kind: "grant", tokens: grants } : { kind: "client", token: tokens[0] };
  begin();
  store();
  return true;
}

export function forget() {
  held = { kind: "none" };
  begin();
  store();
}

/** What is held, from this tab's memory or from the link that `npm start` prints: its token stands behind the #, which no
 * browser sends, and is taken out of the address at once. */
export function recall() {
  const said = new URLSearchParams(location.hash.slice(1));
  const token = said.get("token");
  if (token) history.replaceState(null, "", location.pathname + location.search);
  if (token && take(token)) {
    try {
      if (said.has("demo")) sessionStorage.setItem("board.demo", "1");
    } catch {
      // No control of the clock after a reload.
    }
    return { demo: said.has("demo") };
  }
  try {
    held = JSON.parse(sessionStorage.getItem(KEY)) ?? held;
    begin();
    return { demo: sessionStorage.getItem("board.demo") === "1" };
  } catch {
    return { demo: false };
  }
}

const receiptsOf = (token) => claims(token)?.receipts ?? [];

function begin() {
  groups = held.kind === "grant" ? held.tokens.map((token) => ({ receipts: new Set(receiptsOf(token)), client: new TorchClient({ baseUrl: base, token }) })) : [];
}

export const hasAccess = () => held.kind !== "none";
export const access = () => ({ kind: held.kind, receipts: groups.flatMap(({ receipts }) => [...receipts]) });

/** One request with the client's token itself, on this origin. */
export async function asClient(path, init) {
  const response = await fetch(base + path, { ...init, cache: "no-store", headers: { authorization: `Bearer ${held.token}` } }).catch((cause) => {
    init?.signal?.throwIfAborted();
    throw new NetworkError("The proxy cannot be reached.", { code: "network", retryable: true, cause });
  });
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const kind = response.status >= 500 || response.status === 429 ? NetworkError : AuthError;
  throw new kind(body.detail ?? `The proxy answered ${response.status}.`, { code: body.code ?? `http_${response.status}`, status: response.status, retryable: body.retryable === true });
}

/** A client for a group of cases: its grant is minted when it is first needed, and anew before it ends. */
function minting(receipts) {
  return new TorchClient({
    baseUrl: base,
    getToken: async ({ signal }) => {
      const order = { receipts: [...receipts], expires_in: LIFETIME };
      return (await asClient("/grants", { method: "POST", body: JSON.stringify(order), signal })).token;
    },
  });
}

/** The cases by the client that may read them. What no grant is good for stands under `undefined`. */
export function clientsFor(receipts) {
  const known = (receipt) => groups.find((group) => group.receipts.has(receipt));
  if (held.kind === "client") {
    const grown = new Set();
    for (const receipt of receipts) {
      if (known(receipt)) continue;
      let group = groups.find((one) => one.receipts.size < MOST);
      if (!group) groups.push((group = { receipts: new Set() }));
      group.receipts.add(receipt);
      grown.add(group);
    }
    // A grant is for the cases that it was minted for: a group that has grown needs another.
    for (const group of grown) group.client = minting(group.receipts);
  }
  const found = new Map();
  for (const receipt of receipts) {
    const client = known(receipt)?.client;
    if (!found.has(client)) found.set(client, []);
    found.get(client).push(receipt);
  }
  return found;
}

export const clientFor = (receipt) => [...clientsFor([receipt]).keys()][0];
