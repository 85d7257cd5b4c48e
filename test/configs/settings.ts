import * as fc from "fast-check";
import type { RawSettings } from "../../settings";

const label = fc.stringMatching(/^[a-z][a-z0-9]{1,8}$/);
const offset = fc.integer({ min: 0, max: 500 });
/** Larger offsets can conflict with the ports of the balancer. */
const gatewayOffset = fc.integer({ min: 0, max: 36 });

/** Any valid combination of the settings that affect configuration files. */
export const anySettings: fc.Arbitrary<RawSettings> = fc
  .record({
    jwt: fc.boolean(),
    multiTenancy: fc.boolean(),
    jwtHeader: fc.constantFrom("X-JWT-Assertion", "X-Caller"),
    jwtClaimsRetriever: fc.constantFrom("", "org.example.Claims"),
    jwtDialect: fc.constantFrom("http://wso2.org/claims", "urn:some&more'claims"),
    jwtSignature: fc.constantFrom("SHA256withRSA", "NONE"),
    keyValidatorClient: fc.constantFrom("auto", "WSClient"),
    keyManagerReplicas: fc.integer({ min: 1, max: 8 }),
    publisherReplicas: fc.integer({ min: 1, max: 8 }),
    storeReplicas: fc.integer({ min: 1, max: 8 }),
    gateways: fc.oneof(
      fc.record({ gatewayReplicas: fc.integer({ min: 1, max: 8 }) }),
      fc.record({ gatewayWorkers: fc.integer({ min: 1, max: 8 }) }),
      fc.record({
        gatewayWorkers: fc.integer({ min: 1, max: 3 }),
        deploymentSynchronizer: fc.constant("svn"),
        svnUrl: fc.constant("https://svn.example.org/apis?a&b"),
        svnUser: fc.constantFrom("apis", "o'brien <\u00e4>"),
        svnPassword: fc.constant("x"),
      }),
    ),
    gatewayEnvironments: fc.constantFrom(
      "hybrid",
      "sandbox",
      "production,sandbox",
      "eu=production, us=production,test=sandbox",
    ),
    keyManagerClusterDomain: fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/),
    gatewayClusterDomain: fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/),
    analytics: fc.boolean(),
    analyticsUser: fc.constantFrom("admin", "o'brien & <co>"),
    offsets: fc.tuple(offset, gatewayOffset, offset, offset),
    domain: label,
    subnet: fc.tuple(fc.nat(255), fc.nat(255)),
    ports: fc
      .uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 5, maxLength: 5 })
      // Far apart, since the management ports of each environment start 100 higher.
      .map((numbers) => numbers.map((number) => number * 1000)),
    databaseHost: fc.constantFrom("", "192.0.2.7", "db.example.org", "db"),
    databasePrefix: fc.constantFrom("", "prod-"),
    databaseUserPrefix: fc.constantFrom("apim_", "Team-1_"),
    clusterDomain: fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/),
    poolMaxActive: fc.integer({ min: 1, max: 1000 }),
    poolMaxWait: fc.integer({ min: -1, max: 3_600_000 }),
  })
  .map(({ offsets, domain, subnet, ports, gateways, ...rest }) => ({
    ...rest,
    ...gateways,
    ...(rest.analytics && { analyticsPassword: "x" }),
    ...(rest.databaseHost && { databaseAdminPassword: "x" }),
    analyticsHost: `bam.${domain}.test`,
    portOffsets: "custom",
    keyManagerOffset: offsets[0],
    gatewayOffset: offsets[1],
    publisherOffset: offsets[2],
    storeOffset: offsets[3],
    keyManagerHost: `km.${domain}.test`,
    gatewayHost: `gw.${domain}.test`,
    publisherHost: `pub.${domain}.test`,
    storeHost: `store.${domain}.test`,
    apimgtdbHost: `am.db.${domain}.test`,
    userdbHost: `um.db.${domain}.test`,
    regdbHost: `reg.db.${domain}.test`,
    networkSubnet: `10.${subnet[0]}.${subnet[1]}.0/24`,
    httpsPort: ports[0],
    gatewayHttpsPort: ports[1],
    gatewayHttpPort: ports[2],
    managementPort: ports[3],
    databasePort: ports[4],
  }));

/** Text that XML can contain, often with characters that must be escaped. */
export const awkwardText = fc
  .array(
    fc.oneof(
      fc.constantFrom("&", "<", ">", '"', "'", "]]>", "&amp;", "{{secret:", "}}", "\t", "\n", "\r", " ", "$&", "$1"),
      fc.constantFrom("ä", "Ω", "€", "\u{1f511}", "\u0085", "\u007f"),
      fc.stringMatching(/^[a-z0-9]{1,4}$/),
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((parts) => parts.join(""));
