import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import type { Properties } from "../../../../engine/provider";
import { docker } from "../../testStack";
import { images, logged, networks, prefix, provider, subnet, useTestImage, volumes, withoutEmpty } from "./support";

describe("docker provider on a Docker engine", function () {
  this.timeout(60_000);
  const image = useTestImage();

  describe("RemoteImage", () => {
    it("uses a local image without pulling it; with keepLocally, delete keeps the image", async () => {
      const { context, lines } = logged();
      const created = await images.create({ name: image(), keepLocally: true }, context);
      const { Id } = await docker.getImage(image()).inspect();
      assert.equal(created.id, Id + image());
      assert.equal(created.outputs.imageId, Id);
      assert.deepEqual(lines, []);
      await images.delete(created);
      assert.equal((await docker.getImage(image()).inspect()).Id, Id);
    });

    it("getRemoteImage returns a local image, and fails for any other without pulling it", async () => {
      const find = (name: string) => provider.invoke?.("docker:index/getRemoteImage:getRemoteImage", { name });
      const { Id } = await docker.getImage(image()).inspect();
      assert.deepEqual(await find(image()), { id: Id, name: image(), repoDigest: "" });
      await assert.rejects(
        async () => find("localhost:1/apim-ptest-absent:1"),
        /absent:1: not found on this Docker engine$/,
      );
    });

    it("create fails for an image that is neither local nor can be pulled", async () => {
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

      it("applies build arguments, labels, tags and .dockerignore, and logs each step", async () => {
        const inputs = await build(
          `FROM ${image()}\nARG WHO\nRUN echo $WHO > /who\nCOPY . /context/\nLABEL own=yes\n`,
          {
            buildArgs: { WHO: "somebody" },
            labels: { given: "too" },
            tags: [`${prefix}other:2`],
          },
        );
        const { context, lines } = logged();
        const created = await images.create(inputs, context);
        // The Dockerfile has five steps; Docker adds one for `labels`.
        assert.equal(lines.length, 6);
        assert.match(lines[0] ?? "", /^Step 1\/6 : FROM/);
        const { Id, Config } = await docker.getImage(name).inspect();
        assert.equal(created.id, Id + name);
        assert.deepEqual(Config.Labels, { own: "yes", given: "too" });
        assert.equal((await docker.getImage(`${prefix}other:2`).inspect()).Id, Id);
        const command = "cat /who; ls /context /context/sub";
        const output = new PassThrough();
        const options = { name: `${prefix}ran`, Tty: false };
        const [end, container] = await docker.run(Id, ["sh", "-c", command], [output, output], options);
        // Not with AutoRemove, which may still go on when the test ends.
        await container.remove();
        assert.equal(end.StatusCode, 0);
        const files = String(output.read());
        assert.match(files, /^somebody\n/);
        assert.match(files, /kept\.txt/);
        assert.doesNotMatch(files, /secret|dropped/);
        assert.equal((await images.diff(created, inputs)).changes, false);
        assert.deepEqual((await images.read(created))?.outputs, created.outputs);
        await images.delete(created);
        await assert.rejects(docker.getImage(name).inspect());
      });

      it("reports the last lines of the output of a build that fails", async () => {
        const inputs = await build(`FROM ${image()}\nRUN echo the-reason && exit 7\n`);
        await assert.rejects(images.create(inputs), (error: Error) => {
          assert.match(error.message, /build image apim-ptest-built:1/);
          assert.match(error.message, /the-reason\n/);
          assert.match(error.message, /returned a non-zero code: 7/);
          return true;
        });
      });

      it("names a missing context or Dockerfile in the error", async () => {
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
    it("getNetwork returns an existing network with its subnet, and fails for any other", async () => {
      const name = `${prefix}net`;
      const find = async (named: string) => provider.invoke?.("docker:index/getNetwork:getNetwork", { name: named });
      await assert.rejects(find(name), /not found on this Docker engine$/);
      const created = await networks.create({ name, ipamConfigs: [{ subnet }] });
      const { id, driver, ipamConfigs } = (await find(name)) ?? {};
      assert.deepEqual([id, driver], [created.id, "bridge"]);
      assert.equal((ipamConfigs as { subnet: string }[])[0]?.subnet, subnet);
      await networks.delete(created);
    });

    const inputs: Properties = {
      name: `${prefix}net`,
      driver: "bridge",
      ipamConfigs: [{ subnet }],
      labels: [{ label: "a", value: "b" }],
    };

    it("is created with subnet and labels, read without drift and compared; delete ignores a missing network", async () => {
      const created = await networks.create(inputs);
      const found = await docker.getNetwork(created.id).inspect();
      assert.equal(found.IPAM?.Config?.[0]?.Subnet, subnet);
      assert.deepEqual(found.Labels, { a: "b" });
      assert.deepEqual(withoutEmpty((await networks.read(created))?.outputs), withoutEmpty(created.outputs));
      assert.equal((await networks.diff(created, inputs)).changes, false);
      const change = await networks.diff(created, { ...inputs, internal: true });
      assert.deepEqual([change.replaces, change.deleteBeforeReplace], [["internal"], true]);
      await networks.delete(created);
      await networks.delete(created);
      assert.equal(await networks.read(created), undefined);
    });

    it("create refuses a foreign network of the same name; recover finds what an interrupted create left", async () => {
      const foreign = await docker.createNetwork({ Name: `${prefix}net` });
      await assert.rejects(
        networks.create(inputs),
        /network apim-ptest-net: a network with this name already exists .*docker network rm/,
      );
      assert.equal(await networks.recover(inputs), undefined);
      await foreign.remove();
      const created = await networks.create(inputs);
      assert.equal((await networks.recover(inputs))?.id, created.id);
    });

    it("create names the network whose subnet overlaps", async () => {
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

    it("is created, read without drift, compared and deleted; recover requires the same labels, driver and options", async () => {
      const created = await volumes.create(inputs);
      assert.deepEqual((await docker.getVolume(created.id).inspect()).Labels, { a: "b" });
      assert.deepEqual(withoutEmpty((await volumes.read(created))?.outputs), withoutEmpty(created.outputs));
      assert.equal((await volumes.diff(created, inputs)).changes, false);
      assert.equal((await volumes.recover(inputs))?.id, created.id);
      const otherLabels = { ...inputs, labels: [{ label: "of", value: "another" }] };
      assert.equal(await volumes.recover(otherLabels), undefined);
      assert.equal(await volumes.recover({ ...inputs, driver: "other" }), undefined);
      assert.equal(await volumes.recover({ ...inputs, driverOpts: { type: "tmpfs", device: "tmpfs" } }), undefined);
      await volumes.delete(created);
      await volumes.delete(created);
      assert.equal(await volumes.read(created), undefined);
    });

    it("read reports the missing label of a volume that was recreated empty under the same name", async () => {
      const created = await volumes.create(inputs);
      await docker.getVolume(created.id).remove();
      await docker.createVolume({ Name: `${prefix}data` });
      const found = await volumes.read(created);
      assert.ok(found);
      assert.notDeepEqual(found.outputs.labels, created.outputs.labels, "refresh reports what differs in the outputs");
      assert.deepEqual((await volumes.diff(found, inputs)).replaces, ["labels"]);
    });

    it("create refuses a foreign volume of the same name", async () => {
      await docker.createVolume({ Name: `${prefix}data` });
      await assert.rejects(
        volumes.create(inputs),
        /volume apim-ptest-data: a volume with this name already exists .*docker volume rm/,
      );
    });
  });
});
