import type { Break } from "./wiringSupport";

/** Configuration files below APIM_HOME. */
export const files = {
  apiManager: "repository/conf/api-manager.xml",
  axis2: "repository/conf/axis2/axis2.xml",
  carbon: "repository/conf/carbon.xml",
  catalina: "repository/conf/tomcat/catalina-server.xml",
  dataSources: "repository/conf/datasources/master-datasources.xml",
  registry: "repository/conf/registry.xml",
  users: "repository/conf/user-mgt.xml",
  synapse: (api: string) => `repository/deployment/server/synapse-configs/default/api/_${api}API_.xml`,
};

/** One wrong value, and what verify must report. */
export interface WrongWiring {
  readonly what: string;
  readonly broken: Break;
  /** The step that fails first, as `Group: start of its name`. Absent: only a link check fails. */
  readonly step?: string;
  /** All links that verify names as suspects, or whose checks fail. */
  readonly links: readonly string[];
  /** The file that verify names. @default the broken file */
  readonly file?: string;
  /** Matches the message of the step or of the link check. */
  readonly says: RegExp;
  /** A further place that verify names. */
  readonly also?: string;
  /** True: verify can't remove what it created, because removing uses the broken link too. @default false */
  readonly leaves?: boolean;
  /** Links whose checks from inside the nodes must fail too. */
  readonly fromInside?: readonly string[];
}

/** The link of a node to the Key Manager. */
export const keyManager = (from: string, element: string) => `${from} -> keymanager-1 (${element})`;
const gateway = (from: string, element: string) => `${from} -> loadbalancer (${element})`;
const environment = gateway("publisher-1", "Environment[Production and Sandbox]/ServerURL");
const members = ["publisher-1 -> store-1 (clustering/members)", "store-1 -> publisher-1 (clustering/members)"];
const thrift = keyManager("gateway-1", "APIKeyValidator/ThriftClientPort");
const passwordIn = (element: string): [RegExp, string] => [
  new RegExp(`(<${element}\\b(?:(?!</${element}>)[\\s\\S])*?<Password>)[^<]+`),
  "$1wrong",
];
const database = (name: string, element: string): [RegExp, string] => [
  new RegExp(`(<name>${name}</name>(?:(?!</datasource>)[\\s\\S])*?<${element}>)[^<]*`),
  "$1wrong",
];

const publisher = (file: string, change: [RegExp, string]): Break => ({ node: "publisher-1", file, change });
const store = (file: string, change: [RegExp, string]): Break => ({ node: "store-1", file, change });
export const gatewayNode = (file: string, change: [RegExp, string]): Break => ({ node: "gateway-1", file, change });
const keyManagerNode = (file: string, change: [RegExp, string]): Break => ({ node: "keymanager-1", file, change });

export const cases: readonly WrongWiring[] = [
  {
    what: "the Publisher has a wrong port for the Key Manager",
    broken: publisher(files.apiManager, [/(<AuthManager>[^<]*<ServerURL>[^<]*):9443/, "$1:9453"]),
    step: "Publisher: log in",
    links: [keyManager("publisher-1", "AuthManager/ServerURL")],
    says: /AuthManager\/ServerURL in .*api-manager\.xml.*nothing listens there/,
    fromInside: [keyManager("publisher-1", "AuthManager/ServerURL")],
  },
  {
    what: "the Publisher has a wrong admin password for the Key Manager",
    broken: publisher(files.apiManager, passwordIn("AuthManager")),
    step: "Publisher: log in",
    links: [keyManager("publisher-1", "AuthManager/ServerURL")],
    says: /user admin or its password refused/,
    also: `${files.users} (AdminUser) of keymanager-1`,
    fromInside: [keyManager("publisher-1", "AuthManager/ServerURL")],
  },
  {
    what: "the Key Manager has another admin password",
    broken: keyManagerNode(files.users, passwordIn("AdminUser")),
    step: "Publisher: log in",
    links: [keyManager("publisher-1", "AuthManager/ServerURL")],
    file: files.apiManager,
    says: /user admin or its password refused/,
    also: `${files.users} (AdminUser) of keymanager-1`,
    fromInside: [
      keyManager("publisher-1", "AuthManager/ServerURL"),
      keyManager("store-1", "AuthManager/ServerURL"),
      keyManager("gateway-1", "APIKeyValidator/ServerURL"),
    ],
  },
  {
    what: "the load balancer routes the Publisher's host name to the Store",
    broken: {
      node: "loadbalancer",
      file: "/usr/local/etc/haproxy/haproxy.cfg",
      change: [/(server publisher-1 [\d.]+)61:9445(.*)port 9445/, "$181:9446$2port 9446"],
    },
    step: "Publisher: log in",
    links: ["loadbalancer -> publisher-1 (publisher)"],
    file: "haproxy.cfg",
    says: /expected JSON with status 200, found status 404/,
    fromInside: ["loadbalancer -> publisher-1 (publisher)"],
  },
  {
    what: "the Publisher has another port offset",
    broken: publisher(files.carbon, [/<Offset>2</, "<Offset>7<"]),
    step: "Publisher: log in",
    links: ["loadbalancer -> publisher-1 (publisher)"],
    file: "haproxy.cfg",
    says: /the load balancer answered 503/,
    also: `${files.carbon} (Ports/Offset) of publisher-1`,
    fromInside: ["loadbalancer -> publisher-1 (publisher)"],
  },
  {
    what: "the Publisher uses another database as apimgtdb",
    broken: publisher(files.dataSources, [/:3306\/apimgtdb/, ":3306/userdb"]),
    step: "Publisher: create",
    links: ["publisher-1 -> apimgtdb (WSO2AM_DB)"],
    says: /userdb\.AM_/,
    fromInside: ["publisher-1 -> apimgtdb (WSO2AM_DB)"],
  },
  {
    what: "the Publisher has a wrong password for regdb",
    broken: publisher(files.dataSources, database("WSO2REG_DB", "password")),
    step: "Publisher: create",
    links: ["publisher-1 -> regdb (WSO2REG_DB)"],
    says: /user or password refused.*apim_registry/,
    fromInside: ["publisher-1 -> regdb (WSO2REG_DB)"],
  },
  {
    what: "the Publisher mounts the registry on its embedded database",
    broken: publisher(files.registry, [/jdbc\/WSO2REG_DB/, "jdbc/WSO2CarbonDB"]),
    step: "Publisher: create",
    links: ["publisher-1 -> regdb (mount)"],
    says: /jdbc\/WSO2CarbonDB is embedded/,
  },
  {
    what: "the Publisher has the Key Manager as its gateway",
    broken: publisher(files.apiManager, [
      /gateway\.apim-wso2\.com:9444\/services/,
      "keymanager.apim-wso2.com:9443/services",
    ]),
    step: "Publisher: publish",
    links: [environment],
    says: /APIGatewayAdmin.*does not have that service/,
    fromInside: [environment],
  },
  {
    what: "the Publisher has a wrong admin password for the gateway",
    broken: publisher(files.apiManager, passwordIn("Environment")),
    step: "Publisher: publish",
    links: [environment],
    says: /user admin or its password refused/,
    fromInside: [environment],
  },
  {
    what: "the Store has a host name for the Key Manager that does not exist",
    broken: store(files.apiManager, [/(<AuthManager>[^<]*<ServerURL>https:\/\/)keymanager/, "$1gone"]),
    step: "Store: log in",
    links: [keyManager("store-1", "AuthManager/ServerURL")],
    says: /gone\.apim-wso2\.com.*does not resolve/,
    fromInside: [keyManager("store-1", "AuthManager/ServerURL")],
  },
  {
    what: "the Store is in another cluster domain",
    broken: store(files.axis2, [/wso2\.pub\.store\.domain/, "other.domain"]),
    step: "Store: find",
    links: members,
    says: /expected Verify\w+ 1\.0\.0 in the Store's list/,
    also: `${files.axis2} (domain, localMemberHost) of store-1`,
    fromInside: members,
  },
  {
    what: "the Store has a loopback address as localMemberHost",
    broken: store(files.axis2, [/("localMemberHost">)[\d.]+/, "$1127.0.0.1"]),
    step: "Store: find",
    links: members,
    says: /expected Verify\w+ 1\.0\.0 in the Store's list/,
    also: `${files.axis2} (domain, localMemberHost) of store-1`,
    fromInside: members,
  },
  {
    what: "the Store does not have the Publisher among its members",
    broken: store(files.axis2, [/<member>[\s\S]*<\/member>/, ""]),
    links: ["store-1 -> publisher-1 (clustering/members)"],
    says: /expected a link to hazelcast:.*store-1 has none/,
  },
  {
    what: "the Store mounts another part of the registry",
    broken: store(files.registry, [/<targetPath>\/_system\/governance</, "<targetPath>/_system/elsewhere<"]),
    step: "Store: find",
    links: ["store-1 -> regdb (mount)"],
    says: /expected Verify\w+ 1\.0\.0 in the Store's list/,
  },
  {
    what: "the Store has the gateway as its Key Manager",
    broken: store(files.apiManager, [
      /(<APIKeyValidator>[^<]*<ServerURL>https:\/\/)keymanager(\.[^:]*):9443/,
      "$1gateway$2:9444",
    ]),
    step: "Store: generate",
    links: [keyManager("store-1", "APIKeyValidator/ServerURL")],
    says: /APIKeyMgtSubscriberService.*does not have that service/,
    fromInside: [keyManager("store-1", "APIKeyValidator/ServerURL")],
  },
  {
    what: "the Store has a wrong port in RevokeAPIURL",
    broken: store(files.apiManager, [/(<RevokeAPIURL>[^<]*):8244/, "$1:8250"]),
    step: "Store: generate",
    links: [gateway("store-1", "RevokeAPIURL")],
    says: /RevokeAPIURL in .*nothing listens there/,
    fromInside: [gateway("store-1", "RevokeAPIURL")],
  },
  {
    what: "the Key Manager has a wrong password for apimgtdb",
    broken: keyManagerNode(files.dataSources, database("WSO2AM_DB", "password")),
    step: "Store: generate",
    links: ["keymanager-1 -> apimgtdb (WSO2AM_DB)"],
    says: /Access denied/,
    fromInside: ["keymanager-1 -> apimgtdb (WSO2AM_DB)"],
  },
  {
    what: "the gateway forwards token requests to the Store",
    broken: gatewayNode(files.synapse("Token"), [/keymanager\.apim-wso2\.com:9443/, "store.apim-wso2.com:9446"]),
    step: "Store: generate",
    links: [keyManager("gateway-1", "_TokenAPI_ endpoint")],
    says: /\/oauth2\/token/,
    fromInside: [keyManager("gateway-1", "_TokenAPI_ endpoint")],
  },
  {
    what: "the gateway has a wrong admin password for the Key Manager",
    broken: gatewayNode(files.apiManager, passwordIn("APIKeyValidator")),
    step: "Gateway: call the API with the token over HTTPS",
    links: [keyManager("gateway-1", "APIKeyValidator/ServerURL")],
    says: /900900.*user admin or its password refused/,
    also: `${files.users} (AdminUser) of keymanager-1`,
    fromInside: [keyManager("gateway-1", "APIKeyValidator/ServerURL"), thrift],
  },
  {
    what: "the gateway has a Thrift host name that does not exist",
    broken: gatewayNode(files.apiManager, [/(<ThriftServerHost>)keymanager/, "$1gone"]),
    step: "Gateway: call the API with the token over HTTPS",
    links: [thrift],
    says: /gone\.apim-wso2\.com:10397.*does not resolve/,
    fromInside: [thrift],
  },
  {
    what: "the Key Manager does not serve Thrift",
    broken: keyManagerNode(files.apiManager, [/(<EnableThriftServer>)true/, "$1false"]),
    step: "Gateway: call the API with the token over HTTPS",
    links: [thrift],
    says: /:10397.*nothing listens there/,
    also: `${files.apiManager} (EnableThriftServer, ThriftServerPort) of keymanager-1`,
    fromInside: [thrift],
  },
  {
    what: "the gateway uses WSClient instead of ThriftClient",
    broken: gatewayNode(files.apiManager, [/>ThriftClient</, ">WSClient<"]),
    links: [thrift],
    says: /expected a link to thrift:.*gateway-1 has none/,
  },
  {
    what: "the gateway forwards revoke requests to a wrong port",
    broken: gatewayNode(files.synapse("Revoke"), [/:9443/, ":9453"]),
    step: "Gateway: revoke",
    links: [keyManager("gateway-1", "_RevokeAPI_ endpoint")],
    says: /_RevokeAPI_ endpoint in .*nothing listens there/,
    leaves: true,
    fromInside: [keyManager("gateway-1", "_RevokeAPI_ endpoint")],
  },
  {
    what: "the gateway forwards authorize requests to a wrong port",
    broken: gatewayNode(files.synapse("Authorize"), [/:9443/, ":9453"]),
    step: "Gateway: open /authorize",
    links: [keyManager("gateway-1", "_AuthorizeAPI_ endpoint")],
    says: /_AuthorizeAPI_ endpoint in .*nothing listens there/,
    fromInside: [keyManager("gateway-1", "_AuthorizeAPI_ endpoint")],
  },
  {
    what: "the Key Manager redirects browsers to another host name",
    broken: keyManagerNode(files.carbon, [/(<MgtHostName>)[^<]+/, "$1localhost"]),
    step: "Gateway: open /authorize",
    links: ["browser -> keymanager-1 (host)"],
    says: /found https:\/\/localhost:18443/,
  },
  {
    what: "the Key Manager redirects browsers to its own port",
    broken: keyManagerNode(files.catalina, [/(\sport="9443") proxyPort="\d+"/, "$1"]),
    step: "Gateway: open /authorize",
    links: ["browser -> keymanager-1 (port)"],
    says: /found https:\/\/keymanager\.apim-wso2\.com:9443/,
  },
  {
    what: "the gateway has a database of a former deployment open",
    broken: gatewayNode(files.dataSources, [/jdbc:h2:[^<]*WSO2CARBON_DB[^<]*/, "jdbc:mysql://olddb.test:3306/carbon"]),
    links: [
      "gateway-1 answers as gateway.apim-wso2.com",
      "gateway-1 -> olddb.test:3306 (jdbc)",
      "gateway-1 -> olddb.test (hosts)",
    ],
    says: /this is no database of the deployment, and the node has it open/,
  },
  {
    what: "the gateway does not permit calls from the Store's pages",
    broken: gatewayNode(files.apiManager, [/(<Access-Control-Allow-Origin>)[^<]*/, "$1https://old.example.com"]),
    step: "Gateway: ask whether the Store's pages",
    links: ["gateway-1 -> Store pages (CORS)"],
    says: /expected Access-Control-Allow-Origin to permit https:\/\/store\.apim-wso2\.com:18443, found status 200 and no such header/,
  },
  {
    what: "the Key Manager has a wrong port in RevokeAPIURL",
    broken: keyManagerNode(files.apiManager, [/(<RevokeAPIURL>[^<]*):8244/, "$1:8250"]),
    step: "Clean up: remove the user",
    links: [gateway("keymanager-1", "RevokeAPIURL")],
    says: /revoking at .*RevokeAPIURL in .*nothing listens there/,
    leaves: true,
    fromInside: [gateway("keymanager-1", "RevokeAPIURL")],
  },
];
