import assert from "node:assert/strict";
import { type Existing, PartialCreateError, type Properties } from "../../../../engine/provider";
import { Driver, logged, providerFor } from "../../../engine/providers/support";
import { skip } from "../../skip";
import { type Swarm, startMachines } from "../../swarm/machines";
import { whySwarmTestsAreSkipped } from "../../swarm/requirements";
import { importTinyImage } from "../../swarm/tinyImage";
import { eventually } from "../../waiting";
import { withoutEmpty } from "./support";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const platforms = [{ architecture: "amd64", os: "linux" }];

/** The part of the swarm that these tests use: the engines, the first one a manager, and the registry. */
interface Engines {
  readonly dockerHosts: readonly string[];
  readonly registry: string;
}

describe("docker provider on a swarm", function () {
  this.timeout(120_000);
  this.slow(60_000);
  let swarm: Swarm | undefined;
  let engines: Engines;
  let digest = "";
  const kept: [Driver, Existing][] = [];

  const providerOn = (index: number) =>
    providerFor("docker", {
      host: engines.dockerHosts[index] ?? assert.fail(),
      registryAuth: JSON.stringify([{ address: `http://${engines.registry}`, authDisabled: true }]),
    });
  const driver = (kind: string, index = 0) =>
    new Driver(providerOn(index), `docker:index/${kind}:${kind[0]?.toUpperCase()}${kind.slice(1)}`, kind);
  const manager = () => swarm?.machines[0]?.docker ?? assert.fail();
  const image = () => `${engines.registry}/tiny:1@${digest}`;
  /** Creates an object that is deleted after the test. */
  async function make(kind: string, inputs: Properties): Promise<Existing> {
    const made = await driver(kind).create(inputs);
    kept.unshift([driver(kind), made]);
    return made;
  }
  const tasks = async (service: string): Promise<{ ID: string; DesiredState: string; Status: { State: string } }[]> =>
    manager().listTasks({ filters: { service: [service] } });
  const runningIds = async (service: string) =>
    (await tasks(service))
      .filter(({ DesiredState }) => DesiredState === "running")
      .map(({ ID }) => ID)
      .sort();

  before(async function () {
    const reason = whySwarmTestsAreSkipped();
    if (reason !== undefined) skip(this, reason);
    swarm = await startMachines({ count: 2, managers: 1 });
    const { machines, registry } = swarm;
    engines = { dockerHosts: machines.map(({ dockerHost }) => dockerHost), registry };
    await importTinyImage(machines[0] ?? assert.fail(), "tiny:1");
    await manager()
      .getImage("tiny:1")
      .tag({ repo: `${registry}/tiny`, tag: "1" });
    digest = (await driver("registryImage").create({ name: `${registry}/tiny:1`, keepRemotely: true })).id;
  });
  after(() => swarm?.stop());
  afterEach(async () => {
    for (const [from, made] of kept.splice(0)) await from.delete(made);
    for (const { ID } of await manager().listServices()) await manager().getService(ID).remove();
  });

  /** A service whose one task runs `command`. */
  const service = (
    command: string,
    more: Properties = {},
    container: Properties = {},
    task: Properties = {},
  ): Properties => ({
    name: "web",
    taskSpec: {
      containerSpec: { image: image(), commands: ["sh", "-c", command], stopGracePeriod: "1s", ...container },
      placement: { platforms },
      ...task,
    },
    endpointSpec: { mode: "dnsrr" },
    convergeConfig: { delay: "1s", timeout: "20s" },
    ...more,
  });

  it("RegistryImage: pushes, finds the digest again, and deletes the image in the registry", async () => {
    const name = `${engines.registry}/other:1`;
    await manager()
      .getImage("tiny:1")
      .tag({ repo: `${engines.registry}/other`, tag: "1" });
    const images = driver("registryImage");
    const created = await images.create({ name });
    assert.match(created.id, /^sha256:[0-9a-f]{64}$/);
    assert.deepEqual(withoutEmpty((await images.read(created))?.outputs), withoutEmpty(created.outputs));
    const answer = await fetch(`http://${engines.registry}/v2/other/manifests/1`, {
      headers: { Accept: "application/vnd.docker.distribution.manifest.v2+json" },
    });
    assert.equal(answer.headers.get("docker-content-digest"), created.id);
    await images.delete(created);
    assert.equal(await images.read(created), undefined);
    await images.delete(created);
    await assert.rejects(images.create({ name: "127.0.0.1:1/x:1" }), /no credentials for the registry 127\.0\.0\.1:1/);
  });

  it("Network: an overlay is created, read without drift, and deleted", async () => {
    const networks = driver("network");
    const inputs: Properties = {
      name: "net",
      driver: "overlay",
      attachable: true,
      ipamConfigs: [{ subnet: "10.77.0.0/24" }],
      labels: [{ label: "a", value: "b" }],
    };
    const created = await make("network", inputs);
    assert.deepEqual([created.outputs.scope, created.outputs.attachable], ["swarm", true]);
    assert.deepEqual(withoutEmpty((await networks.read(created))?.outputs), withoutEmpty(created.outputs));
    assert.equal((await networks.diff(created, inputs)).changes, false);
    assert.equal((await networks.recover(inputs))?.id, created.id);
    await assert.rejects(networks.create(inputs), /create network net: .*already exists/);
  });

  it("Service: runs with network, secret, config, volume and health check, has no drift, and ends when it is deleted", async () => {
    const net = await make("network", { name: "net", driver: "overlay", attachable: true });
    const secret = await make("secret", {
      name: "keys-1",
      data: base64("sesame"),
      labels: [{ label: "a", value: "b" }],
    });
    const config = await make("serviceConfig", { name: "conf-1", data: base64("configured") });
    const inputs = service(
      "cat /conf/file /run/keys; echo; echo $WHO $(hostname) >/data/up; exec sleep 1000",
      {
        labels: [{ label: "stack", value: "dev" }],
        mode: { replicated: { replicas: 2 } },
        updateConfig: { order: "stop-first", failureAction: "pause", monitor: "1s" },
        endpointSpec: { mode: "dnsrr", ports: [{ targetPort: 80, publishedPort: 8281, publishMode: "host" }] },
      },
      {
        env: { WHO: "somebody" },
        labels: [{ label: "revision", value: "1" }],
        hosts: [{ host: "db.example", ip: "10.0.0.9" }],
        hostname: "web.example",
        user: "0",
        stopGracePeriod: "1m30s",
        stopSignal: "SIGKILL",
        capAdds: ["CAP_NET_ADMIN"],
        healthcheck: {
          tests: ["CMD", "cat", "/data/up"],
          interval: "1s",
          timeout: "5s",
          startPeriod: "1m",
          retries: 3,
        },
        mounts: [
          { type: "volume", source: "data", target: "/data", volumeOptions: { driverName: "local" } },
          { type: "tmpfs", target: "/scratch", tmpfsOptions: { sizeBytes: 1048576 } },
        ],
        secrets: [{ secretId: secret.id, secretName: "keys-1", fileName: "/run/keys", fileMode: 0o400 }],
        configs: [{ configId: config.id, configName: "conf-1", fileName: "/conf/file" }],
      },
      {
        networksAdvanceds: [{ id: net.id, aliases: ["web.example", "web"] }],
        placement: { platforms, maxReplicas: 1, constraints: ["node.platform.os==linux"] },
        resources: { limits: { memoryBytes: 64 << 20 }, reservation: { memoryBytes: 16 << 20 } },
        restartPolicy: { condition: "any", delay: "1s", maxAttempts: 0, window: "0s" },
        logDriver: { name: "json-file", options: { "max-size": "1m" } },
      },
    );
    const services = driver("service");
    const created = await make("service", inputs);
    const read = (await services.read(created)) ?? assert.fail();
    assert.deepEqual(read.inputs, created.inputs);
    assert.deepEqual(withoutEmpty(read.outputs), withoutEmpty(created.outputs));
    assert.deepEqual((await services.diff(read, inputs)).detailed, {});
    assert.deepEqual(
      [(await services.recover(inputs))?.id, (await services.recover(inputs))?.complete],
      [created.id, true],
    );
    const logs = (await manager().getService(created.id).logs({ stdout: true })) as unknown as Buffer;
    assert.match(String(logs), /configuredsesame/);

    const before = await runningIds(created.id);
    assert.equal(before.length, 2);
    const labelled = { ...inputs, labels: [{ label: "stack", value: "test" }] };
    const updated = await services.update(read, labelled);
    assert.deepEqual(await runningIds(created.id), before, "tasks are not restarted");
    assert.deepEqual((await services.diff((await services.read(updated)) ?? assert.fail(), labelled)).detailed, {});

    await assert.rejects(
      driver("secret").delete(secret),
      /delete secret keys-1: .*in use by the following service: web; /,
    );
    await assert.rejects(
      driver("serviceConfig").delete(config),
      /delete config conf-1: .*in use by the following service/,
    );
    await services.delete(created);
    for (const machine of swarm?.machines ?? []) assert.deepEqual(await machine.docker.listContainers(), []);
    assert.equal(await services.read(created), undefined);
  });

  it("Service: what is changed outside appears in read, and the update takes it back", async () => {
    const inputs = service("exec sleep 1000");
    const services = driver("service");
    const created = await make("service", inputs);
    const { Spec, Version } = await manager().getService(created.id).inspect();
    Spec.TaskTemplate.ContainerSpec.Args = ["more"];
    Spec.Mode.Replicated.Replicas = 0;
    await manager()
      .getService(created.id)
      .update({ _query: { version: Version.Index }, _body: Spec });
    const read = (await services.read(created)) ?? assert.fail();
    const given = { ...inputs, mode: { replicated: { replicas: 1 } } };
    assert.deepEqual((await services.diff(read, given)).detailed, {
      "taskSpec.containerSpec.args": "delete",
      mode: "add",
    });
    await services.update(read, given);
    assert.deepEqual((await runningIds(created.id)).length, 1);
  });

  it("Service: a task that fails is described with node, exit code and log, and the service is deleted", async () => {
    const inputs = service("echo the-reason; exit 7", { convergeConfig: { delay: "1s", timeout: "8s" } });
    await assert.rejects(driver("service").create(inputs), (error: Error) => {
      assert.match(error.message, /service web: did not converge within 8s: 0 of 1 tasks run/);
      assert.match(error.message, /task web\.1 on node machine-[12]: \w+: task: non-zero exit \(7\), exit code 7/);
      assert.match(error.message, /the-reason/);
      return true;
    });
    assert.deepEqual(await manager().listServices(), []);
  });

  const faults: [what: string, change: (inputs: Properties) => Properties, expected: RegExp][] = [
    [
      "an image that no registry has",
      () => service("x", {}, { image: `${engines.registry}/absent:1@${digest}` }),
      /No such image: .*absent:1.*push it to a registry that all nodes reach/,
    ],
    [
      "a constraint that no node fulfils",
      () => service("x", {}, {}, { placement: { platforms, constraints: ["node.labels.zone==nowhere"] } }),
      /no suitable node .*; no node fits: compare placement/,
    ],
    [
      "a bind mount without a directory",
      () => service("x", {}, { mounts: [{ type: "bind", source: "/nowhere", target: "/x" }] }),
      /bind source path does not exist.*create the directory on that node/,
    ],
  ];
  for (const [what, change, expected] of faults)
    it(`Service: ${what}: the error says so, with the remedy`, async () => {
      const inputs = { ...change({}), convergeConfig: { delay: "1s", timeout: "6s" } };
      await assert.rejects(driver("service").create(inputs), expected);
    });

  it("Service: an update that Swarm pauses fails, is recorded as incomplete, and the next update goes on", async () => {
    const services = driver("service");
    const updateConfig = { failureAction: "pause", monitor: "3s" };
    const created = await make("service", service("exec sleep 1000", { updateConfig }));
    const broken = service("echo broken; exit 3", { updateConfig });
    await assert.rejects(services.update(created, broken), (error: Error) => {
      assert.ok(error instanceof PartialCreateError, String(error));
      assert.match(error.message, /service update paused: .*\n {2}task web\.1 on node .*exit code 3/);
      return true;
    });
    await services.update(created, service("exec sleep 1001", { updateConfig }));
    assert.equal((await runningIds(created.id)).length, 1);
  });

  it("Service: an update that Swarm rolls back fails, and the old tasks run again", async () => {
    const services = driver("service");
    const updateConfig = { failureAction: "rollback", monitor: "3s" };
    const created = await make("service", service("exec sleep 1000", { updateConfig }));
    await assert.rejects(services.update(created, service("exit 3", { updateConfig })), /service rollback completed: /);
    const read = (await services.read(created)) ?? assert.fail();
    assert.deepEqual(read.inputs, created.inputs);
  });

  it("Service: an interrupted create is recorded, and recover finds it", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 2_000);
    const inputs = service("x", {}, {}, { placement: { platforms, constraints: ["node.labels.zone==nowhere"] } });
    await assert.rejects(driver("service").create(inputs, logged(stop.signal).context), PartialCreateError);
    assert.equal((await driver("service").recover(inputs))?.complete, false);
    await eventually("the service waits", async () => (await manager().listServices()).length === 1);
  });

  it("a worker is refused, with the remedy", async () => {
    await assert.rejects(
      driver("secret", 1).create({ name: "s", data: base64("x") }),
      /not a swarm manager.*use a manager/is,
    );
    await assert.rejects(driver("service", 1).create(service("x")), /not a swarm manager.*use a manager/is);
  });
});
