import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { exportedResources, type Options, type Result, type RunKind, run, stackOutputs } from "../../engine";
import { Crypter } from "../../engine/backend/crypto";
import { providersOf, removeTemporaryDirs, temporaryDir, World } from "./support";

const fixture = path.join(__dirname, "fixtures/program");
const modules = path.resolve(__dirname, "../../node_modules");

/** Runs the fixture program with the SDK's own runner, against a server in memory. */
describe("run", function () {
  this.timeout(60_000);
  let dir: string;
  let world: World;
  /** The project after its first up, which each test gets a copy of. */
  let broughtUp: { readonly dir: string; readonly world: World; readonly result: Result & { text: string } };
  const env = { ...process.env, PULUMI_CONFIG_PASSPHRASE: "correct horse", PULUMI_BACKEND_URL: "", TERM: "dumb" };
  before(async () => {
    newProject();
    broughtUp = { dir, world, result: await engine("up") };
    assert.equal(broughtUp.result.exitCode, 0, broughtUp.result.text);
  });
  beforeEach(() => {
    dir = temporaryDir();
    cpSync(broughtUp.dir, dir, { recursive: true, verbatimSymlinks: true });
    world = broughtUp.world.copy();
  });
  after(removeTemporaryDirs);

  function newProject(): void {
    dir = temporaryDir();
    cpSync(fixture, dir, { recursive: true });
    symlinkSync(modules, path.join(dir, "node_modules"));
    world = new World();
  }

  async function engine(operation: RunKind, options: Partial<Options> = {}): Promise<Result & { text: string }> {
    const parts: string[] = [];
    const out = { write: (part: string) => parts.push(part) };
    const result = await run(operation, {
      projectDir: dir,
      stack: "dev",
      env,
      out,
      providers: providersOf(world),
      ...options,
    });
    return { ...result, text: parts.join("") };
  }
  const configure = (settings: string) => writeFileSync(path.join(dir, "Pulumi.dev.yaml"), `config:\n${settings}`);
  const stateText = () => readFileSync(path.join(dir, ".pulumi/stacks/shelf/dev.json"), "utf8");

  it("preview of a new stack: lists all creates and writes nothing; the stack has no outputs", async () => {
    newProject();
    assert.equal(await stackOutputs(dir, "dev", { env }), undefined);
    const { text, exitCode, changed } = await engine("preview", { expectNoChanges: true });
    assert.match(text, /\+ {2}random:index:RandomPassword key create\n/);
    assert.match(text, /Resources:\n {4}\+ 7 to create\n/);
    assert.deepEqual([exitCode, changed, world.calls.length], [1, true, 0]);
    assert.ok(!readdirSync(dir).includes(".pulumi"));
  });

  it("first up: creates all resources, prints the program's output, records types, parents and secrets", () => {
    const { text, counts, ms, programMs } = broughtUp.result;
    assert.deepEqual(counts, { create: 7 });
    assert.match(text, /\n {4}building the shelf\n/);
    assert.match(text, /password: \[secret\]\n {4}written : "once"/);
    assert.ok(!text.includes("result-key") && !stateText().includes("result-key"));
    assert.ok(programMs > 0 && ms > programMs);
    const { resources } = JSON.parse(stateText()).checkpoint.latest;
    const urns = resources.map(({ urn }: { urn: string }) => urn.replace("urn:pulumi:dev::shelf::", ""));
    assert.ok(urns.includes("shelf:index:Shelf$random:index/randomId:RandomId::shelf-book1"), urns.join("\n"));
    assert.ok(urns.some((urn: string) => /^pulumi:providers:random::default_4_21_\d$/.test(urn)));
    assert.ok(urns.includes("pulumi:providers:pulumi-nodejs::default"));
    const book = resources.find(({ urn }: { urn: string }) => urn.endsWith("book1"));
    assert.deepEqual(book.dependencies, [
      "urn:pulumi:dev::shelf::shelf:index:Shelf$random:index/randomId:RandomId::shelf-label",
    ]);
    assert.equal(book.sourcePosition, "project:///index.ts#42,7");
    const note = resources.find(({ urn }: { urn: string }) => urn.endsWith("::note"));
    assert.equal(note.id, `note-${"hex-shelf-label-0:result-key-0".length}`);
    assert.ok(note.inputs.text.ciphertext && note.outputs.text.ciphertext);
  });

  it("stackOutputs returns the recorded outputs; secrets are masked unless showSecrets is set", async () => {
    const masked = await stackOutputs(dir, "dev", { env });
    assert.equal(masked?.password, "[secret]");
    const shown = await stackOutputs(dir, "dev", { env, showSecrets: true });
    assert.match(String(shown?.password), /^result-key-\d$/);
    const wrong = { ...env, PULUMI_CONFIG_PASSPHRASE: "wrong" };
    await assert.rejects(stackOutputs(dir, "dev", { env: wrong, showSecrets: true }), /passphrase is wrong/);
  });

  it("second up: reports no changes, and does not write the state", async () => {
    const before = stateText();
    const { text, changed, exitCode } = await engine("up", { expectNoChanges: true });
    assert.match(text, /7 unchanged\nNo changes: all resources match the program/);
    assert.deepEqual([changed, exitCode, stateText()], [false, 0, before]);
  });

  it("changed setting: preview shows line diffs or JSON, and up replaces only the affected resource", async () => {
    configure("  shelf:books: 2\n  shelf:colour: green\n");
    const { text, exitCode } = await engine("preview", { diff: true });
    assert.equal(exitCode, 0);
    assert.match(
      text,
      /~ \/label.txt: \n {20}one\n {20}two\n {18}- blue\n {18}\+ green\n {20}four\n {20}five\n {20}six\n/,
    );
    const json = JSON.parse((await engine("preview", { json: true, expectNoChanges: true })).text);
    assert.deepEqual(json.changeSummary, { same: 4, update: 2, replace: 1 });
    assert.equal(json.config["shelf:colour"], "green");
    const [{ newState } = { newState: {} }] = json.steps.filter(({ op }: { op: string }) => op === "replace");
    assert.deepEqual(
      Object.keys(newState).sort(),
      ["custom", "inputs", "parent", "propertyDependencies", "provider", "sourcePosition", "type", "urn"],
      "nothing that is empty",
    );
    const up = await engine("up");
    assert.deepEqual(up.counts, { same: 4, update: 2, replace: 1 });
    assert.match(up.text, /~ written : "once" => "again"/);
    assert.deepEqual(world.names(), ["key", "shelf-book1", "shelf-book2", "shelf-label"]);
  });

  it("provider functions: the program gets the result, in a preview too, and the error of a function that finds nothing", async () => {
    configure("  shelf:colour: blue\n  shelf:books: 2\n  shelf:sought: atlas\n");
    assert.match((await engine("preview")).text, /place *: "place of atlas"/);
    await engine("up");
    assert.equal((await stackOutputs(dir, "dev", { env }))?.place, "place of atlas");
    configure("  shelf:colour: blue\n  shelf:books: 2\n  shelf:sought: lost\n");
    const { exitCode } = await engine("up");
    assert.equal(exitCode, 0);
    assert.match(String((await stackOutputs(dir, "dev", { env }))?.place), /getPlace: there is no lost/);
  });

  it("an exported state: a preview of a refresh finds drift without the state file and without the passphrase", async () => {
    const { latest } = JSON.parse(stateText()).checkpoint;
    const crypter = await Crypter.open("correct horse", latest.secrets_providers.state.salt, "state");
    // As `pulumi stack export --show-secrets` prints it.
    const exported = JSON.stringify({ version: 3, deployment: latest }, (_key, value) =>
      typeof value?.ciphertext === "string"
        ? { ...value, ciphertext: undefined, plaintext: crypter.decrypt(value.ciphertext) }
        : value,
    );
    const options: Partial<Options> = {
      exported,
      previewOnly: true,
      json: true,
      env: { ...process.env, PULUMI_BACKEND_URL: "s3://bucket", TERM: "dumb" },
    };
    newProject();
    configure("  shelf:colour: blue\n");
    world = broughtUp.world.copy();
    const changesIn = ({ text }: { text: string }) =>
      JSON.parse(text).steps.flatMap(({ op, urn }: { op: string; urn: string }) =>
        op === "same" ? [] : [`${op} ${urn.split("::").pop()}`],
      );
    assert.deepEqual(changesIn(await engine("refresh", options)), []);
    const [id] = [...world.things].find(([, { name }]) => name === "shelf-book1") ?? [];
    world.things.delete(id ?? "");
    assert.deepEqual(changesIn(await engine("refresh", options)), ["delete shelf-book1"]);
    assert.ok(!readdirSync(dir).includes(".pulumi"));
    const [stack] = exportedResources(exported).filter(({ type }) => type === "pulumi:pulumi:Stack");
    assert.match(String(stack?.outputs.password), /^result-key-/);
    await assert.rejects(engine("refresh", { ...options, previewOnly: false }), /can only be compared/);
  });

  it("failing program: nothing is deleted, and the error is reported", async () => {
    configure("  shelf:books: 2\n  shelf:broken: true\n");
    const [before, names] = [stateText(), world.names()];
    const { text, exitCode } = await engine("up");
    assert.match(text, /error: the shelf is broken/);
    assert.deepEqual([exitCode, stateText(), world.names()], [1, before, names]);
    configure("  shelf:colour: green\n");
    const { text: missing } = await engine("preview");
    assert.match(missing, /error: .*Missing required configuration variable 'shelf:books'/);
  });

  it("unsupported features and invalid timeouts are refused with the remedy", async () => {
    const preview = async (line: string) => {
      writeFileSync(path.join(dir, "index.ts"), `import * as pulumi from "@pulumi/pulumi";\n${line}`);
      const { text, exitCode } = await engine("preview");
      assert.equal(exitCode, 1);
      return text;
    };
    const hooks = await preview('new pulumi.ResourceHook("hook", async () => {});');
    assert.match(hooks, /error: .*\n?.*resource hooks: not supported by the embedded engine; use the Pulumi CLI/);
    const timeout =
      '{ async create() { return { id: "1", outs: {} }; } }, "a", {}, { customTimeouts: { create: "5" } }';
    const late = await preview(`new (class extends pulumi.dynamic.Resource {})(${timeout});`);
    assert.match(late, /customTimeouts\.create: expected a duration such as "5m" or "1h30m", found "5"/);
  });

  it("removed resource: a failed deletion is reported with exit code 1, and the next up deletes it", async () => {
    configure("  shelf:books: 1\n");
    world.hook = (moment, call) => {
      if (moment === "before" && call === "delete") throw new Error("glued to the shelf");
    };
    const failed = await engine("up");
    assert.equal(failed.exitCode, 1);
    assert.match(failed.text, /error: random:index:RandomId shelf-book2: glued to the shelf/);
    world.hook = () => {};
    assert.deepEqual((await engine("up")).counts, { same: 6, delete: 1 });
    assert.deepEqual(world.names(), ["key", "shelf-book1", "shelf-label"]);
  });

  it("a second run during the first is refused with the first one's process id", async () => {
    let proceed = () => {};
    const paused = new Promise<void>((resolve) => {
      const released = new Promise<void>((release) => {
        proceed = release;
      });
      world.hook = () => {
        resolve();
        return released;
      };
    });
    const first = engine("refresh");
    await paused;
    await assert.rejects(engine("destroy"), new RegExp(`stack dev is locked by .*pid ${process.pid}`));
    proceed();
    assert.equal((await first).exitCode, 0);
  });

  it("the dynamic provider's process ends when the engine is killed", async () => {
    const script = `require(${JSON.stringify(require.resolve("ts-node/register/transpile-only"))});
      const { dynamicProvider } = require(${JSON.stringify(path.resolve(__dirname, "../../engine/providers/dynamic"))});
      const provider = dynamicProvider({}, { dir: ${JSON.stringify(dir)}, log: () => {} });
      const code = "exports.handler = () => ({ check: async (o, n) => ({ inputs: { ...n, pid: process.pid } }) });";
      provider.check({}, {}, { __provider: code }).then(({ inputs }) => console.log("pid " + inputs.pid));`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    const pid = await new Promise<number>((resolve) => {
      child.stdout.on("data", (data: Buffer) => resolve(Number(/pid (\d+)/.exec(String(data))?.[1])));
    });
    assert.doesNotThrow(() => process.kill(pid, 0));
    child.kill("SIGKILL");
    for (let tries = 0; tries < 50 && alive(pid); tries++) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(alive(pid), false);
  });

  it("destroy deletes all resources and leaves an empty state", async () => {
    const { exitCode, text } = await engine("destroy");
    assert.equal(exitCode, 0, text);
    assert.deepEqual(world.names(), []);
    assert.equal(JSON.parse(stateText()).checkpoint.latest.resources, undefined);
    assert.equal(await stackOutputs(dir, "dev", { env }), undefined);
  });

  it("destroy of a stack that was never brought up is refused", async () => {
    await assert.rejects(engine("destroy", { stack: "none" }), /stack none: there is no state/);
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie has ended; only its parent has not noticed yet.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
