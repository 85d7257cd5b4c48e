import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { administratorSql, serverImage } from "../product/mysql";
import type { ExternalDatabaseServer, OwnDatabaseServer, Topology } from "../topology";
import { ServerNames } from "./serverNames";
import { containerDefaults, createPassword, createVolume } from "./shared";

const adminName = "apim_admin";

/** How the server is used on which databases and accounts are made. */
export interface MySqlServer {
  /** What the resources made on it are called by: those on another server are others. */
  readonly key: string;
  readonly user: string;
  readonly password: pulumi.Output<string>;
  /** Must be there before anything is made on it. */
  readonly ready: pulumi.Resource;
  /** The one of a server of the deployment's own. */
  readonly container?: docker.Container;
  /** Takes all that is on the server along when it goes; without it, what is there stays. */
  readonly data?: docker.Volume;
}

/** What a container of the deployment is run with. */
export interface OwnServerArgs {
  readonly image: pulumi.Input<string>;
  readonly network: docker.Network;
  /** MiB. */
  readonly memory: number;
  /** Seconds until the server must answer. */
  readonly startTimeout: number;
}

/** What a server that the user runs is used with. */
export interface ExternalServerArgs {
  readonly adminPassword: pulumi.Output<string>;
  readonly names: ServerNames;
}

/** A container with its volume. */
export function ownServer(
  { address, port, publishedPort, name, maxConnections }: OwnDatabaseServer,
  topology: Topology,
  args: OwnServerArgs,
  parent: pulumi.Resource,
): MySqlServer {
  const password = createPassword(`${name}-admin-password`, parent);
  const volume = createVolume(topology, `${name}-data`, { parent });
  const container = new docker.Container(
    `${name}-container`,
    {
      ...containerDefaults({
        ...args,
        topology,
        name,
        address,
        healthcheck: serverImage.healthcheck(port),
        ports: [{ internal: port, published: publishedPort }],
        publishedOn: topology.managementAddress,
        stopTimeout: 60,
      }),
      image: args.image,
      command: serverImage.command(port, maxConnections),
      mounts: [{ type: "volume", source: volume.name, target: serverImage.data }],
      uploads: pulumi.secret([
        {
          file: serverImage.initFile,
          content: password.apply((value) => administratorSql(adminName, value)),
          permissions: "0600",
        },
      ]),
    },
    { parent, deleteBeforeReplace: true },
  );
  return { key: name, user: adminName, password, ready: container, container, data: volume };
}

/** Undefined when the deployment runs its own. */
export function externalServerArgs(
  topology: Topology,
  adminPassword: pulumi.Output<string> | undefined,
  isNewAdministrator: boolean,
): ExternalServerArgs | undefined {
  const { databaseServer } = topology;
  if (!databaseServer.external || adminPassword === undefined) return undefined;
  const names = new ServerNames(databaseServer, topology, { adminPassword, isNewAdministrator });
  return { adminPassword, names };
}

export function externalServer(
  { name, endpoint, adminUser }: ExternalDatabaseServer,
  { adminPassword, names }: ExternalServerArgs,
): MySqlServer {
  return {
    key: `${name}-${endpoint.host}-${endpoint.port}`,
    user: adminUser,
    password: adminPassword,
    ready: names,
  };
}
