import * as docker from "@pulumi/docker";
import { MySqlDatabases, ServerCertificates } from "../../components";
import { type DeploymentPlan, type DeploymentSettings, planDeployment } from "../../plan";
import { deploymentOf } from "../../plan/settings";

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
