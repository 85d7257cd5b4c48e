import assert from "node:assert/strict";
import { type Check, checkNodeLinks, type NodeReport, type ReportedLink } from "../../../cli/verify/linkChecks";
import { parseSettings } from "../../../plan/settings";
import { buildTopology, type Link } from "../../../topology";

const topology = buildTopology(parseSettings({}, "dev"));
const [gateway] = topology.nodes.filter(({ role }) => role === "gateway");
assert.ok(gateway);

function reported(link: Link, change: Partial<ReportedLink> = {}): ReportedLink {
  const { protocol, host, port, file, element } = link;
  return { protocol, host, port, file, element, state: "ok", ms: 3, ...change };
}

function report(links: readonly ReportedLink[]): NodeReport {
  return { node: "gateway-1", role: "gateway", version: "1.9.0", ready: true, links };
}

describe("verify: the link checks", () => {
  const own = topology.links.filter(({ from, since }) => from === "gateway-1" && since !== "1.10.0");
  const good = own.map((link) => reported(link));

  it("pass when each link of the topology is reported as up", () => {
    const checks = checkNodeLinks(gateway, topology, report(good));
    assert.equal(checks.length, own.length);
    assert.ok(checks.every(({ ok }) => ok));
  });

  for (const [i, link] of own.entries()) {
    it(`fail when ${link.id} is missing, wrong or down`, () => {
      const without = good.filter((_, at) => at !== i);
      const variants: [ReportedLink[], RegExp][] = [
        [without, /expected a link to .*, gateway-1 has none/],
        [[...without, reported(link, { host: "localhost" })], /expected a link to/],
        [[...without, reported(link, { port: 1 })], /expected a link to/],
        [[...without, reported(link, { state: "failed", error: "connection refused" })], /connection refused/],
      ];
      for (const [links, expected] of variants) {
        const failures: Check[] = checkNodeLinks(gateway, topology, report(links)).filter(({ ok }) => !ok);
        assert.deepEqual(
          failures.map(({ name }) => name),
          [link.id],
        );
        assert.match(failures[0]?.detail ?? "", expected);
        assert.ok(failures[0]?.detail?.includes(link.file), "names the file");
      }
    });
  }

  it("fail for a database that is not the deployment's, also when the node reaches it", () => {
    const former = {
      port: 3306,
      protocol: "jdbc",
      host: "olddb.example.com",
      file: "repository/conf/datasources/master-datasources.xml",
      element: "WSO2_CARBON_DB",
      state: "ok",
    } as const;
    const [failed] = checkNodeLinks(gateway, topology, report([...good, former])).filter(({ ok }) => !ok);
    assert.match(failed?.name ?? "", /gateway-1 -> olddb\.example\.com:3306 \(jdbc\)/);
    assert.match(failed?.detail ?? "", /no database of the deployment.*master-datasources\.xml \(WSO2_CARBON_DB\)/);
  });

  it("do not expect a link that the node's version does not have", () => {
    const publisher = topology.nodes.find(({ role }) => role === "publisher");
    assert.ok(publisher);
    const links = topology.links.filter(({ from, since }) => from === publisher.name && since !== "1.10.0");
    const shown = (version: string) =>
      checkNodeLinks(publisher, topology, { ...report(links.map((link) => reported(link))), version });
    assert.ok(shown("1.9.0").every(({ ok }) => ok));
    assert.deepEqual(
      shown("1.10.0").flatMap(({ name, ok }) => (ok ? [] : [name])),
      ["publisher-1 -> store-1 (APIStore/ServerURL)"],
    );
  });

  it("fail for any other link that a node reports as failed", () => {
    const alias = {
      port: 0,
      protocol: "hosts",
      host: "regdb.mysql-wso2.com",
      file: "/etc/hosts",
      element: "alias",
      state: "failed",
    } as const;
    const [failed] = checkNodeLinks(gateway, topology, report([...good, alias])).filter(({ ok }) => !ok);
    assert.match(failed?.name ?? "", /gateway-1 -> regdb\.mysql-wso2\.com \(hosts\)/);
  });
});
