import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { removeTemporaryDirs, temporaryDir } from "./support";

const fixtures = path.join(__dirname, "fixtures");
const modules = path.resolve(__dirname, "../../node_modules");

interface Ended {
  readonly code: number | null;
  readonly text: string;
}

/** Real signals to a real process, as a terminal and npm send them. */
describe("a run that receives signals", function () {
  this.timeout(60_000);
  let dir: string;
  beforeEach(() => {
    dir = temporaryDir();
    cpSync(path.join(fixtures, "program"), dir, { recursive: true });
    symlinkSync(modules, path.join(dir, "node_modules"));
  });
  after(removeTemporaryDirs);

  /** @param onOutput called with the whole output so far, each time that the run prints something */
  function engine(
    operation: string,
    pauseMs: number,
    onOutput: (child: ChildProcess, text: string) => void,
  ): Promise<Ended> {
    const child = spawn(
      process.execPath,
      ["-r", "ts-node/register/transpile-only", path.join(fixtures, "slowRun.ts"), operation, dir, String(pauseMs)],
      {
        cwd: path.resolve(__dirname, "../.."),
        env: { ...process.env, PULUMI_BACKEND_URL: "", PULUMI_CONFIG_PASSPHRASE: "correct horse", TERM: "dumb" },
        stdio: ["ignore", "pipe", "pipe"],
        // In a process group of its own, to which the tests can send signals as Ctrl-C does.
        detached: true,
      },
    );
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (data: Buffer) => {
        text += data;
        onOutput(child, text);
      });
    return new Promise((resolve) => child.once("close", (code) => resolve({ code, text })));
  }
  const recorded = () => JSON.parse(readFileSync(path.join(dir, ".pulumi/stacks/shelf/dev.json"), "utf8")).checkpoint;
  const locks = () => readdirSync(path.join(dir, ".pulumi/locks/organization/shelf/dev"));
  function assertOrderly({ code, text }: Ended): void {
    assert.equal(code, 130, text);
    assert.doesNotMatch(text, /^ +at .*[:(]|node:internal|Unhandled|Error:/m);
    assert.equal(text.split("Stopping: the steps in progress are finished first").length, 2, text);
  }

  for (const [what, send] of [
    [
      "SIGINT twice",
      (pid: number) => {
        process.kill(-pid, "SIGINT");
        setTimeout(() => process.kill(-pid, "SIGINT"), 300);
      },
    ],
    ["SIGTERM", (pid: number) => process.kill(pid, "SIGTERM")],
  ] as const)
    it(`${what} during a step: the step finishes and is recorded, and the next run continues`, async () => {
      let sent = false;
      const stopped = await engine("up", 1500, (child, text) => {
        if (sent || !/RandomId shelf-label creating/.test(text)) return;
        sent = true;
        send(child.pid ?? assert.fail("not started"));
      });
      assertOrderly(stopped);
      assert.match(stopped.text, /RandomId shelf-label created/);
      const { latest } = recorded();
      assert.equal(latest.pending_operations, undefined);
      const names = latest.resources.map(({ urn }: { urn: string }) => urn.split("::").pop());
      assert.ok(names.includes("shelf-label"), names.join());
      assert.ok(!names.includes("shelf-book1") && !names.includes("note"), names.join());
      assert.deepEqual(locks(), []);
      const next = await engine("up", 0, () => {});
      assert.equal(next.code, 0, next.text);
      assert.doesNotMatch(next.text, /shelf-label creat/);
      assert.match(next.text, /shelf-book1 created/);
    });

  it("second SIGINT while a step hangs: the run ends at once, the step stays pending, and the next run recovers it", async () => {
    let sent = 0;
    let again: NodeJS.Timeout | undefined;
    const stopped = await engine("up", 600_000, (child, text) => {
      if (sent > 0 || !/RandomId shelf-label creating/.test(text)) return;
      sent = Date.now();
      const interrupt = () => process.kill(-(child.pid ?? assert.fail("not started")), "SIGINT");
      interrupt();
      setTimeout(interrupt, 300);
      again = setInterval(interrupt, 1500);
      child.once("exit", () => clearInterval(again));
    });
    assert.ok(Date.now() - sent < 20_000);
    assertOrderly(stopped);
    assert.match(stopped.text, /Ended at once: the steps in progress stay pending/);
    const { latest } = recorded();
    assert.deepEqual(
      latest.pending_operations.map(({ type, resource }: { type: string; resource: { urn: string } }) => [
        type,
        resource.urn.split("::").pop(),
      ]),
      [["creating", "shelf-label"]],
    );
    assert.deepEqual(locks(), []);
    const next = await engine("up", 0, () => {});
    assert.equal(next.code, 0, next.text);
    assert.match(next.text, /an earlier run was interrupted while creating this resource: it left nothing behind/);
    assert.equal(recorded().latest.pending_operations, undefined);
  });

  it("SIGINT while removed resources are deleted: the deletion in progress finishes, and no other starts", async () => {
    const program = path.join(dir, "index.ts");
    writeFileSync(
      program,
      `import * as random from "@pulumi/random";
      const dependsOn = new random.RandomId("kept", { byteLength: 2 });
      new random.RandomId("gone", { byteLength: 2 }, { dependsOn });`,
    );
    const first = await engine("up", 0, () => {});
    assert.equal(first.code, 0, first.text);
    writeFileSync(program, "");
    let sent = false;
    const stopped = await engine("up", 1500, (child, text) => {
      if (sent || !text.includes("RandomId gone deleting")) return;
      sent = true;
      process.kill(child.pid ?? assert.fail("not started"), "SIGINT");
    });
    assertOrderly(stopped);
    assert.match(stopped.text, /RandomId gone deleted/);
    assert.doesNotMatch(stopped.text, /RandomId kept delet/);
    assert.match(JSON.stringify(recorded().latest.resources), /::kept"/);
  });

  it("SIGINT twice while the program registers resources: no lock and no pending operation is left", async () => {
    let sent = false;
    const stopped = await engine("up", 0, (child, text) => {
      if (sent || !text.includes("building the shelf")) return;
      sent = true;
      const pid = child.pid ?? assert.fail("not started");
      process.kill(-pid, "SIGINT");
      process.kill(-pid, "SIGINT");
    });
    assertOrderly(stopped);
    assert.deepEqual(locks(), []);
    if (existsSync(path.join(dir, ".pulumi/stacks/shelf/dev.json")))
      assert.equal(recorded().latest.pending_operations, undefined);
  });
});
