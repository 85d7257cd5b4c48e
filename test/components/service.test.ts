import assert from "node:assert/strict";
import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { ServerDescription } from "../../components/serverDescription";
import { targetOf } from "../../components/serviceFiles";
import type { DeploymentPlan } from "../../plan";
import type { record } from "./recorder";
import { otherResource, recordClock } from "./support";
import { swarmPlan } from "./swarmPlan";

describe("runServer on a swarm", function () {
  this.timeout(120_000);
  let plan: DeploymentPlan;
  before(async () => {
    plan = await swarmPlan();
  });

  /** Records one server, `clock`, whose description may be changed. */
  const recordServer = (
    change: () => Partial<ServerDescription> = () => ({}),
    opts: () => pulumi.CustomResourceOptions = () => ({}),
  ) =>
    recordClock(
      plan,
      () => ({
        address: "clock.example",
        ports: [
          { internal: 8443, published: 443 },
          { internal: 8080, published: 18080 },
        ],
        publishedOn: "0.0.0.0",
        startTimeout: 90,
        ...change(),
      }),
      opts,
    );
  const serviceOf = async (...args: Parameters<typeof recordServer>) => {
    const run = await recordServer(...args);
    const { inputs, ...rest } = run.get("my-clock-service");
    return { ...rest, run, inputs, container: inputs.taskSpec.containerSpec };
  };

  it("is a service of one task, named after the deployment and the server; no container is created", async () => {
    const { inputs, container, run, type } = await serviceOf();
    assert.equal(type, "docker:index/service:Service");
    assert.deepEqual(
      run.all.filter((each) => each.type.endsWith(":Container")),
      [],
    );
    assert.deepEqual(
      [inputs.name, container.hostname, container.image],
      ["apim-test-clock", "clock.example", "clock:1"],
    );
    assert.deepEqual(inputs.mode, { replicated: { replicas: 1 } });
    assert.equal(inputs.taskSpec.resources.limits.memoryBytes, 64 * 1024 * 1024);
  });

  it("is found by its address and its aliases, without a virtual address", async () => {
    const { inputs } = await serviceOf(() => ({ aliases: ["time.example", "bell.example"] }));
    assert.equal(inputs.endpointSpec.mode, "dnsrr");
    assert.deepEqual(inputs.taskSpec.networksAdvanceds, [
      { id: "network-id", aliases: ["bell.example", "clock.example", "time.example"] },
    ]);
  });

  it("publishes its ports on the machine where it runs, sorted", async () => {
    const { inputs } = await serviceOf();
    const host = { publishMode: "host", protocol: "tcp" };
    assert.deepEqual(inputs.endpointSpec.ports, [
      { targetPort: 8080, publishedPort: 18080, ...host },
      { targetPort: 8443, publishedPort: 443, ...host },
    ]);
  });

  it("is up once it is healthy; an update that fails stops, and waits as long as the server may take", async () => {
    const { inputs, container, deleteBeforeReplace } = await serviceOf();
    assert.deepEqual(container.healthcheck.tests, ["CMD", "healthcheck", "8080"]);
    assert.deepEqual(inputs.convergeConfig, { delay: "1s", timeout: "1m30s" });
    assert.deepEqual(inputs.updateConfig, { parallelism: 1, order: "stop-first", failureAction: "pause" });
    assert.equal(container.stopGracePeriod, "5s");
    assert.ok(deleteBeforeReplace);
  });

  it("placement: constraints, the architecture, and several tasks on different machines", async () => {
    const one = await serviceOf(() => ({ constraints: ["node.role == worker"] }));
    const platforms = [{ architecture: "amd64", os: "linux" }];
    assert.deepEqual(one.inputs.taskSpec.placement, { constraints: ["node.role == worker"], platforms });
    const three = await serviceOf(() => ({ replicas: 3 }));
    assert.deepEqual(three.inputs.taskSpec.placement, { constraints: [], maxReplicas: 1, platforms });
    assert.deepEqual(three.inputs.mode, { replicated: { replicas: 3 } });
  });

  it("starts the image's own entrypoint through the start script, with the arguments; it sets no variables", async () => {
    const { container } = await serviceOf(() => ({ command: ["--utc"], environment: { A: "1", B: "2" } }));
    assert.deepEqual(container.commands, ["/bin/bash", "/run/apim/given/start.sh", "/usr/local/bin/entrypoint.sh"]);
    assert.deepEqual(container.args, ["--utc"]);
    assert.ok(!("env" in container));
  });

  it("volumes are Docker's own on the machine; in a shared directory they are directories of one bind mount", async () => {
    const volumes = () =>
      new Map([["/var/clock", new random.RandomId("data", { byteLength: 4, prefix: "clock-data-" })]]);
    const own = await serviceOf(() => ({ volumes: volumes() }));
    assert.deepEqual(own.container.mounts, [
      {
        type: "volume",
        source: "hex-of-data",
        target: "/var/clock",
        volumeOptions: { labels: [{ label: "wso2.apim.stack", value: "apim-test" }] },
      },
    ]);
    const shared = await serviceOf(() => ({ volumes: volumes(), sharedDirectory: "/mnt/apim" }));
    assert.deepEqual(shared.container.mounts, [{ type: "bind", source: "/mnt/apim", target: "/run/apim/shared" }]);
    assert.match(manifestIn(shared.run), /^share\thex-of-data\t\/var\/clock\n/);
  });

  it("gives the service its parent and the resources that it depends on", async () => {
    const { parent, dependencies } = await serviceOf(undefined, () => ({
      parent: new docker.Volume("parent", {}),
      dependsOn: [otherResource()],
    }));
    assert.equal(parent, "parent");
    assert.ok(dependencies.includes("other") && dependencies.includes("network"), String(dependencies));
  });

  describe("files", () => {
    const files = [
      { path: "/etc/clock", content: "tick-tock", mode: "0600" },
      { path: "/etc/bell", content: Buffer.from([0, 255]).toString("base64"), isBase64: true },
      { path: "/etc/face", content: "round", isPublic: true },
    ];
    const [clock, bell, face] = ["ab78df-clock", "14144e-bell", "b75b2a-face"];

    it("are secrets, one each; public ones, the start script and the list of files are configs", async () => {
      const { container, run } = await serviceOf(() => ({ files, environment: { ZONE: "UTC" } }));
      const targets = (given: { fileName: string; fileMode: number }[]) =>
        given.map(({ fileName, fileMode }) => [fileName, fileMode]);
      const at = (name = "") => [`/run/apim/given/${name}`, 0o444];
      assert.deepEqual(targets(container.secrets), [at(clock), at(bell)]);
      assert.deepEqual(targets(container.configs), [at(face), at("start.sh"), at("manifest")]);
      const secret = `my-clock-${bell}`;
      assert.deepEqual(run.get(secret, ":Secret").inputs.data, { secret: "AP8=" });
      const { secretId, secretName } = container.secrets[1];
      assert.deepEqual([secretId, secretName], [`${secret}-id`, `${secret}-0000000`]);
      assert.equal(
        manifestIn(run),
        `file\t0600\t${clock}\t/etc/clock\nfile\t0644\t${bell}\t/etc/bell\nfile\t0644\t${face}\t/etc/face\nvariable\tZONE\tUTC\n`,
      );
    });

    it("have no name of ours and are created before the former ones are deleted: the service still uses those", async () => {
      const { run } = await serviceOf(() => ({ files }));
      const given = run.all.filter(({ type }) => /:(Secret|ServiceConfig)$/.test(type));
      assert.equal(given.length, 5);
      for (const { name, inputs, deleteBeforeReplace } of given)
        assert.deepEqual(["name" in inputs, deleteBeforeReplace], [false, false], name);
    });

    it("their names are short enough for Swarm with the random end, and another one for each path", () => {
      const name = (path: string, server: string) => `${server}-${targetOf(path, server)}-0123456`;
      const long = `/opt/repository/deployment/${"very-".repeat(20)}long.xml`;
      for (const server of ["a", "production-gateway-worker-12", "x".repeat(40)]) {
        assert.ok(name(long, server).length <= 64, name(long, server));
        assert.match(name(long, server), /long\.xml-0123456$/);
      }
      assert.notEqual(targetOf("/conf/a/web.xml", "s"), targetOf("/conf/b/web.xml", "s"));
      assert.match(targetOf("/conf/_Authorize API_.xml", "s"), /^[0-9a-f]{6}-_Authorize-API_\.xml$/);
    });

    it("no secret is outside of the data of a secret", async () => {
      const { run } = await serviceOf(() => ({ files }));
      const other = run.all.filter(({ type }) => !type.endsWith(":Secret"));
      for (const shown of ["tick-tock", Buffer.from("tick-tock").toString("base64")])
        assert.ok(!JSON.stringify(other.map(({ inputs }) => inputs)).includes(shown), shown);
    });
  });
});

/** The list by which the start script puts files in their places. */
function manifestIn(run: Awaited<ReturnType<typeof record>>): string {
  return Buffer.from(run.get("my-clock-manifest", ":ServiceConfig").inputs.data, "base64").toString();
}
