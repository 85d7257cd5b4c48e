import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Deployment, type RenderedFile, renderNode } from "../../configs";
import { assemble, type Distribution } from "../../distribution/assemble";
import { deploymentOf as planned } from "../../plan/settings";
import type { Role } from "../../product/roles";
import type { RawSettings } from "../../settings";
import type { Node } from "../../topology";

const standIn = resolve(__dirname, "../../standin/distribution");
const data = resolve(__dirname, "../../../shared/data");

/** The stock files of the stand-in. */
export function standInDistribution(): Distribution {
  return fromDirectories(standIn);
}

/** Versions whose product files this machine may have. Two files are missing in 1.7.0 and are taken from 1.9.0. */
export const realVersions = ["1.9.0", "1.7.0", "1.10.0"] as const;

export function realDistribution(version: (typeof realVersions)[number]): Distribution | undefined {
  const directories = [join(data, `wso2am-${version}`), join(data, "wso2am-1.9.0")];
  return directories.every((directory) => existsSync(directory)) ? fromDirectories(...directories) : undefined;
}

/** Creates a `describe` for the stand-in's files, and one for each product version, skipped if its files are missing. */
export function forEachDistribution(test: (load: (context: Mocha.Context) => Distribution) => void): void {
  describe("stand-in", () => test(() => standInDistribution()));
  for (const version of realVersions)
    describe(version, () =>
      test((context) => {
        const distribution = realDistribution(version);
        if (distribution) return distribution;
        process.stdout.write(`      skipped: no ${join(data, `wso2am-${version}`)}\n`);
        return context.skip();
      }),
    );
}

function fromDirectories(...directories: readonly string[]): Distribution {
  return assemble(directories[0] ?? "", {
    read: (path) => {
      const file = directories.map((directory) => join(directory, path)).find((candidate) => existsSync(candidate));
      return file === undefined ? undefined : readFileSync(file);
    },
    list: (path) => directories.flatMap((directory) => listed(join(directory, path))),
  });
}

function listed(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** Applies a change to the text of each file. */
export function changed(distribution: Distribution, change: (text: string, path: string) => string): Distribution {
  const files = new Map(
    [...distribution.files].map(([path, bytes]) => [
      path,
      Buffer.from(change(bytes.toString("latin1"), path), "latin1"),
    ]),
  );
  return { ...distribution, files };
}

/** Replaces stock files by rendered files. */
export function withRendered(distribution: Distribution, rendered: readonly RenderedFile[]): Distribution {
  const files = new Map(distribution.files);
  for (const { path, text } of rendered) files.set(path, Buffer.from(text, "utf8"));
  return { ...distribution, files };
}

export function deploymentOf(settings: RawSettings = {}): Deployment {
  return planned(settings, "test");
}

export function nodeOf({ topology }: Deployment, role: Role): Node {
  const node = topology.nodes.find((candidate) => candidate.role === role);
  if (!node) throw new Error(`no ${role}`);
  return node;
}

/** Renders a file for a role. @param path the end of the file's path */
export function renderedText(
  role: Role,
  path: string,
  distribution: Distribution,
  deployment = deploymentOf(),
): string {
  const file = renderNode(nodeOf(deployment, role), deployment, distribution).find((candidate) =>
    candidate.path.endsWith(path),
  );
  if (!file) throw new Error(`no ${path} for ${role}`);
  return file.text;
}
