import { parseArgs } from "node:util";
import type { StackOutputs } from "../outputs";
import type { Node, Topology } from "../topology";
import { readStack, stackOption } from "./stack";
import { marks } from "./text";
import { checkBalancer, reachable } from "./verify/balancerChecks";
import { probe } from "./verify/httpProbe";
import { type Check, checkNodeLinks, type NodeReport } from "./verify/linkChecks";

const help = `Usage: npm run verify -- [--stack NAME] [--json]

Checks every link of the running deployment: each node's own ports, its databases, neighbours, cluster members and
host aliases as seen from inside, and each route of the load balancer. Exit status 1 if one fails.

  -s, --stack NAME  default: dev, or APIM_STACK
      --json        the report as JSON`;

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { ...stackOption, json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const outputs = await readStack(values.stack);
  const checks = await verifyDeployment(outputs);
  if (values.json) console.log(JSON.stringify({ ok: checks.every(({ ok }) => ok), checks }, null, 2));
  else printChecks(checks);
  return checks.every(({ ok }) => ok) ? 0 : 1;
}

/** All checks of a running deployment, nodes first. */
export async function verifyDeployment({ topology, caCertificate }: StackOutputs): Promise<Check[]> {
  const nodes = topology.nodes.map((node) => checkNode(node, topology, caCertificate));
  const checks = await Promise.all([...nodes, checkBalancer(topology, caCertificate)]);
  return checks.flat();
}

async function checkNode(node: Node, topology: Topology, ca: string): Promise<Check[]> {
  const name = `${node.name} answers as ${node.hostName}`;
  const started = Date.now();
  try {
    const answer = await probe({
      address: reachable(topology.publishAddress),
      port: node.publishedPort,
      host: node.hostName,
      path: "/standin/health",
      ca,
    });
    const ms = Date.now() - started;
    const report = nodeReport(answer.body);
    if (!report) return [{ name, ok: true, ms }, ...uncheckedLinks(node, topology)];
    if (report.node !== node.name) {
      return [
        { name, ok: false, ms, detail: `expected ${node.name}, found ${report.node} on port ${node.publishedPort}` },
      ];
    }
    return [
      { name, ok: report.ready, ms, ...(!report.ready && { detail: "the node says that it is not ready" }) },
      ...checkNodeLinks(node, topology, report),
    ];
  } catch (error) {
    const remedy = `see: docker logs ${topology.prefix}-${node.name}`;
    return [{ name, ok: false, ms: Date.now() - started, detail: `${(error as Error).message}; ${remedy}` }];
  }
}

/** What the product, unlike the stand-in, does not tell from inside must not look checked. */
function uncheckedLinks(node: Node, topology: Topology): Check[] {
  return topology.links
    .filter(({ from }) => from === node.name)
    .map(({ id }) => ({ name: id, ok: false, detail: "only the stand-in tells its links; this server does not" }));
}

function nodeReport(body: string): NodeReport | undefined {
  try {
    const report = JSON.parse(body) as NodeReport;
    return Array.isArray(report.links) ? report : undefined;
  } catch {
    return undefined;
  }
}

/** One line per check, failures with their reason below, and a count. */
export function printChecks(checks: readonly Check[], onlyFailures = false): void {
  const { ok, failed } = marks();
  for (const check of checks) {
    if (check.ok && onlyFailures) continue;
    console.log(`${check.ok ? ok : failed} ${check.name}${check.ms === undefined ? "" : ` (${check.ms} ms)`}`);
    if (check.detail) console.log(`    ${check.detail}`);
  }
  const bad = checks.filter((check) => !check.ok).length;
  console.log(bad === 0 ? `All ${checks.length} links are up.` : `${bad} of ${checks.length} links failed.`);
}
