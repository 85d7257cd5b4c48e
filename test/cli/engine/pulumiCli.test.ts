import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { exportStack, runPulumi } from "../../../cli/engine/pulumiCli";
import { removeTemporaryDirs, temporaryDir } from "../../engine/support";

/** A pulumi that records its calls; FAKE_* variables set its answers. */
const FAKE = `#!${process.execPath}
const { appendFileSync } = require("node:fs");
const args = process.argv.slice(2);
const record = (entry) => appendFileSync(process.env.FAKE_LOG, JSON.stringify(entry) + "\\n");
const { PULUMI_BACKEND_URL: backend, PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile } = process.env;
record({ args, backend, passphraseFile, cwd: process.cwd() });
const fail = (message) => { process.stderr.write("error: " + message + "\\n"); process.exit(255); };
if (args[0] === "whoami" && process.env.FAKE_LOGIN !== "yes") fail("PULUMI_ACCESS_TOKEN must be set");
if (args[1] === "select" && process.env.FAKE_REFUSES) fail(process.env.FAKE_REFUSES);
if (args[1] === "export") process.env.FAKE_STATE ? console.log(process.env.FAKE_STATE) : fail("no stack named 'dev' found");
if (args[0] === "up" && process.env.FAKE_WAITS) {
  for (const signal of ["SIGINT", "SIGTERM"])
    process.on(signal, () => { record({ signal }); setTimeout(() => process.exit(7), 700); });
  setInterval(() => {}, 1000);
  record({ waiting: true });
}
`;

interface Call {
  readonly args?: string[];
  readonly backend?: string;
  readonly passphraseFile?: string;
  readonly cwd?: string;
  readonly signal?: string;
  readonly waiting?: boolean;
}

describe("running the Pulumi CLI", function () {
  this.timeout(20_000);
  let projectDir: string;
  let log: string;
  let env: NodeJS.ProcessEnv;
  let messages: string[];

  beforeEach(() => {
    projectDir = temporaryDir();
    const bin = temporaryDir();
    writeFileSync(path.join(projectDir, "Pulumi.yaml"), "name: shelf\nruntime: nodejs\n");
    writeFileSync(path.join(bin, "pulumi"), FAKE, { mode: 0o755 });
    log = path.join(bin, "calls");
    env = { PATH: `${bin}${path.delimiter}${process.env.PATH}`, HOME: bin, FAKE_LOG: log };
    messages = [];
  });
  after(removeTemporaryDirs);

  const place = () => ({ projectDir, env, say: (message: string) => messages.push(message) });
  const calls = (): Call[] =>
    existsSync(log)
      ? readFileSync(log, "utf8")
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line))
      : [];
  const commands = () => calls().map(({ args }) => args?.join(" "));
  const ours = () => pathToFileURL(projectDir).href;
  const passphrase = () => path.join(projectDir, ".pulumi/passphrase");
  function recordState(): void {
    mkdirSync(path.join(projectDir, ".pulumi/stacks/shelf"), { recursive: true });
    writeFileSync(path.join(projectDir, ".pulumi/stacks/shelf/dev.json"), "{}");
    writeFileSync(passphrase(), "hush\n");
  }

  it("creates stack, state and passphrase in the project after a fresh clone without a login", async () => {
    assert.equal(await runPulumi(["up", "--stack", "dev"], "dev", true, place()), 0);
    assert.deepEqual(commands(), [
      "whoami --non-interactive",
      "stack select --create dev --non-interactive",
      "up --stack dev",
    ]);
    for (const { backend, passphraseFile, cwd } of calls().slice(1))
      assert.deepEqual([backend, passphraseFile, cwd], [ours(), passphrase(), projectDir]);
    assert.equal(statSync(passphrase()).mode & 0o777, 0o600);
    assert.match(
      messages.join("\n"),
      /not logged in: the state of stack dev is kept in .*\.pulumi\. To keep it elsewhere/,
    );
    assert.ok(!messages.join().includes(readFileSync(passphrase(), "utf8").trim()));
  });

  it("continues with a stack that the embedded engine created, whatever the login is", async () => {
    recordState();
    env.FAKE_LOGIN = "yes";
    await runPulumi(["destroy"], "dev", false, place());
    await runPulumi(["preview"], "organization/shelf/dev", true, place());
    assert.deepEqual(commands(), [
      "destroy",
      "stack select --create organization/shelf/dev --non-interactive",
      "preview",
    ]);
    for (const { backend, passphraseFile } of calls())
      assert.deepEqual([backend, passphraseFile], [ours(), passphrase()]);
    assert.deepEqual(messages, []);
  });

  it("uses the user's login for a stack that is not in the project's state", async () => {
    recordState();
    env.FAKE_LOGIN = "yes";
    await runPulumi(["up"], "other", true, place());
    assert.deepEqual(
      calls().map(({ backend }) => backend),
      [undefined, undefined, undefined],
    );
    await runPulumi(["up"], "acme/shelf/dev", true, place());
    assert.equal(calls().at(-1)?.backend, undefined);
  });

  it("counts a login that can't be checked as a login", async () => {
    mkdirSync(path.join(env.HOME ?? "", ".pulumi"));
    writeFileSync(path.join(env.HOME ?? "", ".pulumi/credentials.json"), '{"current":"https://api.example.com"}');
    await runPulumi(["up"], "dev", true, place());
    assert.equal(calls().at(-1)?.backend, undefined);
    assert.ok(!existsSync(passphrase()));
  });

  it("keeps the backend and the passphrase that the user has set", async () => {
    recordState();
    Object.assign(env, { PULUMI_BACKEND_URL: "s3://bucket", PULUMI_CONFIG_PASSPHRASE: "" });
    await runPulumi(["up"], "dev", true, place());
    const last = calls().at(-1);
    assert.deepEqual([last?.backend, last?.passphraseFile], ["s3://bucket", undefined]);
    Object.assign(env, { PULUMI_BACKEND_URL: undefined, PULUMI_CONFIG_PASSPHRASE: undefined });
    env.PULUMI_CONFIG_PASSPHRASE_FILE = "/run/mine";
    await runPulumi(["up"], "dev", true, place());
    assert.equal(calls().at(-1)?.passphraseFile, "/run/mine");
    assert.ok(!commands().includes("whoami --non-interactive"));
  });

  it("creates no passphrase for a stack with a salt, which a new passphrase would not fit", async () => {
    writeFileSync(path.join(projectDir, "Pulumi.dev.yaml"), "encryptionsalt: v1:abc\n");
    await runPulumi(["up"], "dev", true, place());
    assert.deepEqual([existsSync(passphrase()), calls().at(-1)?.passphraseFile], [false, undefined]);
  });

  it("reports that the CLI refuses the stack in one message, and does not run up", async () => {
    env.FAKE_REFUSES = "could not create stack: forbidden";
    await assert.rejects(runPulumi(["up"], "dev", true, place()), {
      message: "pulumi stack select --create dev: could not create stack: forbidden",
    });
    assert.ok(!commands().includes("up"));
  });

  it("removes the lock of a run of the embedded engine that was killed, and no other", async () => {
    recordState();
    const locks = path.join(projectDir, ".pulumi/locks/organization/shelf/dev");
    mkdirSync(locks, { recursive: true });
    const lock = (pid: number) =>
      JSON.stringify({ pid, username: "me", hostname: os.hostname(), timestamp: "2026-01-01T00:00:00Z" });
    const { pid: dead = 0 } = spawnSync("true");
    writeFileSync(path.join(locks, "dead.json"), lock(dead));
    writeFileSync(path.join(locks, "living.json"), lock(process.pid));
    await runPulumi(["up"], "dev", true, place());
    assert.deepEqual(readdirSync(locks), ["living.json"]);
    assert.match(messages.join("\n"), /Removed the lock of me@.*: that process no longer exists/);
  });

  it("exports the same state, without creating anything", async () => {
    await assert.rejects(exportStack("dev", false, place()), {
      message: "pulumi stack export --non-interactive --stack dev: no stack named 'dev' found",
    });
    assert.ok(!existsSync(path.join(projectDir, ".pulumi")));
    recordState();
    env.FAKE_STATE = '{"version":3}';
    assert.equal(await exportStack("dev", true, place()), '{"version":3}\n');
    assert.equal(commands().at(-1), "stack export --show-secrets --non-interactive --stack dev");
    assert.deepEqual(calls().at(-1)?.backend, ours());
    assert.deepEqual(messages, []);
  });

  for (const [name, toGroup] of [
    ["to this process alone", false],
    ["to the whole process group", true],
  ] as const)
    it(`forwards a signal that was sent ${name} once, and waits for the CLI's end`, async () => {
      recordState();
      const script = `require(${JSON.stringify(require.resolve("ts-node/register/transpile-only"))});
        require(${JSON.stringify(path.resolve(__dirname, "../../../cli/engine/pulumiCli"))})
          .runPulumi(["up"], "dev", false, { projectDir: ${JSON.stringify(projectDir)} })
          .then((status) => { process.exitCode = status; });`;
      for (const signal of ["SIGINT", "SIGTERM"] as const) {
        writeFileSync(log, "");
        const child = spawn(process.execPath, ["-e", script], {
          env: { ...env, FAKE_WAITS: "yes" },
          stdio: ["ignore", "inherit", "inherit"],
          detached: true,
        });
        const ended = exitCode(child);
        while (!readFileSync(log, "utf8").includes("waiting")) await new Promise((resolve) => setTimeout(resolve, 50));
        const pid = child.pid ?? assert.fail("not started");
        process.kill(toGroup ? -pid : pid, signal);
        assert.equal(await ended, 7);
        assert.deepEqual(
          calls().flatMap((call) => call.signal ?? []),
          [signal],
        );
      }
    });
});

function exitCode(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once("close", resolve));
}
