import { type Role, roleRecords, roleThat } from "../../product/roles";
import type { Node, Topology } from "../../topology";
import type { CalledEnvironment } from "./environments";
import type { Suspect, Suspects } from "./suspects";

/** The role that serves APIs. */
const server = roleThat(({ servesApis }) => servesApis);

/** Whether the deployment has what its nodes need only for tenants: the setting `multiTenancy`. */
export function hasTenants({ nodes }: Pick<Topology, "nodes">): boolean {
  return nodes.some(({ role, databases }) =>
    roleRecords[role].databases.withTenants.some((database) => databases.includes(database)),
  );
}

/** What the nodes of a role use only with tenants: databases, and the mounts of the shared registry. */
export function tenantDatabases(need: Suspects, role: Role): Suspect[] {
  const { withTenants } = roleRecords[role].databases;
  const mounts = withTenants.includes("regdb") ? need.registryMount(role) : [];
  return [...withTenants.flatMap((database) => need.database(role, database)), ...mounts];
}

/** The volumes with the files of tenants' APIs, of the gateways of an environment. */
export function tenantVolumes({ nodes }: Pick<Topology, "nodes">, { host }: CalledEnvironment): Suspect[] {
  const paths = roleRecords[server].volumes.flatMap(({ path, onlyWithTenants }) => (onlyWithTenants ? [path] : []));
  const gateways = nodes.filter(({ role, hostName }) => role === server && hostName === host);
  return gateways.flatMap((node) => volumesOf(node, paths));
}

function volumesOf({ name: node, volumes }: Node, paths: readonly string[]): Suspect[] {
  return volumes
    .filter(({ path }) => paths.includes(path))
    .map(({ name, path }) => ({
      link: `${node} -> ${name} (volume)`,
      node,
      file: path,
      element: "API files of tenants",
      why: "the gateways of one environment serve the same APIs of tenants",
      settings: ["multiTenancy"],
      also: [],
    }));
}
