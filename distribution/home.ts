/** An opened APIM_HOME. */
export interface Home {
  /** The bytes of a file; undefined when it is missing. @param path below APIM_HOME, with forward slashes */
  read(path: string): Buffer | undefined;
  /**
   * Names of the files and directories in a directory; empty when it is missing. A zip has only those that are read.
   *
   * @param directory below APIM_HOME
   */
  list(directory: string): readonly string[];
}

/** Names of the files and directories in a directory, from the paths of all files. */
export function namesIn(directory: string, paths: readonly string[]): string[] {
  const prefix = `${directory}/`;
  const below = paths.filter((path) => path.startsWith(prefix));
  return [...new Set(below.map((path) => path.slice(prefix.length).replace(/\/.*/, "")))];
}

/** Bytes. A file of the configuration, or a script, is much smaller. */
export const maximumSize = 16 * 1024 * 1024;

/** The error for a file that is too large to be one of the configuration. */
export function tooLarge(source: string, path: string, size: number): Error {
  return new Error(
    `distribution ${source}: ${path} has ${size} bytes; expected a configuration file of at most ${maximumSize}`,
  );
}
