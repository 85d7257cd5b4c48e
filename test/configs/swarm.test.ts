import assert from "node:assert/strict";
import { renderBalancer } from "../../configs";
import { deploymentOf, forEachDistribution, renderedText } from "./stock";

const swarm = { platform: "swarm", imageRegistry: "registry.example.com:5000", sharedDirectory: "/mnt/apim" };

describe("configs: haproxy.cfg on a swarm", () => {
  const raw = { gatewayReplicas: 2, publisherReplicas: 2 };
  const configuration = renderBalancer(deploymentOf({ ...swarm, ...raw }));
  const servers = (text: string) => text.split("\n").filter((line) => line.startsWith("    server "));

  it("looks up the address of each server at Docker's name server, and starts without", () => {
    assert.match(configuration, /^resolvers network\n {4}nameserver docker 127\.0\.0\.11:53\n/m);
    assert.ok(servers(configuration).length > 0);
    for (const line of servers(configuration)) {
      assert.match(line, /^ {4}server \S+ [a-z0-9-]+\.apim-wso2\.com:\d+ resolvers network /);
      assert.match(line, / resolve-prefer ipv4 init-addr none /);
    }
  });

  it("on one Docker engine, looks nothing up", () => {
    const one = renderBalancer(deploymentOf(raw));
    assert.doesNotMatch(one, /resolvers|init-addr|set-header Host /);
    for (const line of servers(one)) assert.match(line, /^ {4}server \S+ 172\.28\.0\.\d+:\d+ /);
  });

  it("routes each node's own name to it, with the host name that the node knows", () => {
    const { topology } = deploymentOf({ ...swarm, ...raw });
    for (const { name, nodeHostName, hostName, ports } of topology.nodes) {
      assert.ok(
        configuration.includes(`use_backend node-${name} if { req.hdr(host),host_only -m str -i ${nodeHostName} }`),
      );
      const [, backend = ""] = configuration.split(`\nbackend node-${name}\n`);
      const lines = backend.split("\n\n")[0] ?? "";
      assert.match(lines, new RegExp(`^ {4}http-request set-header Host ${hostName}$`, "m"));
      assert.match(lines, new RegExp(`^ {4}server ${name} ${nodeHostName}:${ports.managementHttps} `, "m"));
    }
  });
});

describe("configs: a swarm", () => {
  forEachDistribution((load) => {
    it("axis2.xml: the cluster's members are host names, and the node's own is the one that it announces", function () {
      const deployment = deploymentOf({ ...swarm, publisherReplicas: 2 });
      const text = renderedText("publisher", "axis2.xml", load(this), deployment);
      assert.match(text, /<parameter name="localMemberHost">publisher-1\.apim-wso2\.com</);
      for (const other of ["publisher-2", "store-1"])
        assert.match(text, new RegExp(`<hostName>${other}\\.apim-wso2\\.com</hostName>`));
      assert.doesNotMatch(text, /172\.28\./);
    });

    it("all other files are those of one Docker engine", function () {
      const distribution = load(this);
      for (const role of ["keyManager", "gateway", "store"] as const)
        for (const file of ["carbon.xml", "api-manager.xml", "master-datasources.xml"])
          assert.equal(
            renderedText(role, file, distribution, deploymentOf(swarm)),
            renderedText(role, file, distribution, deploymentOf()),
          );
    });
  });
});
