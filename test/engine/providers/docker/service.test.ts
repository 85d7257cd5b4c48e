import assert from "node:assert/strict";
import type { Properties } from "../../../../engine/provider";
import { PartialCreateError } from "../../../../engine/provider";
import { shortDuration } from "../../../../engine/providers/docker/serviceTable";
import { Driver, logged, providerFor } from "../support";
import { useFakeSwarm } from "./fakeSwarm";

const type = "docker:index/service:Service";
const image = "registry:5000/am@sha256:1234";
/** A service with all that a product node needs, in the form that gives no drift. */
const node: Properties = {
  name: "gateway",
  labels: [
    { label: "b", value: "2" },
    { label: "a", value: "1" },
  ],
  taskSpec: {
    containerSpec: {
      image,
      commands: ["/entrypoint.sh"],
      args: ["run", "--gateway"],
      env: { B: "2", A: "1" },
      labels: [{ label: "revision", value: "r1" }],
      user: "802",
      dir: "/home",
      hostname: "gateway.local",
      stopSignal: "SIGINT",
      stopGracePeriod: "1m30s",
      readOnly: true,
      groups: ["5"],
      hosts: [{ host: "db", ip: "10.0.0.2" }],
      sysctl: { "net.core.somaxconn": "9" },
      capAdds: ["CAP_NET_ADMIN"],
      capDrops: ["CAP_MKNOD"],
      mounts: [
        {
          type: "volume",
          source: "data",
          target: "/data",
          volumeOptions: { driverName: "local", driverOptions: { o: "bind" } },
        },
        { type: "bind", source: "/host", target: "/bound", readOnly: true },
        { type: "tmpfs", target: "/tmp", tmpfsOptions: { sizeBytes: 4096, mode: 0o700 } },
      ],
      secrets: [{ secretId: "s1", secretName: "keys", fileName: "/run/keys", fileMode: 0o400, fileUid: "802" }],
      configs: [{ configId: "c1", configName: "master", fileName: "/conf/master.xml" }],
      healthcheck: { tests: ["CMD", "true"], interval: "10s", timeout: "5s", startPeriod: "1m", retries: 3 },
    },
    networksAdvanceds: [{ id: "net1", aliases: ["gw", "gateway.example"] }],
    placement: {
      constraints: ["node.role==worker", "node.labels.zone==a"],
      prefs: ["spread=node.labels.rack"],
      maxReplicas: 1,
      platforms: [{ architecture: "amd64", os: "linux" }],
    },
    resources: { limits: { memoryBytes: 1 << 30, nanoCpus: 2e9 }, reservation: { memoryBytes: 1 << 20 } },
    restartPolicy: { condition: "any", delay: "5s", maxAttempts: 0, window: "0s" },
    logDriver: { name: "json-file", options: { "max-size": "10m" } },
    forceUpdate: 2,
  },
  mode: { replicated: { replicas: 2 } },
  updateConfig: { parallelism: 1, order: "stop-first", failureAction: "rollback", monitor: "10s" },
  rollbackConfig: { order: "stop-first" },
  endpointSpec: {
    mode: "dnsrr",
    ports: [{ targetPort: 8280, publishedPort: 8280, publishMode: "host" }],
  },
};
const small = (more: Properties = {}, container: Properties = {}, task: Properties = {}): Properties => ({
  name: "web",
  taskSpec: {
    containerSpec: { image, ...container },
    placement: { platforms: [{ architecture: "amd64", os: "linux" }] },
    ...task,
  },
  ...more,
});
const fast = { convergeConfig: { delay: "20ms", timeout: "400ms" } };

/** The value at a path such as `taskSpec.mode`. */
function at(value: unknown, path: string): Properties {
  return path.split(".").reduce((one, key) => (one as Record<string, unknown>)[key], value) as Properties;
}

describe("service", () => {
  const held = useFakeSwarm();
  const services = () => new Driver(held.provider, type, "web");
  const last = (method: string, start: string) =>
    held.swarm.asked.filter((one) => one.method === method && one.url.startsWith(start)).at(-1) ?? assert.fail(start);

  it("is sent to Docker with all its inputs", async () => {
    await services().create(node);
    assert.deepEqual(last("POST", "/services/create").body, {
      Name: "gateway",
      Labels: { a: "1", b: "2" },
      TaskTemplate: {
        ContainerSpec: {
          Image: image,
          Command: ["/entrypoint.sh"],
          Args: ["run", "--gateway"],
          Env: ["A=1", "B=2"],
          Labels: { revision: "r1" },
          User: "802",
          Dir: "/home",
          Hostname: "gateway.local",
          StopSignal: "SIGINT",
          StopGracePeriod: 90e9,
          ReadOnly: true,
          Groups: ["5"],
          Hosts: ["10.0.0.2 db"],
          Sysctls: { "net.core.somaxconn": "9" },
          CapabilityAdd: ["CAP_NET_ADMIN"],
          CapabilityDrop: ["CAP_MKNOD"],
          Init: false,
          Isolation: "default",
          DNSConfig: {},
          Mounts: [
            {
              Type: "volume",
              Source: "data",
              Target: "/data",
              VolumeOptions: { DriverConfig: { Name: "local", Options: { o: "bind" } } },
            },
            { Type: "bind", Source: "/host", Target: "/bound", ReadOnly: true },
            { Type: "tmpfs", Source: "", Target: "/tmp", TmpfsOptions: { SizeBytes: 4096, Mode: 0o700 } },
          ],
          Secrets: [
            { SecretID: "s1", SecretName: "keys", File: { Name: "/run/keys", UID: "802", GID: "0", Mode: 0o400 } },
          ],
          Configs: [
            {
              ConfigID: "c1",
              ConfigName: "master",
              File: { Name: "/conf/master.xml", UID: "0", GID: "0", Mode: 0o444 },
            },
          ],
          Healthcheck: { Test: ["CMD", "true"], Interval: 10e9, Timeout: 5e9, StartPeriod: 60e9, Retries: 3 },
        },
        Networks: [{ Target: "net1", Aliases: ["gw", "gateway.example"] }],
        Placement: {
          Constraints: ["node.role==worker", "node.labels.zone==a"],
          Preferences: [{ Spread: { SpreadDescriptor: "spread=node.labels.rack" } }],
          MaxReplicas: 1,
          Platforms: [{ Architecture: "amd64", OS: "linux" }],
        },
        Resources: { Limits: { MemoryBytes: 1 << 30, NanoCPUs: 2e9 }, Reservations: { MemoryBytes: 1 << 20 } },
        RestartPolicy: { Condition: "any", Delay: 5e9, MaxAttempts: 0, Window: 0 },
        LogDriver: { Name: "json-file", Options: { "max-size": "10m" } },
        ForceUpdate: 2,
      },
      Mode: { Replicated: { Replicas: 2 } },
      UpdateConfig: {
        Parallelism: 1,
        Delay: 0,
        FailureAction: "rollback",
        Monitor: 10e9,
        MaxFailureRatio: 0,
        Order: "stop-first",
      },
      RollbackConfig: {
        Parallelism: 1,
        Delay: 0,
        FailureAction: "pause",
        Monitor: 5e9,
        MaxFailureRatio: 0,
        Order: "stop-first",
      },
      EndpointSpec: {
        Mode: "dnsrr",
        Ports: [{ Protocol: "tcp", TargetPort: 8280, PublishedPort: 8280, PublishMode: "host" }],
      },
    });
  });

  it("has no drift when Docker lists sets in another order, and reads the same outputs again", async () => {
    const created = await services().create(node);
    const [thing] = held.swarm.services.values();
    const task = thing?.Spec.TaskTemplate as Record<string, Record<string, unknown[]>>;
    for (const [part, lists] of Object.entries({ ContainerSpec: ["Mounts", "Env"], Placement: ["Constraints"] }))
      for (const list of lists) task[part]?.[list]?.reverse();
    const read = await services().read(created);
    assert.deepEqual(read?.inputs, created.inputs);
    const diff = await services().diff(read ?? assert.fail(), node);
    assert.deepEqual([diff.changes, diff.detailed], [false, {}]);
  });

  it("records what the official provider does for a service with few inputs", async () => {
    const { outputs } = await services().create(small());
    assert.deepEqual(outputs, {
      __meta: '{"schema_version":"2"}',
      auth: null,
      convergeConfig: null,
      endpointSpec: { mode: "vip", ports: [] },
      id: "services-1",
      labels: [],
      mode: { global: false, replicated: { replicas: 1 } },
      name: "web",
      rollbackConfig: null,
      updateConfig: null,
      taskSpec: {
        containerSpec: {
          args: [],
          capAdds: [],
          capDrops: [],
          commands: [],
          configs: [],
          dir: "",
          dnsConfig: { nameservers: [], options: [], searches: [] },
          env: {},
          groups: [],
          healthcheck: { interval: "0s", retries: 0, startPeriod: "0s", tests: [], timeout: "0s" },
          hostname: "",
          hosts: [],
          image,
          init: false,
          isolation: "default",
          labels: [],
          mounts: [],
          privileges: null,
          readOnly: false,
          secrets: [],
          stopGracePeriod: "0s",
          stopSignal: "",
          sysctl: {},
          user: "",
        },
        forceUpdate: 0,
        logDriver: null,
        networksAdvanceds: [],
        placement: { constraints: [], maxReplicas: 0, platforms: [{ architecture: "amd64", os: "linux" }], prefs: [] },
        resources: { limits: null, reservation: null },
        restartPolicy: { condition: "any", delay: "", maxAttempts: 0, window: "" },
        runtime: "container",
      },
    });
  });

  const changes: [what: string, path: string, value: unknown, detailed: Record<string, string>][] = [
    ["the image", "taskSpec.containerSpec.image", "i@sha256:2", { "taskSpec.containerSpec.image": "update" }],
    ["replicas", "mode.replicated.replicas", 3, { "mode.replicated.replicas": "update" }],
    ["arguments", "taskSpec.containerSpec.args", ["run"], { "taskSpec.containerSpec.args[1]": "delete" }],
    ["a label", "labels", [{ label: "a", value: "1" }], { "labels[0]": "delete" }],
    [
      "a port",
      "endpointSpec.ports",
      [{ targetPort: 8280, publishedPort: 8281, publishMode: "host" }],
      { "endpointSpec.ports[0].publishedPort": "update" },
    ],
    [
      "a secret",
      "taskSpec.containerSpec.secrets",
      [{ secretId: "s2", secretName: "keys2", fileName: "/run/keys", fileMode: 0o400, fileUid: "802" }],
      {
        "taskSpec.containerSpec.secrets[0].secretId": "update",
        "taskSpec.containerSpec.secrets[0].secretName": "update",
      },
    ],
    [
      "hosts",
      "taskSpec.containerSpec.hosts",
      [{ host: "db", ip: "10.0.0.3" }],
      { "taskSpec.containerSpec.hosts[0].ip": "update-replace" },
    ],
    [
      "a label of the containers",
      "taskSpec.containerSpec.labels",
      [{ label: "revision", value: "r2" }],
      { "taskSpec.containerSpec.labels[0].value": "update-replace" },
    ],
    [
      "a sysctl",
      "taskSpec.containerSpec.sysctl",
      { "net.core.somaxconn": "10" },
      { 'taskSpec.containerSpec.sysctl["net.core.somaxconn"]': "update-replace" },
    ],
    [
      "the aliases",
      "taskSpec.networksAdvanceds",
      [{ id: "net1", aliases: ["gw"] }],
      { "taskSpec.networksAdvanceds[0].aliases[1]": "delete-replace" },
    ],
    ["the mode", "mode", { global: true }, { "mode.global": "add-replace" }],
    ["the login", "auth", { serverAddress: "r" }, { auth: "add-replace" }],
    ["a duration in another form", "taskSpec.containerSpec.stopGracePeriod", "90s", {}],
    ["a failure ratio in another form", "updateConfig.maxFailureRatio", "0", {}],
    ["a health check that is no longer given", "taskSpec.containerSpec.healthcheck", undefined, {}],
    ["the order of sets", "taskSpec.placement.constraints", ["node.labels.zone==a", "node.role==worker"], {}],
  ];
  for (const [what, path, value, detailed] of changes) {
    const kinds = Object.values(detailed);
    const effect =
      kinds.length === 0 ? "nothing changes" : String(kinds[0]).endsWith("replace") ? "replaces" : "updates";
    it(`diff, ${what}: ${effect}`, async () => {
      const { inputs } = { inputs: await services().checked(node) };
      const existing = { urn: "", type, id: "x", inputs, outputs: {} };
      const news = structuredClone(node);
      const parent = path.includes(".") ? at(news, path.slice(0, path.lastIndexOf("."))) : news;
      const key = path.slice(path.lastIndexOf(".") + 1);
      if (value === undefined) delete parent[key];
      else parent[key] = value as Properties;
      const found = await services().diff(existing, news);
      for (const [at, kind] of Object.entries(found.detailed)) assert.equal(detailed[at], kind, at);
      assert.deepEqual(Object.keys(found.detailed).sort(), Object.keys(detailed).sort());
      assert.deepEqual(found.replaces, effect === "replaces" ? [path.split(".")[0]] : []);
    });
  }

  it("diff: a changed mount with labels replaces the service, one without updates it", async () => {
    const mount = (volumeOptions: Properties, target: string) =>
      small({}, { mounts: [{ type: "volume", source: "v", target, volumeOptions }] });
    const labelled = { labels: [{ label: "a", value: "b" }] };
    const compare = async (olds: Properties, news: Properties) => {
      const inputs = await services().checked(olds);
      return (await services().diff({ urn: "", type, id: "x", inputs, outputs: {} }, news)).replaces;
    };
    assert.deepEqual(await compare(mount(labelled, "/a"), mount(labelled, "/b")), ["taskSpec"]);
    assert.deepEqual(await compare(mount({ noCopy: true }, "/a"), mount({ noCopy: true }, "/b")), []);
    assert.deepEqual(await compare(small(), mount(labelled, "/a")), ["taskSpec"]);
  });

  it("has no drift in what Docker reports as zero, and in durations of another form", async () => {
    const inputs = small(
      {},
      { stopGracePeriod: "90s", healthcheck: { tests: ["NONE"] } },
      { restartPolicy: { condition: "on-failure" } },
    );
    const created = await services().create(inputs);
    assert.deepEqual(at(created.outputs, "taskSpec.restartPolicy"), {
      condition: "on-failure",
      delay: "0s",
      maxAttempts: 0,
      window: "0s",
    });
    assert.deepEqual((await services().read(created))?.inputs, created.inputs);
  });

  it("read shows what was changed outside, and an update takes it back", async () => {
    const inputs = small({ mode: { replicated: { replicas: 2 } } }, { env: { A: "1" } });
    const created = await services().create(inputs);
    const [thing] = held.swarm.services.values();
    assert.ok(thing);
    const { Mode, TaskTemplate } = thing.Spec as { Mode: Properties; TaskTemplate: Properties };
    Mode.Replicated = { Replicas: 5 };
    const container = TaskTemplate.ContainerSpec as Properties;
    Object.assign(container, { Args: ["more"], Env: ["A=2"], Hosts: ["1.2.3.4 x"] });
    const read = (await services().read(created)) ?? assert.fail();
    const { detailed } = await services().diff(read, inputs);
    assert.deepEqual(detailed, {
      "mode.replicated.replicas": "update",
      "taskSpec.containerSpec.args": "delete",
      "taskSpec.containerSpec.env.A": "update",
      "taskSpec.containerSpec.hosts": "delete-replace",
    });
    delete container.Hosts;
    await services().update(read, inputs);
    const { body } = last("POST", "/services/services-1/update?version=1");
    assert.deepEqual(at(body, "Mode"), { Replicated: { Replicas: 2 } });
    assert.deepEqual(at(body, "TaskTemplate.ContainerSpec").Env, ["A=1"]);
    assert.equal(at(body, "TaskTemplate.ContainerSpec").Args, undefined);
  });

  it("an update of the replicas sends the definition of the tasks as it is, so that Docker does not restart them", async () => {
    const inputs = small({ mode: { replicated: { replicas: 1 } } }, { env: { A: "1", B: "2" } });
    const created = await services().create(inputs);
    const [thing] = held.swarm.services.values();
    const task = thing?.Spec.TaskTemplate as Properties;
    // As the official provider may have written them.
    (task.ContainerSpec as Properties).Env = ["B=2", "A=1"];
    await services().update(created, { ...inputs, mode: { replicated: { replicas: 2 } } });
    assert.deepEqual(last("POST", "/services/services-1/update").body.TaskTemplate, task);
  });

  it("an update is sent again when Swarm has changed the service meanwhile, three times at most", async () => {
    const created = await services().create(small());
    held.swarm.races = 2;
    const updated = await services().update(created, small({}, { user: "1" }));
    assert.equal(at(updated.outputs, "taskSpec.containerSpec").user, "1");
    held.swarm.races = 3;
    await assert.rejects(services().update(created, small({}, { user: "2" })), /update service web: .*out of sequence/);
  });

  it("an update keeps what Swarm chose: health check, restart policy, platforms and ports that are not given", async () => {
    const created = await services().create(
      small({ endpointSpec: { ports: [{ targetPort: 80 }] } }, { healthcheck: { tests: ["CMD", "x"] } }),
    );
    await services().update(created, {
      name: "web",
      taskSpec: { containerSpec: { image: "other@sha256:2" } },
      endpointSpec: { ports: [{ targetPort: 80 }] },
    });
    const { body } = last("POST", "/services/services-1/update");
    assert.deepEqual(at(body, "TaskTemplate.ContainerSpec.Healthcheck").Test, ["CMD", "x"]);
    assert.deepEqual(at(body, "TaskTemplate.Placement").Platforms, [{ Architecture: "amd64", OS: "linux" }]);
    assert.equal((at(body, "EndpointSpec").Ports as unknown as Properties[])[0]?.PublishedPort, 30000);
  });

  it("an image without digest gets the registry's digest and platforms; if the registry is not reached, it stays", async () => {
    const plain = { name: "web", taskSpec: { containerSpec: { image: "registry:5000/am:1" } } };
    const first = await services().create(plain);
    assert.equal(at(first.outputs, "taskSpec.containerSpec").image, "registry:5000/am:1");
    await services().delete(first);
    held.swarm.registry = {
      Descriptor: { digest: "sha256:77" },
      Platforms: [{ architecture: "arm64", os: "linux" }],
    };
    const second = await services().create(plain);
    assert.equal(at(second.outputs, "taskSpec.containerSpec").image, "registry:5000/am:1@sha256:77");
    assert.deepEqual(at(second.outputs, "taskSpec.placement").platforms, [{ architecture: "arm64", os: "linux" }]);
    const read = (await services().read(second)) ?? assert.fail();
    assert.deepEqual((await services().diff(read, plain)).detailed, {});
  });

  it("logs in to the registry of its image with the provider's registryAuth, or with its own auth", async () => {
    const auth = [{ address: "http://registry:5000", username: "u", password: "sesame" }];
    const provider = providerFor("docker", { host: held.swarm.host, registryAuth: JSON.stringify(auth) });
    const own = new Driver(provider, type, "web");
    await own.create(small());
    assert.deepEqual(last("POST", "/services/create").auth, {
      username: "u",
      password: "sesame",
      serveraddress: "http://registry:5000",
    });
    await own.create(small({ name: "b", auth: { serverAddress: "r", username: "x", password: "y" } }));
    assert.deepEqual(last("POST", "/services/create").auth, { username: "x", password: "y", serveraddress: "r" });
    assert.deepEqual(provider.secretOutputs(type), ["auth.password"]);
  });

  it("refuses a foreign service of the same name; recover finds what an interrupted create left behind", async () => {
    const inputs = small(fast);
    assert.equal(await services().recover(inputs), undefined);
    await services().create(inputs);
    await assert.rejects(services().create(inputs), /create service web: .*already exists.*docker service rm web/);
    const found = await services().recover(inputs);
    assert.deepEqual([found?.id, found?.complete], ["services-1", true]);
    held.swarm.tasks = (service) => held.swarm.runningTasks(service, "starting");
    assert.equal((await services().recover(inputs))?.complete, false);
    assert.equal(await services().recover(small(fast, { user: "1" })), undefined);
  });

  describe("convergeConfig", () => {
    const replicated = { mode: { replicated: { replicas: 2 } } };

    it("create waits until all tasks run at two looks", async () => {
      let looks = 0;
      held.swarm.tasks = (service) => {
        looks += 1;
        return held.swarm.runningTasks(service, looks === 2 || looks > 4 ? "running" : "starting");
      };
      await services().create(small({ ...fast, ...replicated }));
      assert.equal(looks, 6);
    });

    it("a task on a node that is down, or an old task in the same slot, does not count", async () => {
      held.swarm.tasks = (service) => [
        ...held.swarm.runningTasks(service),
        { ...held.swarm.task(service, 1, "preparing"), ID: "old" },
      ];
      await assert.rejects(services().create(small({ ...fast, ...replicated })), /1 of 2 tasks run/);
    });

    it("a create that does not converge deletes the service, and says which task failed, where, why and what to do", async () => {
      held.swarm.log = "starting\nlogin with sesame-123 failed\n";
      held.swarm.tasks = (service) => [
        held.swarm.task(service, 1, "running"),
        held.swarm.task(service, 2, "failed", {
          Err: "task: non-zero exit (137)",
          ContainerStatus: { ExitCode: 137 },
        }),
      ];
      const secrets = new Driver(held.provider, "docker:index/secret:Secret", "s");
      await secrets.create({ name: "s", data: Buffer.from("sesame-123").toString("base64") });
      await assert.rejects(services().create(small({ ...fast, ...replicated })), (error: Error) => {
        assert.match(error.message, /service web: did not converge within 400ms: 1 of 2 tasks run\n/);
        assert.match(
          error.message,
          /task web\.2 on node second: failed: task: non-zero exit \(137\), exit code 137; it was killed: if memory/,
        );
        assert.match(error.message, /login with \*\*\* failed/);
        assert.doesNotMatch(error.message, /sesame|web\.1/);
        assert.match(error.message, /the service was deleted again/);
        return true;
      });
      assert.equal(held.swarm.services.size, 0);
    });

    it("a secret in an environment variable is not shown in the error", async () => {
      held.swarm.log = "bad password hunter22\n";
      held.swarm.tasks = (service) => [held.swarm.task(service, 1, "failed", { Err: "exit" })];
      await assert.rejects(services().create(small(fast, { env: { DB_PASSWORD: "hunter22" } })), (error: Error) => {
        assert.match(error.message, /bad password \*\*\*/);
        return !error.message.includes("hunter22");
      });
    });

    const remedies: [err: string, remedy: RegExp][] = [
      ["No such image: x:1", /push it to a registry that all nodes reach/],
      ["no suitable node (scheduling constraints not satisfied on 2 nodes)", /compare placement, resources/],
      [
        'invalid mount config for type "bind": bind source path does not exist: /x',
        /create the directory on that node/,
      ],
      ["host-mode port already in use on 1 node: address already in use", /free the port/],
    ];
    for (const [Err, remedy] of remedies)
      it(`a task with "${Err}": the error has the remedy`, async () => {
        held.swarm.tasks = (service) => [{ ...held.swarm.task(service, 1, "pending", { Err }), NodeID: undefined }];
        await assert.rejects(services().create(small(fast)), (error: Error) => {
          assert.match(error.message, /task web\.1 on no node yet: pending: /);
          assert.match(error.message, remedy);
          return true;
        });
      });

    it("an interrupted create keeps the service, which is recorded as incomplete", async () => {
      held.swarm.tasks = () => [];
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 100);
      const slow = { convergeConfig: { delay: "20ms", timeout: "1m" } };
      await assert.rejects(services().create(small(slow), logged(stop.signal).context), (error: Error) => {
        assert.ok(error instanceof PartialCreateError, String(error));
        assert.match(error.message, /interrupted while waiting for its tasks/);
        return error.id === "services-1" && error.outputs.name === "web";
      });
      assert.equal(held.swarm.services.size, 1);
    });

    for (const [State, text] of [
      ["paused", /service update paused: because/],
      ["rollback_completed", /service rollback completed: because/],
      ["rollback_paused", /service rollback paused: because/],
    ] as const)
      it(`an update in state ${State} fails, and is recorded as incomplete`, async () => {
        const created = await services().create(small(fast));
        held.swarm.updateStatus = { State, Message: "because" };
        held.swarm.tasks = (service) => [held.swarm.task(service, 1, "rejected", { Err: "No such image: x" })];
        await assert.rejects(services().update(created, small(fast, { user: "1" })), (error: Error) => {
          assert.ok(error instanceof PartialCreateError, String(error));
          assert.match(error.message, text);
          assert.match(error.message, /task web\.1 on node first: rejected: No such image/);
          return at(error.outputs, "taskSpec.containerSpec").user === "1";
        });
        assert.equal(held.swarm.services.size, 1);
      });

    it("an update waits for its end, though old and new tasks run; at the timeout, running tasks suffice", async () => {
      const created = await services().create(small(fast));
      held.swarm.updateStatus = { State: "updating" };
      setTimeout(() => {
        held.swarm.updateStatus = { State: "completed" };
      }, 150);
      const began = Date.now();
      await services().update(created, small(fast, { user: "1" }));
      assert.ok(Date.now() - began >= 150);
      held.swarm.updateStatus = { State: "updating" };
      await services().update(created, small(fast, { user: "2" }));
    });
  });

  it("delete waits for the end of the tasks, and succeeds if the service is gone", async () => {
    const created = await services().create(small());
    const [thing] = held.swarm.services.values();
    assert.ok(thing);
    let looks = 0;
    held.swarm.services.set("other", { ...thing, ID: "other" });
    held.swarm.tasks = () => [held.swarm.task(thing, 1, ++looks < 3 ? "running" : "shutdown")];
    await services().delete(created);
    assert.equal(looks, 3);
    assert.equal(held.swarm.services.has(created.id), false);
    await services().delete(created);
    assert.equal(await services().read(created), undefined);
  });

  it("a global service has no number of tasks", async () => {
    await services().create(small({ mode: { global: true } }));
    assert.deepEqual(last("POST", "/services/create").body.Mode, { Global: {} });
  });

  const invalid: [Properties, RegExp][] = [
    [small({ mode: { global: true }, ...fast }), /convergeConfig: expected none with mode\.global/],
    [small({ mode: { global: true, replicated: { replicas: 1 } } }), /mode: expected replicated or global, found both/],
    [small({ name: "a.b" }), /name: expected up to 63 letters/],
    [small({}, { stopGracePeriod: "1 min" }), /stopGracePeriod: expected e\.g\. 1s/],
    [small({}, { mounts: [{ type: "npipe", target: "/x" }] }), /mounts\[0\]\.type: expected bind or volume or tmpfs/],
    [small({}, { secrets: [{ secretId: "s", fileName: "f" }] }), /secrets\[0\]\.secretName: missing/],
    [small({}, { privileges: { seLinuxContext: {} } }), /privileges: not supported by the embedded engine/],
    [small({}, {}, { networksAdvanceds: [{ id: "n", name: "n" }] }), /\[0\]\.name: not supported/],
    [
      small({ updateConfig: { maxFailureRatio: "2" } }),
      /maxFailureRatio: expected a number from 0\.0 to 1\.0, found 2/,
    ],
    [small({ endpointSpec: { mode: "lvs" } }), /endpointSpec\.mode: expected vip or dnsrr, found lvs/],
  ];
  for (const [inputs, expected] of invalid)
    it(`refused: ${expected.source}`, () => assert.rejects(services().checked(inputs), expected));

  const failures: [status: number, message: string, remedy: RegExp][] = [
    [503, 'This node is not a swarm manager. Use "docker swarm init"', /use a manager of the swarm/],
    [503, "Swarm is encrypted and needs to be unlocked before it can be used.", /docker swarm unlock/],
    [503, "rpc error: The swarm does not have a leader.", /start enough managers/],
    [409, "rpc error: name conflicts with an existing object: service web already exists", /choose another name/],
  ];
  for (const [status, message, remedy] of failures)
    it(`a Docker engine that answers "${message.slice(0, 40)}...": the error has the remedy`, async () => {
      held.swarm.failures.set("POST /services/create", [status, message]);
      await assert.rejects(services().create(small()), (error: Error) => {
        assert.match(error.message, /^create service web: /);
        assert.match(error.message, remedy);
        return true;
      });
    });
});

describe("durations of services", () => {
  it("are written in the short form", () => {
    assert.deepEqual([3600e9, 60e9, 90e9, 3690e9, 0, 5e8, 600e9].map(shortDuration), [
      "1h",
      "1m",
      "1m30s",
      "1h1m30s",
      "0s",
      "500ms",
      "10m",
    ]);
  });
});
