import * as pulumi from "@pulumi/pulumi";
import type { Topology } from "../topology";
import { checkServer } from "./serverCheck";

/** No check of a server takes longer. */
const limitMilliseconds = 15_000;

/**
 * Before anything is made: whether the server that the user runs can be reached and suits; does nothing when the
 * deployment runs its own, and in a preview, which never connects.
 *
 * @throws {pulumi.RunError} with every fault, within 15 s; Pulumi's mysql provider alone would try for five minutes
 */
export async function checkExternalServer(topology: Topology, password: string): Promise<void> {
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
      const late = `MySQL server ${endpoint.host}:${endpoint.port} (wso2-apim:databaseHost, databaseServerPort): takes longer than ${limitMilliseconds / 1000} s to answer; look at its load, then run the command again`;
      timer = setTimeout(() => reject(new Error(late)), limitMilliseconds);
    });
    try {
      return await Promise.race([work, limit]);
    } finally {
      clearTimeout(timer);
    }
  }
}
