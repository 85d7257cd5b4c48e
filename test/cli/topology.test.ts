import assert from "node:assert/strict";
import { describeTopology } from "../../cli/topology";
import { parseSettings } from "../../plan/settings";
import { buildTopology } from "../../topology";

describe("npm run topology", () => {
  it("shows where each node, MySQL and each route is published", () => {
    const settings = parseSettings({ publishAddress: "0.0.0.0", managementAddress: "127.0.0.9" }, "dev");
    const text = describeTopology(buildTopology(settings));
    const line = (start: string) => text.split("\n").find((one) => one.startsWith(`${start} `)) ?? "";
    for (const [name, at] of [
      ["keymanager-1", "127.0.0.9:9443"],
      ["store-1", "127.0.0.9:9446"],
      ["mysql", "127.0.0.9:23306"],
      ["store", "0.0.0.0:8443"],
      ["api-http", "0.0.0.0:8280"],
    ] as const)
      assert.ok(line(name).includes(` ${at} `), `${name}: ${at} is not in "${line(name)}"`);
  });

  it("shows the user's own MySQL server without a published address", () => {
    const settings = parseSettings({ databaseHost: "192.0.2.7", databaseAdminPassword: "x" }, "dev");
    assert.match(describeTopology(buildTopology(settings)), /\nmysql \(yours\) +192\.0\.2\.7 +\S+, \S+, \S+( +-){5}\n/);
  });
});
