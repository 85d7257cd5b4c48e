import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type Docker from "dockerode";
import { type Existing, PartialCreateError, type Properties } from "../../../../engine/provider";
import { runIn } from "../../containers";
import { skip } from "../../skip";
import { docker } from "../../testStack";
import { samples } from "../sampleSupport";
import { containers, logged, networks, prefix, subnet, useTestImage, volumes, withoutEmpty } from "./support";

describe("docker provider on a Docker engine: Container", function () {
  this.timeout(60_000);
  const image = useTestImage();
  const sh = (id: string, command: string) => runIn(docker.getContainer(id), ["sh", "-c", command]);

  const plain = (name: string, more: Properties = {}): Properties => ({
    name: prefix + name,
    image: image(),
    command: ["sleep", "300"],
    ...more,
  });
  const waiting = (more: Properties = {}): Properties =>
    plain("box", {
      healthcheck: { tests: ["CMD", "test", "-f", "/ready"], interval: "500ms", timeout: "2s", retries: 40 },
      wait: true,
      waitTimeout: 20,
      mustRun: true,
      ...more,
    });

  async function createFull(): Promise<{ inputs: Properties; created: Existing }> {
    await networks.create({ name: `${prefix}net`, driver: "bridge", ipamConfigs: [{ subnet }] });
    await volumes.create({ name: `${prefix}data` });
    const imageId = (await docker.getImage(image()).inspect()).Id;
    const inputs = waiting({
      image: imageId,
      hostname: "box",
      envs: ["A=1", "APP_PASSWORD=sesame"],
      networksAdvanced: [{ name: `${prefix}net`, aliases: ["web"], ipv4Address: "172.29.213.10" }],
      hosts: [
        { host: "db.internal", ip: "172.29.213.2" },
        { host: "store.internal", ip: "172.29.213.11" },
      ],
      uploads: [
        { file: "/ready", content: "" },
        { file: "/etc/app/deep/one.conf", content: "é = 1\n", permissions: "0600" },
        { file: "/etc/app/run.sh", contentBase64: Buffer.from([0, 255, 10]).toString("base64"), executable: true },
      ],
      mounts: [{ type: "volume", source: `${prefix}data`, target: "/data" }],
      ports: [{ internal: 8080, external: 18197, ip: "127.0.0.1", protocol: "tcp" }],
      restart: "unless-stopped",
      memory: 256,
      memorySwap: 256,
      labels: [
        { label: "com.example.role", value: "web" },
        { label: "config", value: "1" },
      ],
    });
    return { inputs, created: await containers.create(inputs) };
  }

  it("is created with its files, networks, limits and health check, and read without drift", async () => {
    const { inputs, created } = await createFull();
    const found = await docker.getContainer(created.id).inspect();
    assert.equal(found.State.Health?.Status, "healthy");
    assert.deepEqual(Object.keys(found.NetworkSettings.Networks), [`${prefix}net`]);
    assert.equal((created.outputs.networkDatas as Properties[])[0]?.ipAddress, "172.29.213.10");
    const listing = await sh(created.id, "ls -l /etc/app/deep/one.conf /etc/app/run.sh");
    assert.match(listing, /-rw-------.*one\.conf/);
    assert.match(listing, /-rwxr--r--.*run\.sh/);
    const read = await containers.read(created);
    assert.deepEqual(withoutEmpty(read?.outputs), withoutEmpty(created.outputs));
    assert.deepEqual(read?.inputs, created.inputs);
    const shuffled = {
      ...inputs,
      envs: ["APP_PASSWORD=sesame", "A=1"],
      labels: [...(inputs.labels as Properties[])].reverse(),
    };
    assert.equal((await containers.diff(created, shuffled)).changes, false);
  });

  it("has the docker inspect output of a container that the official provider created", async function () {
    const file = path.join(samples, "04-docker-inspect-container.json");
    if (!existsSync(file)) skip(this, `no sample at ${file}`);
    const official = JSON.parse(readFileSync(file, "utf8"))[0];
    const { created } = await createFull();
    const ours = JSON.parse(JSON.stringify(await docker.getContainer(created.id).inspect()));
    const { HostConfig: host, Config: config } = official;
    const rename = (text: string) =>
      text.replaceAll("box-data", `${prefix}data`).replaceAll("172.29.7.", "172.29.213.").replaceAll("18199", "18197");
    const expectedHost = JSON.parse(rename(JSON.stringify(host)));
    // The cgroup version and the kernel of the host decide these.
    for (const key of ["CgroupnsMode", "MaskedPaths", "ReadonlyPaths"]) {
      delete expectedHost[key];
      delete ours.HostConfig[key];
    }
    assert.deepEqual(ours.HostConfig, expectedHost);
    for (const key of ["Env", "Cmd", "Healthcheck", "Image", "Labels"]) {
      delete config[key];
      delete ours.Config[key];
    }
    assert.deepEqual(ours.Config, config);
    const [endpoint] = Object.values<Record<string, unknown>>(ours.NetworkSettings.Networks);
    const [wanted] = Object.values<Record<string, unknown>>(
      JSON.parse(rename(JSON.stringify(official.NetworkSettings.Networks))),
    );
    for (const key of ["NetworkID", "EndpointID", "MacAddress", "Aliases"]) {
      delete endpoint?.[key];
      delete wanted?.[key];
    }
    assert.deepEqual(endpoint, wanted);
    const state = JSON.parse(readFileSync(path.join(samples, "11-state-after-refresh.json"), "utf8"));
    const recorded = state.deployment.resources.find((one: { type: string }) => one.type === created.type).outputs;
    delete recorded.__pulumi_raw_state_delta;
    assert.deepEqual(Object.keys(created.outputs).sort(), Object.keys(recorded).sort());
  });

  it("update changes memory and restart policy in place; a changed label replaces the container", async () => {
    const { inputs, created } = await createFull();
    const bigger = { ...inputs, memory: 300, memorySwap: 300, restart: "always" };
    const change = await containers.diff(created, bigger);
    assert.deepEqual(change.detailed, { memory: "update", memorySwap: "update", restart: "update" });
    assert.deepEqual(change.replaces, []);
    const updated = await containers.update(created, bigger);
    const { HostConfig } = await docker.getContainer(created.id).inspect();
    assert.deepEqual([HostConfig.Memory, HostConfig.RestartPolicy?.Name], [300 * 1024 * 1024, "always"]);
    assert.equal(updated.outputs.memory, 300);
    const less = 64 * 1024 * 1024;
    await docker.getContainer(created.id).update({ Memory: less, MemorySwap: less });
    const lowered = await containers.read(updated);
    assert.ok(lowered);
    const raised = await containers.update(lowered, { ...inputs, memorySwap: null });
    assert.equal(raised.outputs.memory, 256, "also above the swap limit that was set from outside");
    const relabelled = await containers.diff(created, {
      ...inputs,
      labels: [
        { label: "com.example.role", value: "web" },
        { label: "config", value: "2" },
      ],
    });
    assert.deepEqual(relabelled.detailed, { "labels[1].value": "update-replace" });
    assert.equal(relabelled.deleteBeforeReplace, true);
  });

  it("read reports changes from outside: paused, stopped, CPU shares, a left network, an edited file", async () => {
    const { inputs, created } = await createFull();
    const container = docker.getContainer(created.id);
    const seen = async (act: () => Promise<unknown>, undo: () => Promise<unknown>) => {
      await act();
      const read = await containers.read(created);
      assert.ok(read);
      const { detailed, replaces } = await containers.diff(read, inputs);
      await undo();
      return { paths: Object.keys(detailed), replaces, read };
    };
    const paused = await seen(
      () => container.pause(),
      () => container.unpause(),
    );
    assert.deepEqual(paused.replaces, ["mustRun"]);
    assert.equal(paused.read.outputs.mustRun, false, "refresh reports what differs in the outputs");
    const limited = await seen(
      () => container.update({ CpuShares: 512 }),
      () => container.update({ CpuShares: 1024 }),
    );
    assert.deepEqual([limited.paths, limited.replaces], [["cpuShares"], ["cpuShares"]]);
    const net = docker.getNetwork(`${prefix}net`);
    const left = await seen(
      () => net.disconnect({ Container: created.id }),
      () => net.connect({ Container: created.id, EndpointConfig: { IPAMConfig: { IPv4Address: "172.29.213.10" } } }),
    );
    assert.ok(left.replaces.includes("networksAdvanced"));
    const edited = await seen(
      () => sh(created.id, "echo sesame-leak > /etc/app/deep/one.conf; echo -n > /ready"),
      async () => undefined,
    );
    assert.deepEqual(
      edited.paths.filter((one) => one.startsWith("uploads")),
      ["uploads[1].content"],
    );
    assert.doesNotMatch(JSON.stringify(edited.read), /sesame-leak/);
    const stopped = await seen(
      () => container.stop({ t: 0 }),
      async () => undefined,
    );
    assert.ok(stopped.replaces.includes("mustRun"));
  });

  it("read reports other addresses and aliases, additional networks, and changed modes and owners of files", async () => {
    const ipv6 = "fd00:ee:213::/64";
    const ipamConfigs = [{ subnet }, { subnet: ipv6 }];
    await networks.create({ name: `${prefix}net`, driver: "bridge", ipv6: true, ipamConfigs });
    const other = await networks.create({ name: `${prefix}other`, driver: "bridge" });
    const [ipv4Address, ipv6Address] = ["172.29.213.10", "fd00:ee:213::10"];
    const inputs = plain("box", {
      networksAdvanced: [{ name: `${prefix}net`, aliases: ["web"], ipv4Address, ipv6Address }],
      uploads: [
        { file: "/etc/app/one.conf", content: "one", permissions: "0600" },
        { file: "/etc/app/two.conf", content: "two" },
      ],
    });
    const created = await containers.create(inputs);
    assert.deepEqual((await containers.read(created))?.inputs, created.inputs);
    const Container = created.id;
    const seen = async () => {
      const read = await containers.read(created);
      assert.ok(read);
      const { detailed } = await containers.diff(read, inputs);
      for (const path of Object.keys(detailed)) {
        const [key = ""] = path.split("[");
        assert.notDeepEqual(
          withoutEmpty(read.outputs[key]),
          withoutEmpty(created.outputs[key]),
          `refresh reports ${key}`,
        );
      }
      return detailed;
    };
    const net = docker.getNetwork(`${prefix}net`);
    const rejoin = async (EndpointConfig: object) => {
      await net.disconnect({ Container });
      await net.connect({ Container, EndpointConfig });
    };
    const [IPv4Address, IPv6Address] = [ipv4Address, ipv6Address];
    await rejoin({ IPAMConfig: { IPv4Address, IPv6Address } });
    assert.deepEqual(await seen(), { networksAdvanced: "add-replace" }, "without the alias");
    await rejoin({ IPAMConfig: { IPv4Address }, Aliases: ["web"] });
    assert.deepEqual(await seen(), { networksAdvanced: "add-replace" }, "without the IPv6 address");
    await rejoin({ IPAMConfig: { IPv4Address, IPv6Address }, Aliases: ["web", "more"] });
    assert.deepEqual(await seen(), {}, "with everything, and one more alias");
    await docker.getNetwork(other.id).connect({ Container });
    assert.deepEqual(await seen(), { "networksAdvanced[1]": "delete-replace" });
    await docker.getNetwork(other.id).disconnect({ Container });

    await sh(created.id, "chmod 0644 /etc/app/one.conf; chown 802:803 /etc/app/two.conf");
    assert.deepEqual(await seen(), {
      "uploads[0].permissions": "update-replace",
      "uploads[1].owner": "delete-replace",
      "uploads[1].group": "delete-replace",
    });
    const simple = await containers.create(plain("simple"));
    assert.deepEqual((await containers.read(simple))?.inputs, simple.inputs);
    await docker.getNetwork(other.id).connect({ Container: simple.id });
    assert.deepEqual((await containers.read(simple))?.inputs.networksAdvanced, [{ name: `${prefix}other` }]);
  });

  it("a create that fails by exit, health or time limit records the container and reports the reason", async () => {
    const failing = async (more: Properties, expected: RegExp) => {
      const error = await containers.create(waiting(more)).then(
        () => assert.fail("no error"),
        (failure) => failure,
      );
      assert.ok(error instanceof PartialCreateError, String(error));
      assert.match(error.message, expected);
      assert.equal((await docker.getContainer(error.id).inspect()).Name, `/${prefix}box`);
      await containers.delete({ urn: "", type: containers.type, id: error.id, inputs: {}, outputs: error.outputs });
      return error.message;
    };
    const message = await failing(
      {
        command: ["sh", "-c", "echo starting with $DB_PASSWORD; echo broken >&2; exit 3"],
        envs: ["DB_PASSWORD=open-sesame"],
      },
      /container apim-ptest-box: ended with exit code 3/,
    );
    assert.match(message, /starting with \*\*\*(\n|$)/);
    assert.match(message, /broken/);
    assert.doesNotMatch(message, /open-sesame/);
    await failing({ waitTimeout: 1 }, /was not healthy within 1 s\n {2}state: running/);
    await failing(
      { command: ["sh", "-c", "exit 4"], restart: "always" },
      /keeps ending with exit code 4: .* restarted it 5 times/,
    );
    const health = { tests: ["CMD", "test", "-f", "/no"], interval: "200ms", timeout: "1s", retries: 1 };
    await failing({ healthcheck: health }, /is unhealthy/);
    const { healthcheck: _, ...without } = waiting();
    await assert.rejects(containers.create(without), /has no health check, which wait: true requires/);
  });

  it("wait: true continues while the restart policy starts the container again", async () => {
    const command = "test -f /once && touch /ready && sleep 300; touch /once; exit 1";
    const created = await containers.create(waiting({ command: ["sh", "-c", command], restart: "unless-stopped" }));
    const { RestartCount, State } = await docker.getContainer(created.id).inspect();
    assert.deepEqual([RestartCount, State.Health?.Status], [1, "healthy"]);
  });

  it("wait: true ends at Ctrl-C", async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 700);
    await assert.rejects(containers.create(waiting(), logged(controller.signal).context), /interrupted while waiting/);
  });

  it("create reports a foreign container of the same name, a missing image or an allocated port, with the remedy", async () => {
    const foreign = await docker.createContainer({ name: `${prefix}box`, Image: image(), Cmd: ["sleep", "1"] });
    await assert.rejects(
      containers.create(plain("box")),
      new RegExp(`already exists \\(${foreign.id.slice(0, 12)}\\).*docker rm -f apim-ptest-box`),
    );
    assert.equal(await containers.recover(plain("box")), undefined);
    assert.equal((await docker.getContainer(`${prefix}box`).inspect()).Id, foreign.id);
    await assert.rejects(
      containers.create(plain("absent", { image: `${prefix}none:1` })),
      /No such image.*build or pull it first/,
    );
    const port = { ports: [{ internal: 80, external: 18196, ip: "127.0.0.1" }] };
    await containers.create(plain("one", port));
    await assert.rejects(
      containers.create(plain("two", port)),
      /18196.*port is already allocated; .*choose another port/,
    );
  });

  it("recover finds what an interrupted create left, and reports it complete only if it runs", async () => {
    const created = await containers.create(plain("box", { labels: [{ label: "config", value: "1" }] }));
    const again = await containers.recover(plain("box", { labels: [{ label: "config", value: "1" }] }));
    assert.deepEqual([again?.id, again?.complete], [created.id, true]);
    assert.equal(await containers.recover(plain("box", { labels: [{ label: "config", value: "2" }] })), undefined);
    await docker.getContainer(created.id).stop({ t: 0 });
    assert.equal(
      (await containers.recover(plain("box", { labels: [{ label: "config", value: "1" }] })))?.complete,
      false,
    );
  });

  it("import accepts a container, network or volume for which the program sets only the required inputs", async () => {
    const name = `${prefix}foreign`;
    const options: Docker.ContainerCreateOptions = { name, Image: image(), Cmd: ["sleep", "9"], Env: ["A=1"] };
    const container = await docker.createContainer(options);
    const network = await docker.createNetwork({ Name: name });
    await docker.createVolume({ Name: name });
    try {
      for (const [driver, id, inputs] of [
        [containers, container.id, { name, image: image() }],
        [networks, network.id, { name }],
        [volumes, name, { name }],
      ] as const) {
        const found = await driver.import(id);
        assert.deepEqual(found && (await driver.diff(found, inputs)).detailed, {}, driver.type);
        const renamed = found && (await driver.diff(found, { ...inputs, name: "other" }));
        assert.deepEqual(renamed?.detailed, { name: "update-replace" });
      }
    } finally {
      await container.remove({ force: true });
      await Promise.all([network.remove(), docker.getVolume(name).remove()]);
    }
  });

  it("delete removes anonymous volumes and ignores a missing container; the outputs hold ports that Docker chose", async () => {
    const created = await containers.create(
      plain("box", { ports: [{ internal: 80 }], volumes: [{ containerPath: "/anonymous" }], destroyGraceSeconds: 1 }),
    );
    assert.ok(Number((created.outputs.ports as Properties[])[0]?.external) > 1024);
    const volume = (await docker.getContainer(created.id).inspect()).Mounts.find(
      (one) => one.Destination === "/anonymous",
    );
    assert.ok(volume?.Name);
    const imported = await containers.import(created.id);
    assert.equal(imported?.inputs.name, `${prefix}box`);
    await containers.delete(created);
    await containers.delete(created);
    assert.equal(await containers.read(created), undefined);
    await assert.rejects(docker.getVolume(volume.Name).inspect(), /no such volume/i);
  });
});
