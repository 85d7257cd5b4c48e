import assert from "node:assert/strict";
import { renderNode, stockText } from "../../configs";
import { setProperties } from "../../configs/properties";
import type { Distribution } from "../../distribution";
import type { RawSettings } from "../../settings";
import { deploymentOf, nodeOf, standInDistribution } from "./stock";

const path = "repository/conf/hazelcast.properties";

function rendered(
  role: "gateway" | "store",
  settings: RawSettings,
  distribution: Distribution = standInDistribution(),
) {
  const deployment = deploymentOf(settings);
  return renderNode(nodeOf(deployment, role), deployment, distribution).find((file) => file.path === path)?.text;
}

describe("configs: hazelcast.properties", () => {
  it("is created on nodes of a cluster, with the time after which a silent member is given up", () => {
    assert.equal(
      rendered("store", { memberTimeout: 30 }),
      [
        "hazelcast.max.no.heartbeat.seconds=30",
        "hazelcast.master.confirmation.interval.seconds=10",
        "hazelcast.max.no.master.confirmation.seconds=60",
        "hazelcast.merge.first.run.delay.seconds=30",
        "hazelcast.merge.next.run.delay.seconds=30",
        "",
      ].join("\n"),
    );
    assert.equal(rendered("gateway", {}), undefined);
    assert.match(rendered("gateway", { gatewayReplicas: 2 }) ?? "", /^hazelcast\.max\.no\.heartbeat\.seconds=15\n/);
  });

  it("a file of the pack keeps its other lines, comments and line ends", () => {
    const stock = "# ours\r\nhazelcast.max.no.heartbeat.seconds : 600\r\nhazelcast.icmp.enabled=true\r\n";
    const files = new Map([...standInDistribution().files, [path, Buffer.from(stock)]]);
    const distribution = { ...standInDistribution(), files };
    const text = rendered("store", {}, distribution) ?? "";
    assert.ok(
      text.startsWith("# ours\r\nhazelcast.max.no.heartbeat.seconds =15\r\nhazelcast.icmp.enabled=true\r\n"),
      text,
    );
    assert.equal(stockText(path, distribution), stock);
    assert.equal(stockText(path, standInDistribution()), "");
  });

  it("properties: setting them again changes nothing", () => {
    const once = setProperties("a=1\n#b=2\n", { b: 3, a: 4 });
    assert.equal(once, "a=4\n#b=2\nb=3\n");
    assert.equal(setProperties(once, { b: 3, a: 4 }), once);
  });
});
