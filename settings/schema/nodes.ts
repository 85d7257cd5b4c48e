import { z } from "zod";
import { type ClusterRecord, type ClusterSetting, type Role, roleRecords, roles } from "../../product/roles";
import { environmentsPattern } from "../environments";
import { settingInfo, text, textOrNothing } from "./describe";
import { shortText } from "./names";
import { perRole, rolesWith } from "./perRole";

/** The largest number of nodes of one kind: replicas of a role, or workers of a gateway environment. */
export const maxReplicas = 64;
/** The same on one Docker engine, where each node has an address and a published port of its own. */
export const maxReplicasOnDocker = 8;

const replicas = z.int().min(1).max(maxReplicas);
const domain = text(/^[A-Za-z0-9._-]{1,64}$/, "1 to 64 letters, digits, dots, underscores and dashes");
const callersOfEnvironments = rolesWith(({ calls }) => calls.some(({ eachEnvironment }) => eachEnvironment));
const gateways = rolesWith(({ servesApis }) => servesApis);

/** One setting for each Hazelcast cluster of the roles' records. */
function clusterDomains(): { readonly [Name in ClusterSetting]: ReturnType<typeof clusterDomain> } {
  const clusters = roles.flatMap((role) => roleRecords[role].cluster ?? []);
  const entries = clusters.map((cluster) => [cluster.setting, clusterDomain(cluster)]);
  return Object.fromEntries(entries) as { readonly [Name in ClusterSetting]: ReturnType<typeof clusterDomain> };
}

function clusterDomain({ setting, domain: byDefault, when }: ClusterRecord) {
  const members = roles.filter((role) => roleRecords[role].cluster?.setting === setting);
  const titles = members.map((role) => roleRecords[role].title);
  const perEnvironment = members.some((role) => roleRecords[role].servesApis);
  const several = when === "several" ? "; used when there are several" : "";
  return domain.default(byDefault).register(settingInfo, {
    description: `Hazelcast domain of the ${titles.map((title) => `${title}s`).join(" and ")}${several}${perEnvironment ? "; further environments add `.<name>`" : ""}`,
    changes: { axis2: `\`clustering/domain\` on ${titles.join(", ")}` },
  });
}

function replicasOf(role: Role) {
  const { title, servesApis, cluster, calledByNodes, servesThrift } = roleRecords[role];
  const each = servesApis ? " in each environment" : "";
  const balanced = calledByNodes ? "; several are called through the load balancer" : "";
  return replicas.default(1).register(settingInfo, {
    description: `number of ${title}s${each}${balanced}${servesThrift ? ", which balances no Thrift" : ""}`,
    changes: {
      ...(cluster && {
        axis2: `\`clustering\` on ${rolesWith((other) => other.cluster?.setting === cluster.setting)}`,
      }),
      ...(servesThrift && {
        apiManager: "`KeyValidatorClientType` and the elements of Thrift on all roles, with `keyValidatorClient` auto",
      }),
    },
  });
}

export const nodes = {
  title: "Nodes and clusters",
  settings: {
    ...perRole("Replicas", (_, role) => replicasOf(role)),
    memberTimeout: z
      .int()
      .min(6)
      .max(600)
      .default(15)
      .register(settingInfo, {
        description:
          "seconds after which the members of a cluster give up one that is silent; until then, log-ins and token requests may wait for it",
        changes: { hazelcast: "on nodes of a cluster; a file of the pack keeps its other lines" },
      }),
    gatewayEnvironments: text(
      environmentsPattern,
      "hybrid, production or sandbox, or several like europe=production, test=sandbox",
    )
      .default("hybrid")
      .register(settingInfo, {
        description:
          "gateway environments: hybrid, production, sandbox, or several, e.g. `production, sandbox` or `europe=production, test=sandbox`; add new ones at the end, because the order decides names and addresses",
        changes: {
          apiManager: `an \`Environment\` with \`type\`, \`Name\`, \`ServerURL\`, credentials and \`GatewayEndpoint\` on ${callersOfEnvironments}; \`RevokeAPIURL\` is that of the first`,
          carbon: `\`HostName\`, \`MgtHostName\` on ${gateways}: the first environment has the role's own host name, another one \`<name>-<host name>\``,
        },
      }),
    gatewayWorkers: z
      .int()
      .min(0)
      .max(maxReplicas)
      .default(0)
      .register(settingInfo, {
        description:
          "workers of each environment; with workers, the environment's gateway manages them and they serve the API calls",
        changes: { axis2: `\`clustering\` on ${gateways}: workers have \`subDomain\` \`worker\`, managers \`mgt\`` },
      }),
    ...clusterDomains(),
    deploymentSynchronizer: z
      .enum(["off", "svn"])
      .default("off")
      .register(settingInfo, {
        description:
          "how APIs get from a gateway manager to its workers: off: they share a volume; svn: needs `svnUrl`, `svnUser` and the secret `svnPassword`",
        changes: { carbon: `\`DeploymentSynchronizer\` on ${gateways}, \`AutoCommit\` on the manager only` },
      }),
    svnUrl: textOrNothing(
      /^(https?|svn):\/\/[^\s@]+$/,
      "a URL without user or password, e.g. https://svn.example.com/apis/",
    )
      .default("")
      .register(settingInfo, {
        description: "with `deploymentSynchronizer` svn: URL of the repository",
        changes: { carbon: `\`DeploymentSynchronizer/SvnUrl\` on ${gateways}` },
      }),
    svnUser: shortText(0, 64)
      .default("")
      .register(settingInfo, {
        description: "with `deploymentSynchronizer` svn: user of the repository",
        changes: { carbon: `\`DeploymentSynchronizer/SvnUser\` on ${gateways}` },
      }),
    keyValidatorClient: z
      .enum(["auto", "ThriftClient", "WSClient"])
      .default("auto")
      .register(settingInfo, {
        description: "how gateways validate keys; auto: ThriftClient with one Key Manager, WSClient with several",
        changes: {
          apiManager:
            "`KeyValidatorClientType` on all roles; with Thrift `ThriftClientPort`, `ThriftServerPort`, `ThriftServerHost` on all roles and `EnableThriftServer` true on the Key Manager, else false",
        },
      }),
  },
} as const;
