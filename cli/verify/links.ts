import Docker from "dockerode";
import { errorMessage } from "../../errors";
import { managementAccess, managementUrl, type Node, type Topology } from "../../topology";
import { type DeployedStack, logsCommand } from "../deployedStack";
import { checkBalancer } from "./balancerChecks";
import { type ProbeAnswer, probe } from "./httpProbe";
import { type Check, checkNodeLinks, type NodeReport } from "./linkChecks";
import { checkOpenDatabases } from "./openDatabases";

export interface LinkReport {
  readonly checks: readonly Check[];
  /** Whether the nodes are the stand-in, which reports its links; undefined when no node answered. */
  readonly standIn: boolean | undefined;
}

/** Checks every link that the nodes report, and each route of the load balancer. */
export async function verifyLinks(stack: Pick<DeployedStack, "topology" | "caCertificate" | "urls">) {
  const { topology, caCertificate } = stack;
  const nodes = await Promise.all(topology.nodes.map((node) => checkNode(node, topology, caCertificate)));
  const standIns = nodes.map(({ standIn }) => standIn);
  const standIn = standIns.includes(true) ? true : standIns.includes(false) ? false : undefined;
  const balancer = standIn === false ? [] : await checkBalancer(stack);
  return { checks: [...nodes.flatMap(({ checks }) => checks), ...balancer], standIn } satisfies LinkReport;
}

async function checkNode(node: Node, topology: Topology, ca: string): Promise<LinkReport> {
  const name = `${node.name} answers as ${node.hostName}`;
  const started = Date.now();
  const remedy = `see: ${logsCommand(topology, node.name)}`;
  try {
    const answer = await probe({
      ...managementAccess(topology, node),
      path: "/standin/health",
      ca,
    });
    const ms = Date.now() - started;
    const failed = (detail: string): LinkReport => ({ checks: [{ name, ok: false, ms, detail }], standIn: true });
    if (isProduct(answer)) {
      // On a swarm, the container is on another machine.
      const databases = topology.platform === "docker" ? [await checkOpenDatabases(node, topology, new Docker())] : [];
      return { checks: [{ name, ok: true, ms }, ...databases], standIn: false };
    }
    const report = nodeReport(answer.body);
    if (!report) return failed(`expected a report of its links, found status ${answer.status}; ${remedy}`);
    if (report.node !== node.name)
      return failed(`expected ${node.name}, found ${report.node} at ${managementUrl(topology, node)}`);
    const ready = report.ready ? {} : { detail: `the node reports that it is not ready; ${remedy}` };
    return {
      checks: [{ name, ok: report.ready, ms, ...ready }, ...checkNodeLinks(node, topology, report)],
      standIn: true,
    };
  } catch (error) {
    const detail = `${errorMessage(error)}; ${remedy}`;
    return { checks: [{ name, ok: false, ms: Date.now() - started, detail }], standIn: undefined };
  }
}

/** Whether the product answered: only the stand-in has the page with the report. */
function isProduct({ status, headers }: ProbeAnswer): boolean {
  return headers["x-standin"] === undefined && status < 500;
}

function nodeReport(body: string): NodeReport | undefined {
  try {
    const report = JSON.parse(body) as NodeReport;
    return Array.isArray(report.links) ? report : undefined;
  } catch {
    return undefined;
  }
}
