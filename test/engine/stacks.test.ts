import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import {
  changeGivenPassphrase,
  changeOwnPassphrase,
  exportState,
  importState,
  listStacks,
  type RunKind,
  renameStack,
  run,
  stackOutputs,
} from "../../engine";
import { Crypter } from "../../engine/backend/crypto";
import { lockStack } from "../../engine/backend/stateLock";
import { integrityErrors } from "./integrity";
import { providersOf, removeTemporaryDirs, temporaryDir, World } from "./support";

const fixture = path.join(__dirname, "fixtures/program");
const modules = path.resolve(__dirname, "../../node_modules");

describe("stacks", function () {
  this.timeout(60_000);
  const env: NodeJS.ProcessEnv = { ...process.env, PULUMI_BACKEND_URL: "", TERM: "dumb" };
  delete env.PULUMI_CONFIG_PASSPHRASE;
  delete env.PULUMI_CONFIG_PASSPHRASE_FILE;
  const quiet = () => {};
  /** A project whose stack dev is up, and whose passphrase was generated. Each test gets a copy. */
  let original: string;
  let dir: string;
  const world = new World();

  before(async () => {
    original = dir = temporaryDir();
    cpSync(fixture, dir, { recursive: true });
    symlinkSync(modules, path.join(dir, "node_modules"));
    const { exitCode, text } = await engine("up", "dev");
    assert.equal(exitCode, 0, text);
    const key = await Crypter.open(read(".pulumi/passphrase").trim(), latest("dev").secrets_providers.state.salt, "");
    const settings = `# mine\nencryptionsalt: ${key.salt}\nconfig:\n  shelf:books: 2\n  shelf:note: { list: [1, { secure: "${key.encrypt("hush")}" }] }\n`;
    writeFileSync(path.join(dir, "Pulumi.dev.yaml"), settings);
    assert.equal((await engine("up", "dev")).exitCode, 0);
  });
  beforeEach(() => {
    dir = temporaryDir();
    cpSync(original, dir, { recursive: true, verbatimSymlinks: true });
  });
  after(removeTemporaryDirs);

  const read = (file: string) => readFileSync(path.join(dir, file), "utf8");
  const stateOf = (stack: string) => `.pulumi/stacks/shelf/${stack}.json`;
  const latest = (stack: string) => JSON.parse(read(stateOf(stack))).checkpoint.latest;
  async function engine(operation: RunKind, stack: string, more: NodeJS.ProcessEnv = {}) {
    let text = "";
    const out = { write: (part: string) => (text += part) };
    const options = { projectDir: dir, stack, env: { ...env, ...more }, out, providers: providersOf(world) };
    const { exitCode } = await run(operation, options);
    return { exitCode, text };
  }
  async function assertUnchanged(stack: string, more: NodeJS.ProcessEnv = {}): Promise<void> {
    const { exitCode, text } = await engine("preview", stack, more);
    assert.equal(exitCode, 0, text);
    assert.match(text, /No changes/);
    assert.deepEqual(integrityErrors(latest(stack).resources), []);
  }

  it("are listed, whether they have a state, settings, or both", () => {
    writeFileSync(path.join(dir, "Pulumi.new.yaml"), "config: {}\n");
    writeFileSync(path.join(dir, stateOf("torn")), "{");
    const listed = listStacks(dir, env).map(({ name, resources, written }) => [name, resources, written !== undefined]);
    assert.deepEqual(listed, [
      ["dev", 7, true],
      ["new", undefined, false],
      ["torn", undefined, true],
    ]);
  });

  describe("renameStack", () => {
    const rename = (from: string, to: string) => renameStack(dir, from, to, quiet, env);

    it("moves state and settings; the program then has no changes, and the old stack is gone", async () => {
      mkdirSync(path.join(dir, ".pulumi/history/shelf/dev"), { recursive: true });
      const settings = read("Pulumi.dev.yaml");
      await rename("dev", "prod");
      await assertUnchanged("prod");
      assert.equal(read("Pulumi.prod.yaml"), settings);
      assert.ok(!read(stateOf("prod")).includes(":dev::"));
      assert.ok(read(stateOf("prod")).includes("pulumi:pulumi:Stack::shelf-prod"));
      assert.deepEqual(
        listStacks(dir, env).map(({ name }) => name),
        ["prod"],
      );
      assert.ok(existsSync(path.join(dir, ".pulumi/history/shelf/prod")));
      assert.ok(existsSync(path.join(dir, `${stateOf("dev")}.bak`)));
    });

    it("continues after it was killed at any step", async () => {
      const [state, settings] = [read(stateOf("dev")), read("Pulumi.dev.yaml")];
      await rename("dev", "prod");
      for (const left of [[stateOf("dev"), "Pulumi.dev.yaml"], [stateOf("dev")]]) {
        for (const file of left) writeFileSync(path.join(dir, file), file.endsWith(".json") ? state : settings);
        await rename("dev", "prod");
        await assertUnchanged("prod");
        assert.ok(!existsSync(path.join(dir, "Pulumi.dev.yaml")));
      }
    });

    it("is refused if the other stack exists, the stack does not, or a run holds it; nothing is changed", async () => {
      writeFileSync(path.join(dir, "Pulumi.prod.yaml"), "config: {}\n");
      await assert.rejects(rename("dev", "prod"), /stack prod: expected no such stack, found .*Pulumi\.prod\.yaml/);
      await assert.rejects(rename("nowhere", "other"), /stack nowhere: there is neither a state nor a Pulumi\.nowhere/);
      await assert.rejects(rename("dev", "dev"), /expected another name/);
      const release = await lockStack(path.join(dir, ".pulumi"), { project: "shelf", stack: "dev" }, quiet);
      await assert.rejects(rename("dev", "other"), /stack dev is locked by/);
      release();
      await assertUnchanged("dev");
      assert.equal(read("Pulumi.prod.yaml"), "config: {}\n");
    });
  });

  describe("changeOwnPassphrase", () => {
    it("encrypts state and settings of every stack again; comments and outputs stay", async () => {
      const [before, state] = [read(".pulumi/passphrase"), read(stateOf("dev"))];
      assert.deepEqual(await changeOwnPassphrase(dir, quiet, env), { changed: ["dev"], others: [] });
      assert.notEqual(read(".pulumi/passphrase"), before);
      await assertUnchanged("dev");
      assert.match(read("Pulumi.dev.yaml"), /^# mine\n/);
      const ciphertexts = state.match(/"ciphertext":"[^"]+"/g) ?? [];
      assert.ok(ciphertexts.length > 0);
      for (const each of ciphertexts) assert.ok(!read(stateOf("dev")).includes(each));
      await assert.rejects(
        engine("preview", "dev", { PULUMI_CONFIG_PASSPHRASE: before.trim() }),
        /passphrase is wrong/,
      );
      assert.match(String((await stackOutputs(dir, "dev", { env, showSecrets: true }))?.password), /^result-key-/);
    });

    it("leaves a stack with another passphrase as it is", async () => {
      const other = { PULUMI_CONFIG_PASSPHRASE: "another" };
      await engine("up", "other", other);
      const state = read(stateOf("other"));
      assert.deepEqual(await changeOwnPassphrase(dir, quiet, env), { changed: ["dev"], others: ["other"] });
      assert.equal(read(stateOf("other")), state);
    });

    it("when it was killed, other commands say so, and it continues", async () => {
      const [state, old] = [read(stateOf("dev")), read(".pulumi/passphrase")];
      await changeOwnPassphrase(dir, quiet, env);
      // Killed after the settings, before the state.
      writeFileSync(path.join(dir, ".pulumi/passphrase.next"), read(".pulumi/passphrase"));
      writeFileSync(path.join(dir, ".pulumi/passphrase"), old);
      writeFileSync(path.join(dir, stateOf("dev")), state);
      await assert.rejects(engine("preview", "dev"), /change of the passphrase was interrupted; run: npm run stack/);
      await changeOwnPassphrase(dir, quiet, env);
      await assertUnchanged("dev");
    });
  });

  describe("changeGivenPassphrase", () => {
    it("encrypts the stack with the new passphrase; the present one must be given", async () => {
      const before = { PULUMI_CONFIG_PASSPHRASE: read(".pulumi/passphrase").trim() };
      const change = (more: NodeJS.ProcessEnv) =>
        changeGivenPassphrase(dir, "dev", "correct horse", quiet, { ...env, ...more });
      await assert.rejects(change({}), /expected the present passphrase, found none/);
      await assert.rejects(change({ PULUMI_CONFIG_PASSPHRASE: "wrong" }), /passphrase is wrong/);
      await change(before);
      await change(before);
      await assertUnchanged("dev", { PULUMI_CONFIG_PASSPHRASE: "correct horse" });
    });
  });

  describe("exportState and importState", () => {
    for (const showSecrets of [false, true])
      it(`a state that was exported ${showSecrets ? "with" : "without"} secrets can be imported again`, async () => {
        const text = await exportState(dir, "dev", showSecrets, env);
        assert.equal(text.includes("result-key-"), showSecrets);
        const { version, deployment } = JSON.parse(text);
        assert.deepEqual([version, deployment.resources.length], [3, latest("dev").resources.length]);
        const before = latest("dev").resources;
        writeFileSync(path.join(dir, stateOf("dev")), JSON.stringify({ version: 3, checkpoint: { latest: {} } }));
        assert.equal(await importState(dir, "dev", text, quiet, env), before.length);
        await assertUnchanged("dev");
        assert.ok(!read(stateOf("dev")).includes("result-key-"));
        if (!showSecrets) assert.deepEqual(latest("dev").resources, before);
      });

    it("an import of something else is refused, and nothing is changed", async () => {
      const state = read(stateOf("dev"));
      const exported = await exportState(dir, "dev", false, env);
      const importing = (text: string) => importState(dir, "dev", text, quiet, env);
      await assert.rejects(importing("{}"), /expected what stack export prints, .* of version 3, found version none/);
      await assert.rejects(importing("no"), /expected what stack export prints, found something else/);
      await assert.rejects(importing(exported.replaceAll(":dev::", ":prod::")), /expected resources of stack dev/);
      const cloud = exported.replace('"type": "passphrase"', '"type": "cloud"');
      await assert.rejects(importing(cloud), /found cloud; export the stack with --show-secrets/);
      await assert.rejects(exportState(dir, "none", false, env), /there is no state in .*nothing to export/);
      assert.equal(read(stateOf("dev")), state);
    });
  });
});
