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
    assert.deepEqual(children.sort(), [
      "front-container",
      "front-files",
      "front-files-config",
      "front-files-container",
      "front-image",
    ]);
    assert.equal(await known(outputs.serverName), "apim-test-loadbalancer");
  });

  it("builds the image of the plan, or runs a given one", async () => {
    const { get } = await recordBalancer();
    const { inputs } = get("front-image");
    assert.deepEqual(
      [inputs.name, inputs.build.context],
      [plan.images.loadBalancer.name, plan.images.loadBalancer.context],
    );
    for (const name of ["front-container", "front-files-container"])
      assert.equal(get(name).inputs.image, plan.images.loadBalancer.name);
    const given = await recordBalancer({ image: "haproxy:3" });
    assert.equal(given.get("front-container").inputs.image, "haproxy:3");
    assert.ok(!given.all.some(({ name }) => name === "front-image"));
  });

  it("publishes the ports of the plan, sorted as the Docker provider reads them, and is healthy once all of them answer", async () => {
    const { inputs } = (await recordBalancer()).get("front-container");
    const { ports } = plan.topology.balancer;
    assert.equal(ports.length, 3);
    assert.deepEqual(
      inputs.ports.map(({ internal, external }: { internal: number; external: number }) => [internal, external]),
      ports.map(({ internal, published }) => [internal, published]).sort(),
    );
    assert.deepEqual(inputs.healthcheck.tests, [
      "CMD",
      "healthcheck",
      "ports",
      ...ports.map(({ internal }) => `${internal}`),
    ]);
  });

  it("publishes its ports on publishAddress", async () => {
    const { inputs } = (await recordBalancer({ plan: await planOf({ publishAddress: "0.0.0.0" }) })).get(
      "front-container",
    );
    for (const { ip } of inputs.ports) assert.equal(ip, "0.0.0.0");
  });

  it("uploads configuration, certificate with key, and trusted certificates, as one secret", async () => {
    const run = await recordBalancer();
    assert.ok("secret" in run.get("front-files-container").inputs.uploads);
    const [configuration, certificate, authority, revision, ...others] = filesIn(run, "front-files").values();
    assert.equal(String(configuration), plan.balancerConfiguration);
    assert.match(String(certificate), /BEGIN CERTIFICATE[\s\S]*BEGIN [A-Z ]*PRIVATE KEY/);
    assert.match(String(authority), /BEGIN CERTIFICATE/);
    assert.doesNotMatch(String(authority), /PRIVATE KEY/);
    assert.equal(String(revision), "hex-of-front-files-config");
    assert.deepEqual(others, []);
  });

  it("shows its configuration and the certificates' fingerprints in its revision, but no key", async () => {
    const { get } = await recordBalancer();
    const { keepers } = get("front-files-config").inputs;
    assert.ok(Object.values(keepers).includes(plan.balancerConfiguration));
    assert.ok("certificate" in keepers && "trusted certificates" in keepers);
    assert.doesNotMatch(JSON.stringify(keepers), /PRIVATE KEY/);
    const labels = get("front-files-container").inputs.labels as { label: string; value: string }[];
    assert.equal(labels.find(({ label }) => label === "wso2.apim.configuration")?.value, "hex-of-front-files-config");
  });

  it("brings its files through a container and a volume of their own, so that other files do not replace it", async () => {
    const before = await recordBalancer();
    const after = await recordBalancer({ plan: { ...plan, balancerConfiguration: "# other routes\n" } });
    const [container, files] = ["front-container", "front-files-container"];
    assert.deepEqual(after.get(container).inputs, before.get(container).inputs);
    assert.notDeepEqual(after.get(files).inputs.uploads, before.get(files).inputs.uploads);
    const mounts = { type: "volume", source: "apim-test-loadbalancer-files", target: "/usr/local/etc/haproxy" };
    for (const name of [container, files]) assert.deepEqual(after.get(name).inputs.mounts, [mounts]);
  });

  it("is ready once its load balancer serves the files", async () => {
    const { address, revisionPort } = plan.topology.balancer;
    const { inputs, dependencies } = (await recordBalancer()).get("front-files-container");
    assert.deepEqual(inputs.healthcheck.tests, ["CMD", "healthcheck", "served", address, `${revisionPort}`]);
    assert.ok(dependencies.includes("front-container"));
    assert.match(plan.balancerConfiguration, new RegExp(`frontend revision\\n +bind :${revisionPort}\\n`));
  });

  it("starts after the resources that the component depends on", async () => {
    const { get } = await record(() => new LoadBalancer("front", argsOf(plan), { dependsOn: otherResource() }));
    for (const name of ["front-container", "front-files-container"])
      assert.ok(get(name).dependencies.includes("other"), name);
  });
});
