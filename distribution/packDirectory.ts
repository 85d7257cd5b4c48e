import { createHash } from "node:crypto";
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, realpathSync, statSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

/** A file, directory or link of a pack; `path` is below APIM_HOME, with forward slashes. */
export type PackEntry =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | PackFile;

export interface PackFile {
  readonly kind: "file";
  readonly path: string;
  /** Full path of its content; for a link out of the pack, the path of the target. */
  readonly source: string;
  readonly mode: number;
  readonly size: number;
  /** Nanoseconds. */
  readonly modified: bigint;
}

/**
 * The content of an APIM_HOME, sorted by name. A link within the pack stays a link, with a relative target; a link to a
 * file outside the pack becomes a copy of that file. Sockets and other special files are skipped.
 * @throws naming a link whose target does not exist, or is a directory outside the pack
 */
export function listDirectory(source: string, home: string): PackEntry[] {
  const root = realpathSync(home);
  const entries: PackEntry[] = [];
  const visit = (below: string): void => {
    for (const name of readdirSync(join(root, below)).sort()) {
      const path = below === "" ? name : `${below}/${name}`;
      const stat = lstatSync(join(root, path), { bigint: true });
      if (stat.isDirectory()) {
        entries.push({ kind: "directory", path });
        visit(path);
      } else if (stat.isSymbolicLink()) {
        entries.push(linkEntry(source, root, path));
      } else if (stat.isFile()) {
        entries.push(fileEntry(path, join(root, path)));
      }
    }
  };
  visit("");
  return entries;
}

function linkEntry(source: string, root: string, path: string): PackEntry {
  const link = join(root, path);
  const place = `distribution ${source}: ${path} is a link to ${readlinkSync(link)}, which`;
  const found = statSync(link, { throwIfNoEntry: false });
  if (!found) throw new Error(`${place} does not exist; remove the link, or create its target`);
  const target = realpathSync(link);
  if (target === root || target.startsWith(root + sep))
    return { kind: "link", path, target: relative(dirname(link), target) };
  if (found.isFile()) return fileEntry(path, target);
  throw new Error(`${place} is a directory outside the pack; replace the link by a copy of it`);
}

function fileEntry(path: string, source: string): PackFile {
  const { mode, size, mtimeNs } = lstatSync(source, { bigint: true });
  return { kind: "file", path, source, mode: Number(mode), size: Number(size), modified: mtimeNs };
}

/** A hash of names, sizes, modes and times: as long as these are the same, nobody has changed the pack. */
export function directorySignature(home: string, entries: readonly PackEntry[]): string {
  const hash = createHash("sha256").update(`${home}\0`);
  for (const entry of entries) {
    const file = entry.kind === "file" ? `${entry.source}\0${entry.mode}\0${entry.modified}` : "";
    hash.update(`${headOf(entry)}\0${file}\0`);
  }
  return hash.digest("hex");
}

/** A hash of names, contents and executable bits, which is the same wherever the pack is unpacked. */
export function directoryFingerprint(entries: readonly PackEntry[]): string {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  for (const entry of entries) {
    hash.update(`${headOf(entry)}\0`);
    if (entry.kind !== "file") continue;
    const file = openSync(entry.source, "r");
    try {
      for (let count = readSync(file, buffer); count > 0; count = readSync(file, buffer)) {
        hash.update(buffer.subarray(0, count));
      }
    } finally {
      closeSync(file);
    }
  }
  return hash.digest("hex");
}

/** Begins the entry in a hash; contains the size, so that two packs never give the same sequence of bytes. */
function headOf(entry: PackEntry): string {
  switch (entry.kind) {
    case "directory":
      return `d\0${entry.path}`;
    case "link":
      return `l\0${entry.path}\0${entry.target}`;
    case "file":
      return `${(entry.mode & 0o100) === 0 ? "f" : "x"}\0${entry.path}\0${entry.size}`;
  }
}
