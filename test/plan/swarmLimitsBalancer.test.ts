import assert from "node:assert/strict";
import { renderBalancer } from "../../configs";
import { checkSwarmLimits } from "../../plan/swarmLimits";
import { deploymentOf } from "../configs/stock";

describe("plan: haproxy.cfg on a swarm", () => {
  const swarm = { platform: "swarm", imageRegistry: "registry:5000", sharedDirectory: "/mnt/apim" };
  const check = (replicas: string, roles: readonly string[]) => {
    const counts = Object.fromEntries(roles.map((role) => [`${role}Replicas`, replicas]));
    const deployment = deploymentOf({ ...swarm, ...counts, balancerMemory: 512 });
    checkSwarmLimits(deployment.topology, new Map(), new Map(), renderBalancer(deployment));
  };

  it("64 gateways have room in a secret", () => {
    check("64", ["gateway"]);
  });

  it("64 nodes of each role are refused, with the size", () => {
    assert.throws(
      () => check("64", ["keyManager", "gateway", "publisher", "store"]),
      /haproxy\.cfg: expected at most 511999 bytes .* for 256 nodes/,
    );
  });
});
