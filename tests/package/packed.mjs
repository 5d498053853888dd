// The npm package as it is published: packed once, and installed into projects of their own.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after } from "node:test";
import { promisify } from "node:util";
import { ROOT } from "../edge/support.mjs";

/** What a program prints; an error that holds what it complained of where it fails. */
export async function printed(program, args, options = {}) {
  const { stdout } = await promisify(execFile)(program, args, { timeout: 240_000, maxBuffer: 1 << 26, ...options });
  return stdout;
}

mkdirSync(join(ROOT, "build"), { recursive: true });
const home = mkdtempSync(join(ROOT, "build", "packed-"));
after(() => rmSync(home, { recursive: true, force: true }));

/** The tarball's path, and the files in it with their sizes. */
export async function pack() {
  const [{ filename, files }] = JSON.parse(await printed("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", home], { cwd: join(ROOT, "www/package") }));
  return { tarball: join(home, filename), files };
}

/** A project with the package installed from its tarball, and these files; its folder. */
export async function project(name, tarball, files) {
  const folder = join(home, name);
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of Object.entries({ "package.json": JSON.stringify({ name, private: true, type: "module" }), ...files })) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  await printed("npm", ["install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", tarball], { cwd: folder });
  return folder;
}

/** A module that says what the package does wherever it runs: as text, to be compared. */
export const SAYS = (from = "torch-edge", before = "") => `
import * as torch from "${from}";
${before}
const { categories, explain, normalize, normalizeMany, parseReceipt, signWebhook, TorchClient, verifyWebhook } = torch;
const webhook = { secret: "whsec_" + btoa("a secret of the tests"), id: "msg_1", now: 1e12 };
const headers = signWebhook("{}", webhook);
export const said = JSON.stringify([
  categories.length,
  normalize({ title: "Request for Additional Evidence Was Sent", description: "On January 20, 2026, we sent a request for your Form I-485. Respond by April 17, 2026." }),
  normalizeMany(["Case Was Approved", { title: "\\u2026", category: "RFE" }]).map(({ category }) => category),
  explain("Your Expedite Request Was Not Approved").words,
  parseReceipt(" ioe-0912 345 678"),
  parseReceipt("IOEO912345678").position,
  verifyWebhook("{}", new Headers(headers), webhook).ok,
  verifyWebhook("{ }", headers, webhook).code,
  typeof new TorchClient({ baseUrl: "https://torch.example", getToken: () => "" }).watch,
]);
`;

export const SAID = JSON.stringify([
  52,
  {
    category: "request_for_evidence", labels: { en: "Request for Evidence", es: "Solicitud de evidencia" }, stage: "evidence", outcome: "none",
    action_required: true, final: false, matched_by: "title", taxonomy: "2026-11", form: "I-485", event_date: "2026-01-20", respond_by: "2026-04-17",
  },
  ["approved", "request_for_evidence"],
  ["Expedite", "Request", "Not", "Approved"],
  { ok: true, receipt: "IOE0912345678", masked: "IOE******5678" },
  4, true, "signature_mismatch", "function",
]);
