import { mkdir, open, rename, rm } from "node:fs/promises";
import * as path from "node:path";
import { errorMessage } from "./errors";

export interface AtomicWrite {
  /** Where the contents are written first, on the same file system. @default `<file>.<pid>.tmp` */
  readonly temporary?: string;
  /** Gives the temporary file its name; `link` fails with EEXIST if the file exists. @default rename */
  readonly place?: (temporary: string, file: string) => Promise<void>;
  /** The remedy in the error message. */
  readonly remedy?: string;
}

/**
 * Creates or replaces a file (mode 0600) atomically: even after a full disk or a power cut, readers find the old or the new
 * contents. write-file-atomic can neither sync the directory nor keep an existing file.
 *
 * @throws with the file name and the system's error `code`
 */
export async function writeAtomically(file: string, contents: string | Buffer, options: AtomicWrite = {}) {
  const { temporary = `${file}.${process.pid}.tmp`, place = rename } = options;
  const { remedy = "check the disk space and the permissions" } = options;
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeAndSync(temporary, contents);
    await place(temporary, file);
    await writeAndSync(path.dirname(file));
  } catch (error) {
    const message = `${file}: can't be written (${errorMessage(error)}); ${remedy}`;
    throw Object.assign(new Error(message), { code: (error as NodeJS.ErrnoException).code });
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** Without `contents`, only syncs the file or directory. */
async function writeAndSync(file: string, contents?: string | Buffer): Promise<void> {
  const handle = await open(file, contents === undefined ? "r" : "w", 0o600);
  try {
    if (contents !== undefined) await handle.writeFile(contents);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
