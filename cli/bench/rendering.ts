import { renderNode } from "../../configs";
import { readDistribution } from "../../distribution";
import { distributionPath, parseSettings } from "../../settings";
import { buildTopology } from "../../topology";
import { type Figure, median } from "../bench";
import { projectDirectory } from "../stack";

/** All files of all nodes, the stock files' parsing included: a new distribution each time. */
export async function measureRendering(): Promise<Figure[]> {
  const settings = parseSettings({}, "bench");
  const topology = buildTopology(settings);
  const times: number[] = [];
  let files = 0;
  for (let i = 0; i < 9; i++) {
    const distribution = await readDistribution(distributionPath(settings, projectDirectory));
    const started = performance.now();
    files = topology.nodes.flatMap((node) => renderNode(node, topology, distribution)).length;
    times.push(performance.now() - started);
  }
  const [first = 0] = times;
  const detail = `${files} files of ${topology.nodes.length} nodes, first time in the process; median of 9: ${median(times).toFixed(0)} ms`;
  return [{ name: "rendering", value: first, unit: "ms", limit: 150, detail }];
}
