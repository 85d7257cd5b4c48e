import { projectDirectory } from "../../cli/project";
import { type Deployment, renderNode } from "../../configs";
import { type Distribution, readDistribution } from "../../distribution";
import { deploymentOf, parseSettings } from "../../plan/settings";
import { roleRecords } from "../../product/roles";
import { distributionPath, type Settings } from "../../settings";
import { type Figure, median } from "./figure";

/** The number of measurements of each size. */
const rounds = 5;
const perEnvironment = 8;

/** Measures rendering all files of all nodes, including parsing the stock files: each time with a new distribution. */
export async function measureRendering(): Promise<Figure[]> {
  const deployment = deploymentOf({}, "bench");
  const { settings, topology } = deployment;
  const times: number[] = [];
  let files = 0;
  for (let i = 0; i < 9; i++) {
    const distribution = await freshDistribution(settings);
    const started = performance.now();
    files = topology.nodes.flatMap((node) => renderNode(node, deployment, distribution)).length;
    times.push(performance.now() - started);
  }
  const [first = 0] = times;
  const detail = `${files} files of ${topology.nodes.length} nodes, first time in the process; median of 9: ${median(times).toFixed(0)} ms`;
  return [{ name: "rendering", value: first, unit: "ms", limit: 150, detail }, ...(await measureGateways())];
}

/** Measures large deployments: whether the time grows faster than the number of nodes. */
async function measureGateways(): Promise<Figure[]> {
  const [few, many] = [5, 25];
  const [small, large] = [await gatewayTime(few), await gatewayTime(many)];
  return [
    {
      name: `${many * perEnvironment} gateways`,
      value: large / 1000,
      unit: "s",
      limit: 5,
      detail: `all files of ${many} environments of ${perEnvironment}, settings and topology included; median of ${rounds}`,
    },
    {
      name: "rendering, growth",
      value: large / small / (many / few),
      unit: "times",
      limit: 1.4,
      detail: `time per gateway with ${many * perEnvironment} (${large.toFixed(0)} ms) against ${few * perEnvironment} (${small.toFixed(0)} ms); 1 is linear`,
    },
  ];
}

/** The median time in ms from raw settings to all files of all gateways. */
async function gatewayTime(environments: number): Promise<number> {
  const names = Array.from({ length: environments }, (_, number) => `region${number}=production`);
  const raw = { gatewayEnvironments: names.join(","), gatewayReplicas: perEnvironment, networkSubnet: "10.7.0.0/16" };
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const distribution = await freshDistribution(parseSettings({}, "bench"));
    const started = performance.now();
    const count = renderGateways(deploymentOf(raw, "bench"), distribution);
    times.push(performance.now() - started);
    if (count !== environments * perEnvironment) throw new Error(`bench: rendered ${count} gateways`);
  }
  return median(times);
}

function renderGateways(deployment: Deployment, distribution: Distribution): number {
  const gateways = deployment.topology.nodes.filter(({ role }) => roleRecords[role].servesApis);
  for (const node of gateways) renderNode(node, deployment, distribution);
  return gateways.length;
}

function freshDistribution(settings: Settings): Promise<Distribution> {
  return readDistribution(distributionPath(settings, projectDirectory));
}
