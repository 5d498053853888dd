// `node scripts/run.mjs FILE FACE …`: all set-up, the builds of those faces, then FILE under the
// project's Node.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "./build.mjs";
import { ensureNode } from "./setup.mjs";

await ensureNode();
const [file, ...faces] = process.argv.slice(2);
for (const face of faces) build(face);
await import(pathToFileURL(resolve(file)).href);
