import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { DeploymentPlan } from "../plan";
import { administratorSql, serverImage } from "../product/mysql";
import type { ExternalDatabaseServer, OwnDatabaseServer } from "../topology";
import { runServer } from "./server";
import type { Server, Volume } from "./serverDescription";
import { ServerNames } from "./serverNames";
import { createImage, createPassword, dependencies } from "./shared";
import { createVolume } from "./volumes";

const adminName = "apim_admin";

/** A MySQL server on which databases and accounts are created. */
export interface MySqlServer {
  /** Begins the names of the resources on it, so that those on another server have other names. */
  readonly resourcePrefix: string;
  readonly user: string;
  readonly password: pulumi.Output<string>;
  /** Must exist before anything is created on the server. */
  readonly ready: pulumi.Resource;
  /** What runs the deployment's own server. */
  readonly server?: Server;
  /** The volume of the deployment's own server: deleting it deletes everything on the server. */
  readonly data?: Volume;
}

/** Arguments of the deployment's own server. */
export interface OwnServerArgs {
  readonly plan: DeploymentPlan;
  readonly network: docker.Network;
  readonly image?: pulumi.Input<string>;
  readonly dependsOn: pulumi.ComponentResourceOptions["dependsOn"];
}

/** Runs the deployment's own server: a container with a volume. */
export function ownServer(
  resourcePrefix: string,
  { address, aliases, port, publishedPort, name, maxConnections, constraints }: OwnDatabaseServer,
  { plan, network, image, dependsOn }: OwnServerArgs,
  parent: pulumi.Resource,
): MySqlServer {
  const { settings, topology, images } = plan;
  const password = createPassword(`${resourcePrefix}-admin-password`, parent);
  const data = createVolume(`${resourcePrefix}-data`, topology, `${name}-data`, { parent, dependsOn });
  const server = runServer(
    resourcePrefix,
    {
      name,
      topology,
      network,
      address,
      aliases,
      constraints,
      image: image ?? createImage(`${resourcePrefix}-image`, images.mysql, parent),
      command: serverImage.command(port, maxConnections),
      files: [
        {
          path: serverImage.initFile,
          content: password.apply((value) => administratorSql(adminName, value)),
          mode: "0600",
        },
      ],
      volumes: new Map([[serverImage.data, data]]),
      healthcheck: serverImage.healthcheck(port),
      ports: [{ internal: port, published: publishedPort }],
      publishedOn: topology.managementAddress,
      memory: settings.databaseMemory,
      startTimeout: settings.startTimeout,
      stopTimeout: 60,
    },
    { parent, dependsOn: dependencies([], dependsOn) },
  );
  return { resourcePrefix, user: adminName, password, ready: server, server, data };
}

/** Uses a server of the user's own, once the names that the deployment takes on it are known to be free. */
export function externalServer(
  name: string,
  server: ExternalDatabaseServer,
  args: Omit<ConstructorParameters<typeof ServerNames>[1], "server"> & {
    readonly adminPassword: pulumi.Output<string>;
  },
  opts: pulumi.CustomResourceOptions,
): MySqlServer {
  const resourcePrefix = `${name}-${server.endpoint.host}-${server.endpoint.port}`;
  const ready = new ServerNames(`${resourcePrefix}-names`, { ...args, server }, opts);
  return { resourcePrefix, user: server.adminUser, password: args.adminPassword, ready };
}
