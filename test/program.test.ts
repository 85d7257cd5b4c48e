import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parseDuration } from "../engine/duration";
import { type Recording, runProgram } from "./components/recorder";
import { writePack } from "./distribution/samplePack";

const nodes = ["keymanager-1", "gateway-1", "publisher-1", "store-1"] as const;
const container = "docker:index/container:Container";

/** The line of `text` that contains `what`. */
function lineWith(text: string, what: string): string {
  return text.split("\n").find((line) => line.includes(what)) ?? "";
}

for (const preview of [false, true]) {
  describe(`the program${preview ? " in a preview" : ""}`, function () {
    this.timeout(120_000);
    let run: Recording;
    before(async () => {
      run = await runProgram({}, preview);
    });

    it("creates one component for each role, the databases, the certificates and the load balancer", () => {
      const components = run.all.filter(({ type }) => type.startsWith("wso2:apim:"));
      assert.deepEqual(components.map(({ name, type }) => `${name} ${type}`).sort(), [
        "apim wso2:apim:ApiManager",
        "certificates wso2:apim:ServerCertificates",
        "gateway-1 wso2:apim:GatewayNode",
        "keymanager-1 wso2:apim:KeyManagerNode",
        "loadbalancer wso2:apim:LoadBalancer",
        "mysql wso2:apim:MySqlDatabases",
        "publisher-1 wso2:apim:PublisherNode",
        "store-1 wso2:apim:StoreNode",
      ]);
    });

    it("gives every child its component as parent", () => {
      for (const name of [...nodes, "loadbalancer"]) {
        assert.equal(run.get(`${name}-container`).parent, name);
        const revision = name === "loadbalancer" ? `${name}-files-config` : `${name}-config`;
        assert.equal(run.get(revision).parent, name);
      }
      const ofDatabases = run.all.filter(({ name }) => name.startsWith("mysql-") && name !== "mysql-image");
      assert.ok(ofDatabases.length >= 15, String(ofDatabases.length));
      for (const { name, parent } of ofDatabases) assert.equal(parent, "mysql", name);
    });

    it("gives each container its address, publishes its ports on loopback, limits its memory and restarts it", () => {
      const addresses = {
        "keymanager-1": 21,
        "gateway-1": 41,
        "publisher-1": 61,
        "store-1": 81,
        mysql: 10,
        loadbalancer: 11,
        "loadbalancer-files": 12,
      };
      for (const [name, last] of Object.entries(addresses)) {
        const { inputs, deleteBeforeReplace } = run.get(`${name}-container`, container);
        assert.equal(inputs.name, `apim-dev-${name}`);
        assert.deepEqual(inputs.networksAdvanced, [{ name: "apim-dev", ipv4Address: `172.28.0.${last}` }]);
        for (const { ip } of inputs.ports) assert.equal(ip, "127.0.0.1");
        assert.equal(inputs.memory, inputs.memorySwap);
        assert.ok(inputs.memory > 0);
        assert.equal(inputs.restart, "unless-stopped");
        assert.equal(inputs.wait, true);
        assert.ok(deleteBeforeReplace);
        assert.equal(inputs.privileged, undefined);
        assert.equal(inputs.capabilities, undefined);
      }
    });

    it("puts secrets only into the uploads of a container, which are secret as a whole", () => {
      for (const { name, inputs } of run.all.filter(({ type }) => type === container)) {
        const hasFiles = name !== "loadbalancer-container";
        assert.equal("uploads" in inputs, hasFiles, name);
        if (hasFiles && !preview) assert.ok("secret" in inputs.uploads, `${name}: uploads are in plain`);
        const { uploads: _, ...rest } = inputs;
        assert.ok(!/password-of|BEGIN [A-Z ]*(KEY|CERTIFICATE)|\/u3\+7Q/.test(JSON.stringify(rest)), name);
      }
    });

    it("shows each file of a node in its revision, with placeholders for secrets", () => {
      const { keepers } = run.get("publisher-1-config").inputs;
      const datasources = keepers["repository/conf/datasources/master-datasources.xml"] as string;
      assert.match(lineWith(datasources, "jdbc:mysql://regdb"), /regdb\.mysql-wso2\.com:3306\/regdb/);
      assert.match(datasources, /<password>\{\{secret:database-publisher\}\}<\/password>/);
      for (const file of ["carbon.xml", "api-manager.xml", "user-mgt.xml", "registry.xml", "axis2/axis2.xml"]) {
        assert.ok(`repository/conf/${file}` in keepers, file);
      }
      for (const name of nodes) {
        assert.ok(!/password-of/.test(JSON.stringify(run.get(`${name}-config`).inputs)), name);
      }
    });

    // In a preview, the revision of a new container is not known.
    if (!preview)
      it("labels each container with its revision, so that a changed file replaces it", () => {
        for (const name of [...nodes, "loadbalancer-files"]) {
          const { labels } = run.get(`${name}-container`, container).inputs;
          const label = labels.find((one: { label: string }) => one.label === "wso2.apim.configuration");
          assert.equal(label.value, `hex-of-${name}-config`);
        }
      });

    it("starts nodes after their databases, and one after another", () => {
      const waitsFor = (name: string) => run.get(`${name}-container`, container).dependencies;
      assert.ok(waitsFor("keymanager-1").includes("mysql-apimgtdb-tables"));
      assert.ok(waitsFor("keymanager-1").includes("mysql-apim_keymanager-userdb"));
      assert.ok(!waitsFor("keymanager-1").some((name) => name.includes("regdb") || name.includes("apim_store")));
      assert.ok(waitsFor("publisher-1").includes("keymanager-1-container"));
      assert.ok(waitsFor("store-1").includes("publisher-1-container"));
      assert.ok(!waitsFor("gateway-1").some((name) => name.startsWith("mysql-")));
      assert.deepEqual(
        waitsFor("loadbalancer").filter((name) => name.endsWith("-container")),
        ["gateway-1-container"],
      );
      assert.deepEqual(
        waitsFor("loadbalancer-files").filter((name) => name.endsWith("-container")),
        ["loadbalancer-container", "gateway-1-container"],
      );
    });

    it("creates the databases with the WSO2 guide's character set, and deletes them only with their volume", () => {
      for (const name of ["apimgtdb", "userdb", "regdb"]) {
        const database = run.get(`mysql-${name}`);
        assert.deepEqual(database.inputs, {
          name,
          defaultCharacterSet: "latin1",
          defaultCollation: "latin1_swedish_ci",
        });
        assert.equal(database.retainOnDelete, true);
        // Not the container, which may be replaced while the databases stay on the volume.
        assert.equal(database.deletedWith, "mysql-data");
        assert.equal(database.provider, "mysql");
        assert.ok(run.get(`mysql-${name}-tables`).dependencies.includes(`mysql-${name}`));
      }
    });

    it("grants each role's account exactly the databases that the WSO2 guide lists", () => {
      const grants = run.all.filter(({ type }) => type.endsWith(":Grant"));
      assert.deepEqual(grants.map(({ inputs }) => `${inputs.user} ${inputs.database} ${inputs.privileges}`).sort(), [
        "apim_keymanager apimgtdb ALL",
        "apim_keymanager userdb ALL",
        "apim_publisher apimgtdb ALL",
        "apim_publisher userdb ALL",
        "apim_registry regdb ALL",
        "apim_store apimgtdb ALL",
        "apim_store userdb ALL",
      ]);
      for (const { retainOnDelete, deletedWith, inputs } of grants) {
        assert.ok(retainOnDelete);
        assert.equal(deletedWith, `mysql-${inputs.user}`);
      }
    });

    it("keeps published APIs and the databases on volumes that no change of labels replaces", () => {
      const volumes = run.all.filter(({ type }) => type.endsWith(":Volume"));
      assert.deepEqual(volumes.map(({ name }) => name).sort(), [
        "gateway-synapse-configs",
        "loadbalancer-files",
        "mysql-data",
      ]);
      for (const { ignoreChanges } of volumes) assert.ok(ignoreChanges.includes("labels"));
      assert.deepEqual(run.get("gateway-1-container", container).inputs.mounts, [
        {
          type: "volume",
          source: "apim-dev-gateway-synapse-configs",
          target: "/opt/wso2am/repository/deployment/server/synapse-configs/default",
        },
      ]);
    });

    it("limits every container's log", () => {
      for (const { inputs } of run.all.filter(({ type }) => type === container)) {
        assert.deepEqual(inputs.logOpts, { "max-file": "3", "max-size": "20m" });
      }
    });

    it("marks the private keys in the state as secret", () => {
      assert.deepEqual([...run.get("certificates-keystore").secretOutputs].sort(), ["caKey", "privateKey"]);
    });
  });
}

describe("the program's settings", function () {
  this.timeout(120_000);

  it("are refused before anything is created", async () => {
    await assert.rejects(
      runProgram({ networkSubnet: "8.8.8.0/24", jwt: "perhaps" }),
      /networkSubnet[\s\S]*jwt|jwt[\s\S]*networkSubnet/,
    );
  });

  it("multiTenancy: gives the gateway userdb, and starts it after the Key Manager", async () => {
    const run = await runProgram({ multiTenancy: "true" });
    const grants = run.all.filter(({ type, inputs }) => type.endsWith(":Grant") && inputs.user === "apim_gateway");
    assert.deepEqual(grants.map(({ inputs }) => inputs.database).sort(), ["userdb"]);
    assert.ok(run.get("gateway-1-container").dependencies.includes("keymanager-1-container"));
  });

  it("keyManagerReplicas, gatewayWorkers, gatewayEnvironments: decide nodes, ports and host aliases", async () => {
    const run = await runProgram({
      keyManagerReplicas: "2",
      gatewayWorkers: "1",
      gatewayEnvironments: "production,sandbox",
      databaseServerPort: "3310",
    });
    const wanted = ["keymanager-2", "gateway-1", "gateway-worker-1", "gateway-sandbox-1", "gateway-sandbox-worker-1"];
    for (const name of wanted) assert.equal(run.get(`${name}-config`).parent, name);
    const containers = run.all.filter(({ type }) => type === container);
    assert.equal(containers.length, 11);
    const ports = containers.flatMap(({ inputs }) =>
      inputs.ports.map(({ external }: { external: number }) => external),
    );
    assert.equal(new Set(ports).size, ports.length);
    const worker = run.get("gateway-worker-1-container").inputs;
    assert.deepEqual(worker.command, ["-Dprofile=gateway-worker"]);
    assert.deepEqual(
      worker.hosts.map(({ host, ip }: { host: string; ip: string }) => `${host} ${ip}`),
      [
        "keymanager.apim-wso2.com 172.28.0.11",
        "gateway.apim-wso2.com 172.28.0.42",
        "gateway-worker-1.apim-wso2.com 172.28.0.42",
      ],
    );
    assert.ok(run.get("publisher-1-container").dependencies.includes("keymanager-2-container"));
    const mysql = run.get("mysql-container").inputs;
    assert.deepEqual(
      [mysql.command, mysql.healthcheck.tests],
      [
        ["--port=3310", "--max-connections=512"],
        ["CMD", "healthcheck", "3310"],
      ],
    );
    assert.equal(mysql.ports[0].internal, 3310);
  });

  it("gatewayReplicas: the gateways share one volume, and start one after another around the load balancer", async () => {
    const run = await runProgram({ gatewayReplicas: "3" });
    const waitsFor = (name: string) =>
      run.get(`${name}-container`, container).dependencies.filter((one) => one.endsWith("-container"));
    const order = ["gateway-3", "gateway-2", "loadbalancer", "loadbalancer-files", "gateway-1"];
    assert.deepEqual(order.map(waitsFor), [
      [],
      ["gateway-3-container"],
      ["gateway-2-container"],
      ["loadbalancer-container", "gateway-2-container"],
      ["loadbalancer-files-container"],
    ]);
    const volumes = run.all.filter(({ type, name }) => type.endsWith(":Volume") && name.startsWith("gateway"));
    assert.deepEqual(
      volumes.map(({ name }) => name),
      ["gateway-synapse-configs"],
    );
    const { mounts } = run.get("gateway-1-container", container).inputs;
    for (const name of ["gateway-2", "gateway-3"])
      assert.deepEqual(run.get(`${name}-container`, container).inputs.mounts, mounts);
  });

  it("multiTenancy: changes the databases of an account, but not the accounts", async () => {
    const accounts = async (multiTenancy: string) =>
      (await runProgram({ multiTenancy })).all.filter(({ type }) => type.endsWith(":User")).map(({ name }) => name);
    assert.deepEqual(await accounts("false"), await accounts("true"));
  });

  it("startTimeout: may be an hour, during which failed health checks do not count", async () => {
    const { all } = await runProgram({ startTimeout: "3600" });
    for (const { name, inputs } of all.filter(({ type }) => type === container)) {
      assert.equal(inputs.waitTimeout, 3600, name);
      assert.ok((parseDuration(inputs.healthcheck.startPeriod) ?? 0) >= 3600e9, name);
    }
  });

  it("startTimeout: does not replace MySQL or the load balancer", async () => {
    const [short, long] = [await runProgram(), await runProgram({ startTimeout: "600" })];
    for (const name of ["mysql-container", "loadbalancer-container", "loadbalancer-files-container"]) {
      const { waitTimeout: _, ...before } = short.get(name, container).inputs;
      const { waitTimeout: __, ...after } = long.get(name, container).inputs;
      assert.deepEqual(after, before);
    }
  });

  /** Name of a container -> the addresses that its ports are published on. */
  const publishedOn = ({ all }: Recording): Record<string, string[]> =>
    Object.fromEntries(
      all
        .filter(({ type }) => type === container)
        .map(({ name, inputs }) => [
          name.replace("-container", ""),
          [...new Set<string>(inputs.ports.map(({ ip }: { ip: string }) => ip))],
        ]),
    );

  it("publishAddress: applies to the load balancer, not to the nodes and MySQL", async () => {
    const run = await runProgram({ publishAddress: "0.0.0.0" });
    assert.deepEqual(publishedOn(run), {
      ...Object.fromEntries([...nodes, "mysql"].map((name) => [name, ["127.0.0.1"]])),
      loadbalancer: ["0.0.0.0"],
      "loadbalancer-files": [],
    });
    assert.equal(run.get("mysql", "providers:mysql").inputs.endpoint, "127.0.0.1:23306");
  });

  it("managementAddress: applies to nodes and MySQL; URLs name an address that a client can use", async () => {
    const run = await runProgram({ managementAddress: "0.0.0.0" });
    assert.deepEqual(publishedOn(run), {
      ...Object.fromEntries([...nodes, "mysql"].map((name) => [name, ["0.0.0.0"]])),
      loadbalancer: ["127.0.0.1"],
      "loadbalancer-files": [],
    });
    assert.equal(run.get("mysql", "providers:mysql").inputs.endpoint, "127.0.0.1:23306");
    const { nodes: urls } = run.outputs as { nodes: Record<string, string> };
    for (const url of Object.values(urls)) assert.match(url, /^https:\/\/127\.0\.0\.1:/);
    assert.equal(Object.keys(urls).length, 4);
  });

  it("distribution: without an image or a build context, nothing is created", async () => {
    const pack = fs.mkdtempSync(path.join(os.tmpdir(), "apim-program-"));
    try {
      fs.cpSync(path.join(__dirname, "../standin/distribution"), pack, { recursive: true });
      fs.rmSync(path.join(pack, "repository/components"), { recursive: true });
      await assert.rejects(runProgram({ distribution: pack }), /found no bin\/wso2server\.sh .* set wso2-apim:image/);
      writePack(pack);
      await assert.rejects(
        runProgram({ distribution: pack }),
        /images\/apim\/context\/[0-9a-f]{12}: expected .* found nothing; run: npm run setup -- --stack dev/,
      );
    } finally {
      fs.rmSync(pack, { recursive: true });
    }
  });

  it("distribution and image: run the user's own image", async () => {
    const run = await runProgram({ distribution: "standin/distribution", image: "mine:1" });
    assert.equal(run.get("node-image").inputs.name, "mine:1");
    assert.equal(run.get("store-1-container").inputs.image, "sha256:node-image");
    assert.equal(run.get("node-image").inputs.build, undefined);
    const { envs, memory, waitTimeout } = run.get("store-1-container").inputs;
    assert.deepEqual(envs, [
      "NODE_NAME=store-1",
      "MANAGEMENT_PORT=9446",
      "START_LIMIT_SECONDS=600",
      "JAVA_OPTS=-Xms256m -Xmx1365m",
    ]);
    assert.deepEqual([memory, waitTimeout], [2048, 600]);
  });
});
