// `torch-edge verify`: whether a saved webhook is authentic, and why not.
import { EXIT, Failure } from "./failure.js";
import { seconds } from "./args.js";
import { headersOf, ofParts, parseDelivery } from "./delivery.js";
import { bytesOf, secretOf, textOf } from "./input.js";
import { clean } from "./terminal.js";
import { variations } from "./variations.js";

const SCHEMES = ["standard-webhooks", "shared-secret", "timestamped-hex", "sha256-hex"];

const options = {
  headers: { type: "string", value: "FILE", help: "the headers alone, one a line; with --body in place of FILE" },
  body: { type: "string", value: "FILE", help: "the body alone, its bytes as they came" },
  scheme: { type: "string", value: "SCHEME", among: SCHEMES, help: `${SCHEMES.join(", ")}; the first unless said otherwise` },
  header: { type: "string", value: "NAME", help: "the header of the secret or the signature; for standard-webhooks the first word of its headers, webhook unless said otherwise" },
  "secret-file": { type: "string", value: "FILE", help: "the file that holds the secret; otherwise WEBHOOK_SECRET" },
  tolerance: { type: "string", value: "SECONDS", help: "how old it may be, 1 to 3600: 300" },
  now: { type: "string", value: "TIME", help: "when it arrived, as 2026-01-15T14:03:30Z or seconds since 1970" },
  "strict-time": { type: "boolean", help: "by this machine's clock: a saved delivery is too old as a rule" },
};

const usage = `
Usage: torch-edge verify FILE [options]
       torch-edge verify --headers headers.txt --body body.bin [options]

Says whether a saved webhook is authentic, or why not and what to look at. FILE
is the request as it came ("POST /path HTTP/1.1", headers, a blank line, the
body), or JSON {"headers": …, "body": "…"}, with bodyBase64 in place of body for
bytes; - is the standard input. Where the signature does not match, it tries
what editors and JSON libraries do to a body, and tells what would have matched.

The secret comes by WEBHOOK_SECRET or --secret-file, never as an argument; while
it rotates the one before by WEBHOOK_SECRET_PREVIOUS. Without --now and
--strict-time it is taken for just arrived, whenever it was signed.
Exits with 0 where it is authentic, with 1 where it is not.`;

const ARGUMENT = "would stand in the list of processes, for everybody on this machine to read. Put the secret into the environment variable WEBHOOK_SECRET, or into a file for --secret-file. Should it be a real one, have it replaced.";
const refused = { secret: `--secret ${ARGUMENT}`, "previous-secret": `--previous-secret ${ARGUMENT}` };

async function deliveryOf(values, positionals, err) {
  if (values.headers !== undefined || values.body !== undefined) {
    if (values.headers === undefined || values.body === undefined || positionals.length) throw new Failure("--headers and --body go together, and there is no other FILE then.");
    const headers = headersOf(textOf(await bytesOf(values.headers, "list of headers", err)), values.headers);
    return ofParts(headers, await bytesOf(values.body, "body", err));
  }
  if (positionals.length !== 1) throw new Failure(positionals.length ? "verify takes one delivery at a time." : "Name the file of the delivery, or - for the standard input. `torch-edge help verify` tells its forms.");
  const [path] = positionals;
  return parseDelivery(await bytesOf(path, "delivery", err), path === "-" ? "The standard input" : path);
}

/** Milliseconds since 1970. */
function moment(text) {
  if (/^\d{1,11}$/.test(text)) return Number(text) * 1000;
  // Without an offset it would be this machine's time zone.
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(ms)) throw new Failure("--now must be a moment with its offset such as 2026-01-15T14:03:30Z, or seconds since 1970.");
  return ms;
}

/** When the delivery says that it was signed, in milliseconds; undefined where it does not. */
function claimed(headers, { scheme, header }) {
  const value = (name) => headers.find(([field]) => field.toLowerCase() === name.toLowerCase())?.[1] ?? "";
  const digits = scheme === "standard-webhooks" ? /^(\d{1,16})$/.exec(value(`${header ?? "webhook"}-timestamp`)) : scheme === "timestamped-hex" ? /(?:^|,)\s*t=(\d{1,16})\s*(?:,|$)/.exec(value(header ?? "")) : null;
  return digits ? Number(digits[1]) * 1000 : undefined;
}

/** What the headers look like, where they are not those of the scheme. Names only: a value may be the secret. */
function otherSchemes(headers) {
  return headers.flatMap(([name, value]) => {
    const prefix = /^(.+)-signature$/i.exec(name)?.[1];
    if (prefix && headers.some(([field]) => field.toLowerCase() === `${prefix}-timestamp`.toLowerCase())) return [`--scheme standard-webhooks --header ${prefix}`];
    if (/(^|,)\s*t=\d+/.test(value) && /(^|,)\s*v1=/.test(value)) return [`--scheme timestamped-hex --header ${name}`];
    return /^sha256=[0-9a-f]{64}$/i.test(value) ? [`--scheme sha256-hex --header ${name}`] : [];
  });
}

/** A sentence of the core's, which begin small and end without a full stop. */
const ended = (text) => `${text[0].toUpperCase()}${text.slice(1)}${/[.?]$/.test(text) ? "" : "."}`;

/** What would make it match, in words; undefined where nothing does that is tried. */
function remedy(check, delivery, settings) {
  for (const { body, why } of variations(delivery.body)) {
    if (check(body).ok) return `It would match if ${why.replace(/^it(s?) /, (_, own) => (own ? "the body's " : "the body "))}.`;
  }
  if (settings.scheme === "standard-webhooks") {
    const taken = `whsec_${Buffer.from(settings.secret).toString("base64")}`;
    if (check(delivery.body, { secret: taken, previousSecret: "" }).ok) return "It would match if the secret were taken as it stands, not as base64: the sender signs in a way that is not Standard Webhooks.";
  }
  return undefined;
}

async function run({ values, positionals, out, err, env }) {
  const tolerance = seconds(values, "tolerance", 3600) ?? 300;
  if (values.now !== undefined && values["strict-time"]) throw new Failure("Give --now or --strict-time, not both.");
  const arrived = values.now === undefined ? undefined : moment(values.now);
  const secret = values["secret-file"] === undefined ? env.WEBHOOK_SECRET : await secretOf(values["secret-file"], err);
  if (!secret) throw new Failure(values["secret-file"] === undefined ? "There is no secret. Set WEBHOOK_SECRET, or name a file by --secret-file." : `${values["secret-file"]} is empty: it should hold the secret.`);
  const delivery = await deliveryOf(values, positionals, err);
  const { verifyWebhook } = await import("../core/node.js");

  const clock = Date.now();
  const settings = { scheme: values.scheme ?? SCHEMES[0], header: values.header, secret, previousSecret: env.WEBHOOK_SECRET_PREVIOUS || undefined, tolerance };
  const signed = claimed(delivery.headers, settings);
  const now = arrived ?? (values["strict-time"] ? clock : (signed ?? clock));
  const check = (body, more) => verifyWebhook(body, delivery.headers, { ...settings, now, ...more });
  let told;
  try {
    told = check(delivery.body);
  } catch (error) {
    // What is wrong with scheme or secret is a sentence of the core's; it holds neither.
    if (error instanceof TypeError || error instanceof RangeError) throw new Failure(ended(error.message));
    throw error;
  }

  const notes = [...delivery.notes];
  if (signed !== undefined && arrived === undefined && !values["strict-time"]) {
    const strict = check(delivery.body, { now: clock });
    notes.push(`The time is taken from the delivery itself, as if it had just arrived.${told.ok && !strict.ok ? ` By the clock: ${strict.message}.` : ""}`);
  }
  if (told.ok) {
    await out.line(out.paint("green", `authentic, by the ${told.secret === "previous" ? "previous secret: the sender has not changed over" : "secret"}`));
    const at = told.signedAt && !Number.isNaN(told.signedAt.getTime()) ? told.signedAt.toISOString().replace(".000Z", "Z") : undefined;
    for (const [name, value] of [["scheme", settings.scheme], ["id", told.id], ["signed at", at], ["body", `${delivery.body.length} bytes`]]) {
      if (value) await out.line(`  ${name.padEnd(12)}${clean(value)}`);
    }
  } else {
    await out.line(out.paint("red", `not authentic (${told.code})`));
    await out.say(ended(clean(told.message)), { lead: "  " });
    if (told.code === "signature_mismatch") notes.unshift(remedy(check, delivery, settings) ?? "None of what editors and JSON libraries do to a body explains it: look at the secret first, then at whether the body was saved before anything parsed it.");
    if (told.code === "header_missing") notes.unshift(...otherSchemes(delivery.headers).slice(0, 3).map((hint) => `Its headers look like: ${clean(hint)}`));
  }
  for (const note of notes) await out.say(note, { lead: "  " });
  return told.ok ? EXIT.ok : EXIT.failed;
}

export default { options, usage, refused, run };
