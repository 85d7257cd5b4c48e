import assert from "node:assert/strict";
import { renderNodes } from "../../configs";
import type { Distribution } from "../../distribution";
import type { Role } from "../../product/roles";
import type { RawSettings } from "../../settings";
import { changed, deploymentOf, nodeOf, realDistribution, standInDistribution } from "./stock";

/** End of a file's path -> a change of its text. */
export type Edits = Readonly<Record<string, (text: string) => string>>;

/** What a distribution that somebody edited is rendered to. */
export interface Rendered {
  /** Text of a file of the first node of a role. @param path the end of the file's path */
  readonly text: (role: Role, path: string) => string;
  /** All warnings, joined by line breaks. */
  readonly warnings: string;
}

/** Renders a distribution for all nodes after a change of its files. Fails when a change changes nothing. */
export function renderEdited(stock: Distribution, edits: Edits, settings: RawSettings = {}): Rendered {
  const distribution = changed(stock, (text, path) => {
    const edit = Object.entries(edits).find(([end]) => path.endsWith(end))?.[1];
    const result = edit ? edit(text) : text;
    if (edit) assert.notEqual(result, text, `the edit of ${path} changes nothing`);
    return result;
  });
  const deployment = deploymentOf(settings);
  const { files, warnings } = renderNodes(deployment.topology.nodes, deployment, distribution);
  return {
    warnings: warnings.join("\n"),
    text: (role, path) => {
      const file = files.get(nodeOf(deployment, role).name)?.find((candidate) => candidate.path.endsWith(path));
      assert.ok(file, `no ${path} for ${role}`);
      return file.text;
    },
  };
}

/** Creates a `describe` for the stand-in's files, and one for those of 1.9.0, skipped if they are missing. */
export function forStandInAnd190(test: (stock: Distribution) => void): void {
  describe("stand-in", () => test(standInDistribution()));
  const real = realDistribution("1.9.0");
  if (real) describe("1.9.0", () => test(real));
  else describe("1.9.0", () => it.skip("skipped: this machine has no files of 1.9.0"));
}

/** Puts text in front of the end tag of the root element. */
export function append(xml: string): (text: string) => string {
  return (text) => {
    const end = text.lastIndexOf("</");
    return `${text.slice(0, end)}${xml}\n${text.slice(end)}`;
  };
}

/** Replaces all matches. */
export function replace(from: string | RegExp, to: string): (text: string) => string {
  return (text) => (typeof from === "string" ? text.replaceAll(from, () => to) : text.replace(from, to));
}
