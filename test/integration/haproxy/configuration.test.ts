import assert from "node:assert/strict";
import * as fc from "fast-check";
import { renderBalancer } from "../../../configs";
import { anySettings } from "../../configs/settings";
import { deploymentOf } from "../../configs/stock";
import { useExclusively } from "../place";
import { type HaproxyChecker, haproxyChecker } from "./container";

describe("HAProxy: the rendered haproxy.cfg", function () {
  this.timeout(60_000);
  useExclusively("haproxy");
  this.slow(10_000);
  let haproxy: HaproxyChecker;
  before(async () => {
    haproxy = await haproxyChecker();
  });
  after(() => haproxy?.stop());

  it("passes HAProxy's own check without a warning, with any settings", async () => {
    const assertValid = async (configuration: string) => {
      const { valid, output } = await haproxy.check(configuration);
      assert.ok(valid && !output.includes("WARNING"), output);
    };
    await assertValid(renderBalancer(deploymentOf()));
    const swarm = { platform: "swarm", imageRegistry: "registry.example.com:5000" };
    await assertValid(renderBalancer(deploymentOf({ ...swarm, sharedDirectory: "/mnt/apim", gatewayReplicas: 2 })));
    await fc.assert(
      fc.asyncProperty(anySettings, (settings) => assertValid(renderBalancer(deploymentOf(settings)))),
      { numRuns: 10 },
    );
  });
});
