import type * as pulumi from "@pulumi/pulumi";
import { runContainer } from "./serverContainer";
import type { Server, ServerDescription } from "./serverDescription";
import { runService } from "./serverService";

/**
 * Runs a server, which is up once it is healthy. Nothing else creates containers or services.
 *
 * @param name of the component that the server belongs to
 */
export function runServer(
  name: string,
  server: ServerDescription,
  opts: Pick<pulumi.CustomResourceOptions, "parent" | "dependsOn">,
): Server {
  return server.topology.platform === "swarm" ? runService(name, server, opts) : runContainer(name, server, opts);
}
