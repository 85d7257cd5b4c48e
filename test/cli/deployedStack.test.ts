import assert from "node:assert/strict";
import { deployedTopology } from "../../cli/deployedStack";
import { completeSettings, differingSettings } from "../../settings/derived";
import { buildTopology, fingerprint } from "../../topology";

describe("the topology of a stack that is up", () => {
  const settings = completeSettings({ gatewayReplicas: 2, httpsPort: 9999 }, "dev");
  const topology = buildTopology(settings);
  const outputs = { settings: differingSettings(settings), layout: fingerprint(topology) };

  it("follows from the settings in the stack's outputs", () => {
    assert.deepEqual(deployedTopology(outputs, "dev"), topology);
  });

  it("is refused, with the remedy, when this version of the program has another layout", () => {
    for (const other of [
      { layout: "0".repeat(12) },
      { settings: { ...outputs.settings, unheardOf: 1 } },
      { settings: {} },
    ])
      assert.throws(
        () => deployedTopology({ ...outputs, ...other }, "dev"),
        /^Error: stack dev: another version of this program .* npm run preview, then: npm run up$/,
      );
  });
});
