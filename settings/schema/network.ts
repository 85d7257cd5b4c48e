import { z } from "zod";
import { type DatabaseName, databaseNames, databaseRecords } from "../../product/databases";
import { type Role, roleRecords, roles } from "../../product/roles";
import { settingInfo, text, textOrAuto } from "./describe";
import { hostName, isIpv4Address, port } from "./names";
import { hostChanges, offsetChanges, perRole, rolesWith } from "./perRole";

const standardOffsets = roles.map((role) => `${roleRecords[role].title} ${roleRecords[role].offset}`).join(", ");
const gateways = rolesWith(({ servesApis }) => servesApis);
const environments = rolesWith(({ calls }) => calls.some(({ eachEnvironment }) => eachEnvironment));
const portals = rolesWith(({ linksTo }) => linksTo);

function databaseHost(name: DatabaseName) {
  const { host } = databaseRecords[name];
  return hostName.default(host).register(settingInfo, {
    description: `host name under which the nodes reach ${name}`,
    changes: {
      dataSources: `\`url\` of \`${databaseRecords[name].dataSource}\``,
      ...(name === "regdb" && { registry: "`cacheId`" }),
    },
  });
}

function databaseHosts(): { readonly [Name in `${DatabaseName}Host`]: ReturnType<typeof databaseHost> } {
  const entries = databaseNames.map((name) => [`${name}Host`, databaseHost(name)]);
  return Object.fromEntries(entries) as ReturnType<typeof databaseHosts>;
}

function offsetOf(role: Role) {
  return z
    .int()
    .min(0)
    .max(10_000)
    .default(roleRecords[role].offset)
    .register(settingInfo, {
      description: `with \`portOffsets\` custom: port offset of the ${roleRecords[role].title}`,
      changes: offsetChanges(role),
    });
}

const apiPort = (byDefault: number, kind: string) =>
  port.default(byDefault).register(settingInfo, {
    description: `published port of the load balancer for API calls ${kind}`,
    changes: {
      axis2: `\`proxyPort\` of the receivers on ${gateways}`,
      apiManager: `\`GatewayEndpoint\` on ${environments}`,
    },
  });

export const network = {
  title: "Names, network and ports",
  settings: {
    namePrefix: textOrAuto(/^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/, "up to 64 lower-case letters, digits and dashes")
      .default("auto")
      .register(settingInfo, {
        description:
          "begins the names of the containers, the network and the volumes, and can't change after the first up; auto: `apim-` and the stack's name, so set it when you rename a stack",
      }),
    networkSubnet: text(/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/, "an IPv4 network such as 172.28.0.0/24")
      .default("172.28.0.0/24")
      .register(settingInfo, {
        description:
          "the deployment's own private network, /16 to /24; each stack on the same Docker engine needs another one",
        changes: { axis2: "addresses of the cluster members" },
      }),
    ...perRole("Host", ({ title, host }, role) =>
      hostName.default(host).register(settingInfo, {
        description: `host name of the ${title}, in all files and at the load balancer`,
        changes: hostChanges(role),
      }),
    ),
    ...databaseHosts(),
    publishAddress: text(isIpv4Address, "an IPv4 address").default("127.0.0.1").register(settingInfo, {
      description:
        "address of this machine on which the load balancer's ports are published; 0.0.0.0: on all addresses",
    }),
    managementAddress: textOrAuto(isIpv4Address, "an IPv4 address").default("auto").register(settingInfo, {
      description:
        "address of this machine on which the nodes' management ports and MySQL are published; auto: `publishAddress` if it is a loopback address, else 127.0.0.1",
    }),
    httpsPort: port.default(8443).register(settingInfo, {
      description: "published port of the load balancer for management consoles, Publisher and Store",
      changes: {
        catalina: "`proxyPort` of the HTTPS connector on all roles",
        apiManager: `\`APIStore/URL\`, \`APIPublisher/URL\` on ${portals}`,
        identity: "addresses of the Key Manager for browsers",
      },
    }),
    gatewayHttpsPort: apiPort(8243, "over TLS"),
    gatewayHttpPort: apiPort(8280, "without TLS"),
    managementPort: port.max(65000).default(9443).register(settingInfo, {
      description:
        "published management port of the Key Manager; the other roles have the next ports, further nodes 10 more each, further gateway environments 100 more each",
    }),
    databasePort: port.default(23306).register(settingInfo, { description: "published port of MySQL" }),
    databaseServerPort: port.default(3306).register(settingInfo, {
      description: "port of MySQL on the deployment's network, in every JDBC URL",
      changes: { dataSources: "`url`", registry: "`cacheId`" },
    }),
    portOffsets: z
      .enum(["standard", "none", "custom"])
      .default("standard")
      .register(settingInfo, {
        description: `port offsets of the roles; standard: those of the WSO2 guide (${standardOffsets}); none: 0 for all roles; custom: the \`*Offset\` settings`,
        changes: {
          carbon: "`Ports/Offset` on all roles",
          apiManager: "the ports in all URLs to another role",
          tokenApi: "the port of the endpoint",
          authorizeApi: "the port of the endpoint",
          revokeApi: "the port of the endpoint",
        },
      }),
    ...perRole("Offset", (_, role) => offsetOf(role)),
  },
} as const;
