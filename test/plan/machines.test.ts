import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { findMachines, type Machine } from "../../plan/machines";
import { parseSettings } from "../../plan/settings";
import type { RawSettings } from "../../settings";
import { SettingsError } from "../../settings/parse";
import { buildTopology } from "../../topology";

const swarm: RawSettings = { platform: "swarm", imageRegistry: "registry.example.com:5000" };
const labels = { "apim.mysql": "true", "apim.loadbalancer": "true", "apim.gateway": "true" };

function machine(number: number, change: Partial<Machine> = {}): Machine {
  return {
    id: `id${number}`,
    name: `machine${number}`,
    role: number === 1 ? "manager" : "worker",
    address: `192.0.2.${number}`,
    labels: {},
    architecture: "amd64",
    ...change,
  };
}

async function find(all: readonly Machine[], settings: RawSettings = {}) {
  const parsed = parseSettings({ ...swarm, ...settings }, "dev");
  const { machines, warnings } =
    (await findMachines(buildTopology(parsed), parsed, async () => all)) ?? assert.fail("not asked");
  return { ...machines, warnings };
}

/** The faults of a plan for these machines. */
async function faults(machines: readonly Machine[], settings: RawSettings = {}): Promise<readonly string[]> {
  try {
    await find(machines, settings);
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    return error.faults;
  }
  return [];
}

describe("the machines of a swarm", () => {
  before(() =>
    pulumi.runtime.setMocks({
      call: ({ inputs }) => inputs,
      newResource: ({ inputs }) => ({ id: "", state: inputs }),
    }),
  );

  it("are not asked for on one Docker engine", async () => {
    const settings = parseSettings({}, "dev");
    assert.equal(await findMachines(buildTopology(settings), settings, () => assert.fail("asked")), undefined);
  });

  it("load balancers and MySQL are reached at the machines that meet their constraints", async () => {
    const found = await find([
      machine(1, { labels: { "apim.gateway": "true" } }),
      machine(3, { labels: { "apim.loadbalancer": "true" }, architecture: "arm64" }),
      machine(2, { labels: { "apim.loadbalancer": "true" }, architecture: "arm64" }),
      machine(4, { labels: { "apim.mysql": "true" } }),
    ]);
    assert.deepEqual(found, {
      architecture: "arm64",
      balancers: ["192.0.2.2", "192.0.2.3"],
      database: "192.0.2.4",
      names: ["machine1", "machine2", "machine3", "machine4"],
      warnings: [],
    });
  });

  it("missing labels are faults with the command that adds them, all at once", async () => {
    const found = await faults([machine(1), machine(2)]);
    const command = (label: string) =>
      `on a manager, run: docker node update --label-add ${label}=true MACHINE, with one of machine1, machine2`;
    assert.deepEqual(found, [
      `databasePlacement: expected a machine with node.labels.apim.mysql == true, found none; ${command("apim.mysql")}`,
      `balancerPlacement: expected a machine with node.labels.apim.loadbalancer == true, found none; ${command("apim.loadbalancer")}`,
      `gatewayPlacement: expected a machine with node.labels.apim.gateway == true, found none; ${command("apim.gateway")}`,
    ]);
    assert.deepEqual(
      await faults([machine(1, { labels: { ...labels, "apim.mysql": "yes" } })]),
      [found[0]].map((fault) => fault?.replace(", machine2", "")),
    );
  });

  it("a server whose only machine takes no tasks is a fault that says its state", async () => {
    const down = machine(1, { labels, problem: "down" });
    const remedy =
      "start the machine or its Docker engine, or run `docker node update --availability active MACHINE` (`docker node ls` shows its state)";
    const fault = (setting: string, label: string) =>
      `${setting}: expected a machine with node.labels.${label} == true that takes tasks, found machine1 (down); ${remedy}`;
    assert.deepEqual(await faults([down, machine(2)]), [
      fault("databasePlacement", "apim.mysql"),
      fault("gatewayPlacement", "apim.gateway"),
    ]);
  });

  it("MySQL and a gateway with a volume of its own have one machine, since their data stays there", async () => {
    const both = [machine(1, { labels }), machine(2, { labels })];
    const [database, gateway] = await faults(both);
    assert.match(
      database ?? "",
      /^databasePlacement: expected one machine with node\.labels\.apim\.mysql == true, whose volume keeps the data, found machine1, machine2; .*databaseHost$/,
    );
    assert.match(
      gateway ?? "",
      /^gatewayPlacement: expected one machine .*found machine1, machine2; .*sharedDirectory$/,
    );
    const elsewhere = { databaseHost: "db.example.org", databaseAdminPassword: "x", sharedDirectory: "/mnt/apim" };
    assert.deepEqual(await faults(both, elsewhere), []);
  });

  it("load balancers: a machine that is down counts, with a warning, so that up goes on and addresses stay", async () => {
    const balancer = { "apim.loadbalancer": "true" };
    const all = [machine(1, { labels }), machine(2, { labels: balancer, problem: "down" })];
    const found = await find(all, { balancerReplicas: 2 });
    assert.deepEqual(found.balancers, ["192.0.2.1", "192.0.2.2"]);
    assert.deepEqual(found.warnings, [
      "1 of 2 load balancers: expected a machine that takes tasks, found machine2 (down); Swarm starts what is missing when a machine is back, and an update of it ends only then",
    ]);
    assert.deepEqual((await find(all, { balancerReplicas: 1 })).warnings, []);
    const [fault] = await faults(all, { balancerReplicas: 3 });
    assert.match(fault ?? "", /^balancerPlacement: expected 3 machines .*, found 2; on a manager/);
  });

  it("a load balancer with no machine that takes tasks is a warning too: MySQL and the nodes can be changed", async () => {
    const all = [
      machine(1, { labels: { "apim.loadbalancer": "true" }, problem: "drain" }),
      machine(2, { labels: { ...labels, "apim.loadbalancer": "no" } }),
    ];
    const { warnings } = await find(all);
    assert.match(
      warnings.join(),
      /^the load balancer: expected a machine that takes tasks, found machine1 \(drain\); Swarm/,
    );
  });

  describe("nodeSpread", () => {
    const zone = (name: string) => ({ labels: { ...(name === "a" && labels), zone: name } });
    const spread = {
      nodeSpread: "node.labels.zone == a, b",
      sharedDirectory: "/mnt/apim",
      gatewayReplicas: 2,
      nodePlacement: "node.role != manager",
    };

    it("gateways on any machine, since they share their APIs, need a machine for each value", async () => {
      const all = [machine(1, zone("a")), machine(2, zone("a")), machine(3)];
      all[1] = machine(2, { labels: { zone: "a" } });
      assert.deepEqual(await faults(all, spread), [
        "nodeSpread: expected a machine with node.labels.zone == b, found none; on a manager, run: docker node update --label-add zone=b MACHINE, with one of machine1, machine2, machine3",
      ]);
      all[2] = machine(3, zone("b"));
      assert.deepEqual(await faults(all, spread), []);
    });

    it("a value whose machines are all down is a warning for each node that waits for it", async () => {
      const all = [machine(1, zone("a")), machine(2, { ...zone("b"), problem: "down" }), machine(3)];
      const { warnings } = await find(all, spread);
      assert.deepEqual(warnings, [
        "gateway-2: expected a machine that takes tasks, found machine2 (down); Swarm starts what is missing when a machine is back, and an update of it ends only then",
      ]);
    });
  });

  it("gateways with gatewayPlacement and a shared directory may have several machines", async () => {
    const gateways = { labels: { "apim.gateway": "true" } };
    const all = [machine(1, { labels }), machine(2, gateways), machine(3, gateways)];
    const settings = { sharedDirectory: "/mnt/apim", gatewayPlacement: "node.labels.apim.gateway == true" };
    assert.deepEqual(await faults(all, settings), []);
    assert.match((await faults(all)).join(), /^gatewayPlacement: expected one machine/);
  });

  it("balancerReplicas: each load balancer needs a machine of its own", async () => {
    const three = { balancerReplicas: 3 };
    const balancer = { "apim.loadbalancer": "true" };
    const [one, two] = [machine(1, { labels }), machine(2, { labels: balancer })];
    const [fault, ...others] = await faults([one, two, machine(3)], three);
    assert.match(
      fault ?? "",
      /^balancerPlacement: expected 3 machines with node\.labels\.apim\.loadbalancer == true, found 2; on a manager/,
    );
    assert.deepEqual(others, []);
    assert.deepEqual(await faults([one, two, machine(3, { labels: balancer })], three), []);
  });

  it("other constraints: host name, role, id, engine labels and what must not be", async () => {
    const all = [machine(1), machine(2), machine(3)];
    const byPlacement = async (databasePlacement: string, balancerPlacement: string) => {
      const found = await find(all, { databasePlacement, balancerPlacement, gatewayPlacement: "node.id == id3" });
      return [found.database, found.balancers];
    };
    assert.deepEqual(await byPlacement("node.hostname == machine2", "node.role == worker"), [
      "192.0.2.2",
      ["192.0.2.2", "192.0.2.3"],
    ]);
    assert.deepEqual(await byPlacement("node.id==id3", "node.role == worker, node.hostname != machine2"), [
      "192.0.2.3",
      ["192.0.2.3"],
    ]);
    all[0] = machine(1, { labels: { zone: "b" } });
    assert.deepEqual(await byPlacement("node.labels.zone == b", "engine.labels.disk == ssd"), [
      "192.0.2.1",
      ["192.0.2.1", "192.0.2.2", "192.0.2.3"],
    ]);
    const nowhere = { databasePlacement: "node.hostname == machine9", balancerPlacement: "", gatewayPlacement: "" };
    const [database, gateway, ...others] = await faults(all, { ...nowhere, nodePlacement: "node.id == id9" });
    assert.equal(
      database,
      "databasePlacement: expected a machine with node.hostname == machine9, found none; set wso2-apim:databasePlacement",
    );
    assert.match(gateway ?? "", /^gatewayPlacement: expected one machine with these constraints \(there are none\), /);
    assert.deepEqual(others, [
      "nodePlacement: expected a machine with node.id == id9, found none; set wso2-apim:nodePlacement",
    ]);
  });

  it("a MySQL server of the user's own, and gateways on any machine, need no label", async () => {
    const found = await find([machine(1, { labels: { "apim.loadbalancer": "true" } })], {
      databaseHost: "db.example.org",
      databaseAdminPassword: "x",
      sharedDirectory: "/mnt/apim",
      gatewayReplicas: 2,
    });
    assert.deepEqual([found.balancers, found.database], [["192.0.2.1"], ""]);
  });

  it("Docker that is no manager of a swarm is a fault of platform with the remedy", async () => {
    const host = process.env.DOCKER_HOST;
    process.env.DOCKER_HOST = "unix:///nonexistent/docker.sock";
    try {
      const settings = parseSettings(swarm, "dev");
      await assert.rejects(findMachines(buildTopology(settings), settings), {
        message: /platform: expected Docker to be a manager of a swarm, found: .+; run `docker swarm init`, or run/,
      });
    } finally {
      if (host === undefined) delete process.env.DOCKER_HOST;
      else process.env.DOCKER_HOST = host;
    }
  });
});
