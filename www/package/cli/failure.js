// An end that a sentence explains.

/** How a command may end. `stopped` is what a shell takes Ctrl-C for. */
export const EXIT = { ok: 0, failed: 1, misuse: 2, proxy: 3, broken: 70, stopped: 130 };

export class Failure extends Error {
  constructor(message, exit = EXIT.misuse) {
    super(message);
    this.exit = exit;
  }
}

/** What the platform says of a file, as a sentence. */
export function unreadable(path, error, verb = "read", exit = EXIT.misuse) {
  const why = { ENOSPC: "the disk is full", ENOENT: "there is no such file", EACCES: "that is not permitted", EISDIR: "it is a folder", ENOTDIR: "a part of its path is no folder" }[error.code];
  if (!error.code) throw error;
  return new Failure(`${path} cannot be ${verb}: ${why ?? error.code}.`, exit);
}
