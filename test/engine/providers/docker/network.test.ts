import assert from "node:assert/strict";
import type { Properties } from "../../../../engine/provider";
import { Driver } from "../support";
import { useFakeSwarm } from "./fakeSwarm";

describe("overlay network", () => {
  const held = useFakeSwarm();
  const networks = () => new Driver(held.provider, "docker:index/network:Network", "net");
  const inputs: Properties = {
    name: "apim",
    driver: "overlay",
    attachable: true,
    ipamConfigs: [{ subnet: "10.5.0.0/24" }],
  };
  const found = (more: object) => ({
    Id: "net1",
    Name: "apim",
    Driver: "overlay",
    Scope: "swarm",
    Attachable: true,
    Internal: false,
    Labels: null,
    ...more,
  });
  const unallocated = found({ IPAM: { Driver: "default", Config: null }, Options: null });
  const allocated = found({
    IPAM: { Driver: "default", Config: [{ Subnet: "10.5.0.0/24", Gateway: "10.5.0.1" }] },
    Options: { "com.docker.network.driver.overlay.vxlanid_list": "4097" },
  });

  it("is recorded when Swarm has given it a subnet and an id, so that a refresh finds no drift", async () => {
    held.swarm.networks = [unallocated, unallocated, allocated];
    await assert.rejects(networks().create(inputs), /already exists/, "the fake lists it");
    const checked = await networks().checked(inputs);
    const created = await held.provider.create({ urn: "", type: "docker:index/network:Network" }, checked, {
      log: () => undefined,
      signal: new AbortController().signal,
    });
    const { body } = held.swarm.asked.find(({ url }) => url.startsWith("/networks/create")) ?? assert.fail();
    assert.deepEqual(
      [body.Driver, body.Attachable, body.IPAM],
      ["overlay", true, { Driver: "default", Config: [{ Subnet: "10.5.0.0/24" }] }],
    );
    const { driver, attachable, scope, options } = created.outputs;
    assert.deepEqual([driver, attachable, scope], ["overlay", true, "swarm"]);
    assert.deepEqual(options, { "com.docker.network.driver.overlay.vxlanid_list": "4097" });
    const existing = { urn: "", type: "docker:index/network:Network", ...created, inputs: checked };
    assert.deepEqual((await networks().read(existing))?.outputs.options, options);
    assert.equal((await networks().diff(existing, inputs)).changes, false);
    const changed = await networks().diff(existing, { ...inputs, attachable: false });
    assert.deepEqual(changed.replaces, ["attachable"]);
  });

  it("records the subnet and gateway that Docker chose, if none is given", async () => {
    held.swarm.networks = [allocated];
    const existing = {
      urn: "",
      type: "docker:index/network:Network",
      id: "net1",
      inputs: { name: "apim" },
      outputs: {},
    };
    const [config] = ((await networks().read(existing))?.outputs.ipamConfigs ?? []) as Properties[];
    assert.deepEqual([config?.subnet, config?.gateway], ["10.5.0.0/24", "10.5.0.1"]);
    const given = { ...existing, inputs: { name: "apim", ipamConfigs: [{ subnet: "10.5.0.0/24" }] } };
    const [asGiven] = ((await networks().read(given))?.outputs.ipamConfigs ?? []) as Properties[];
    assert.deepEqual([asGiven?.subnet, asGiven?.gateway], ["10.5.0.0/24", ""]);
  });

  it("delete succeeds when Swarm has just removed the network, which the engine answers with status 500", async () => {
    const existing = { urn: "", type: "docker:index/network:Network", id: "net1", inputs: {} };
    const outputs = { name: "apim", scope: "swarm" };
    held.swarm.failures.set("DELETE /networks/", [500, "network net1 not found"]);
    await networks().delete({ ...existing, outputs });
    held.swarm.failures.set("DELETE /networks/", [500, "network driver overlay not found"]);
    await assert.rejects(
      networks().delete({ ...existing, outputs }),
      /delete network apim: .*driver overlay not found/,
    );
  });

  it("delete waits until tasks have left it, and fails at once for another reason", async () => {
    held.swarm.networks = [allocated];
    held.swarm.networkErrors = [
      "error while removing network: network apim has active endpoints",
      "network apim is in use by task t1",
    ];
    const existing = { urn: "", type: "", id: "net1", inputs: {}, outputs: { name: "apim", scope: "swarm" } };
    const overlay = { ...existing, type: "docker:index/network:Network" };
    await networks().delete(overlay);
    assert.equal(held.swarm.asked.filter(({ method }) => method === "DELETE").length, 3);
    held.swarm.networkErrors = ["rpc error: network apim is in use by service s1"];
    await assert.rejects(networks().delete(overlay), /delete network apim: .*in use by service s1/);
    await networks().delete(overlay);
  });
});
