import assert from "node:assert/strict";
import { deployedTopology } from "../../cli/stack";
import { completeSettings, differingSettings } from "../../settings/derived";
import { buildTopology, fingerprint } from "../../topology";

describe("the topology of a stack that is up", () => {
  const settings = completeSettings({ gatewayReplicas: 2, httpsPort: 9999 }, "dev");
  const topology = buildTopology(settings);
  const told = { settings: differingSettings(settings), layout: fingerprint(topology) };

  it("follows from the settings that the stack tells", () => {
    assert.deepEqual(deployedTopology(told, "dev"), topology);
  });

  it("is refused, with the way out, when this program lays it out otherwise", () => {
    for (const other of [
      { layout: "0".repeat(12) },
      { settings: { ...told.settings, unheardOf: 1 } },
      { settings: {} },
    ])
      assert.throws(
        () => deployedTopology({ ...told, ...other }, "dev"),
        /^Error: stack dev: another version of this program .* npm run preview, then: npm run up$/,
      );
  });
});
