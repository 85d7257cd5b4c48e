import { once } from "node:events";
import * as pulumi from "@pulumi/pulumi";
import { errorMessage } from "../errors";
import type { DatabaseUser, Topology } from "../topology";
import { serverName } from "./server";
import { checkServer } from "./serverCheck";

/** Longer than connecting is retried (10 s), so that the more precise error of connecting comes first. */
const checkMilliseconds = 15_000;

/**
 * Checks, before anything is created, that the user's own MySQL server can be reached and is suitable. Does nothing when
 * the deployment runs its own server, or in a preview, which never connects.
 *
 * @param limitMilliseconds when to give up. @default 15000
 * @throws {pulumi.RunError} with every fault; Pulumi's mysql provider alone would retry for five minutes
 */
export async function checkExternalServer(
  topology: Topology,
  password: string,
  limitMilliseconds = checkMilliseconds,
): Promise<void> {
  const { databaseServer, databases, databaseConnections: connections } = topology;
  if (!databaseServer.external || pulumi.runtime.isDryRun()) return;
  const { endpoint, adminUser, databasesExist } = databaseServer;
  const server = { ...endpoint, user: adminUser, password };
  const connectionsOfAccount = busiestAccount(topology);
  const check = checkServer(server, { databases, databasesExist, connections, connectionsOfAccount });
  const late = once(AbortSignal.timeout(limitMilliseconds), "abort").then((): never => {
    throw new Error(
      `${serverName(endpoint)}: it accepted the connection but did not answer within ${limitMilliseconds / 1000} s; check its load, and any proxy in front of it, then run the command again`,
    );
  });
  try {
    for (const warning of await Promise.race([check, late])) void pulumi.log.warn(warning);
  } catch (error) {
    throw new pulumi.RunError(errorMessage(error));
  }
}

/** How many connections the nodes open at most with the account that most data sources use. */
export function busiestAccount({ nodes, databaseUsers, databaseConnections }: Topology): number {
  const sources = nodes.flatMap((node) => node.databases).length;
  const perSource = sources === 0 ? 0 : databaseConnections / sources;
  const sourcesOf = ({ name, databases }: DatabaseUser) =>
    nodes
      .filter((node) => node.databaseUsers.some((user) => user.name === name))
      .flatMap((node) => node.databases.filter((database) => databases.includes(database))).length;
  return perSource * Math.max(0, ...databaseUsers.map(sourcesOf));
}
