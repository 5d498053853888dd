// What ships: its size, its exports, and that nothing in it looks like a key.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync } from "node:fs";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { pack, printed } from "../package/packed.mjs";
import { ROOT } from "./support.mjs";

const read = (face, file) => readFileSync(`${ROOT}/build/${face}/${file}`);
const exported = (face) => WebAssembly.Module.exports(new WebAssembly.Module(read(face, "index_bg.wasm"))).map(({ name }) => name).filter((name) => !name.startsWith("__"));
const kib = (bytes) => (bytes / 1024).toFixed(1);

test("ok the Worker is at most 200 KB gzipped", (t) => {
  const [wasm, js] = ["index_bg.wasm", "index.js"].map((file) => gzipSync(read("worker", file), { level: 9 }).length);
  t.diagnostic(`Worker: wasm ${kib(wasm)} KiB + js ${kib(js)} KiB = ${kib(wasm + js)} KiB gzipped`);
  assert.ok(wasm + js <= 200_000, `${wasm + js} bytes`);
});

test("ok each build exports its own functions and no other's", () => {
  const own = (face) => exported(face).filter((name) => !/^(memory|intounderlying|minifyconfig|r2range|containerstartup|wasm_bindgen__|_ZN)/.test(name)).sort();
  assert.deepEqual(own("worker"), ["attempt", "client_name", "feed_message", "feed_push", "feed_tidy", "fetch", "gate_fetch", "gate_new", "lane", "lane_read", "ledger_alarm", "ledger_ask", "ledger_erase", "ledger_new", "relay_ask", "relay_new", "shares", "verdict"]);
  assert.deepEqual(own("sandbox"), ["fetch", "sandboxtorch_fetch", "sandboxtorch_new"]);
  assert.deepEqual(own("browser"), ["begin", "explain", "normalize", "parseReceipt", "verifyWebhook", "webhookCode"]);
});

test("ok the module exports its Durable Object and one default", () => {
  assert.match(read("worker", "index.js").toString(), /export\{[^}]*as Gate[^}]*as default[^}]*\}/);
  assert.match(read("sandbox", "index.js").toString(), /export\{[^}]*as SandboxTorch[^}]*as default[^}]*\}/);
});

test("A3 nothing in what ships looks like a key, or panics on purpose", async () => {
  // The Worker, the board, and the npm package out of its tarball: each file that is there, maps too.
  const { tarball } = await pack();
  const unpacked = mkdtempSync(`${tarball}-`);
  await printed("tar", ["-xzf", tarball, "-C", unpacked]);
  for (const [face, folder] of [["worker", `${ROOT}/build/worker`], ["board", `${ROOT}/build/board`], ["package", unpacked]]) {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name !== ".stamp");
    assert.ok(files.length >= 2, `${face} is built`);
    for (const { parentPath, name } of files) {
      const text = readFileSync(`${parentPath}/${name}`, "latin1");
      for (const suspect of [/sandbox-torch-key|demo_[\w-]{20}|whsec_[A-Za-z0-9+/]{8}|BEGIN [A-Z ]*PRIVATE KEY/, /eyJ[\w-]{20,}\.[\w-]{8,}/, /sk_(live|test)_\w{8}|AKIA[0-9A-Z]{16}|ghp_\w{20}/, /a panic on purpose/, /\/(root|home|Users|work|tmp)\//]) {
        assert.equal(suspect.exec(text)?.[0], undefined, `${face}/${name} has ${suspect}`);
      }
    }
  }
});
