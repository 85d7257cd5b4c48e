import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Deployment, type RenderedFile, renderNode } from "../../configs";
import { assemble, type Distribution } from "../../distribution/assemble";
import { deploymentOf as planned } from "../../plan/settings";
import type { Role } from "../../product/roles";
import type { RawSettings } from "../../settings";
import type { Node } from "../../topology";

const standIn = resolve(__dirname, "../../standin/distribution");
const data = resolve(__dirname, "../../../shared/data");

/** The stand-in's own stock files. */
export function standInDistribution(): Distribution {
  return fromDirectories(standIn);
}

/** Real stock files where this machine has them; 1.7.0 lacks two files that 1.9.0 has the same. */
export const realVersions = ["1.9.0", "1.7.0"] as const;

export function realDistribution(version: (typeof realVersions)[number]): Distribution | undefined {
  const directories = [join(data, `wso2am-${version}`), join(data, "wso2am-1.9.0")];
  return directories.every((directory) => existsSync(directory)) ? fromDirectories(...directories) : undefined;
}

/** The stand-in's files, and the real ones where they are; a `describe` for each. */
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
  });
}

/** The same distribution with some files' text changed. */
export function changed(distribution: Distribution, change: (text: string, path: string) => string): Distribution {
  const files = new Map(
    [...distribution.files].map(([path, bytes]) => [
      path,
      Buffer.from(change(bytes.toString("latin1"), path), "latin1"),
    ]),
  );
  return { ...distribution, files };
}

/** The same distribution with rendered files in the place of stock ones. */
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

/** The text of one rendered file, found by the end of its path. */
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
