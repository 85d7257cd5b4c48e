import assert from "node:assert/strict";
import { LoadBalancer, type LoadBalancerArgs, ServerCertificates } from "../../components";
import type { DeploymentPlan } from "../../plan";
import { filesIn, known, record } from "./recorder";
import { networkOf, otherResource, planOf } from "./support";

describe("LoadBalancer alone", function () {
  this.timeout(120_000);
  let plan: DeploymentPlan;
  before(async () => {
    plan = await planOf();
  });

  const argsOf = (of: DeploymentPlan) => ({
    plan: of,
    network: networkOf(of),
    certificates: new ServerCertificates("certificates", { plan: of }),
  });
  const recordBalancer = (args: Partial<LoadBalancerArgs> = {}) =>
    record(() => new LoadBalancer("front", { ...argsOf(args.plan ?? plan), ...args }));

  it("begins the names of its resources with its own name, and is the parent of all of them", async () => {
    const { all, get, outputs } = await recordBalancer();
    assert.equal(get("front", ":LoadBalancer").parent, "");
    const children = all.filter(({ parent }) => parent === "front").map(({ name }) => name);
    assert.deepEqual(children.sort(), ["front-config", "front-container", "front-image"]);
    assert.equal(await known(outputs.containerName), "apim-test-loadbalancer");
  });

  it("builds the image of the plan, or runs a given one", async () => {
    const { get } = await recordBalancer();
    const { inputs } = get("front-image");
    assert.deepEqual(
      [inputs.name, inputs.build.context],
      [plan.images.loadBalancer.name, plan.images.loadBalancer.context],
    );
    assert.equal(get("front-container").inputs.image, "sha256:front-image");
    const given = await recordBalancer({ image: "haproxy:3" });
    assert.equal(given.get("front-container").inputs.image, "haproxy:3");
    assert.ok(!given.all.some(({ name }) => name === "front-image"));
  });

  it("publishes the ports of the plan, and is healthy once all of them answer", async () => {
    const { inputs } = (await recordBalancer()).get("front-container");
    const { ports } = plan.topology.balancer;
    assert.equal(ports.length, 3);
    assert.deepEqual(
      inputs.ports.map(({ internal, external }: { internal: number; external: number }) => [internal, external]),
      ports.map(({ internal, published }) => [internal, published]),
    );
    assert.deepEqual(inputs.healthcheck.tests, ["CMD", "healthcheck", ...ports.map(({ internal }) => `${internal}`)]);
  });

  it("publishes its ports on publishAddress", async () => {
    const { inputs } = (await recordBalancer({ plan: await planOf({ publishAddress: "0.0.0.0" }) })).get(
      "front-container",
    );
    for (const { ip } of inputs.ports) assert.equal(ip, "0.0.0.0");
  });

  it("uploads configuration, certificate with key, and trusted certificates, as one secret", async () => {
    const run = await recordBalancer();
    assert.ok("secret" in run.get("front-container").inputs.uploads);
    const [configuration, certificate, authority, ...others] = filesIn(run, "front").values();
    assert.equal(String(configuration), plan.balancerConfiguration);
    assert.match(String(certificate), /BEGIN CERTIFICATE[\s\S]*BEGIN [A-Z ]*PRIVATE KEY/);
    assert.match(String(authority), /BEGIN CERTIFICATE/);
    assert.doesNotMatch(String(authority), /PRIVATE KEY/);
    assert.deepEqual(others, []);
  });

  it("shows its configuration and the certificates' fingerprints in its revision, but no key", async () => {
    const { get } = await recordBalancer();
    const { keepers } = get("front-config").inputs;
    assert.ok(Object.values(keepers).includes(plan.balancerConfiguration));
    assert.ok("certificate" in keepers && "trusted certificates" in keepers);
    assert.doesNotMatch(JSON.stringify(keepers), /PRIVATE KEY/);
    const labels = get("front-container").inputs.labels as { label: string; value: string }[];
    assert.equal(labels.find(({ label }) => label === "wso2.apim.configuration")?.value, "hex-of-front-config");
  });

  it("starts after the resources that the component depends on", async () => {
    const { get } = await record(() => new LoadBalancer("front", argsOf(plan), { dependsOn: otherResource() }));
    assert.ok(get("front-container").dependencies.includes("other"));
  });
});
