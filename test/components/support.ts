import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { MySqlDatabases, ServerCertificates } from "../../components";
import { runServer } from "../../components/server";
import type { ServerDescription } from "../../components/serverDescription";
import { type DeploymentPlan, type DeploymentSettings, planDeployment } from "../../plan";
import { deploymentOf } from "../../plan/settings";
import { type Recording, record } from "./recorder";

/** A plan of a stack that is called `test`. */
export function planOf(settings: DeploymentSettings = {}): Promise<DeploymentPlan> {
  return planDeployment(settings, { stack: "test" });
}

/** The plan of a deployment on a MySQL server of the user's own. `planDeployment` would connect to that server. */
export function externalPlan(plan: DeploymentPlan, settings: Record<string, unknown> = {}): DeploymentPlan {
  const server = { databaseHost: "db.example.com", databaseServerPort: 3307, databaseAdminPassword: "x" };
  return { ...plan, ...deploymentOf({ ...server, ...settings }, "test") };
}

export function networkOf(plan: DeploymentPlan): docker.Network {
  return new docker.Network("network", { name: plan.topology.network.name });
}

/** The resources that each product node is wired to. */
export function wiringOf(plan: DeploymentPlan) {
  const network = networkOf(plan);
  return {
    plan,
    network,
    databases: new MySqlDatabases("mysql", { plan, network }),
    certificates: new ServerCertificates("certificates", { plan }),
    adminPassword: "hush-hush",
  };
}

/** A resource that a component can depend on. */
export function otherResource(): docker.Volume {
  return new docker.Volume("other", {});
}

/**
 * Records one server, `clock`, of the component `my-clock`.
 *
 * @param description what differs from a server with one health check, 64 MiB of memory and a stop of 5 s
 */
export function recordClock(
  plan: DeploymentPlan,
  description: () => Pick<ServerDescription, "address" | "ports" | "publishedOn" | "startTimeout"> &
    Partial<ServerDescription>,
  opts: () => pulumi.CustomResourceOptions,
): Promise<Recording<void>> {
  return record(() => {
    const common = {
      name: "clock",
      topology: plan.topology,
      network: networkOf(plan),
      image: "clock:1",
      healthcheck: ["healthcheck", "8080"],
      memory: 64,
      stopTimeout: 5,
    };
    runServer("my-clock", { ...common, ...description() }, opts());
  });
}
