import assert from "node:assert/strict";
import { environments, faultsOf, own, ownStores } from "./support";

describe("settings: faults", () => {
  const bad: [name: string, value: unknown, expected: RegExp][] = [
    ["multiTenancy", "yes", /multiTenancy: expected true \| false, found "yes"; set wso2-apim:multiTenancy/],
    ["databasePort", "0", /databasePort: expected 1 to 65535, found 0/],
    ["databasePort", "70000", /databasePort: expected 1 to 65535, found 70000/],
    ["databasePort", "ten", /databasePort: expected 1 to 65535, found "ten"/],
    ["databasePort", "1.5", /databasePort: expected 1 to 65535, found "1.5"/],
    ["keyValidatorClient", "Thrift", /keyValidatorClient: expected auto \| ThriftClient \| WSClient, found "Thrift"/],
    ["portOffsets", "all", /portOffsets: expected standard \| none \| custom, found "all"/],
    ["networkSubnet", "172.28.0.0", /networkSubnet: expected an IPv4 network such as/],
    ["networkSubnet", "8.8.8.0/24", /networkSubnet: expected a private network/],
    ["networkSubnet", "172.28.0.0/30", /networkSubnet: expected a private network/],
    ["networkSubnet", "10.0.0.5/24", /networkSubnet: .* ends in \.0/],
    ["networkSubnet", "10.300.0.0/16", /networkSubnet: expected a private network/],
    ["networkSubnet", "10.1.1.0/16", /networkSubnet: expected the network's own address 10\.1\.0\.0\/16/],
    ["publisherHost", "Publisher", /publisherHost: expected a full lower-case host name/],
    ["publisherHost", "store.apim-wso2.com", /storeHost: expected another value than publisherHost/],
    ["publishAddress", "localhost", /publishAddress: expected an IPv4 address, found "localhost"/],
    ["managementAddress", "lo", /managementAddress: expected auto, or an IPv4 address, found "lo"/],
    ["httpsPort", 8243, /gatewayHttpsPort: expected another value than httpsPort, found "8243" for both/],
    [
      "managementPort",
      8441,
      /httpsPort: port 8443 is the management port of publisher-1 \(wso2-apim:managementPort is 8441\)/,
    ],
    ["adminUser", "a b", /adminUser: expected 3 to 30 characters/],
    ["apimHome", "relative", /apimHome: expected an absolute path/],
    ["poolMaxWait", "-2", /poolMaxWait: expected -1 to 3600000, found -2/],
    ["nodeMemory", "1", /nodeMemory: expected auto, or 32 to 1048576, found 1/],
    ["nodeMemory", "-1", /nodeMemory: expected auto, or 32 to 1048576, found -1/],
    [
      "nodeHeap",
      "1024",
      /nodeHeap: expected auto with the stand-in, which has no JVM, found 1024; .* or remove nodeHeap/,
    ],
    ["nodeHeap", "100", /nodeHeap: expected auto, or 256 to 1048576, found 100/],
    ["startTimeout", "5", /startTimeout: expected auto, or 10 to 3600, found 5/],
    [
      "jdbcDriver",
      "mysql.zip",
      /jdbcDriver: expected auto, or the path of a mysql-connector-java jar, or a version of it/,
    ],
    ["jdbcDriver", "5.1.40", /jdbcDriver: expected auto with the stand-in, .*, found "5\.1\.40"/],
    ["apimHome", "/opt/other", /apimHome: expected \/opt\/wso2am without an image of your own, found "\/opt\/other"/],
    ["image", "mine:1", /image: expected nothing with the stand-in, .*, found "mine:1"/],
    ["databasPort", "1", /databasPort: there is no such setting \(did you mean databasePort\?\)/],
    ["colour", "red", /colour: there is no such setting; remove it/],
  ];
  for (const [name, value, expected] of bad) {
    it(`refuse ${name} = ${JSON.stringify(value)}`, () => {
      const faults = faultsOf({ [name]: value });
      assert.equal(faults.length, 1, faults.join("\n"));
      assert.match(faults[0] ?? "", expected);
    });
  }

  const badTogether: [settings: Record<string, unknown>, expected: RegExp][] = [
    [
      { keyManagerReplicas: 2, keyValidatorClient: "ThriftClient" },
      /keyValidatorClient: expected auto or WSClient with 2 Key Managers, found "ThriftClient": several Key Managers are behind .* not Thrift; set /,
    ],
    [{ gatewayReplicas: 9 }, /gatewayReplicas: expected 1 to 8, found 9/],
    [{ gatewayReplicas: 2, gatewayWorkers: 1 }, /gatewayReplicas: expected 1 with gatewayWorkers 1, found 2/],
    [{ gatewayEnvironments: "test" }, /gatewayEnvironments: expected hybrid, production or sandbox, or several/],
    [{ gatewayEnvironments: "sandbox,sandbox" }, /gatewayEnvironments: .* found "sandbox" twice/],
    [{ gatewayEnvironments: "hybrid,worker=sandbox" }, /do not begin with "worker"/],
    [
      { gatewayEnvironments: "hybrid,aa=sandbox,aa-worker=sandbox", gatewayWorkers: 1 },
      /gives two nodes the name gateway-aa-worker-1/,
    ],
    [{ storeHost: "gateway-1.apim-wso2.com" }, /storeHost: .* it is the name of gateway-1; set wso2-apim:storeHost/],
    [
      { gatewayEnvironments: "production,sandbox", storeHost: "sandbox-gateway.apim-wso2.com" },
      /storeHost: expected a name that no node has/,
    ],
    [{ storeReplicas: 3, databasePort: 9466 }, /databasePort: port 9466 is the management port of store-3/],
    [
      { managementPort: 64990, storeReplicas: 8, gatewayEnvironments: environments(7) },
      /managementPort: expected at most/,
    ],
    [{ gatewayEnvironments: environments(10) }, /networkSubnet: expected a larger network, found "172.28.0.0\/24"/],
    [
      { gatewayReplicas: 2, portOffsets: "custom", gatewayOffset: 200 },
      /gatewayOffset: .* two fronts would listen on port 8443/,
    ],
    [{ portOffsets: "custom", keyManagerOffset: 954 }, /keyManagerOffset: .* two ports would be 10397/],
    [
      { keyManagerReplicas: 2, gatewayReplicas: 2, portOffsets: "custom", gatewayOffset: 1163 },
      /keyManagerOffset: .* port 9443/,
    ],
    [
      { keystoreAlias: "x" },
      /keystoreAlias: expected auto without a keystore of your own, found "x"; set wso2-apim:keystore, or remove/,
    ],
    [
      { keystore: "a.jks", keystorePassword: "x" },
      /truststore: expected the file with the certificates that the nodes trust, since keystore is set, found nothing; set /,
    ],
    [
      { truststore: "t.jks" },
      /truststorePassword: expected a password, since truststore is t\.jks, found nothing; run: npm run config/,
    ],
    [
      { keystore: "a.jks", truststore: "t.jks", truststorePassword: "x" },
      /keystorePassword: expected a password, since keystore is a\.jks, found nothing; run: npm run config -- set --secret keystoreP/,
    ],
    [
      { ...ownStores, certificateRenewal: "2027" },
      /certificateRenewal: expected the default, since your own keystore is renewed by a new file, found "2027"; remove it with: npm run config/,
    ],
    [
      { ...ownStores, certificateDays: 90 },
      /certificateDays: expected the default, since your own keystore .* found "90"/,
    ],
    [{ ...ownStores, authorityRenewal: "2" }, /authorityRenewal: expected the default, since your own keystore/],
    [{ certificateRenewal: "a b" }, /certificateRenewal: expected a date, a number or a word, or nothing/],
    [{ certificateDays: 7301 }, /certificateDays: expected 1 to 7300/],
    [{ analytics: true }, /analyticsPassword: expected a password, since analytics is true/],
    [{ deploymentSynchronizer: "svn", gatewayWorkers: 1, svnUrl: "http://a/", svnUser: "u" }, /svnPassword: expected/],
    [
      { deploymentSynchronizer: "svn", gatewayWorkers: 1, svnUrl: "http://a/", svnPassword: "x" },
      /svnUser: expected a value/,
    ],
    [
      { deploymentSynchronizer: "svn", svnUrl: "http://a/", svnUser: "u", svnPassword: "x" },
      /deploymentSynchronizer: expected off without gateway workers/,
    ],
    [
      { databaseHost: "db.example.com" },
      /databaseAdminPassword: expected a password, since databaseHost is db\.example\.com.*run: npm run config -- set --secret databaseAdminPassword$/,
    ],
    [
      { databaseHost: "127.0.0.1", databaseAdminPassword: "x" },
      /databaseHost: .* the containers also reach the server, found "127/,
    ],
    [
      { databaseHost: "localhost", databaseAdminPassword: "x" },
      /databaseHost: .* the containers also reach the server/,
    ],
    [
      { databaseHost: "172.28.0.10", databaseAdminPassword: "x" },
      /databaseHost: expected an address outside the deployment's own network 172\.28\.0\.0\/24, found "172\.28\.0\.10"/,
    ],
    [{ databaseHost: "10.0.0.300", databaseAdminPassword: "x" }, /databaseHost: expected a lower-case host name or an/],
    [{ databaseHost: "db:3306", databaseAdminPassword: "x" }, /databaseHost: expected a lower-case host name or an/],
    [{ databasePrefix: "prod_" }, /databasePrefix: expected up to 40 lower-case letters, digits and dashes/],
    [{ databaseUserPrefix: "a".repeat(23) }, /databaseUserPrefix: expected 1 to 22 letters, digits/],
    [{ databaseAdminUser: "o'brien" }, /databaseAdminUser: expected 1 to 32 characters without white space, quotes/],
    [{ svnUrl: "http://u:p@a/" }, /svnUrl: expected a URL without user or password/],
    [{ jwtSignature: "MD5" }, /jwtSignature: expected SHA256withRSA \| NONE/],
    [{ ...own, jdbcDriver: "a.jar" }, /jdbcDriver: expected auto with the image mine:1, .*, found "a\.jar"/],
    [{ distribution: "wso2am.zip", apimHome: "/opt/other" }, /apimHome: expected .* or set wso2-apim:image/],
    [{ ...own, nodeMemory: 1024 }, /nodeMemory: expected at least 1536 for the product, found 1024; set .* remove it/],
    [
      { ...own, nodeMemory: 2048, nodeHeap: 1537 },
      /nodeHeap: expected at most 1536 with nodeMemory 2048 .* found 1537; set .*nodeHeap, or .*nodeMemory to at least 2049/,
    ],
    [{ jwtHeader: "X Y" }, /jwtHeader: expected the name of an HTTP header/],
    [{ jwtClaimsRetriever: "no class" }, /jwtClaimsRetriever: expected the full name of a Java class/],
  ];
  for (const [settings, expected] of badTogether) {
    it(`refuse ${JSON.stringify(settings)}`, () => {
      const faults = faultsOf(settings);
      assert.equal(faults.length, 1, faults.join("\n"));
      assert.match(faults[0] ?? "", expected);
    });
  }
});
