import { createHash } from "node:crypto";
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, realpathSync, statSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

/** Something in a pack, by its path below APIM_HOME with forward slashes. */
export type PackEntry =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | PackFile;

export interface PackFile {
  readonly kind: "file";
  readonly path: string;
  /** Where its content is; elsewhere than `path` for a link that leads out of the pack. */
  readonly source: string;
  readonly mode: number;
  readonly size: number;
  /** Nanoseconds. */
  readonly modified: bigint;
}

/**
 * All that is in an APIM_HOME, by name. A link within the pack stays a link, with a relative target; one to a file
 * elsewhere counts as that file. Sockets and the like are no part of a pack.
 * @throws naming a link that leads nowhere, or to a directory outside
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
        entries.push(followed(source, root, path));
      } else if (stat.isFile()) {
        entries.push(fileEntry(path, join(root, path)));
      }
    }
  };
  visit("");
  return entries;
}

function followed(source: string, root: string, path: string): PackEntry {
  const link = join(root, path);
  const leads = `distribution ${source}: ${path} is a link to ${readlinkSync(link)}, which`;
  const found = statSync(link, { throwIfNoEntry: false });
  if (!found) throw new Error(`${leads} is not there; remove the link, or put there what it should lead to`);
  const target = realpathSync(link);
  if (target === root || target.startsWith(root + sep))
    return { kind: "link", path, target: relative(dirname(link), target) };
  if (found.isFile()) return fileEntry(path, target);
  throw new Error(`${leads} is a directory outside the pack; put a copy of it in the link's place`);
}

function fileEntry(path: string, source: string): PackFile {
  const { mode, size, mtimeNs } = lstatSync(source, { bigint: true });
  return { kind: "file", path, source, mode: Number(mode), size: Number(size), modified: mtimeNs };
}

/** Names, sizes, modes and times: as long as they stay, nobody has touched the pack. */
export function directorySignature(home: string, entries: readonly PackEntry[]): string {
  const hash = createHash("sha256").update(`${home}\0`);
  for (const entry of entries) {
    const file = entry.kind === "file" ? `${entry.source}\0${entry.mode}\0${entry.modified}` : "";
    hash.update(`${headOf(entry)}\0${file}\0`);
  }
  return hash.digest("hex");
}

/** Names and contents, and which files are executable: what is the same wherever the pack is unpacked. */
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

/** Unambiguous before a content of the size that it tells. */
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
