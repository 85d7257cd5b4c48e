import Docker from "dockerode";
import type { StackOutputs } from "../outputs";
import { parseReportArguments, readStack } from "./stack";
import { marks, table } from "./text";

const help = `Usage: npm run status -- [--stack NAME] [--json]

Shows every container of a stack: state, health, restarts, and where it is reached. Exit status 1 if one is not healthy.

  -s, --stack NAME  default: dev, or APIM_STACK
      --json        the same as JSON`;

/** One container of the deployment as Docker sees it. */
export interface ContainerStatus {
  readonly name: string;
  readonly container: string;
  /** Docker's state, or `missing`. */
  readonly state: string;
  /** Docker's health, or `-`. */
  readonly health: string;
  readonly restarts: number;
  readonly url: string;
}

export async function run(args: string[]): Promise<number> {
  const options = parseReportArguments(args, help);
  if (!options) return 0;
  const outputs = await readStack(options.stack, false);
  const statuses = await containerStatuses(outputs);
  const healthy = statuses.every(isHealthy);
  if (options.json) console.log(JSON.stringify({ healthy, containers: statuses }, null, 2));
  else print(statuses);
  return healthy ? 0 : 1;
}

/** MySQL, the nodes and the balancer, in this order. */
async function containerStatuses(outputs: StackOutputs): Promise<ContainerStatus[]> {
  const { topology, nodes, databases, urls } = outputs;
  const docker = new Docker();
  const rows = [
    { name: topology.databaseServer.name, url: Object.values(databases)[0]?.split("/")[0] ?? "" },
    ...nodes.map((node) => ({ name: node.name, url: node.managementUrl })),
    { name: topology.balancer.name, url: urls.gatewayHttps },
  ];
  return Promise.all(rows.map(({ name, url }) => containerStatus(docker, name, `${topology.prefix}-${name}`, url)));
}

async function containerStatus(docker: Docker, name: string, container: string, url: string): Promise<ContainerStatus> {
  try {
    const { State, RestartCount } = await docker.getContainer(container).inspect();
    return { name, container, url, state: State.Status, health: State.Health?.Status ?? "-", restarts: RestartCount };
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
    return { name, container, url, state: "missing", health: "-", restarts: 0 };
  }
}

function isHealthy({ state, health }: ContainerStatus): boolean {
  return state === "running" && health === "healthy";
}

function print(statuses: readonly ContainerStatus[]): void {
  const { ok, failed } = marks();
  const [heading, ...lines] = table([
    ["NAME", "CONTAINER", "STATE", "HEALTH", "RESTARTS", "ADDRESS"],
    ...statuses.map((s) => [s.name, s.container, s.state, s.health, String(s.restarts), s.url]),
  ]).split("\n");
  console.log(`  ${heading}`);
  for (const [i, line] of lines.entries()) {
    const status = statuses[i];
    console.log(`${status && isHealthy(status) ? ok : failed} ${line}`);
  }
}
