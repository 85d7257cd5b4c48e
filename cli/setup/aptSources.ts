import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The base URIs of Debian's packages, without a trailing slash. */
export interface DebianMirrors {
  readonly main: string;
  readonly security: string;
}

interface Source {
  readonly uri: string;
  readonly suite: string;
}

/** The `deb` entries of a one-line-style file: `deb [options] uri suite component...`. */
function oneLineSources(text: string): Source[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)/.exec(line);
    return match?.[1] && match[2] ? [{ uri: match[1], suite: match[2] }] : [];
  });
}

/** The enabled `deb` entries of a deb822-style file: paragraphs with Types, URIs and Suites. */
function deb822Sources(text: string): Source[] {
  const withoutComments = text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n");
  return withoutComments.split(/\n\s*\n/).flatMap((paragraph) => {
    const field = (name: string): string[] =>
      new RegExp(`^${name}:((?:.*)(?:\\n[ \\t].*)*)`, "im").exec(paragraph)?.[1]?.trim().split(/\s+/) ?? [];
    if (!field("Types").includes("deb") || field("Enabled")[0]?.toLowerCase() === "no") return [];
    return field("URIs").flatMap((uri) => field("Suites").map((suite) => ({ uri, suite })));
  });
}

/** Whether an image can use the source: `mirror+file:` and `cdrom:` work here only, and an image must not have passwords. */
function usable(source: Source): boolean {
  return /^https?:\/\/[^@]+$/.test(source.uri);
}

/**
 * The mirrors in a Debian machine's apt sources, else the given mirror.
 * @param files names and texts of /etc/apt/sources.list and of the files in sources.list.d
 * @param codename VERSION_CODENAME in /etc/os-release, e.g. `bookworm`; undefined if the machine does not run Debian
 * @param given base URI of a mirror, for machines without usable sources; the value of APIM_DEBIAN_MIRROR
 * @throws when there is neither
 */
export function debianMirrors(
  files: readonly { readonly name: string; readonly text: string }[],
  codename: string | undefined,
  given?: string,
): DebianMirrors {
  const sources = files
    .flatMap(({ name, text }) => (name.endsWith(".sources") ? deb822Sources(text) : oneLineSources(text)))
    .filter((source) => codename !== undefined && usable(source));
  const uriOf = (suites: readonly string[]) => sources.find(({ suite }) => suites.includes(suite))?.uri;
  const main = uriOf([`${codename}`, "stable", "oldstable"]) ?? given;
  if (!main)
    throw new Error(
      "apt sources: expected a Debian mirror that an image can use (http or https, without a password), to build the base " +
        "images from Debian packages; found none. Set APIM_DEBIAN_MIRROR to the address of a mirror, ending in /debian, " +
        "or let Docker reach an image registry.",
    );
  const plain = (uri: string) => uri.replace(/\/+$/, "");
  // Mirrors have the security packages beside the main ones.
  const security = uriOf([`${codename}-security`, "stable-security", "oldstable-security"]);
  return { main: plain(main), security: plain(security ?? `${plain(main)}-security`) };
}

/** {@link debianMirrors} of this machine. */
export function hostMirrors(root = "/", env: NodeJS.ProcessEnv = process.env): DebianMirrors {
  const directory = join(root, "etc/apt/sources.list.d");
  const names = existsSync(directory) ? readdirSync(directory).sort() : [];
  const paths = [join(root, "etc/apt/sources.list"), ...names.map((name) => join(directory, name))];
  const files = paths
    .filter((path) => /\.(list|sources)$/.test(path) && existsSync(path))
    .map((path) => ({ name: path, text: readFileSync(path, "utf8") }));
  const releaseFile = join(root, "etc/os-release");
  const release = existsSync(releaseFile) ? readFileSync(releaseFile, "utf8") : "";
  const codename = /^ID="?debian"?$/m.test(release) ? /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(release)?.[1] : undefined;
  return debianMirrors(files, codename, env.APIM_DEBIAN_MIRROR);
}
