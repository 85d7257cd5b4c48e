import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import { Crypter } from "../../../engine/backend/crypto";
import { openKeys } from "../../../engine/backend/passphrase";
import { decryptConfig, readProject } from "../../../engine/backend/project";
import { backendDir, StateFile } from "../../../engine/backend/stateFile";
import type { ResourceState } from "../../../engine/model";
import { Journal } from "../../../engine/planning/journal";
import { fromState, type Prop, Secret, toState } from "../../../engine/values";
import { recorded, removeTemporaryDirs, stack, temporaryDir, testCrypter } from "../support";

const samples = path.resolve(__dirname, "../../../../shared/data/pulumi-samples");

const state = (name: string, more: Partial<ResourceState> = {}): ResourceState => ({
  urn: `urn:pulumi:dev::shelf::toy:index:Thing::${name}`,
  custom: true,
  type: "toy:index:Thing",
  id: name,
  ...more,
});

describe("state", function () {
  // Deriving a key deliberately takes long.
  this.timeout(30_000);
  after(removeTemporaryDirs);

  describe("file", () => {
    it("has the path and the format of the official file backend", async () => {
      const dir = temporaryDir();
      const journal = new Journal(new StateFile(dir, stack), [], await testCrypter());
      await journal.settle(
        undefined,
        undefined,
        state("a", { inputs: { key: new Secret("hush") }, outputs: { n: 1 } }),
      );
      const text = readFileSync(path.join(dir, ".pulumi/stacks/shelf/dev.json"), "utf8");
      assert.ok(!text.includes("hush"));
      const { version, checkpoint } = JSON.parse(text);
      assert.equal(version, 3);
      assert.equal(checkpoint.stack, "organization/shelf/dev");
      assert.equal(checkpoint.latest.secrets_providers.type, "passphrase");
      assert.match(checkpoint.latest.manifest.magic, /^[\da-f]{64}$/);
      const { key } = checkpoint.latest.resources[0].inputs;
      assert.equal(key["4dabf18193072939515e22adb298388d"], "1b47061264138c4ac30d75fd1eb44270");
      assert.match(key.ciphertext, /^v1:[\w+/=]+:[\w+/=]+$/);
      assert.equal(readFileSync(path.join(dir, ".pulumi/meta.yaml"), "utf8"), "version: 1\n");
      const [back] = await recorded(dir);
      assert.ok(back?.inputs?.key instanceof Secret && back.inputs.key.value === "hush");
    });

    it("contains pending operations during a step; the state before the run is kept as .bak", async () => {
      const dir = temporaryDir();
      const first = new Journal(new StateFile(dir, stack), [], undefined);
      await first.settle(undefined, undefined, state("a"));
      const file = new StateFile(dir, stack);
      const second = new Journal(file, file.read()?.resources ?? [], undefined);
      const operation = await second.begin(state("b"), "creating");
      assert.deepEqual(
        file.read()?.pending.map(({ type, resource }) => [type, resource.id]),
        [["creating", "b"]],
      );
      await second.settle(operation, undefined, state("b"));
      assert.deepEqual(file.read()?.pending, []);
      assert.deepEqual(
        file
          .read()
          ?.resources.map(({ id }) => id)
          .sort(),
        ["a", "b"],
      );
      const backup = JSON.parse(readFileSync(`${file.file}.bak`, "utf8"));
      assert.deepEqual(
        backup.checkpoint.latest.resources.map(({ id }: { id: string }) => id),
        ["a"],
      );
    });

    it("combines concurrent changes into few writes", async () => {
      const dir = temporaryDir();
      const file = new StateFile(dir, stack);
      const journal = new Journal(file, [], undefined);
      let writes = 0;
      const write = file.write.bind(file);
      file.write = (...args) => {
        writes += 1;
        return write(...args);
      };
      const changes = Array.from({ length: 50 }, (_, index) => state(`r${index}`));
      await Promise.all(changes.map((change) => journal.settle(undefined, undefined, change)));
      assert.equal(file.read()?.resources.length, changes.length);
      assert.ok(writes < changes.length, `${writes} writes`);
    });

    it("stays unchanged if it can't be written", async () => {
      const dir = temporaryDir();
      const file = new StateFile(dir, stack);
      const journal = new Journal(file, [], undefined);
      await journal.settle(undefined, undefined, state("a"));
      const before = readFileSync(file.file, "utf8");
      // A directory with the temporary file's name makes the write fail, for root as well.
      mkdirSync(`${file.file}.${process.pid}.tmp/x`, { recursive: true });
      await assert.rejects(journal.begin(state("b"), "creating"), /can't be written.*last good state is kept/);
      assert.equal(readFileSync(file.file, "utf8"), before);
    });

    it("removes the temporary files of killed runs, and no other files", async () => {
      const file = new StateFile(temporaryDir(), stack);
      mkdirSync(path.dirname(file.file), { recursive: true });
      for (const name of ["dev.json.7.tmp", "dev.json.bak.7.tmp", "dev.json.x.tmp", "dev2.json.7.tmp"])
        writeFileSync(path.join(path.dirname(file.file), name), "half");
      await file.write([], [], undefined);
      assert.deepEqual(readdirSync(path.dirname(file.file)).sort(), ["dev.json", "dev.json.x.tmp", "dev2.json.7.tmp"]);
    });

    it("is not written if the backup can't be written", async () => {
      const file = new StateFile(temporaryDir(), stack);
      await file.write(['{"urn":"first","type":"t"}'], [], undefined);
      mkdirSync(`${file.file}.bak/x`, { recursive: true });
      const next = new StateFile(path.resolve(file.bookkeeping, ".."), stack);
      await assert.rejects(next.write([], [], undefined), /dev\.json\.bak: can't be written .*last good state is kept/);
      assert.equal(file.read()?.resources.length, 1);
      assert.deepEqual(readdirSync(path.dirname(file.file)).sort(), ["dev.json", "dev.json.bak"]);
    });

    for (const [what, text] of [
      ["that is truncated", '{"version":3,"checkpoint":{"latest":{"resour'],
      ["that is empty", ""],
      ["of another version", '{"version":9,"checkpoint":{}}'],
      ["without a list of resources", '{"version":3,"checkpoint":{"latest":{"resources":{}}}}'],
      [
        "with a pending operation without a resource",
        '{"version":3,"checkpoint":{"latest":{"pending_operations":[{"type":"creating"}]}}}',
      ],
      [
        "with an unknown pending operation",
        '{"version":3,"checkpoint":{"latest":{"pending_operations":[{"resource":{"urn":"u","type":"t"},"type":"dancing"}]}}}',
      ],
      ["with a resource without URN", '{"version":3,"checkpoint":{"latest":{"resources":[{}]}}}'],
    ] as const)
      it(`${what} is refused with an error that names the file and its backup`, () => {
        const file = new StateFile(temporaryDir(), stack);
        mkdirSync(path.dirname(file.file), { recursive: true });
        writeFileSync(file.file, text);
        writeFileSync(`${file.file}.bak`, "{}");
        assert.throws(
          () => file.read(),
          (error: Error) => error.message.includes(file.file) && error.message.includes(".bak"),
        );
      });

    it("follows PULUMI_BACKEND_URL; only file:// URLs are supported", () => {
      assert.equal(backendDir("/project", {}), "/project");
      assert.equal(backendDir("/project", { PULUMI_BACKEND_URL: "file:///else%20where" }), "/else where");
      assert.equal(backendDir("/project", { PULUMI_BACKEND_URL: "file://~/x", HOME: "/home/u" }), "/home/u/x");
      assert.equal(backendDir("/project", { PULUMI_BACKEND_URL: "file://sub" }), "/project/sub");
      assert.throws(() => backendDir("/p", { PULUMI_BACKEND_URL: "s3://bucket" }), /PULUMI_BACKEND_URL.*Pulumi CLI/);
    });

    it("of the official engine can be read", function () {
      const sample = path.join(samples, "11-backend-file-dev.json");
      if (!existsSync(sample)) {
        console.log(`      skipped: no ${sample}`);
        return this.skip();
      }
      const dir = temporaryDir();
      const file = new StateFile(dir, { project: "sample", stack: "dev" });
      mkdirSync(path.dirname(file.file), { recursive: true });
      writeFileSync(file.file, readFileSync(sample));
      const stored = file.read();
      assert.equal(stored?.resources.length, 17);
      assert.match(stored?.salt ?? "", /^v1:/);
    });
  });

  describe("secrets", () => {
    it("encrypting and decrypting any value returns the same value", async () => {
      const crypter = await testCrypter();
      const prop: fc.Arbitrary<Prop> = fc.letrec<{ prop: Prop }>((tie) => ({
        prop: fc.oneof(
          { maxDepth: 4 },
          fc.constant(null),
          fc.boolean(),
          fc.integer(),
          fc.string({ unit: "binary" }),
          fc.array(tie("prop"), { maxLength: 3 }),
          fc.dictionary(
            fc.string().filter((key) => key !== "__proto__"),
            tie("prop"),
            { maxKeys: 3 },
          ),
          tie("prop").map((value) => new Secret(value)),
        ),
      })).prop;
      const strip = (value: Prop): unknown =>
        JSON.parse(JSON.stringify(value, (_key, each) => (each instanceof Secret ? { secret: each.value } : each)));
      fc.assert(
        fc.property(prop, (value) => {
          const text = JSON.stringify(toState(value, (plain) => crypter.encrypt(plain)));
          assert.deepEqual(strip(fromState(JSON.parse(text), crypter)), strip(value));
        }),
        { numRuns: 200 },
      );
    });

    it("an unchanged secret keeps its ciphertext", async () => {
      const crypter = await testCrypter();
      const stored = toState({ a: new Secret(1) }, (plain) => crypter.encrypt(plain));
      const opened = fromState(stored, crypter);
      assert.deepEqual(
        toState(opened, () => assert.fail("encrypted again")),
        stored,
      );
    });

    it("a wrong passphrase and an invalid salt are refused, with the file's name", async () => {
      const { salt } = await testCrypter();
      await assert.rejects(Crypter.open("wrong", salt, "dev.json"), /dev.json: the passphrase is wrong/);
      await assert.rejects(Crypter.open("x", "v2:odd", "dev.json"), /expected a salt/);
      assert.equal((await Crypter.open("correct horse", salt, "")).decrypt((await testCrypter()).encrypt("x")), "x");
    });

    it("the passphrase comes from the environment or a file, or is generated once and kept", async () => {
      const said: string[] = [];
      const dir = temporaryDir();
      const needs = {
        file: { bookkeeping: dir, file: "s" },
        project: { stackFile: "p" },
        writes: true,
        say: (text: string) => said.push(text),
      };
      const made = await openKeys({ ...needs, env: {} });
      assert.match(said.join(), /PULUMI_CONFIG_PASSPHRASE_FILE=/);
      const passphrase = readFileSync(path.join(dir, "passphrase"), "utf8").trim();
      const stateSalt = made.write?.salt;
      for (const env of [
        {},
        { PULUMI_CONFIG_PASSPHRASE: passphrase },
        { PULUMI_CONFIG_PASSPHRASE_FILE: path.join(dir, "passphrase") },
      ])
        assert.equal(
          (await openKeys({ ...needs, env, stateSalt })).state?.decrypt(made.write?.encrypt("x") ?? ""),
          "x",
        );
      assert.equal(said.length, 1);
      await assert.rejects(
        openKeys({ ...needs, env: { PULUMI_CONFIG_PASSPHRASE: "" }, stateSalt }),
        /passphrase is wrong/,
      );
      await assert.rejects(
        openKeys({ ...needs, file: { ...needs.file, bookkeeping: `${dir}/none` }, env: {}, stateSalt }),
        /passphrase of this stack's secrets is missing/,
      );
      await assert.rejects(
        openKeys({ ...needs, env: { PULUMI_CONFIG_PASSPHRASE_FILE: "/none" }, stateSalt }),
        /\/none: file not found/,
      );
      await assert.rejects(openKeys({ ...needs, env: {}, stateSalt: "" }), /^Error: s: expected a salt .* found ""/);
      assert.deepEqual(
        await openKeys({ ...needs, file: { ...needs.file, bookkeeping: `${dir}/none` }, env: {}, writes: false }),
        {},
      );
    });

    it("configuration: defaults, overrides, namespaces and secure values are resolved", async () => {
      const dir = temporaryDir();
      const crypter = await testCrypter();
      writeFileSync(
        path.join(dir, "Pulumi.yaml"),
        "name: p\nconfig:\n  a: { type: string, default: x }\n  b: { default: 5 }\n  c: { type: integer }\n  d: plain\n",
      );
      writeFileSync(
        path.join(dir, "Pulumi.dev.yaml"),
        `config:\n  p:a: y\n  other:host: h\n  p:s: { secure: "${crypter.encrypt("hush")}" }\n  p:o: { list: [1, { secure: "${crypter.encrypt("in")}" }] }\n  p:t: true\n`,
      );
      const config = decryptConfig(readProject(dir, "dev"), crypter);
      assert.deepEqual(config.values, {
        "p:a": "y",
        "p:b": "5",
        "p:d": "plain",
        "other:host": "h",
        "p:s": "hush",
        "p:o": '{"list":[1,"in"]}',
        "p:t": "true",
      });
      assert.deepEqual(config.secretKeys, ["p:s", "p:o"]);
      assert.throws(
        () =>
          decryptConfig(readProject(dir, "dev"), {
            decrypt() {
              throw new Error("no");
            },
          }),
        /p:s: can't be decrypted/,
      );
      assert.throws(() => readProject(dir, "../x"), /--stack: expected/);
      assert.throws(() => readProject(`${dir}/none`, "dev"), /Pulumi.yaml: file not found/);
    });
  });

  it("references to a renamed resource get the new URN", async () => {
    const dir = temporaryDir();
    const b = state("b", {
      dependencies: [state("a").urn],
      propertyDependencies: { x: [state("a").urn] },
      provider: `${state("a").urn}::1`,
    });
    const journal = new Journal(new StateFile(dir, stack), [state("a"), b], undefined);
    journal.rename(state("a").urn, state("z").urn);
    await journal.settle(undefined, journal.resources()[0], state("z"));
    await journal.flush();
    const read = new StateFile(dir, stack).read()?.resources.find(({ id }) => id === "b");
    assert.deepEqual(
      [read?.dependencies, read?.propertyDependencies, read?.provider],
      [[state("z").urn], { x: [state("z").urn] }, `${state("z").urn}::1`],
    );
  });
});
