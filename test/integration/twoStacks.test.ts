import assert from "node:assert/strict";
import type Docker from "dockerode";
import { removeContainer } from "./containers";
import { named, ownAddress } from "./place";
import { docker, TestStack } from "./testStack";
import { eventually } from "./waiting";

const minutes = 60_000;

interface Status {
  readonly healthy: boolean;
  readonly containers: readonly { readonly name: string; readonly restarts: number; readonly note?: string }[];
}

describe("two stacks on one Docker engine", function () {
  this.timeout(6 * minutes);
  const one = new TestStack("itest-side1");
  const other = new TestStack("itest-side2");
  const managementAddress = ownAddress(200);

  before(async () => {
    // Both stacks use the same ports. Only the host addresses and the networks differ.
    one.set({ startTimeout: 30 });
    other.set({ managementAddress });
    const results = await Promise.all([one.run("up", "--skip-verify"), other.run("up", "--skip-verify")]);
    for (const { status, output } of results) assert.equal(status, 0, output);
  });

  after(async () => {
    await one.dispose();
    await other.dispose();
  });

  async function inspectAll(stack: TestStack): Promise<Docker.ContainerInspectInfo[]> {
    return Promise.all([...(await stack.containers()).values()].map((id) => docker.getContainer(id).inspect()));
  }

  async function status(stack: TestStack): Promise<Status> {
    return JSON.parse((await stack.run("status", "--json", "--no-drift")).stdout) as Status;
  }

  const untilHealthy = (stack: TestStack) =>
    eventually(
      `${stack.name} is healthy again`,
      async () => {
        const now = await status(stack);
        return now.healthy && now;
      },
      { seconds: 120, every: 1000 },
    );

  /**
   * Kills the main processes of containers without Docker's help, as a crash or a reboot does. A container that sees the
   * processes of the host sends the signal, so that this also works with a Docker engine on another machine.
   */
  async function killProcesses(containers: readonly Docker.ContainerInspectInfo[]): Promise<void> {
    const pids = containers.map(({ State }) => String(State.Pid));
    const name = named("apim-side-killer");
    const killer = await docker.createContainer({
      Image: "wso2-apim/base-debian:bookworm",
      name,
      Cmd: ["bash", "-c", `kill -KILL ${pids.join(" ")}`],
      HostConfig: { PidMode: "host" },
    });
    try {
      await killer.start();
      const { StatusCode } = (await killer.wait()) as { StatusCode: number };
      assert.equal(StatusCode, 0, "kill failed");
    } finally {
      await removeContainer(name);
    }
  }

  it("verify passes on both stacks side by side", async () => {
    for (const stack of [one, other]) {
      const verify = await stack.run("verify");
      assert.equal(verify.status, 0, verify.output);
    }
  });

  it("containers publish only on the stack's addresses, and have limits, a restart policy and no additional privileges", async () => {
    for (const [stack, balancerAddress, otherAddress] of [
      [one, one.address, one.address],
      [other, other.address, managementAddress],
    ] as const) {
      for (const { Name, HostConfig } of await inspectAll(stack)) {
        const bindings: Record<string, { HostIp: string }[]> = HostConfig.PortBindings ?? {};
        const published = Object.values(bindings).flat();
        assert.equal(published.length > 0, Name !== `/${stack.prefix}-loadbalancer-files`, Name);
        const address = Name === `/${stack.prefix}-loadbalancer` ? balancerAddress : otherAddress;
        for (const { HostIp } of published) assert.equal(HostIp, address, Name);
        assert.ok((HostConfig.Memory ?? 0) > 0 && HostConfig.MemorySwap === HostConfig.Memory, Name);
        assert.equal(HostConfig.RestartPolicy?.Name, "unless-stopped", Name);
        assert.equal(HostConfig.Privileged, false, Name);
        assert.deepEqual(HostConfig.CapAdd ?? [], [], Name);
        assert.deepEqual(HostConfig.Devices ?? [], [], Name);
        assert.ok(!(HostConfig.Binds ?? []).length, `${Name} mounts directories of the host`);
        assert.deepEqual([HostConfig.PidMode, HostConfig.IpcMode], ["", "private"], Name);
      }
    }
  });

  it("both stacks become healthy by themselves after all containers die at once", async () => {
    await killProcesses([...(await inspectAll(one)), ...(await inspectAll(other))]);
    for (const stack of [one, other]) {
      const { containers } = await untilHealthy(stack);
      for (const { name, restarts, note } of containers) {
        assert.ok(restarts >= 1, `${stack.name} ${name} was not restarted`);
        assert.match(note ?? "", /restarted by Docker/);
      }
      const verify = await stack.run("verify");
      assert.equal(verify.status, 0, verify.output);
    }
  });

  it("a node without its database is restarted again and again, status shows why, and it recovers with the database", async () => {
    const all = await inspectAll(one);
    const find = (name: string) => all.find(({ Name }) => Name === `/${one.prefix}-${name}`) ?? assert.fail(name);
    const before = find("store-1").RestartCount;
    await docker.getContainer(find("mysql").Id).stop();
    await killProcesses([find("store-1")]);
    const note = /(restarted|is restarting).*; last log line: .*\.mysql-wso2\.com/;
    const isRestarted = async () => {
      const store = (await status(one)).containers.find(({ name }) => name === "store-1");
      return store && store.restarts >= before + 2 && note.test(store.note ?? "");
    };
    await eventually("store-1 is restarted twice, and status shows the reason", isRestarted, {
      seconds: 90,
      every: 1000,
    });
    await docker.getContainer(find("mysql").Id).start();
    await untilHealthy(one);
    const verify = await one.run("verify");
    assert.equal(verify.status, 0, verify.output);
    assert.equal((await status(other)).healthy, true);
  });

  it("destroying one stack does not affect the other", async () => {
    const before = await other.containers();
    const destroy = await one.run("destroy", "--yes");
    assert.equal(destroy.status, 0, destroy.output);
    assert.deepEqual(await one.leftovers(), []);
    assert.deepEqual(await other.containers(), before);
    const verify = await other.run("verify");
    assert.equal(verify.status, 0, verify.output);
  });
});
