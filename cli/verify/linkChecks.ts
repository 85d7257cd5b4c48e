import { existsIn, type Link, type Node, type Topology } from "../../topology";

/** One line of the verify report. */
export interface Check {
  /** What was checked, e.g. a link's id. */
  readonly name: string;
  readonly ok: boolean;
  /** Milliseconds; absent if nothing was measured. */
  readonly ms?: number;
  /** On failure: what is wrong, and which file or setting to look at. */
  readonly detail?: string;
}

/** A link as a stand-in node reports it. */
export interface ReportedLink {
  readonly protocol: string;
  readonly host: string;
  /** 0 for a host alias. */
  readonly port: number;
  readonly file: string;
  readonly element: string;
  /** `unchecked`: an address for browsers, which the server itself never calls. */
  readonly state: "ok" | "failed" | "unchecked";
  readonly error?: string;
  readonly ms?: number;
}

/** The part of `/standin/health` that verify reads. */
export interface NodeReport {
  readonly node: string;
  readonly role: string;
  readonly version: string;
  readonly ready: boolean;
  readonly links: readonly ReportedLink[];
}

/**
 * Compares the topology with a node's report. The node must report each of its links in the topology as reachable, and no
 * other reported link may fail. A link that the node does not report is a failure: its entry is missing in a file. A
 * database that is not the deployment's is a failure even if the node reaches it.
 */
export function checkNodeLinks(node: Node, topology: Topology, report: NodeReport): Check[] {
  const wanted = topology.links.filter((link) => link.from === node.name && existsIn(link, report.version));
  const checks = wanted.map((link) => checkLink(link, report.links));
  const extra = report.links.filter((reported) => !wanted.some((link) => matches(link, reported)));
  return [
    ...checks,
    ...extra.filter(({ state }) => state !== "unchecked").map((reported) => checkReported(node, reported)),
  ];
}

function checkLink(link: Link, reported: readonly ReportedLink[]): Check {
  const found = reported.find((candidate) => matches(link, candidate));
  const remedy = `see ${link.file} (${link.element}) of ${link.from}; purpose of the link: ${link.why}`;
  const wanted = `${link.protocol}://${link.host}:${link.port}`;
  if (!found) {
    return { name: link.id, ok: false, detail: `expected a link to ${wanted}, ${link.from} has none; ${remedy}` };
  }
  if (found.state === "ok") return { name: link.id, ok: true, ms: found.ms };
  return { name: link.id, ok: false, ms: found.ms, detail: `${wanted}: ${found.error ?? found.state}; ${remedy}` };
}

function matches(link: Link, reported: ReportedLink): boolean {
  return (
    reported.protocol === link.protocol &&
    reported.host === link.host &&
    reported.port === link.port &&
    reported.file === link.file &&
    // Versions before 1.9 call the element APIKeyManager.
    reported.element.replace(/^APIKeyManager\//, "APIKeyValidator/") === link.element
  );
}

function checkReported(node: Node, reported: ReportedLink): Check {
  const where = reported.port === 0 ? reported.host : `${reported.host}:${reported.port}`;
  const name = `${node.name} -> ${where} (${reported.protocol})`;
  const isForeignDatabase = reported.protocol === "jdbc";
  if (reported.state === "ok" && !isForeignDatabase) return { name, ok: true, ms: reported.ms };
  const fault = isForeignDatabase
    ? "this is no database of the deployment, and the node has it open"
    : (reported.error ?? reported.state);
  const detail = `${fault}; see ${reported.file} (${reported.element}) of ${node.name}`;
  return { name, ok: false, ms: reported.ms, detail };
}
