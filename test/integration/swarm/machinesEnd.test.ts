import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import Docker from "dockerode";
import { skip } from "../skip";
import { docker, projectDirectory } from "../testStack";
import { eventually } from "../waiting";
import { childrenOf, interfaceName, removeLeftovers } from "./lab";
import { type Swarm, startMachines } from "./machines";
import { whySwarmTestsAreSkipped } from "./requirements";
import { Traces } from "./traces";

/** A process that runs a machine with a container. */
async function startProcess(): Promise<{ child: ChildProcess; pid: number; traces: Traces }> {
  const args = ["--require=ts-node/register/transpile-only", path.join(__dirname, "runMachine.ts")];
  const child = spawn(process.execPath, args, { cwd: projectDirectory, stdio: ["ignore", "pipe", "inherit"] });
  const { pid, stdout } = child;
  assert.ok(pid !== undefined && stdout);
  const [line] = (await Promise.race([once(stdout, "data"), once(child, "close")])) as [Buffer | number];
  assert.ok(Buffer.isBuffer(line), `the process ended with status ${line}`);
  const traces = new Traces(pid, line.toString().trim());
  const commands = traces.existing().filter((each) => each.startsWith("process "));
  assert.ok(commands.length > 5, commands.join());
  return { child, pid, traces };
}

const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  const ended = once(child, "close");
  child.kill(signal);
  await ended;
};

describe("Swarm test machines and the rest of the computer", function () {
  this.timeout(120_000);
  this.slow(30_000);
  before(function () {
    const reason = whySwarmTestsAreSkipped();
    if (reason !== undefined) skip(this, reason);
  });

  for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const)
    it(`end with a process that ${signal} ends, and leave nothing`, async () => {
      const { child, traces } = await startProcess();
      await end(child, signal);
      await eventually("nothing is left", async () => traces.existing().length === 0).catch(() =>
        assert.deepEqual(traces.existing(), []),
      );
    });

  it("of a process that was killed together with its cleaning script: the next start removes the rest, and not those of others", async () => {
    const { child, pid, traces } = await startProcess();
    const other = await startProcess();
    const scripts = childrenOf(pid).filter((each) => readFileSync(`/proc/${each}/cmdline`, "utf8").includes("lab.sh"));
    assert.equal(scripts.length, 1);
    for (const script of scripts) process.kill(script, "SIGKILL");
    await end(child, "SIGKILL");
    const named = (kind: string) => traces.existing().filter((each) => each.startsWith(kind));
    await eventually("the processes have ended", async () => named("process ").length === 0);
    assert.equal(named("directory ").length, 1);

    let next: Swarm | undefined;
    try {
      next = await startMachines({ count: 1 });
      assert.deepEqual(traces.existing(), []);
      const socketPath = path.join(tmpdir(), `wso2-apim-swarm-${other.pid}`, "machine-1.sock");
      assert.equal((await new Docker({ socketPath }).listContainers()).length, 1);
    } finally {
      await next?.stop();
      await end(other.child, "SIGKILL");
    }
    await eventually("nothing is left of the others", async () => other.traces.existing().length === 0);
  });

  it("leave no directory of a process that has ended; the directory of a running process stays", async () => {
    const directory = mkdtempSync(path.join(tmpdir(), "apim-swarm-leftovers-"));
    try {
      const ended = spawn("true");
      await once(ended, "close");
      const [dead, running] = [ended.pid, process.pid].map((pid) => path.join(directory, `wso2-apim-swarm-${pid}`));
      assert.ok(dead && running);
      mkdirSync(path.join(dead, "machine-1"), { recursive: true });
      mkdirSync(running);
      await removeLeftovers(directory, 0);
      assert.deepEqual([dead, running].map(existsSync), [false, true]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it("keep alive no mount of a container of another engine", async () => {
    const container = await docker.createContainer({
      Image: "wso2-apim/base-debian:bookworm",
      Cmd: ["sleep", "600"],
      // So that its /dev/shm is a mount of the engine's.
      HostConfig: { IpcMode: "shareable" },
    });
    let swarm: Swarm | undefined;
    try {
      await container.start();
      const mounts = (pid: number | string) => readFileSync(`/proc/${pid}/mountinfo`, "utf8");
      const sandbox = path.basename((await container.inspect()).NetworkSettings.SandboxKey);
      const ofContainer = new RegExp(`/overlay2/\\w+/merged |/${container.id}/mounts/shm |/netns/${sandbox} `);
      assert.match(mounts("self"), ofContainer);
      swarm = await startMachines({ count: 1 });
      for (const { pid } of swarm.machines) assert.doesNotMatch(mounts(pid), ofContainer);
    } finally {
      await swarm?.stop();
      await container.remove({ force: true });
    }
  });

  it("leave nothing after a start that failed", async () => {
    await assert.rejects(startMachines({ count: 1, labels: { "machine-2": {} } }), /labels: .* found machine-2/);
    assert.deepEqual(new Traces(process.pid, interfaceName).existing(), []);
  });
});
