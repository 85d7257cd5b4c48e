import assert from "node:assert/strict";
import { type Deployment, renderNode } from "../../configs";
import type { GatewayEnvironment, Node } from "../../topology";
import { value, values } from "./reader";
import { deploymentOf, nodeOf, standInDistribution, withRendered } from "./stock";

const stock = standInDistribution();
const base = deploymentOf();
const apiManagerPath = "repository/conf/api-manager.xml";
const axis2Path = "repository/conf/axis2/axis2.xml";

function rendered(node: Node, deployment: Deployment, path: string, distribution = stock): string {
  const file = renderNode(node, deployment, distribution).find((candidate) => candidate.path === path);
  assert.ok(file);
  return file.text;
}

/** The deployment with these gateway environments and their links. */
function withEnvironments(environments: readonly GatewayEnvironment[]): Deployment {
  const links = base.topology.links.filter(({ element }) => !element.startsWith("Environment["));
  const callers = base.topology.nodes.filter(({ role }) => role !== "gateway");
  const added = callers.flatMap((node) =>
    environments.map(({ name, managementHost, managementPort }) => ({
      id: `${node.name} -> ${name}`,
      from: node.name,
      to: "gateway-1",
      protocol: "https" as const,
      host: managementHost,
      port: managementPort,
      file: apiManagerPath,
      element: `Environment[${name}]/ServerURL`,
      why: "test",
    })),
  );
  return { ...base, topology: { ...base.topology, environments, links: [...links, ...added] } };
}

const environment = (name: string, type: GatewayEnvironment["type"], number: number): GatewayEnvironment => ({
  name,
  type,
  managementHost: `gateway-${number}.example.com`,
  managementPort: 9443 + number,
  apiHost: `api-${number}.example.com`,
  apiHttpPort: 8280 + number,
  apiHttpsPort: 8243 + number,
});

describe("configs: several gateway environments", () => {
  const publisher = nodeOf(base, "publisher");
  const three = withEnvironments([
    environment("Production <EU>", "production", 1),
    environment("Sandbox", "sandbox", 2),
    environment('Both & "all"', "hybrid", 3),
  ]);

  it("each environment has its own element with all values", () => {
    const text = rendered(publisher, three, apiManagerPath);
    const path = "APIGateway/Environments/Environment";
    assert.deepEqual(values(text, `${path}/@type`), ["production", "sandbox", "hybrid"]);
    assert.deepEqual(values(text, `${path}/Name`), ["Production <EU>", "Sandbox", 'Both & "all"']);
    assert.deepEqual(values(text, `${path}/ServerURL`), [
      "https://gateway-1.example.com:9444/services/",
      "https://gateway-2.example.com:9445/services/",
      "https://gateway-3.example.com:9446/services/",
    ]);
    assert.equal(
      values(text, `${path}/GatewayEndpoint`)[2],
      "http://api-3.example.com:8283,https://api-3.example.com:8246",
    );
    assert.deepEqual(values(text, `${path}/Password`), Array(3).fill("{{secret:admin-password}}"));
  });

  it("a second rendering changes nothing, and elements of removed environments are removed", () => {
    const files = renderNode(publisher, three, stock);
    const again = withRendered(stock, files);
    assert.deepEqual(renderNode(publisher, three, again), files);
    const one = withEnvironments([environment("Sandbox", "sandbox", 2)]);
    const text = rendered(publisher, one, apiManagerPath, again);
    assert.deepEqual(values(text, "APIGateway/Environments/Environment/Name"), ["Sandbox"]);
    assert.doesNotMatch(text, /^\s+$\n^\s+$/m);
  });
});

describe("configs: clusters of any size", () => {
  const cluster = (own: number, count: number) => ({
    domain: "wso2.gateway.domain",
    localHost: `10.0.0.${own}`,
    localPort: 4000 + own,
    members: Array.from({ length: count }, (_, index) => index + 1)
      .filter((number) => number !== own)
      .map((number) => ({ host: `10.0.0.${number}`, port: 4000 + number })),
  });
  const clustered = (role: "gateway" | "store", own: number, count: number, profile: string): [Node, Deployment] => {
    const node = { ...nodeOf(base, role), cluster: cluster(own, count), profile };
    const nodes = base.topology.nodes.map((other) => (other.role === role ? node : other));
    return [node, { ...base, topology: { ...base.topology, nodes } }];
  };

  for (const count of [1, 2, 5])
    it(`${count} members: each lists all others and not itself`, () => {
      const [node, deployment] = clustered("store", 1, count, "api-store");
      const text = rendered(node, deployment, axis2Path);
      const others = Array.from({ length: count - 1 }, (_, index) => index + 2);
      assert.deepEqual(
        values(text, "clustering/members/member/hostName"),
        others.map((number) => `10.0.0.${number}`),
      );
      assert.deepEqual(
        values(text, "clustering/members/member/port"),
        others.map((number) => `${4000 + number}`),
      );
      assert.equal(value(text, "clustering/parameter[name=localMemberPort]"), "4001");
      const files = renderNode(node, deployment, stock);
      assert.deepEqual(renderNode(node, deployment, withRendered(stock, files)), files);
    });

  it("an empty member list is filled again", () => {
    const [one, alone] = clustered("store", 1, 1, "api-store");
    const [two, pair] = clustered("store", 1, 3, "api-store");
    const text = rendered(two, pair, axis2Path, withRendered(stock, renderNode(one, alone, stock)));
    assert.deepEqual(values(text, "clustering/members/member/hostName"), ["10.0.0.2", "10.0.0.3"]);
    assert.match(text, /<members>\n {12}<member>\n {16}<hostName>10\.0\.0\.2<\/hostName>/);
  });

  it("sub-domain: mgt for a gateway manager, worker for a worker", () => {
    const subDomain = (profile: string) => {
      const [node, deployment] = clustered("gateway", 1, 2, profile);
      return value(
        rendered(node, deployment, axis2Path),
        "clustering/parameter[name=properties]/property[name=subDomain]/@value",
      );
    };
    assert.equal(subDomain("gateway-manager"), "mgt");
    assert.equal(subDomain("gateway-worker"), "worker");
  });
});
