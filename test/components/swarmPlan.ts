import { renderBalancer, renderNodes } from "../../configs";
import { findImages } from "../../images/contexts";
import type { DeploymentPlan } from "../../plan";
import { parseSettings } from "../../plan/settings";
import type { RawSettings } from "../../settings";
import { buildTopology, type Machines } from "../../topology";
import { standInDistribution } from "../configs/stock";
import { planOf } from "./support";

const machines: Machines = {
  architecture: "amd64",
  balancers: ["192.0.2.1", "192.0.2.2"],
  database: "192.0.2.3",
  names: ["one", "two", "three"],
};

/** The plan of a deployment on a swarm. `planDeployment` would ask Docker for its machines. */
export async function swarmPlan(raw: RawSettings = {}): Promise<DeploymentPlan> {
  const plan = await planOf();
  const given = { platform: "swarm", imageRegistry: "http://registry.example.com:5000/apim", ...raw };
  const settings = parseSettings(given, "test");
  const topology = buildTopology(settings, undefined, machines);
  const deployment = { settings, topology };
  return {
    ...plan,
    ...deployment,
    machines,
    files: renderNodes(topology.nodes, deployment, standInDistribution()).files,
    balancerConfiguration: renderBalancer(deployment),
    images: await findImages(settings, process.cwd()),
  };
}
