import type { ConfigurationFile } from "../files";

/** The configuration files that a node of any role gets. */
export const commonFiles = [
  "carbon",
  "dataSources",
  "apiManager",
  "userManagement",
  "registry",
  "axis2",
  "catalina",
  "identity",
  "identityOfLater",
  "hazelcast",
] as const satisfies readonly ConfigurationFile[];
