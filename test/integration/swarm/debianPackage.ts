import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { lastLines, thisHost } from "../../../cli/setup/host";

const cache = path.join(tmpdir(), "wso2-apim-test-packages");

/**
 * The files of a Debian package, without installing it. They are downloaded once and kept.
 * @returns the directory with the files, at their paths below the root
 * @throws with the last lines of apt-get or dpkg-deb
 */
export async function debianPackage(name: string): Promise<string> {
  const directory = path.join(cache, name);
  if (existsSync(directory)) return directory;
  mkdirSync(cache, { recursive: true });
  const workplace = mkdtempSync(path.join(cache, ".download-"));
  try {
    await download(name, workplace);
    const archive = readdirSync(workplace).find((file) => file.endsWith(".deb"));
    if (archive === undefined) throw new Error(`apt-get download ${name}: expected a .deb file, found none`);
    const files = path.join(workplace, "files");
    await run("dpkg-deb", "--extract", path.join(workplace, archive), files);
    try {
      renameSync(files, directory);
    } catch (error) {
      // Another process of tests was faster.
      if (!existsSync(directory)) throw error;
    }
  } finally {
    rmSync(workplace, { recursive: true, force: true });
  }
  return directory;
}

async function download(name: string, directory: string): Promise<void> {
  // apt-get downloads into the current directory.
  const command = 'cd "$1" && apt-get -o APT::Sandbox::User=root download "$2"';
  const fetch = () => run("sh", "-c", command, "sh", directory, name);
  try {
    await fetch();
  } catch {
    // The package lists are missing or old.
    await run("apt-get", "update").catch(() => undefined);
    await fetch();
  }
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { status, output } = await thisHost().run(command, args);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed with status ${status}:\n${lastLines(output)}`);
}
