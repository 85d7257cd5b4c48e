/** Files that others may look for at any moment. */

import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import * as path from "node:path";

/**
 * Makes a file (mode 0600) that is there as a whole or not at all, also on a full disk and after a power cut.
 *
 * @param temporary where it is written first, on the same file system
 * @param place gives what is written its name, e.g. linkSync, which replaces nothing
 * @throws naming the file, with the system's `code`
 */
export function makeFile(
  file: string,
  text: string,
  temporary: string,
  place: (temporary: string, file: string) => void,
): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    sync(temporary, text);
    place(temporary, file);
    sync(path.dirname(file));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = `${file}: can't be written (${message}); see that its disk has room, and that you may write there`;
    throw Object.assign(new Error(why), { code });
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Returns when it is on the disk, after writing `text` to it if there is any. */
function sync(file: string, text?: string): void {
  const descriptor = openSync(file, text === undefined ? "r" : "w", 0o600);
  try {
    if (text !== undefined) writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
