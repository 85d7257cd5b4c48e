import { once } from "node:events";
import * as pulumi from "@pulumi/pulumi";
import { errorMessage } from "../errors";
import type { Topology } from "../topology";
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
  const check = checkServer({ ...endpoint, user: adminUser, password }, { databases, databasesExist, connections });
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
