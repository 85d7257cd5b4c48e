import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { docker, TestStack } from "./testStack";

const minutes = 60_000;

interface Status {
  readonly healthy: boolean;
  readonly containers: readonly { readonly name: string; readonly restarts: number; readonly note?: string }[];
}

describe("two stacks on one Docker engine", function () {
  this.timeout(6 * minutes);
  const one = new TestStack("side1");
  const other = new TestStack("side2");

  before(async () => {
    // The same ports on different addresses of the host: nothing but the address and the network tells them apart.
    one.set({ networkSubnet: "172.29.97.0/24", publishAddress: "127.0.0.3", startTimeout: 30 });
    other.set({ networkSubnet: "172.29.96.0/24", publishAddress: "127.0.0.4", managementAddress: "127.0.0.5" });
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

  async function until<T>(seconds: number, what: string, probe: () => Promise<T | undefined>): Promise<T> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const found = await probe();
      if (found !== undefined) return found;
      assert.ok(Date.now() < end, `not within ${seconds} s: ${what}`);
      await sleep(1000);
    }
  }

  const healed = (stack: TestStack) =>
    until(120, `${stack.name} is healthy again`, async () => {
      const now = await status(stack);
      return now.healthy ? now : undefined;
    });

  /**
   * What a crash or a reboot does to containers: their first processes end, and nobody has asked Docker for it. From a
   * container that sees the host's processes, so that it works wherever the Docker engine is.
   */
  async function kill(containers: readonly Docker.ContainerInspectInfo[]): Promise<void> {
    const pids = containers.map(({ State }) => String(State.Pid));
    const killer = await docker.createContainer({
      Image: "wso2-apim/base-debian:bookworm",
      name: "apim-side-killer",
      Cmd: ["bash", "-c", `kill -KILL ${pids.join(" ")}`],
      HostConfig: { PidMode: "host" },
    });
    try {
      await killer.start();
      const { StatusCode } = (await killer.wait()) as { StatusCode: number };
      assert.equal(StatusCode, 0, "the containers' processes can be killed");
    } finally {
      await killer.remove({ force: true });
    }
  }

  it("work side by side, each on its own", async () => {
    for (const stack of [one, other]) {
      const verify = await stack.run("verify");
      assert.equal(verify.status, 0, verify.output);
    }
  });

  it("publish on their addresses only, the load balancer apart where it is set so, and give containers limits, a restart policy and no further rights", async () => {
    for (const [stack, ofBalancer, ofOthers] of [
      [one, "127.0.0.3", "127.0.0.3"],
      [other, "127.0.0.4", "127.0.0.5"],
    ] as const) {
      for (const { Name, HostConfig } of await inspectAll(stack)) {
        const published = Object.values(HostConfig.PortBindings as Record<string, { HostIp: string }[]>).flat();
        assert.ok(published.length > 0, Name);
        const address = Name === `/${stack.prefix}-loadbalancer` ? ofBalancer : ofOthers;
        assert.deepEqual([...new Set(published.map(({ HostIp }) => HostIp))], [address], Name);
        assert.ok((HostConfig.Memory ?? 0) > 0 && HostConfig.MemorySwap === HostConfig.Memory, Name);
        assert.equal(HostConfig.RestartPolicy?.Name, "unless-stopped", Name);
        assert.equal(HostConfig.Privileged, false, Name);
        assert.deepEqual(HostConfig.CapAdd ?? [], [], Name);
        assert.deepEqual(HostConfig.Devices ?? [], [], Name);
        assert.ok(!(HostConfig.Binds ?? []).length, `${Name} has directories of the host`);
        assert.deepEqual([HostConfig.PidMode, HostConfig.IpcMode], ["", "private"], Name);
      }
    }
  });

  it("come back by themselves when all containers are restarted at once", async () => {
    await kill([...(await inspectAll(one)), ...(await inspectAll(other))]);
    for (const stack of [one, other]) {
      const { containers } = await healed(stack);
      for (const { name, restarts, note } of containers) {
        assert.ok(restarts >= 1, `${stack.name} ${name} was not restarted`);
        assert.match(note ?? "", /restarted by Docker/);
      }
      const verify = await stack.run("verify");
      assert.equal(verify.status, 0, verify.output);
    }
  });

  it("let a node that can't start end and try again, say so, and heal when its database is back", async () => {
    const all = await inspectAll(one);
    const find = (name: string) => all.find(({ Name }) => Name === `/${one.prefix}-${name}`) ?? assert.fail(name);
    const before = find("store-1").RestartCount;
    await docker.getContainer(find("mysql").Id).stop();
    await kill([find("store-1")]);
    const said = /(restarted|is restarting).*; last log line: .*\.mysql-wso2\.com/;
    await until(90, "store-1 is tried again, and status says so and what it waits for", async () => {
      const { containers } = await status(one);
      const store = containers.find(({ name }) => name === "store-1");
      return (store && store.restarts >= before + 2 && said.test(store.note ?? "")) || undefined;
    });
    await docker.getContainer(find("mysql").Id).start();
    await healed(one);
    const verify = await one.run("verify");
    assert.equal(verify.status, 0, verify.output);
    assert.equal((await status(other)).healthy, true);
  });

  it("leave each other alone when one is destroyed", async () => {
    const before = await other.containers();
    const destroy = await one.run("destroy", "--yes");
    assert.equal(destroy.status, 0, destroy.output);
    assert.deepEqual(await one.leftovers(), []);
    assert.deepEqual(await other.containers(), before);
    const verify = await other.run("verify");
    assert.equal(verify.status, 0, verify.output);
  });
});
