import assert from "node:assert/strict";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { ServerDescription } from "../../components/serverDescription";
import type { DeploymentPlan } from "../../plan";
import { filesIn } from "./recorder";
import { otherResource, planOf, recordClock } from "./support";

describe("runServer", function () {
  this.timeout(120_000);
  let plan: DeploymentPlan;
  before(async () => {
    plan = await planOf();
  });

  /** Records one server, `clock`, whose description may be changed. */
  const recordServer = (
    change: () => Partial<ServerDescription> = () => ({}),
    opts: () => pulumi.CustomResourceOptions = () => ({}),
  ) =>
    recordClock(
      plan,
      () => ({
        address: "172.28.0.99",
        files: [],
        ports: [{ internal: 8080, published: 18080 }],
        publishedOn: "127.0.0.1",
        startTimeout: 30,
        ...change(),
      }),
      opts,
    );
  const containerOf = async (...args: Parameters<typeof recordServer>) =>
    (await recordServer(...args)).get("my-clock-container");

  it("names the resource after the component, and the container after the deployment and the server", async () => {
    const { inputs, type } = await containerOf();
    assert.equal(type, "docker:index/container:Container");
    assert.deepEqual([inputs.name, inputs.hostname, inputs.image], ["apim-test-clock", "clock", "clock:1"]);
    assert.deepEqual(inputs.networksAdvanced, [{ name: "apim-test", ipv4Address: "172.28.0.99" }]);
  });

  it("publishes each port on the given address of the host only", async () => {
    const { inputs } = await containerOf();
    assert.deepEqual(inputs.ports, [{ internal: 8080, external: 18080, ip: "127.0.0.1", protocol: "tcp" }]);
  });

  it("limits memory, swap and the log, restarts the container, and waits until it is healthy", async () => {
    const { inputs, deleteBeforeReplace } = await containerOf();
    assert.deepEqual([inputs.memory, inputs.memorySwap], [64, 64]);
    assert.deepEqual(inputs.logOpts, { "max-file": "3", "max-size": "20m" });
    assert.deepEqual([inputs.restart, inputs.wait, inputs.waitTimeout], ["unless-stopped", true, 30]);
    assert.deepEqual([inputs.stopTimeout, inputs.destroyGraceSeconds], [5, 5]);
    assert.deepEqual(inputs.healthcheck.tests, ["CMD", "healthcheck", "8080"]);
    // The old container has the name, the address and the ports of the new one.
    assert.ok(deleteBeforeReplace);
  });

  it("sets no command, environment, host alias or mount unless the description has one", async () => {
    const { inputs } = await containerOf();
    for (const name of ["command", "envs", "hosts", "mounts"]) assert.ok(!(name in inputs), name);
  });

  it("passes on command, environment, host aliases and volumes", async () => {
    const { inputs } = await containerOf(() => ({
      command: ["--utc"],
      environment: { ZONE: "UTC", SPEED: "1=2" },
      hosts: [{ host: "sun.example", ip: "172.28.0.98" }],
      volumes: new Map([["/var/clock", new docker.Volume("data", { name: "clock-data" })]]),
    }));
    assert.deepEqual(inputs.command, ["--utc"]);
    assert.deepEqual(inputs.envs, ["ZONE=UTC", "SPEED=1=2"]);
    assert.deepEqual(inputs.hosts, [{ host: "sun.example", ip: "172.28.0.98" }]);
    assert.deepEqual(inputs.mounts, [{ type: "volume", source: "clock-data", target: "/var/clock" }]);
  });

  it("uploads text and binary files, all of them as one secret", async () => {
    const run = await recordServer(() => ({
      files: [
        { path: "/etc/clock", content: "tick", mode: "0600" },
        { path: "/etc/bell", content: Buffer.from([0, 255]).toString("base64"), isBase64: true },
      ],
    }));
    const { uploads } = run.get("my-clock-container").inputs;
    assert.deepEqual(uploads, {
      secret: [
        { file: "/etc/clock", content: "tick", permissions: "0600" },
        { file: "/etc/bell", contentBase64: "AP8=" },
      ],
    });
    assert.deepEqual(filesIn(run, "my-clock").get("/etc/bell"), Buffer.from([0, 255]));
  });

  it("labels the container with deployment, name, health check and the labels of the description, sorted", async () => {
    const { inputs } = await containerOf(() => ({ labels: { zone: "utc", alarm: pulumi.output("off") } }));
    const labels = (inputs.labels as { label: string; value: string }[]).map(({ label, value }) => [label, value]);
    assert.deepEqual(labels, [
      ["wso2.apim.alarm", "off"],
      ["wso2.apim.healthcheck", labels[1]?.[1]],
      ["wso2.apim.name", "clock"],
      ["wso2.apim.stack", "apim-test"],
      ["wso2.apim.zone", "utc"],
    ]);
  });

  it("labels another health check differently, because Docker's provider cannot change one in place", async () => {
    const labelFor = async (healthcheck: string[]) => {
      const { inputs } = await containerOf(() => ({ healthcheck }));
      return (inputs.labels as { label: string; value: string }[]).find(({ label }) => label.endsWith(".healthcheck"));
    };
    assert.deepEqual(await labelFor(["healthcheck", "1"]), await labelFor(["healthcheck", "1"]));
    assert.notDeepEqual(await labelFor(["healthcheck", "1"]), await labelFor(["healthcheck", "2"]));
  });

  it("gives the container its parent and the resources that it depends on", async () => {
    const { parent, dependencies } = await containerOf(undefined, () => ({
      parent: new docker.Volume("parent", {}),
      dependsOn: [otherResource()],
    }));
    assert.equal(parent, "parent");
    assert.deepEqual([...dependencies].sort(), ["network", "other"]);
  });
});
