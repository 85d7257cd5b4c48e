import assert from "node:assert/strict";
import { ApiManager } from "../../components";
import type { DeploymentPlan } from "../../plan";
import { record } from "./recorder";
import { planOf } from "./support";
import { swarmPlan } from "./swarmPlan";

type Run = Awaited<ReturnType<typeof recordPlan>>;

const recordPlan = (plan: DeploymentPlan) =>
  record(() => new ApiManager("apim", plan, {}), { prefix: "apim-", imagesExist: false });

const ofType = ({ all }: Run, type: string) => all.filter((each) => each.type.endsWith(`:${type}`));

describe("ApiManager on a swarm", function () {
  this.timeout(180_000);
  const settings = { sharedDirectory: "/mnt/apim", gatewayReplicas: 2, balancerReplicas: 2 };
  let plan: DeploymentPlan;
  let run: Run;
  before(async () => {
    plan = await swarmPlan({ ...settings, imageRegistryUser: "pusher", imageRegistryPassword: "x" });
    run = await recordPlan({ ...plan, secrets: { imageRegistryPassword: "hush-hush" } } as DeploymentPlan);
  });

  it("runs each server as a service, and nothing as a container", () => {
    assert.deepEqual(ofType(run, "Container"), []);
    assert.deepEqual(
      ofType(run, "Service")
        .map(({ inputs }) => inputs.name)
        .sort(),
      ["loadbalancer", "mysql", ...plan.topology.nodes.map(({ name }) => name)]
        .map((name) => `apim-test-${name}`)
        .sort(),
    );
    for (const { name, address, aliases, constraints } of plan.topology.nodes) {
      const { taskSpec, endpointSpec } = run.get(`${name}-service`).inputs;
      assert.deepEqual(
        taskSpec.networksAdvanceds[0].aliases,
        [...new Set([address, address, ...aliases])].sort(),
        name,
      );
      assert.deepEqual(taskSpec.placement.constraints, constraints);
      assert.deepEqual(endpointSpec.ports, []);
    }
    const balancer = run.get("loadbalancer-service").inputs;
    assert.deepEqual([balancer.mode.replicated.replicas, balancer.taskSpec.placement.maxReplicas], [2, 1]);
  });

  it("starts servers in the same order as on one Docker engine", async () => {
    const { sharedDirectory: _, balancerReplicas: __, ...same } = settings;
    const one = await recordPlan(await planOf(same));
    for (const { name } of plan.topology.nodes) {
      const waitsFor = (registrations: Run, kind: string) =>
        registrations
          .get(`${name}-${kind}`)
          .dependencies.filter((each) => /-(container|service)$|tables|grant|sign-up/.test(each))
          .map((each) => each.replace(/(-files)?-container$/, "-service"))
          .sort();
      const expected = waitsFor(one, "container");
      const found = waitsFor(run, "service");
      assert.deepEqual(
        expected.filter((each) => !found.includes(each)),
        [],
        name,
      );
      // The last gateway is the first one to start.
      assert.equal(expected.length > 0, name !== "gateway-2", name);
    }
  });

  it("has an attachable overlay network", () => {
    const { inputs } = run.get("network");
    assert.deepEqual([inputs.driver, inputs.attachable], ["overlay", true]);
  });

  it("pushes the images that it builds; services run them by their digest", () => {
    const pushed = ofType(run, "RegistryImage").map(({ inputs }) => inputs.name as string);
    assert.equal(pushed.length, 3);
    for (const name of pushed)
      assert.match(name, /^registry\.example\.com:5000\/apim\/wso2-apim\/(standin|mysql|loadbalancer):[0-9a-f]{12}$/);
    for (const { inputs } of ofType(run, "Service")) {
      const image = inputs.taskSpec.containerSpec.image as string;
      assert.ok(image.endsWith("@sha256:pushed"), image);
      assert.ok(pushed.includes(image.replace(/@.*/, "")), image);
    }
  });

  it("an image of the user's own is not pushed; services run it by the digest that its tag has in the registry", async () => {
    const imagesOfNodes = async (image: string) => {
      const own = await recordPlan(await swarmPlan({ ...settings, distribution: "elsewhere", image }));
      const ofNodes = ofType(own, "Service").filter(({ name }) => /-[12]-service$/.test(name));
      assert.equal(ofType(own, "RegistryImage").length, 2, "those of MySQL and the load balancer");
      return [...new Set(ofNodes.map(({ inputs }) => inputs.taskSpec.containerSpec.image))];
    };
    assert.deepEqual(await imagesOfNodes("registry.example.com/mine:7"), ["registry.example.com/mine:7@sha256:found"]);
    const pinned = `registry.example.com/mine@sha256:${"0".repeat(64)}`;
    assert.deepEqual(await imagesOfNodes(pinned), [pinned]);
  });

  it("checks the machines before anything is created on the swarm, and again for another machine", async () => {
    const check = run.get("machines");
    const { image, places, machines, login, name } = check.inputs as Record<string, unknown>;
    assert.match(String(image), /wso2-apim\/standin:[0-9a-f]{12}@sha256:pushed$/);
    assert.deepEqual(
      [name, places, machines],
      ["apim-test-machine-check", [{ constraints: [], directory: "/mnt/apim" }], ["one", "two", "three"]],
    );
    assert.deepEqual(login, {
      secret: { username: "pusher", password: "hush-hush", serveraddress: "registry.example.com:5000" },
    });
    const created = run.all.filter(({ type }) => /:(Network|Service|Secret|ServiceConfig)$/.test(type));
    for (const { name, dependencies } of created)
      assert.ok(dependencies.includes(name === "network" ? "machines" : "network"), name);
    const removal = run.get("machines-removal");
    assert.ok(check.dependencies.includes(removal.name), "what a killed check leaves is removed by a destroy");
    assert.deepEqual([removal.inputs.name, removal.inputs.label], [name, check.inputs.label]);
    const one = await recordPlan(await planOf());
    assert.ok(!one.all.some((each) => each.name === "machines"), "on one Docker engine");
  });

  it("every Docker resource uses the provider that may log in to the registry", () => {
    const provider = run.get("docker", "pulumi:providers:docker");
    assert.equal(provider.parent, "apim");
    assert.match(JSON.stringify(provider.inputs), /"address\\?":\\?"http:\/\/registry\.example\.com:5000\\?"/);
    assert.match(JSON.stringify(provider.inputs), /"username\\?":\\?"pusher\\?"/);
    const others = run.all.filter((each) => each.type.startsWith("docker:") && each.provider !== "docker");
    assert.deepEqual(
      others.map(({ urn, provider: found }) => `${urn} ${found}`),
      [],
    );
  });

  it("an open registry needs no login", async () => {
    const open = await recordPlan(await swarmPlan());
    const { inputs } = open.get("docker", "pulumi:providers:docker");
    assert.match(JSON.stringify(inputs), /"authDisabled\\?":true/);
    assert.doesNotMatch(JSON.stringify(inputs), /username/);
  });

  it("has volumes with random names, which gateways share as directories", () => {
    assert.deepEqual(ofType(run, "Volume"), []);
    const volume = run.get("gateway-synapse-configs", ":RandomId");
    assert.deepEqual(volume.inputs, { byteLength: 4, prefix: "apim-test-gateway-synapse-configs-" });
    assert.ok(volume.deleteBeforeReplace);
    for (const name of ["gateway-1", "gateway-2"]) {
      const { mounts } = run.get(`${name}-service`).inputs.taskSpec.containerSpec;
      assert.deepEqual(mounts, [{ type: "bind", source: "/mnt/apim", target: "/run/apim/shared" }]);
      const manifest = Buffer.from(run.get(`${name}-manifest`, ":ServiceConfig").inputs.data, "base64").toString();
      assert.match(manifest, /^share\thex-of-gateway-synapse-configs\t\/opt\/wso2am\/\S+\n(file\t)/);
    }
    const [mysql] = run.get("mysql-service").inputs.taskSpec.containerSpec.mounts;
    assert.deepEqual([mysql.type, mysql.source], ["volume", "hex-of-mysql-data"]);
  });

  it("the load balancer has its files from the start, also those that say that they are complete", () => {
    const manifest = Buffer.from(run.get("loadbalancer-manifest", ":ServiceConfig").inputs.data, "base64").toString();
    const paths = manifest.split("\n").flatMap((line) => line.split("\t")[3] ?? []);
    assert.equal(paths.length, 5);
    assert.equal(new Set(paths).size, 5);
  });

  it("each file of a node is a secret of its own, and no password is in a config or a service", () => {
    const count = (plan.files.get("store-1")?.length ?? 0) + 2;
    const { secrets } = run.get("store-1-service").inputs.taskSpec.containerSpec;
    assert.equal(secrets.length, count);
    for (const { inputs, name } of ofType(run, "Secret")) assert.ok("secret" in inputs.data, name);
    for (const { inputs } of [...ofType(run, "ServiceConfig"), ...ofType(run, "Service")])
      assert.doesNotMatch(Buffer.from(JSON.stringify(inputs)).toString(), /password-of|hush-hush/);
  });
});
