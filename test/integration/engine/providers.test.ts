import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import Docker from "dockerode";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { type Existing, PartialCreateError, type Properties } from "../../../engine/provider";
import { providerFor } from "../../engine/providers/support";
import { Driver, logged, prefix, removeLeftovers, removeTestImage, testImage } from "./providersSupport";

const docker = new Docker();
const provider = providerFor("docker", {});
const images = new Driver(provider, "docker:index/remoteImage:RemoteImage", "image");
const networks = new Driver(provider, "docker:index/network:Network", "network");
const volumes = new Driver(provider, "docker:index/volume:Volume", "volume");
const containers = new Driver(provider, "docker:index/container:Container", "container");
const subnet = "172.29.213.0/24";
const samples = path.resolve(__dirname, "../../../../shared/data/pulumi-samples");

/** Without what is empty: after a read, the official providers have empty values in place of null. */
const filled = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(filled);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([key, member]) => [key, filled(member)] as const);
  const empty = [null, undefined, false, 0, ""] as unknown[];
  return Object.fromEntries(
    members.filter(
      ([, each]) => !empty.includes(each) && !(typeof each === "object" && Object.keys(each ?? {}).length === 0),
    ),
  );
};

describe("docker provider on a real engine", function () {
  this.timeout(60_000);
  let image = "";

  before(async function () {
    if (!(await docker.ping().catch(() => undefined))) {
      console.log("      skipped: no Docker engine answers");
      this.skip();
    }
    await removeLeftovers(docker);
    const found = await testImage(docker);
    if (!found) {
      console.log("      skipped: no image with a shell, and busybox-static cannot be downloaded (apt-get update?)");
      this.skip();
    }
    image = found;
  });
  afterEach(() => removeLeftovers(docker));
  after(() => removeTestImage(docker));

  const plain = (name: string, more: Properties = {}): Properties => ({
    name: prefix + name,
    image,
    command: ["sleep", "300"],
    ...more,
  });

  describe("RemoteImage", () => {
    it("uses an image of this engine without pulling, and keepLocally keeps it", async () => {
      const { context, lines } = logged();
      const made = await images.create({ name: image, keepLocally: true }, context);
      const { Id } = await docker.getImage(image).inspect();
      assert.equal(made.id, Id + image);
      assert.equal(made.outputs.imageId, Id);
      assert.deepEqual(lines, []);
      await images.delete(made);
      assert.equal((await docker.getImage(image).inspect()).Id, Id);
    });

    it("says so when an image can neither be found nor pulled", async () => {
      await assert.rejects(
        images.create({ name: "localhost:1/apim-ptest-absent:1" }),
        /apim-ptest-absent:1: not found on this Docker engine/,
      );
    });

    describe("build", () => {
      let directory = "";
      const name = `${prefix}built:1`;
      beforeEach(async () => {
        directory = await mkdtemp(path.join(os.tmpdir(), prefix));
        await mkdir(path.join(directory, "sub"));
        await writeFile(path.join(directory, ".dockerignore"), "secret.txt\nsub/*\n!sub/kept.txt\n");
        await writeFile(path.join(directory, "secret.txt"), "no");
        await writeFile(path.join(directory, "sub/dropped.txt"), "no");
        await writeFile(path.join(directory, "sub/kept.txt"), "yes");
      });
      afterEach(() => rm(directory, { recursive: true, force: true }));
      const build = (dockerfile: string, more: Properties = {}) =>
        writeFile(path.join(directory, "Dockerfile"), dockerfile).then(() => ({
          name,
          build: { context: directory, ...more },
        }));

      it("builds, with arguments, labels and .dockerignore, and logs each step", async () => {
        const inputs = await build(`FROM ${image}\nARG WHO\nRUN echo $WHO > /who\nCOPY . /context/\nLABEL made=yes\n`, {
          buildArgs: { WHO: "somebody" },
          labels: { given: "too" },
          tags: [`${prefix}other:2`],
        });
        const { context, lines } = logged();
        const made = await images.create(inputs, context);
        // Five of the Dockerfile, and one that Docker adds for `labels`.
        assert.equal(lines.length, 6);
        assert.match(lines[0] ?? "", /^Step 1\/6 : FROM/);
        const { Id, Config } = await docker.getImage(name).inspect();
        assert.equal(made.id, Id + name);
        assert.deepEqual(Config.Labels, { made: "yes", given: "too" });
        assert.equal((await docker.getImage(`${prefix}other:2`).inspect()).Id, Id);
        const command = "cat /who; ls /context /context/sub";
        const output = new PassThrough();
        const options = { name: `${prefix}ran`, Tty: false, HostConfig: { AutoRemove: true } };
        const [end] = await docker.run(Id, ["sh", "-c", command], [output, output], options);
        assert.equal(end.StatusCode, 0);
        const files = String(output.read());
        assert.match(files, /^somebody\n/);
        assert.match(files, /kept\.txt/);
        assert.doesNotMatch(files, /secret|dropped/);
        assert.equal((await images.diff(made, inputs)).changes, false);
        assert.deepEqual((await images.read(made))?.outputs, made.outputs);
        await images.delete(made);
        await assert.rejects(docker.getImage(name).inspect());
      });

      it("fails with the last lines of the build", async () => {
        const inputs = await build(`FROM ${image}\nRUN echo the-reason && exit 7\n`);
        await assert.rejects(images.create(inputs), (error: Error) => {
          assert.match(error.message, /build image apim-ptest-built:1/);
          assert.match(error.message, /the-reason\n/);
          assert.match(error.message, /returned a non-zero code: 7/);
          return true;
        });
      });

      it("names a context or Dockerfile that is missing", async () => {
        await assert.rejects(
          images.create({ name, build: { context: `${directory}/none` } }),
          /build\.context: .* found nothing/,
        );
        await assert.rejects(
          images.create({ name, build: { context: directory } }),
          /build\.dockerfile: no file Dockerfile/,
        );
      });
    });
  });

  describe("Network", () => {
    const inputs: Properties = {
      name: `${prefix}net`,
      driver: "bridge",
      ipamConfigs: [{ subnet }],
      labels: [{ label: "a", value: "b" }],
    };

    it("is made as asked, read, compared and deleted", async () => {
      const made = await networks.create(inputs);
      const found = await docker.getNetwork(made.id).inspect();
      assert.equal(found.IPAM?.Config?.[0]?.Subnet, subnet);
      assert.deepEqual(found.Labels, { a: "b" });
      assert.deepEqual(filled((await networks.read(made))?.outputs), filled(made.outputs));
      assert.equal((await networks.diff(made, inputs)).changes, false);
      const change = await networks.diff(made, { ...inputs, internal: true });
      assert.deepEqual([change.replaces, change.deleteBeforeReplace], [["internal"], true]);
      await networks.delete(made);
      await networks.delete(made);
      assert.equal(await networks.read(made), undefined);
    });

    it("is never taken over from somebody else; one that an interrupted create left is found again", async () => {
      const foreign = await docker.createNetwork({ Name: `${prefix}net` });
      await assert.rejects(
        networks.create(inputs),
        /network apim-ptest-net: a network with this name already exists .*docker network rm/,
      );
      assert.equal(await networks.recover(inputs), undefined);
      await foreign.remove();
      const made = await networks.create(inputs);
      assert.equal((await networks.recover(inputs))?.id, made.id);
    });

    it("says which network overlaps", async () => {
      await networks.create(inputs);
      const other = { name: `${prefix}net-2`, ipamConfigs: [{ subnet: "172.29.213.128/25" }] };
      await assert.rejects(
        networks.create(other),
        /172\.29\.213\.128\/25 overlaps .*apim-ptest-net 172\.29\.213\.0\/24/,
      );
    });
  });

  describe("Volume", () => {
    const inputs: Properties = { name: `${prefix}data`, labels: [{ label: "a", value: "b" }] };

    it("is made, read, compared, found again, and deleted", async () => {
      const made = await volumes.create(inputs);
      assert.deepEqual((await docker.getVolume(made.id).inspect()).Labels, { a: "b" });
      assert.deepEqual(filled((await volumes.read(made))?.outputs), filled(made.outputs));
      assert.equal((await volumes.diff(made, inputs)).changes, false);
      assert.equal((await volumes.recover(inputs))?.id, made.id);
      const others = { ...inputs, labels: [{ label: "of", value: "another" }] };
      assert.equal(await volumes.recover(others), undefined);
      assert.equal(await volumes.recover({ ...inputs, driver: "other" }), undefined);
      assert.equal(await volumes.recover({ ...inputs, driverOpts: { type: "tmpfs", device: "tmpfs" } }), undefined);
      await volumes.delete(made);
      await volumes.delete(made);
      assert.equal(await volumes.read(made), undefined);
    });

    it("that was removed and made anew, empty, under its name is told by the label that it lacks", async () => {
      const made = await volumes.create(inputs);
      await docker.getVolume(made.id).remove();
      await docker.createVolume({ Name: `${prefix}data` });
      const found = await volumes.read(made);
      assert.ok(found);
      assert.notDeepEqual(found.outputs.labels, made.outputs.labels, "refresh tells what differs in the outputs");
      assert.deepEqual((await volumes.diff(found, inputs)).replaces, ["labels"]);
    });

    it("is refused when somebody else has one of that name", async () => {
      await docker.createVolume({ Name: `${prefix}data` });
      await assert.rejects(
        volumes.create(inputs),
        /volume apim-ptest-data: a volume with this name already exists .*docker volume rm/,
      );
    });
  });

  describe("Container", () => {
    const waiting = (more: Properties = {}): Properties =>
      plain("box", {
        healthcheck: { tests: ["CMD", "test", "-f", "/ready"], interval: "500ms", timeout: "2s", retries: 40 },
        wait: true,
        waitTimeout: 20,
        mustRun: true,
        ...more,
      });

    async function full(): Promise<{ inputs: Properties; made: Existing }> {
      await networks.create({ name: `${prefix}net`, driver: "bridge", ipamConfigs: [{ subnet }] });
      await volumes.create({ name: `${prefix}data` });
      const imageId = (await docker.getImage(image).inspect()).Id;
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
      return { inputs, made: await containers.create(inputs) };
    }

    it("gets its files, networks, limits and health, and no change is seen afterwards", async () => {
      const { inputs, made } = await full();
      const found = await docker.getContainer(made.id).inspect();
      assert.equal(found.State.Health?.Status, "healthy");
      assert.deepEqual(Object.keys(found.NetworkSettings.Networks), [`${prefix}net`]);
      assert.equal((made.outputs.networkDatas as Properties[])[0]?.ipAddress, "172.29.213.10");
      const exec = await docker.getContainer(made.id).exec({
        Cmd: ["sh", "-c", "ls -l /etc/app/deep/one.conf /etc/app/run.sh"],
        AttachStdout: true,
      });
      let listing = "";
      for await (const chunk of await exec.start({})) {
        listing += String(chunk);
      }
      assert.match(listing, /-rw-------.*one\.conf/);
      assert.match(listing, /-rwxr--r--.*run\.sh/);
      const read = await containers.read(made);
      assert.deepEqual(filled(read?.outputs), filled(made.outputs));
      assert.deepEqual(read?.inputs, made.inputs);
      const shuffled = {
        ...inputs,
        envs: ["APP_PASSWORD=sesame", "A=1"],
        labels: [...(inputs.labels as Properties[])].reverse(),
      };
      assert.equal((await containers.diff(made, shuffled)).changes, false);
    });

    it("looks to docker inspect as one that the official provider made", async function () {
      const file = path.join(samples, "04-docker-inspect-container.json");
      if (!existsSync(file)) {
        console.log(`      skipped: no sample at ${file}`);
        this.skip();
      }
      const official = JSON.parse(readFileSync(file, "utf8"))[0];
      const { made } = await full();
      const ours = JSON.parse(JSON.stringify(await docker.getContainer(made.id).inspect()));
      const { HostConfig: host, Config: config } = official;
      const rename = (text: string) =>
        text
          .replaceAll("box-data", `${prefix}data`)
          .replaceAll("172.29.7.", "172.29.213.")
          .replaceAll("18199", "18197");
      const expectedHost = JSON.parse(rename(JSON.stringify(host)));
      // The host's own cgroup version and kernel decide these.
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
      const recorded = state.deployment.resources.find((one: { type: string }) => one.type === made.type).outputs;
      delete recorded.__pulumi_raw_state_delta;
      assert.deepEqual(Object.keys(made.outputs).sort(), Object.keys(recorded).sort());
    });

    it("changes limits in place and replaces for the rest", async () => {
      const { inputs, made } = await full();
      const bigger = { ...inputs, memory: 300, memorySwap: 300, restart: "always" };
      const change = await containers.diff(made, bigger);
      assert.deepEqual(change.detailed, { memory: "update", memorySwap: "update", restart: "update" });
      assert.deepEqual(change.replaces, []);
      const updated = await containers.update(made, bigger);
      const { HostConfig } = await docker.getContainer(made.id).inspect();
      assert.deepEqual([HostConfig.Memory, HostConfig.RestartPolicy?.Name], [300 * 1024 * 1024, "always"]);
      assert.equal(updated.outputs.memory, 300);
      const less = 64 * 1024 * 1024;
      await docker.getContainer(made.id).update({ Memory: less, MemorySwap: less });
      const lowered = await containers.read(updated);
      assert.ok(lowered);
      const raised = await containers.update(lowered, { ...inputs, memorySwap: null });
      assert.equal(raised.outputs.memory, 256, "also above the swap limit that was set outside");
      const relabelled = await containers.diff(made, {
        ...inputs,
        labels: [
          { label: "com.example.role", value: "web" },
          { label: "config", value: "2" },
        ],
      });
      assert.deepEqual(relabelled.detailed, { "labels[1].value": "update-replace" });
      assert.equal(relabelled.deleteBeforeReplace, true);
    });

    it("sees what was done behind its back: stopped, paused, limits, network, an edited and a removed file", async () => {
      const { inputs, made } = await full();
      const container = docker.getContainer(made.id);
      const seen = async (act: () => Promise<unknown>, undo: () => Promise<unknown>) => {
        await act();
        const read = await containers.read(made);
        assert.ok(read);
        const { detailed, replaces } = await containers.diff(read, inputs);
        await undo();
        return { paths: Object.keys(detailed), replaces, read };
      };
      const sh = async (command: string) => {
        const exec = await container.exec({ Cmd: ["sh", "-c", command], AttachStdout: true });
        for await (const _ of await exec.start({})) {
          // Its end is waited for.
        }
      };
      const paused = await seen(
        () => container.pause(),
        () => container.unpause(),
      );
      assert.deepEqual(paused.replaces, ["mustRun"]);
      assert.equal(paused.read.outputs.mustRun, false, "refresh tells what differs in the outputs");
      const limited = await seen(
        () => container.update({ CpuShares: 512 }),
        () => container.update({ CpuShares: 1024 }),
      );
      assert.deepEqual([limited.paths, limited.replaces], [["cpuShares"], ["cpuShares"]]);
      const net = docker.getNetwork(`${prefix}net`);
      const left = await seen(
        () => net.disconnect({ Container: made.id }),
        () => net.connect({ Container: made.id, EndpointConfig: { IPAMConfig: { IPv4Address: "172.29.213.10" } } }),
      );
      assert.deepEqual(left.replaces.includes("networksAdvanced"), true);
      const edited = await seen(
        () => sh("echo sesame-leak > /etc/app/deep/one.conf; echo -n > /ready"),
        () => sh("true"),
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

    it("sees networks joined otherwise than asked and those that nobody asked for, and who may read its files", async () => {
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
      const made = await containers.create(inputs);
      assert.deepEqual((await containers.read(made))?.inputs, made.inputs);
      const Container = made.id;
      const seen = async () => {
        const read = await containers.read(made);
        assert.ok(read);
        const { detailed } = await containers.diff(read, inputs);
        for (const path of Object.keys(detailed)) {
          const [key = ""] = path.split("[");
          assert.notDeepEqual(filled(read.outputs[key]), filled(made.outputs[key]), `refresh tells of ${key}`);
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
      assert.deepEqual(await seen(), { networksAdvanced: "add-replace" }, "without its alias");
      await rejoin({ IPAMConfig: { IPv4Address }, Aliases: ["web"] });
      assert.deepEqual(await seen(), { networksAdvanced: "add-replace" }, "without its IPv6 address");
      await rejoin({ IPAMConfig: { IPv4Address, IPv6Address }, Aliases: ["web", "more"] });
      assert.deepEqual(await seen(), {}, "as asked again");
      await docker.getNetwork(other.id).connect({ Container });
      assert.deepEqual(await seen(), { "networksAdvanced[1]": "delete-replace" });
      await docker.getNetwork(other.id).disconnect({ Container });

      const command = "chmod 0644 /etc/app/one.conf; chown 802:803 /etc/app/two.conf";
      const exec = await docker.getContainer(made.id).exec({ Cmd: ["sh", "-c", command], AttachStdout: true });
      for await (const _ of await exec.start({})) {
        // Its end is waited for.
      }
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

    it("is recorded with its id and says why when it ends, is unhealthy or takes too long", async () => {
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
      const said = await failing(
        {
          command: ["sh", "-c", "echo starting with $DB_PASSWORD; echo broken >&2; exit 3"],
          envs: ["DB_PASSWORD=open-sesame"],
        },
        /container apim-ptest-box: ended with exit code 3/,
      );
      assert.match(said, /starting with \*\*\*(\n|$)/);
      assert.match(said, /broken/);
      assert.doesNotMatch(said, /open-sesame/);
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

    it("waits on when its restart policy starts it again", async () => {
      const command = "test -f /once && touch /ready && sleep 300; touch /once; exit 1";
      const made = await containers.create(waiting({ command: ["sh", "-c", command], restart: "unless-stopped" }));
      const { RestartCount, State } = await docker.getContainer(made.id).inspect();
      assert.deepEqual([RestartCount, State.Health?.Status], [1, "healthy"]);
    });

    it("stops waiting at Ctrl-C", async () => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 700);
      await assert.rejects(
        containers.create(waiting(), logged(controller.signal).context),
        /interrupted while waiting/,
      );
    });

    it("names a foreign container, a port and an image that stand in the way", async () => {
      const foreign = await docker.createContainer({ name: `${prefix}box`, Image: image, Cmd: ["sleep", "1"] });
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

    it("finds again what an interrupted create left, complete only if it runs", async () => {
      const made = await containers.create(plain("box", { labels: [{ label: "config", value: "1" }] }));
      const again = await containers.recover(plain("box", { labels: [{ label: "config", value: "1" }] }));
      assert.deepEqual([again?.id, again?.complete], [made.id, true]);
      assert.equal(await containers.recover(plain("box", { labels: [{ label: "config", value: "2" }] })), undefined);
      await docker.getContainer(made.id).stop({ t: 0 });
      assert.equal(
        (await containers.recover(plain("box", { labels: [{ label: "config", value: "1" }] })))?.complete,
        false,
      );
    });

    it("is taken over by import, as networks and volumes are, when the program says no more than it must", async () => {
      const name = `${prefix}foreign`;
      const options: Docker.ContainerCreateOptions = { name, Image: image, Cmd: ["sleep", "9"], Env: ["A=1"] };
      const container = await docker.createContainer(options);
      const network = await docker.createNetwork({ Name: name });
      await docker.createVolume({ Name: name });
      try {
        for (const [driver, id, said] of [
          [containers, container.id, { name, image }],
          [networks, network.id, { name }],
          [volumes, name, { name }],
        ] as const) {
          const found = await driver.import(id);
          assert.deepEqual(found && (await driver.diff(found, said)).detailed, {}, driver.type);
          const renamed = found && (await driver.diff(found, { ...said, name: "other" }));
          assert.deepEqual(renamed?.detailed, { name: "update-replace" });
        }
      } finally {
        await container.remove({ force: true });
        await Promise.all([network.remove(), docker.getVolume(name).remove()]);
      }
    });

    it("is deleted with its anonymous volumes, also when it is gone already; random ports are told", async () => {
      const made = await containers.create(
        plain("box", { ports: [{ internal: 80 }], volumes: [{ containerPath: "/anonymous" }], destroyGraceSeconds: 1 }),
      );
      assert.ok(Number((made.outputs.ports as Properties[])[0]?.external) > 1024);
      const volume = (await docker.getContainer(made.id).inspect()).Mounts.find(
        (one) => one.Destination === "/anonymous",
      );
      assert.ok(volume?.Name);
      const imported = await containers.import(made.id);
      assert.equal(imported?.inputs.name, `${prefix}box`);
      await containers.delete(made);
      await containers.delete(made);
      assert.equal(await containers.read(made), undefined);
      await assert.rejects(docker.getVolume(volume.Name).inspect(), /no such volume/i);
    });
  });
});

describe("mysql provider on a real MySQL", function () {
  this.timeout(90_000);
  const base = "wso2-apim/base-mysql:9";
  const endpoint = "127.0.0.1:18195";
  const config = { endpoint, username: "admin", password: "admin'pw\\", tls: "false", version: "3.3.2" };
  const mysql = providerFor("mysql", config);
  const databases = new Driver(mysql, "mysql:index/database:Database", "database");
  const users = new Driver(mysql, "mysql:index/user:User", "user");
  const grants = new Driver(mysql, "mysql:index/grant:Grant", "grant");

  const database: Properties = {
    name: "ptest`db",
    defaultCharacterSet: "latin1",
    defaultCollation: "latin1_swedish_ci",
  };
  const user: Properties = { user: "ptest", host: "%", plaintextPassword: 'it\'s\\ a "secret"' };
  const grant: Properties = { user: "ptest", host: "%", database: "ptest`db", privileges: ["ALL"] };

  before(async function () {
    const image = await docker
      .getImage(base)
      .inspect()
      .catch(() => undefined);
    if (!image) {
      console.log(`      skipped: no image ${base} (npm run setup builds it)`);
      this.skip();
    }
    await removeLeftovers(docker);
    const start =
      "mkdir -p /var/run/mysqld /var/lib/mysql-files && " +
      "mysqld --initialize-insecure --user=root --datadir=/tmp/data && " +
      "exec mysqld --user=root --datadir=/tmp/data --init-file=/init.sql --innodb-buffer-pool-size=32M --performance-schema=OFF";
    await containers.create({
      name: `${prefix}mysql`,
      image: base,
      command: ["sh", "-c", start],
      ports: [{ internal: 3306, external: 18195, ip: "127.0.0.1" }],
      uploads: [
        {
          file: "/init.sql",
          content: `CREATE USER 'admin'@'%' IDENTIFIED BY 'admin''pw\\\\';\nGRANT ALL ON *.* TO 'admin'@'%' WITH GRANT OPTION;\n`,
        },
      ],
    });
  });
  after(async () => {
    await mysql.close?.();
    await removeLeftovers(docker);
  });

  const login = async (password: string, name?: string) => {
    const connection = await createConnection({
      host: "127.0.0.1",
      port: 18195,
      user: "ptest",
      password,
      database: name,
    });
    try {
      await connection.query("SELECT 1");
      return connection;
    } finally {
      await connection.end();
    }
  };

  it("waits for a server that is still starting, and logs that it does", async () => {
    const { context, lines } = logged();
    const made = await databases.create({ name: "ptest_first" }, context);
    assert.match(lines[0] ?? "", /waiting for MySQL at 127\.0\.0\.1:18195/);
    const read = await databases.read(made);
    assert.deepEqual(read?.outputs, made.outputs, "utf8 that reads back as utf8mb3 is no drift");
    await databases.delete(made);
  });

  it("makes, reads, changes and deletes a database", async () => {
    const made = await databases.create(database);
    assert.equal(made.id, "ptest`db");
    assert.deepEqual((await databases.read(made))?.outputs, made.outputs);
    assert.equal((await databases.diff(made, database)).changes, false);
    const imported = await databases.import(made.id);
    assert.ok(imported);
    assert.equal((await databases.diff(imported, database)).changes, false, "as an import finds it");
    await assert.rejects(databases.create(database), /create database ptest`db: it already exists/);
    assert.equal((await databases.recover(database))?.id, made.id);
    const wider = { ...database, defaultCharacterSet: "utf8mb4", defaultCollation: "utf8mb4_bin" };
    assert.equal(await databases.recover(wider), undefined);
    assert.deepEqual((await databases.diff(made, wider)).replaces, []);
    const changed = await databases.update(made, wider);
    assert.equal((await databases.read(changed))?.outputs.defaultCollation, "utf8mb4_bin");
    const read = await databases.read(made);
    assert.ok(read);
    assert.deepEqual((await databases.diff(read, database)).detailed, {
      defaultCharacterSet: "update",
      defaultCollation: "update",
    });
    await databases.delete(made);
    await databases.delete(made);
    assert.equal(await databases.read(made), undefined);
  });

  it("makes a user with grants whose password works, changes the password in place, and leaves nothing", async () => {
    const db = await databases.create(database);
    const made = await users.create(user);
    assert.equal(made.id, "ptest@%");
    assert.doesNotMatch(JSON.stringify(made.outputs), /secret/);
    await login(String(user.plaintextPassword));
    await assert.rejects(login(String(user.plaintextPassword), "ptest`db"), /Access denied/);
    assert.equal((await users.recover(user))?.id, made.id);
    assert.equal(await users.recover({ ...user, plaintextPassword: "another" }), undefined);
    await assert.rejects(
      users.create(user),
      (error: Error) => /ptest@%: it already exists/.test(error.message) && !/secret/.test(error.message),
    );

    const given = await grants.create(grant);
    assert.equal(given.id, "ptest@%:`ptest``db`");
    await login(String(user.plaintextPassword), "ptest`db");
    assert.deepEqual(filled((await grants.read(given))?.outputs), filled(given.outputs));
    const read = await grants.read(given);
    assert.ok(read);
    assert.equal((await grants.diff(read, grant)).changes, false);
    const fewer = { ...grant, privileges: ["select", "INSERT"] };
    assert.deepEqual((await grants.diff(given, fewer)).replaces, []);
    const changed = await grants.update(given, fewer);
    assert.deepEqual((await grants.read(changed))?.outputs.privileges, ["select", "INSERT"]);
    await grants.delete(changed);
    await grants.delete(changed);
    assert.equal(await grants.read(changed), undefined);

    assert.equal((await users.diff((await users.read(made)) ?? made, user)).changes, false);
    const admin = await createConnection({ port: 18195, user: "admin", password: String(config.password) });
    const [[here]] = await admin.query<RowDataPacket[]>("SELECT SUBSTRING_INDEX(USER(), '@', -1) AS host");
    await admin.query("CREATE USER 'ptest'@? IDENTIFIED BY 'of another account'", [here?.host]);
    assert.deepEqual((await users.read(made))?.outputs, made.outputs, "what another account answers says nothing");
    await admin.query("DROP USER 'ptest'@?", [here?.host]);
    await admin.query("ALTER USER 'ptest'@'%' IDENTIFIED BY 'changed outside'");
    await admin.end();
    const foreign = await users.read(made);
    assert.ok(foreign);
    assert.notEqual(foreign.outputs.plaintextPassword, made.outputs.plaintextPassword);
    assert.deepEqual((await users.diff(foreign, user)).detailed, { plaintextPassword: "update" });
    await users.update(foreign, user);
    await login(String(user.plaintextPassword));

    const newPassword = { ...user, plaintextPassword: "new one" };
    assert.deepEqual((await users.diff(made, newPassword)).detailed, { plaintextPassword: "update" });
    const updated = await users.update(made, newPassword);
    await login("new one");
    await assert.rejects(login(String(user.plaintextPassword)), /Access denied/);
    assert.deepEqual((await users.read(updated))?.outputs, updated.outputs);
    const secured = await users.update(updated, { ...newPassword, tlsOption: "SSL" });
    assert.equal((await users.read(secured))?.outputs.tlsOption, "SSL");
    assert.equal((await users.recover({ ...newPassword, tlsOption: "SSL" }))?.complete, true);
    assert.equal(await users.recover({ ...user, tlsOption: "SSL" }), undefined, "with another password");
    await users.delete(secured);
    await users.delete(secured);
    assert.equal(await users.read(secured), undefined);
    await grants.delete(given);
    assert.equal(await grants.read(given), undefined);
    await databases.delete(db);
  });

  it("sees that a grant may be passed on or no longer, that an account is locked or logs in another way, and mends it", async () => {
    const db = await databases.create(database);
    const made = await users.create(user);
    const admin = await createConnection({ port: 18195, user: "admin", password: String(config.password) });
    const outside = async (sql: string, driver: Driver, existing: Existing) => {
      await admin.query(sql);
      const found = await driver.read(existing);
      assert.ok(found);
      assert.notDeepEqual(filled(found.outputs), filled(existing.outputs), "refresh tells what differs in the outputs");
      return found;
    };
    const mended = async (driver: Driver, found: Existing, inputs: Properties) => {
      const updated = await driver.update(found, inputs);
      const read = await driver.read(updated);
      assert.deepEqual(read && (await driver.diff(read, inputs)).detailed, {});
      assert.deepEqual(filled(read?.outputs), filled(updated.outputs));
    };
    try {
      for (const wanted of [false, true]) {
        const inputs = { ...grant, grant: wanted };
        const given = await grants.create(inputs);
        const sql = wanted ? "REVOKE GRANT OPTION ON `ptest``db`.* FROM" : "GRANT GRANT OPTION ON `ptest``db`.* TO";
        const found = await outside(`${sql} 'ptest'@'%'`, grants, given);
        assert.deepEqual((await grants.diff(found, inputs)).detailed, { grant: "update" });
        assert.deepEqual((await grants.diff(found, inputs)).replaces, [], "the old one's deletion would take it all");
        await mended(grants, found, inputs);
      }
      const locked = await outside("ALTER USER 'ptest'@'%' ACCOUNT LOCK", users, made);
      assert.equal(locked.outputs.tlsOption, "NONE (account locked)");
      assert.deepEqual((await users.diff(locked, user)).detailed, { tlsOption: "update" });
      await mended(users, locked, user);
      await login(String(user.plaintextPassword));
      const expired = await outside("ALTER USER 'ptest'@'%' PASSWORD EXPIRE", users, made);
      await mended(users, expired, user);
      const told = { user: "ptest_plugin", host: "%", authPlugin: "caching_sha2_password" };
      const plugged = await users.create(told);
      const changed = await outside("ALTER USER 'ptest_plugin'@'%' IDENTIFIED WITH sha256_password", users, plugged);
      assert.deepEqual((await users.diff(changed, told)).detailed, { authPlugin: "update-replace" });
      await users.delete(plugged);
    } finally {
      await admin.end();
      await users.delete(made);
      await databases.delete(db);
    }
  });

  it("has an account that an interrupted create left, and that no login can tell, updated", async () => {
    const elsewhere = { user: "ptest_far", host: "192.0.2.1", plaintextPassword: "x" };
    const certified = { user: "ptest_x509", host: "%", plaintextPassword: "x", tlsOption: "X509" };
    for (const inputs of [elsewhere, certified]) {
      assert.equal(await users.recover(inputs), undefined, "not made yet");
      const made = await users.create(inputs);
      assert.equal((await users.recover(inputs))?.complete, false);
      await users.delete(made);
    }
  });

  it("says what is wrong with a login at once, and with an endpoint", async () => {
    const wrong = providerFor("mysql", { ...config, password: "nope" });
    await assert.rejects(
      new Driver(wrong, databases.type, "d").create(database),
      /127\.0\.0\.1:18195: Access denied .*username \(admin\)/,
    );
    const none = providerFor("mysql", {});
    await assert.rejects(new Driver(none, databases.type, "d").create(database), /endpoint: expected host:port/);
    await wrong.close?.();
  });
});
