import * as fc from "fast-check";
import type { RawSettings } from "../../settings";

const label = fc.stringMatching(/^[a-z][a-z0-9]{1,8}$/);
const offset = fc.integer({ min: 0, max: 500 });

/** Any settings that touch a configuration file, valid together. */
export const anySettings: fc.Arbitrary<RawSettings> = fc
  .record({
    jwt: fc.boolean(),
    multiTenancy: fc.boolean(),
    keyValidatorClient: fc.constantFrom("ThriftClient", "WSClient"),
    offsets: fc.tuple(offset, offset, offset, offset),
    domain: label,
    subnet: fc.tuple(fc.nat(255), fc.nat(255)),
    ports: fc
      .uniqueArray(fc.integer({ min: 1, max: 6_000 }), { minLength: 5, maxLength: 5 })
      // The four management ports are in a row.
      .map((numbers) => numbers.map((number) => number * 10)),
    clusterDomain: fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/),
    poolMaxActive: fc.integer({ min: 1, max: 1000 }),
    poolMaxWait: fc.integer({ min: -1, max: 3_600_000 }),
  })
  .map(({ offsets, domain, subnet, ports, ...rest }) => ({
    ...rest,
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

/** Text that XML can hold, often with the characters that it can't hold as they are. */
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
