import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { type RunKind, run } from "../../engine";
import { providersOf, removeTemporaryDirs, temporaryDir, World } from "./support";

const fixtures = path.join(__dirname, "fixtures");
const root = path.resolve(__dirname, "../..");

describe("a run with an unusable state file, key or disk", function () {
  this.timeout(60_000);
  const env = { ...process.env, PULUMI_CONFIG_PASSPHRASE: "correct horse", PULUMI_BACKEND_URL: "", TERM: "dumb" };
  let dir: string;
  let file: string;
  let world: World;
  let created: string[];

  const engine = async (operation: RunKind, more: NodeJS.ProcessEnv = {}) => {
    let text = "";
    const out = { write: (part: string) => (text += part) };
    const options = {
      projectDir: dir,
      stack: "dev",
      env: { ...env, ...more },
      out,
      providers: providersOf(world),
    };
    const { exitCode } = await run(operation, options);
    return { exitCode, text };
  };

  before(async () => {
    dir = temporaryDir();
    cpSync(path.join(fixtures, "program"), dir, { recursive: true });
    symlinkSync(path.join(root, "node_modules"), path.join(dir, "node_modules"));
    file = path.join(dir, ".pulumi/stacks/shelf/dev.json");
    world = new World();
    const { exitCode, text } = await engine("up");
    assert.equal(exitCode, 0, text);
    created = world.names();
  });
  after(removeTemporaryDirs);

  for (const operation of ["up", "preview", "refresh", "destroy"] as const)
    for (const [what, spoil, message] of [
      ["a truncated state", (text: string) => text.slice(0, text.length / 2), /dev\.json: unreadable state: not JSON/],
      [
        "a damaged secret",
        (text: string) => text.replace(/("ciphertext":"v1:[^:]+:)..../, "$1AAAA"),
        /dev\.json: a secret can't be decrypted because it is damaged/,
      ],
      ["a state of another version", () => '{"version":9}', /expected a checkpoint of version 3, found version 9/],
    ] as const)
      it(`${operation} with ${what}: one error, and nothing is changed`, async () => {
        const good = readFileSync(file, "utf8");
        writeFileSync(file, spoil(good));
        const bad = readFileSync(file, "utf8");
        await assert.rejects(engine(operation), message);
        assert.equal(readFileSync(file, "utf8"), bad);
        assert.deepEqual(world.names(), created);
        writeFileSync(file, good);
      });

  for (const operation of ["up", "refresh", "destroy"] as const)
    it(`${operation} with a wrong passphrase: one error, and nothing is changed`, async () => {
      const good = readFileSync(file, "utf8");
      await assert.rejects(engine(operation, { PULUMI_CONFIG_PASSPHRASE: "wrong" }), /passphrase is wrong; set PULUMI/);
      assert.equal(readFileSync(file, "utf8"), good);
      assert.deepEqual(world.names(), created);
    });

  for (const operation of ["up", "preview", "refresh", "destroy"] as const)
    it(`${operation} of a stack with another secrets provider: refused with the remedy, and nothing is changed`, async () => {
      const [good, configFile] = [readFileSync(file, "utf8"), path.join(dir, "Pulumi.dev.yaml")];
      const was = readFileSync(configFile, "utf8");
      writeFileSync(configFile, `secretsprovider: awskms://alias/x?region=eu\n${was}`);
      await assert.rejects(
        engine(operation),
        /Pulumi\.dev\.yaml: secretsprovider: expected passphrase, found awskms:\/\/\.\.\., .* set APIM_ENGINE=pulumi/,
      );
      assert.equal(readFileSync(file, "utf8"), good);
      assert.deepEqual(world.names(), created);
      writeFileSync(configFile, was);
    });

  for (const [what, settings, types, message] of [
    ["a secret setting without a key", '  shelf:colour: { secure: "v1:AAAA:BBBB" }\n', undefined, /no encryptionsalt/],
    ["a recorded resource of an unsupported kind", "  shelf:books: 2\n", [], /does not support this resource kind/],
  ] as const)
    it(`${what}: the providers are closed before the run ends`, async () => {
      const configFile = path.join(dir, "Pulumi.dev.yaml");
      const was = readFileSync(configFile, "utf8");
      writeFileSync(configFile, `config:\n${settings}`);
      let open = 0;
      let most = 0;
      const failed = run("up", {
        projectDir: dir,
        stack: "dev",
        env,
        out: { write: () => {} },
        async providers() {
          await new Promise((resolve) => setTimeout(resolve, 200));
          return () => {
            most = Math.max(most, ++open);
            return { ...world.provider, ...(types && { types }), close: async () => void open-- };
          };
        },
      });
      await assert.rejects(failed, message);
      assert.deepEqual([open, most > 0], [0, true]);
      writeFileSync(configFile, was);
    });

  it("a full disk: the error names the file, the last good state and its backup stay, and the next run continues", async () => {
    rmSync(path.join(dir, ".pulumi"), { recursive: true });
    const first = await child("up", "1000");
    assert.equal(first.code, 0, first.text);
    const good = readFileSync(file, "utf8");
    // In blocks of 1024 bytes. The limit lies between the sizes of the recorded and the new state.
    const blocks = Math.floor(good.length / 1024);
    writeFileSync(path.join(dir, "Pulumi.dev.yaml"), "config:\n  shelf:books: 12\n  shelf:colour: blue\n");
    const { code, text } = await child("up", String(blocks + 1));
    assert.equal(code, 1, text);
    assert.match(text, /dev\.json: can't be written \(EFBIG: file too large.*the last good state is kept/);
    assert.doesNotMatch(text, /^ +at /m);
    assert.ok(JSON.parse(readFileSync(file, "utf8")).checkpoint.latest.resources.length > 0);
    assert.equal(readFileSync(`${file}.bak`, "utf8"), good);
    const next = await child("up", "1000");
    assert.equal(next.code, 0, next.text);
  });

  /** Runs the engine with a file size limit of `blocks` of 1024 bytes. */
  function child(operation: RunKind, blocks: string): Promise<{ code: number | null; text: string }> {
    const script = `ulimit -f ${blocks}; exec "$@"`;
    const command = [process.execPath, "-r", "ts-node/register/transpile-only", path.join(fixtures, "slowRun.ts")];
    const running = spawn("bash", ["-c", script, "bash", ...command, operation, dir, "0"], {
      cwd: root,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [running.stdout, running.stderr])
      stream.on("data", (data: Buffer) => {
        text += data;
      });
    return new Promise((resolve) => running.once("close", (code) => resolve({ code, text })));
  }
});
