import * as pulumi from "@pulumi/pulumi";
import type { Topology } from "../topology";
import { serverName } from "./server";
import { checkServer } from "./serverCheck";

/** No check of a server takes longer; longer than it is waited for its greeting. */
const checkMilliseconds = 15_000;

/**
 * Before anything is made: whether the server that the user runs can be reached and suits; does nothing when the
 * deployment runs its own, and in a preview, which never connects.
 *
 * @param limitMilliseconds default 15 s
 * @throws {pulumi.RunError} with every fault, within 15 s; Pulumi's mysql provider alone would try for five minutes
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
  try {
    for (const warning of await withinLimit(check)) void pulumi.log.warn(warning);
  } catch (error) {
    throw new pulumi.RunError((error as Error).message);
  }

  async function withinLimit<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      const late = `${serverName(endpoint)}: greets, and takes longer than ${limitMilliseconds / 1000} s to answer then; look at its load, or at a proxy that stands before it, then run the command again`;
      timer = setTimeout(() => reject(new Error(late)), limitMilliseconds);
    });
    try {
      return await Promise.race([work, limit]);
    } finally {
      clearTimeout(timer);
    }
  }
}
