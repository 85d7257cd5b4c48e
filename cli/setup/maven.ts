import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type Host, lastLines, type Report } from "./host";

/** A released jar. */
export interface MavenJar {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
  /** SHA-256 in hexadecimal. @default any jar of that name */
  readonly checksum?: string;
}

export interface MavenOptions {
  /** Begins messages, e.g. `jdbcDriver`. */
  readonly subject: string;
  /** What the user can do instead, for messages: a clause that begins with `or`. */
  readonly remedy: string;
  /** Where Maven puts a fetched jar. */
  readonly directory: string;
  readonly host: Host;
  readonly report: Report;
  /** Maven's local repository. @default ~/.m2/repository */
  readonly repository?: string;
}

/** Maven's name for a jar. */
export function jarName({ artifact, version }: Pick<MavenJar, "artifact" | "version">): string {
  return `${artifact}-${version}.jar`;
}

/**
 * The path of a jar: in Maven's local repository, else fetched by Maven.
 *
 * @throws when the local repository lacks the jar and Maven is missing or can't fetch it, or the checksum differs
 */
export async function mavenJar(jar: MavenJar, options: MavenOptions): Promise<string> {
  const file = await locate(jar, options);
  if (jar.checksum === undefined) return file;
  const { subject, remedy } = options;
  const found = createHash("sha256").update(readFileSync(file)).digest("hex");
  if (jar.checksum === found) return file;
  throw new Error(
    `${subject}: expected ${file} with SHA-256 ${jar.checksum}, found ${found}; remove the file, ${remedy}`,
  );
}

async function locate(jar: MavenJar, options: MavenOptions): Promise<string> {
  const { group, artifact, version } = jar;
  const { subject, remedy, directory, host, report, repository = join(homedir(), ".m2", "repository") } = options;
  const name = jarName(jar);
  const coordinates = `${group}:${artifact}:${version}`;
  const local = join(repository, ...group.split("."), artifact, version, name);
  if (existsSync(local)) return local;
  if (!host.has("mvn")) {
    throw new Error(
      `${subject}: found neither ${local} nor mvn on PATH to fetch ${coordinates}; install Maven, ${remedy}`,
    );
  }
  report(`${subject}: fetching ${coordinates} with mvn`);
  const { status, output } = await host.run("mvn", [
    "--batch-mode",
    "--quiet",
    "dependency:copy",
    `-Dartifact=${coordinates}`,
    `-DoutputDirectory=${directory}`,
  ]);
  const fetched = join(directory, name);
  if (status === 0 && existsSync(fetched)) return fetched;
  throw new Error(
    `${subject}: mvn could not fetch ${coordinates} (status ${status}); check that this version exists and that ` +
      `Maven can reach a repository, ${remedy}:\n${lastLines(output)}`,
  );
}
