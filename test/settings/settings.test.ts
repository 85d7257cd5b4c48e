import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import fc from "fast-check";
import * as yaml from "yaml";
import { z } from "zod";
import { loadSettingsFromStack, parseSettings } from "../../plan/settings";
import { differingSettings, SettingsError, settingsSchema } from "../../settings";
import { completeSettings } from "../../settings/derived";
import { secretSettings } from "../../settings/schema";
import { buildTopology } from "../../topology";

const project = path.join(__dirname, "../..");

function faultsOf(raw: Record<string, unknown>, stack = "dev"): readonly string[] {
  try {
    parseSettings(raw, stack);
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    return error.faults;
  }
  return [];
}

describe("settings", () => {
  it("have the document's values when nothing is set", () => {
    const settings = parseSettings({}, "dev");
    assert.equal(settings.distribution, "stand-in");
    assert.equal(settings.publisherHost, "publisher.apim-wso2.com");
    assert.equal(settings.clusterDomain, "wso2.pub.store.domain");
    assert.equal(settings.poolMaxActive, 50);
    assert.equal(settings.publishAddress, "127.0.0.1");
  });

  it("are declared in Pulumi.yaml with the same names, types and defaults", () => {
    const declared = yaml.parse(fs.readFileSync(path.join(project, "Pulumi.yaml"), "utf8")).config as Record<
      string,
      { type: string; default: unknown; description?: string }
    >;
    const wanted = Object.fromEntries(
      Object.entries(settingsSchema.shape).map(([name, field]) => {
        const inner = field.unwrap();
        const type = inner instanceof z.ZodBoolean ? "boolean" : inner instanceof z.ZodNumber ? "integer" : "string";
        return [name, { type, default: field.parse(undefined) }];
      }),
    );
    assert.deepEqual(
      Object.fromEntries(
        Object.entries(declared).map(([name, { type, default: value }]) => [name, { type, default: value }]),
      ),
      wanted,
    );
    for (const [name, { description }] of Object.entries(declared))
      assert.ok(description, `${name} has no description`);
  });

  it("are told with their defaults in docs/settings.md, the secrets too, and each with what it changes", () => {
    const text = fs.readFileSync(path.join(project, "docs", "settings.md"), "utf8");
    const [tables = "", changes = ""] = text.split("## What each setting changes");
    const [plain = "", secrets = ""] = tables.split("## Secrets");
    const rows = [...plain.matchAll(/^\| `(\w+)` \| (?:`([^`]+)`|empty) \|/gm)].map(([, name, value = ""]) => [
      name,
      value,
    ]);
    const wanted = Object.entries(settingsSchema.shape).map(([name, field]) => [name, String(field.parse(undefined))]);
    assert.deepEqual(rows.sort(), wanted.sort());
    const secretRows = [...secrets.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    assert.deepEqual(secretRows.sort(), [...secretSettings].sort());
    for (const [name] of wanted)
      assert.match(changes, new RegExp(`^\\|[^|]*\`${name}\`[^|]*\\|`, "m"), `${name} has no line`);
  });

  it("accept the strings in which Pulumi delivers numbers and booleans", () => {
    const settings = parseSettings({ databasePort: "13306", multiTenancy: "true" }, "dev");
    assert.equal(settings.databasePort, 13306);
    assert.equal(settings.multiTenancy, true);
  });

  const bad: [name: string, value: unknown, expected: RegExp][] = [
    ["multiTenancy", "yes", /multiTenancy: expected a boolean, found "yes"; set wso2-apim:multiTenancy/],
    ["databasePort", "0", /databasePort: expected at least 1, found 0/],
    ["databasePort", "70000", /databasePort: expected at most 65535, found 70000/],
    ["databasePort", "ten", /databasePort: expected a number, found "ten"/],
    ["databasePort", "1.5", /databasePort: expected a number, found "1.5"/],
    ["keyValidatorClient", "Thrift", /keyValidatorClient: expected auto \| ThriftClient \| WSClient, found "Thrift"/],
    ["portOffsets", "all", /portOffsets: expected document \| none \| custom, found "all"/],
    ["networkSubnet", "172.28.0.0", /networkSubnet: expected an IPv4 network such as/],
    ["networkSubnet", "8.8.8.0/24", /networkSubnet: expected a private network/],
    ["networkSubnet", "172.28.0.0/30", /networkSubnet: expected a private network/],
    ["networkSubnet", "10.0.0.5/24", /networkSubnet: .* ends in \.0/],
    ["networkSubnet", "10.300.0.0/16", /networkSubnet: expected a private network/],
    ["networkSubnet", "10.1.1.0/16", /networkSubnet: expected the network's own address 10\.1\.0\.0\/16/],
    ["publisherHost", "Publisher", /publisherHost: expected a full lower-case host name/],
    ["publisherHost", "store.apim-wso2.com", /storeHost: expected another value than publisherHost/],
    ["publishAddress", "localhost", /publishAddress: expected a valid ipv4 address, found "localhost"/],
    ["managementAddress", "lo", /managementAddress: expected an IPv4 address, or nothing, found "lo"/],
    ["httpsPort", 8243, /gatewayHttpsPort: expected another value than httpsPort, found "8243" for both/],
    [
      "managementPort",
      8441,
      /httpsPort: port 8443 is the management port of publisher-1 \(wso2-apim:managementPort is 8441\)/,
    ],
    ["adminUser", "a b", /adminUser: expected 3 to 30 characters/],
    ["apimHome", "relative", /apimHome: expected an absolute path/],
    ["poolMaxWait", "-2", /poolMaxWait: expected at least -1, found -2/],
    ["nodeMemory", "1", /nodeMemory: expected 0, or at least 32, found 1/],
    ["nodeMemory", "-1", /nodeMemory: expected 0, or at least 32, found -1/],
    ["nodeHeap", "1024", /nodeHeap: the stand-in has no JVM, found 1024; .* or remove nodeHeap/],
    ["nodeHeap", "100", /nodeHeap: expected 0, or at least 256, found 100/],
    ["startTimeout", "5", /startTimeout: expected 0, or at least 10, found 5/],
    ["jdbcDriver", "mysql.zip", /jdbcDriver: expected the path of a mysql-connector-java jar, or a version of it/],
    [
      "jdbcDriver",
      "5.1.40",
      /jdbcDriver: it goes into an image .* and the stand-in is there already, found "5\.1\.40"/,
    ],
    [
      "apimHome",
      "/opt/other",
      /apimHome: expected \/opt\/wso2am where no image of yours is named, found "\/opt\/other"/,
    ],
    ["image", "mine:1", /image: the stand-in has its own image, found "mine:1"/],
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

  const own = { distribution: "/opt/packs/wso2am-1.9.0", image: "mine:1" };
  const ownStores = { keystore: "a.jks", truststore: "t.jks", keystorePassword: "x", truststorePassword: "x" };
  const badTogether: [settings: Record<string, unknown>, expected: RegExp][] = [
    [
      { keyManagerReplicas: 2, keyValidatorClient: "ThriftClient" },
      /keyValidatorClient: expected auto or WSClient with 2 Key Managers, found "ThriftClient": several Key Managers are behind .* not Thrift; set /,
    ],
    [{ gatewayReplicas: 9 }, /gatewayReplicas: expected at most 8, found 9/],
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
    [{ keystoreAlias: "x" }, /keystoreAlias: there is no keystore of your own; set wso2-apim:keystore, or remove it/],
    [
      { keystore: "a.jks", keystorePassword: "x" },
      /truststore: expected the file with whom the nodes trust, since keystore is given, found nothing; set /,
    ],
    [
      { truststore: "t.jks" },
      /truststorePassword: expected the password of t\.jks, found nothing; run: npm run config/,
    ],
    [
      { keystore: "a.jks", truststore: "t.jks", truststorePassword: "x" },
      /keystorePassword: expected the password of a\.jks, found nothing; run: npm run config -- set --secret keystoreP/,
    ],
    [
      { ...ownStores, certificateRenewal: "2027" },
      /certificateRenewal: your own keystore is renewed by a new file, found "2027"; remove it with: npm run config/,
    ],
    [{ ...ownStores, certificateDays: 90 }, /certificateDays: your own keystore .* found "90"/],
    [{ ...ownStores, authorityRenewal: "2" }, /authorityRenewal: your own keystore/],
    [{ certificateRenewal: "a b" }, /certificateRenewal: expected a date, a number or a word, or nothing/],
    [{ certificateDays: 7301 }, /certificateDays: expected at most 7300/],
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
    [{ databaseHost: "127.0.0.1", databaseAdminPassword: "x" }, /databaseHost: .* from the containers too, found "127/],
    [{ databaseHost: "localhost", databaseAdminPassword: "x" }, /databaseHost: .* from the containers too/],
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
    [
      { ...own, jdbcDriver: "a.jar" },
      /jdbcDriver: it goes into .* and the image mine:1 is there already, found "a\.jar"/,
    ],
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

  it("that are 0 become what suits the distribution; what is set stays", () => {
    const of = (raw: Record<string, unknown>) => {
      const { nodeMemory, nodeHeap, startTimeout } = parseSettings(raw, "dev");
      return { nodeMemory, nodeHeap, startTimeout };
    };
    assert.deepEqual(of({}), { nodeMemory: 192, nodeHeap: 0, startTimeout: 180 });
    assert.deepEqual(of(own), { nodeMemory: 2048, nodeHeap: 1365, startTimeout: 600 });
    assert.deepEqual(of({ ...own, nodeMemory: 1536 }), { nodeMemory: 1536, nodeHeap: 1024, startTimeout: 600 });
    const set = { nodeMemory: 4096, nodeHeap: 3584, startTimeout: 90 };
    assert.deepEqual(of({ ...own, ...set }), set);
  });

  it("need no image with a distribution, and take its driver by path or by version", () => {
    for (const jdbcDriver of ["5.1.38", "8.0.33", "mysql-connector-java-5.1.49.jar", "/opt/drivers/mysql.jar"])
      assert.deepEqual(faultsOf({ distribution: "/opt/packs/wso2am-1.9.0", jdbcDriver }), []);
    assert.deepEqual(faultsOf({ ...own, apimHome: "/opt/other" }), []);
  });

  it("accept any way to name a server of the user's, whose port is not published", () => {
    for (const databaseHost of ["db.example.com", "db", "192.0.2.7", "172.28.1.1"])
      assert.deepEqual(faultsOf({ databaseHost, databaseAdminPassword: "x", databasePort: 8443 }), []);
  });

  it("have room for any number of environments in a larger network", () => {
    assert.deepEqual(faultsOf({ gatewayEnvironments: environments(40), networkSubnet: "172.28.0.0/20" }), []);
  });

  function environments(count: number): string {
    return Array.from({ length: count }, (_, number) => `region${number}=production`).join(",");
  }

  it("may name the user's own keystore and truststore, or a truststore alone", () => {
    assert.deepEqual(faultsOf({ ...ownStores, keyPassword: "x", keystoreAlias: "apim" }), []);
    assert.deepEqual(faultsOf({ truststore: "t.jks", truststorePassword: "x", certificateRenewal: "1" }), []);
  });

  it("report all faults at once", () => {
    const faults = faultsOf({ databasePort: "x", jwt: "maybe", nonsense: 1 }, "Bad Stack");
    assert.equal(faults.length, 4, faults.join("\n"));
    assert.match(faults.join("\n"), /stack name: expected/);
  });

  it("never show the administrator's password", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\S{8,30}$/), (password) => {
        assert.ok(
          !JSON.stringify(parseSettings({ adminPassword: password }, "dev")).includes(JSON.stringify(password)),
        );
      }),
    );
  });

  it("are the same again from those that are not the default", () => {
    const raw = fc.record(
      {
        distribution: fc.constantFrom("stand-in", "/opt/packs/wso2am-1.9.0"),
        nodeMemory: fc.constantFrom("0", "2048", "3000"),
        startTimeout: fc.integer({ min: 10, max: 3600 }).map(String),
        gatewayReplicas: fc.integer({ min: 1, max: 8 }).map(String),
        multiTenancy: fc.boolean().map(String),
        publisherHost: fc.constantFrom("publisher.apim-wso2.com", "publisher.example.com"),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(raw, (given) => {
        const settings = parseSettings(given, "blue");
        assert.deepEqual(completeSettings(differingSettings(settings), "blue"), settings);
      }),
    );
    assert.deepEqual(differingSettings(parseSettings({ gatewayReplicas: 2, httpsPort: 8443 }, "blue")), {
      gatewayReplicas: 2,
    });
  });

  it("refuse a password that the product would refuse, without showing it", () => {
    for (const password of ["abc", "with space", "x".repeat(31)]) {
      const [fault = "", ...more] = faultsOf({ adminPassword: password });
      assert.match(fault, /adminPassword: expected 5 to 30 characters/);
      assert.ok(!fault.includes(password));
      assert.equal(more.length, 0);
    }
    assert.deepEqual(faultsOf({ adminPassword: "s3cret!" }), []);
  });

  it("of every example stack are valid", () => {
    // What .gitignore has is a running test's or the benchmark's.
    const files = fs.readdirSync(project).filter((name) => /^Pulumi\.(?!.*itest|bench\.).+\.yaml$/.test(name));
    assert.ok(files.includes("Pulumi.dev.yaml"));
    for (const file of files) {
      const stack = file.slice("Pulumi.".length, -".yaml".length);
      try {
        loadSettingsFromStack(project, stack);
      } catch (error) {
        // An example can't have anybody's password.
        const missing = `databaseAdminPassword: expected a password, since databaseHost is db.example.com, a server of your own; run: npm run config -- set --secret databaseAdminPassword --stack external-db`;
        assert.deepEqual((error as SettingsError).faults, [missing], file);
      }
    }
  });

  it("of the example stacks publish ports of their own, which no outgoing connection of this machine takes", () => {
    const firstEphemeral = 32768; // net.ipv4.ip_local_port_range
    const stackOf = new Map<number, string>();
    for (const stack of ["dev", "clustered", "external-db", "product"]) {
      const { config } = yaml.parse(fs.readFileSync(path.join(project, `Pulumi.${stack}.yaml`), "utf8"));
      const plain = Object.entries(config).map(([name, value]) => [name.replace("wso2-apim:", ""), value]);
      const settings = parseSettings({ databaseAdminPassword: "hush-hush", ...Object.fromEntries(plain) }, stack);
      const { nodes, balancer, databaseServer } = buildTopology(settings);
      const ports = [
        ...nodes.map(({ publishedPort }) => publishedPort),
        ...balancer.ports.map(({ published }) => published),
        ...(databaseServer.external ? [] : [databaseServer.publishedPort]),
      ];
      for (const port of ports) {
        assert.ok(port < firstEphemeral, `${stack} publishes ${port}`);
        assert.equal(stackOf.get(port), undefined, `${port} of ${stack}`);
        stackOf.set(port, stack);
      }
    }
  });

  it("are the same with and without the project's name before them, as for the engines", () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "apim-settings-"));
    try {
      const text = "config:\n  jwt: true\n  wso2-apim:multiTenancy: true\n  docker:host: unix:///run/docker.sock\n";
      fs.writeFileSync(path.join(directory, "Pulumi.mixed.yaml"), text);
      const { jwt, multiTenancy } = loadSettingsFromStack(directory, "mixed");
      assert.deepEqual({ jwt, multiTenancy }, { jwt: true, multiTenancy: true });
      fs.appendFileSync(path.join(directory, "Pulumi.mixed.yaml"), "  jtw: true\n");
      assert.throws(() => loadSettingsFromStack(directory, "mixed"), /jtw: there is no such setting/);
    } finally {
      fs.rmSync(directory, { recursive: true });
    }
  });

  it("of an unknown stack are an error that names the file", () => {
    assert.throws(() => loadSettingsFromStack(project, "nowhere"), /there is no Pulumi\.nowhere\.yaml/);
  });
});
