import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import fc from "fast-check";
import * as yaml from "yaml";
import { loadSettingsFromStack, parseSettings } from "../../plan/settings";
import { differingSettings, type SettingsError } from "../../settings";
import { completeSettings } from "../../settings/derived";
import { buildTopology } from "../../topology";
import { environments, faultsOf, own, ownStores } from "./support";

const project = path.join(__dirname, "../..");

describe("settings", function () {
  this.timeout(20_000);

  it("have the WSO2 guide's values when nothing is set", () => {
    const settings = parseSettings({}, "dev");
    assert.equal(settings.distribution, "stand-in");
    assert.equal(settings.publisherHost, "publisher.apim-wso2.com");
    assert.equal(settings.clusterDomain, "wso2.pub.store.domain");
    assert.equal(settings.poolMaxActive, 50);
    assert.equal(settings.publishAddress, "127.0.0.1");
  });

  it("accept the strings in which Pulumi delivers numbers and booleans", () => {
    const settings = parseSettings({ databasePort: "13306", multiTenancy: "true" }, "dev");
    assert.equal(settings.databasePort, 13306);
    assert.equal(settings.multiTenancy, true);
  });

  it("that are auto get a value that suits the distribution; set values stay", () => {
    const of = (raw: Record<string, unknown>) => {
      const { nodeMemory, nodeHeap, startTimeout } = parseSettings(raw, "dev");
      return { nodeMemory, nodeHeap, startTimeout };
    };
    assert.deepEqual(of({}), { nodeMemory: 192, nodeHeap: undefined, startTimeout: 180 });
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

  it("accept a host name or an address of the user's own MySQL server, whose port is not published", () => {
    for (const databaseHost of ["db.example.com", "db", "192.0.2.7", "172.28.1.1"])
      assert.deepEqual(faultsOf({ databaseHost, databaseAdminPassword: "x", databasePort: 8443 }), []);
  });

  it("have room for any number of environments in a larger network", () => {
    assert.deepEqual(faultsOf({ gatewayEnvironments: environments(40), networkSubnet: "172.28.0.0/20" }), []);
  });

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

  it("are restored from those that differ from their default", () => {
    const raw = fc.record(
      {
        distribution: fc.constantFrom("stand-in", "/opt/packs/wso2am-1.9.0"),
        nodeMemory: fc.constantFrom("auto", "2048", "3000"),
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
    // Stack files of running tests and of the benchmark are left out, as in .gitignore.
    const files = fs.readdirSync(project).filter((name) => /^Pulumi\.(?!.*itest|bench\.).+\.yaml$/.test(name));
    assert.ok(files.includes("Pulumi.dev.yaml"));
    for (const file of files) {
      const stack = file.slice("Pulumi.".length, -".yaml".length);
      try {
        loadSettingsFromStack(project, stack);
      } catch (error) {
        // An example has no password.
        const missing = `databaseAdminPassword: expected a password, since databaseHost is db.example.com, your own server, found nothing; run: npm run config -- set --secret databaseAdminPassword --stack external-db`;
        assert.deepEqual((error as SettingsError).faults, [missing], file);
      }
    }
  });

  it("of the example stacks publish different ports, below those of outgoing connections", () => {
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

  it("are read with and without the project's name as their namespace, as the engines read them", () => {
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
