// Where the results go: the standard output, or a file.
import { open, unlink } from "node:fs/promises";
import { existsSync } from "node:fs";
import { EXIT, unreadable } from "./failure.js";

/** A file. It is opened before anything is asked, so that a long check does not end with a folder that cannot be written,
 * and what is in it stays until there is something to take its place. */
export async function fileSink(path) {
  const there = existsSync(path);
  let begun = false;
  try {
    const handle = await open(path, "a");
    const ordinary = (await handle.stat()).isFile();
    return {
      isTerminal: false,
      async write(text) {
        try {
          if (!begun && ordinary) await handle.truncate(0);
          begun = true;
          await handle.write(text);
        } catch (error) {
          throw unreadable(path, error, "written", EXIT.failed);
        }
      },
      async end() {
        await handle.close();
        if (!begun && !there) await unlink(path);
      },
    };
  } catch (error) {
    throw unreadable(path, error, "written");
  }
}

export const standardSink = (out) => ({ isTerminal: out.isTerminal, write: (text) => out.write(text), end: async () => {} });
