import assert from "node:assert/strict";
import { checkSettings, deploymentOf, parseSettings } from "../../plan/settings";
import { SettingsError } from "../../settings";

describe("checkSettings", () => {
  it("returns complete settings and no fault for none", () => {
    const { settings, faults } = checkSettings({}, "dev");
    assert.deepEqual(faults, []);
    assert.equal(settings.gatewayReplicas, 1);
    assert.equal(settings.stack, "dev");
  });

  it("replaces an invalid value by its default, and reports it", () => {
    const { settings, faults } = checkSettings({ gatewayReplicas: "many", storeReplicas: "2" }, "dev");
    assert.deepEqual([settings.gatewayReplicas, settings.storeReplicas], [1, 2]);
    assert.equal(faults.length, 1);
    assert.match(faults[0] ?? "", /^gatewayReplicas: expected/);
  });

  it("reports faults of the settings first, then those of the topology", () => {
    const { faults } = checkSettings({ gatewayEnvironments: "eu=production,eu=sandbox", jwt: "perhaps" }, "dev");
    assert.deepEqual(
      faults.map((fault) => fault.split(":")[0]),
      ["jwt", "gatewayEnvironments"],
    );
  });

  it("does not check the addresses in a subnet that is itself invalid", () => {
    const { faults } = checkSettings({ networkSubnet: "8.8.8.0/24" }, "dev");
    assert.equal(faults.length, 1, faults.join("\n"));
    assert.match(faults[0] ?? "", /^networkSubnet: expected a private network/);
  });
});

describe("parseSettings", () => {
  it("throws a SettingsError that lists every fault", () => {
    assert.throws(
      () => parseSettings({ jwt: "perhaps", httpsPort: "x" }, "dev"),
      (error: unknown) => {
        assert.ok(error instanceof SettingsError);
        assert.equal(error.faults.length, 2);
        for (const fault of error.faults) assert.ok(error.message.includes(fault));
        return true;
      },
    );
  });
});

describe("deploymentOf", () => {
  it("returns the settings and the topology that follows from them, named after the stack", () => {
    const { settings, topology } = deploymentOf({ storeReplicas: "2" }, "dev");
    assert.equal(settings.storeReplicas, 2);
    assert.equal(topology.prefix, "apim-dev");
    assert.ok(topology.nodes.some(({ name }) => name === "store-2"));
  });

  it("throws for invalid settings", () => {
    assert.throws(() => deploymentOf({ storeReplicas: "-1" }, "dev"), /storeReplicas: expected/);
  });
});
