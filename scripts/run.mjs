// `node scripts/run.mjs FILE …`: all set-up and both builds, then FILE under the project's Node.
import { pathToFileURL } from "node:url";
import { build } from "./build.mjs";
import { ensureNode } from "./setup.mjs";

ensureNode();
build("worker");
build("sandbox");
await import(pathToFileURL(process.argv[2]).href);
