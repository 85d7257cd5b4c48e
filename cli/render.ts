import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { parseArgs } from "node:util";
import { type Deployment, type RenderedFile, renderBalancer, renderNodes, stockText } from "../configs";
import { balancerFiles } from "../configs/balancer";
import { colourDiff, countChangedLines, unifiedDiff } from "../configs/compare";
import { type CopiedFile, checksumLine, type Distribution, readDistribution } from "../distribution";
import { loadSettingsFromStack } from "../plan/settings";
import { roles } from "../product/roles";
import { distributionPath } from "../settings/stackFile";
import { buildTopology, type Node, type Topology } from "../topology";
import { encode } from "../xml/encoding";
import { projectDirectory, stackName, stackOption } from "./project";
import { hasColours, table } from "./text";

export const help = `Renders each node's configuration files, with placeholders in place of secrets.

  npm run render -- --out DIR            write DIR/<node>/<path> and DIR/loadbalancer/${balancerFiles.configuration}
  npm run render -- --diff               show what differs from the stock files, line by line
  npm run render -- --summary            count the lines that differ, per role and file

  -s, --stack NAME      the stack with the settings; default: dev, or APIM_STACK
  --distribution PATH   a wso2am-<version> directory or zip, instead of the stack's distribution
  --node NAME           only this node, e.g. gateway-1`;

interface Rendering {
  readonly node: Node;
  readonly files: readonly RenderedFile[];
  readonly copies: readonly CopiedFile[];
}

/** `npm run render`. @returns the exit status */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      distribution: { type: "string" },
      out: { type: "string" },
      ...stackOption,
      node: { type: "string" },
      diff: { type: "boolean", default: false },
      summary: { type: "boolean", default: false },
    },
  });
  if (!values.diff && !values.summary && values.out === undefined) {
    console.log(help);
    return 2;
  }
  const settings = loadSettingsFromStack(projectDirectory, stackName(values.stack));
  const topology = buildTopology(settings);
  const deployment = { settings, topology };
  const distribution = await readDistribution(
    values.distribution === undefined ? distributionPath(settings, projectDirectory) : resolve(values.distribution),
    // Written files may be deployed, so nothing may be missing. For a diff or a summary, gaps are only reported.
    { incomplete: values.out === undefined },
  );
  const nodes = chosenNodes(topology, values.node);
  const { files, warnings } = renderNodes(nodes, deployment, distribution);
  const renderings = nodes.map((node) => ({
    node,
    files: files.get(node.name) ?? [],
    copies: distribution.bundles.get(node.profile) ?? [],
  }));
  if (values.diff) printDiff(renderings, distribution);
  if (values.summary) printSummary(renderings, distribution);
  if (values.out !== undefined) writeAll(resolve(values.out), renderings, deployment, values.node === undefined);
  for (const warning of [...distribution.warnings, ...warnings]) process.stderr.write(`${warning}\n`);
  for (const path of distribution.missing)
    process.stderr.write(
      `${path}: expected in ${distribution.source}, found no such file; a deployment needs it, copy it from the pack of ${distribution.version}\n`,
    );
  return distribution.missing.length === 0 ? 0 : 1;
}

function chosenNodes(topology: Topology, name: string | undefined): readonly Node[] {
  if (name === undefined) return topology.nodes;
  const chosen = topology.nodes.filter((node) => node.name === name);
  if (chosen.length > 0) return chosen;
  throw new Error(`--node ${name}: expected one of ${topology.nodes.map((node) => node.name).join(", ")}`);
}

function printDiff(renderings: readonly Rendering[], distribution: Distribution): void {
  const paint = hasColours() ? colourDiff : (text: string) => text;
  for (const { node, files, copies } of renderings) {
    for (const { path, text } of files)
      process.stdout.write(
        paint(unifiedDiff(`stock/${path}`, `${node.name}/${path}`, stockText(path, distribution), text)),
      );
    for (const { path, base64 } of copies)
      process.stdout.write(paint(unifiedDiff(`stock/${path}`, `${node.name}/${path}`, "", checksumLine(base64))));
  }
}

function printSummary(renderings: readonly Rendering[], distribution: Distribution): void {
  const ofRoles = roles.flatMap((role) => renderings.find(({ node }) => node.role === role) ?? []);
  const paths = [...new Set(ofRoles.flatMap(({ files }) => files.map(({ path }) => path)))];
  const rows = paths.map((path) => [
    path,
    ...ofRoles.map(({ files }) => {
      const file = files.find((candidate) => candidate.path === path);
      if (!file) return "";
      const { added, removed } = countChangedLines(stockText(path, distribution), file.text);
      return added + removed === 0 ? "0" : `+${added} -${removed}`;
    }),
  ]);
  process.stdout.write(`Lines that differ from the stock files of ${distribution.version}:\n`);
  process.stdout.write(`${table([["", ...ofRoles.map(({ node }) => node.role)], ...rows])}\n`);
}

function writeAll(out: string, renderings: readonly Rendering[], deployment: Deployment, withBalancer: boolean): void {
  const { topology } = deployment;
  const written = new Set<string>();
  const write = (path: string, bytes: Buffer) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    written.add(path);
  };
  for (const { node, files, copies } of renderings) {
    for (const { path, text, encoding } of files) write(join(out, node.name, path), encode(path, text, encoding));
    for (const { path, base64 } of copies) write(join(out, node.name, path), Buffer.from(base64, "base64"));
  }
  if (withBalancer)
    write(
      join(out, topology.balancer.name, balancerFiles.configuration),
      Buffer.from(renderBalancer(deployment), "utf8"),
    );
  process.stdout.write(
    `${written.size} files written to ${out}, with placeholders in place of secrets: {{secret:NAME}}\n`,
  );
  const others = otherFiles(
    out,
    written,
    [...topology.nodes, topology.balancer].map(({ name }) => name),
  );
  if (others.length > 0)
    process.stdout.write(
      `These do not belong to the deployment as it is now configured, and were left unchanged:\n${others.map((path) => `  ${path}\n`).join("")}`,
    );
}

/** What `out` contains besides the files written by this run: directories of no node, and files beside written ones. */
function otherFiles(out: string, written: ReadonlySet<string>, names: readonly string[]): string[] {
  const within = (entry: string) => [...written].some((path) => path.startsWith(entry + sep));
  return readdirSync(out, { withFileTypes: true }).flatMap((entry) => {
    const path = join(out, entry.name);
    if (!names.includes(entry.name)) return [entry.isDirectory() ? `${entry.name}/` : entry.name];
    // With --node, the files of the other nodes may well be current.
    if (!within(path)) return [];
    return readdirSync(path, { recursive: true, encoding: "utf8" })
      .map((name) => join(path, name))
      .filter((file) => !written.has(file) && statSync(file).isFile())
      .map((file) => relative(out, file));
  });
}
