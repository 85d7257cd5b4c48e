import assert from "node:assert/strict";
import { ApiManager, PublisherNode, SelfSignUp, StoreNode } from "../../components";
import type { DeploymentPlan } from "../../plan";
import { record } from "./recorder";
import { planOf, wiringOf } from "./support";

const keeper = "registry /_system/governance/apimgt/applicationdata/sign-up-config.xml";

describe("SelfSignUp alone", function () {
  this.timeout(120_000);
  let plan: DeploymentPlan;
  before(async () => {
    plan = await planOf({ publisherReplicas: 2 });
  });

  const recordAlone = (node: string, chosen = plan) =>
    record(() => {
      const { certificates, adminPassword, ...wired } = wiringOf(chosen);
      const publisher = new PublisherNode("p", { ...wired, certificates, adminPassword, node });
      return new SelfSignUp("mine", { plan: chosen, certificates, adminPassword, publisher });
    });

  it("calls the Publisher that it is given, where this machine reaches its management port", async () => {
    const { inputs } = (await recordAlone("publisher-2")).get("mine");
    const node = plan.topology.nodes.find(({ name }) => name === "publisher-2");
    assert.deepEqual(
      [inputs.address, inputs.port, inputs.host],
      [plan.topology.reachableManagementAddress, node?.publishedPort, node?.hostName],
    );
    assert.equal(inputs.user, "admin");
    assert.equal(inputs.enabled, true);
  });

  it("gets the password as a secret, and closes sign-up with selfSignUp off", async () => {
    const { inputs } = (await recordAlone("publisher-1", await planOf({ selfSignUp: "off" }))).get("mine");
    assert.deepEqual(inputs.password, { secret: "hush-hush" });
    assert.equal(inputs.enabled, false);
  });

  it("refuses a plan whose product has it in a file", async () => {
    const older = { ...plan, signUpInRegistry: false, version: "1.8.0" };
    await assert.rejects(
      recordAlone("publisher-1", older),
      /expected true, found false: 1\.8\.0 reads self sign-up in/,
    );
  });

  it("refuses a node that is no Publisher", async () => {
    const build = () => {
      const { certificates, adminPassword, ...wired } = wiringOf(plan);
      const publisher = new StoreNode("s", { ...wired, certificates, adminPassword });
      return new SelfSignUp("mine", { plan, certificates, adminPassword, publisher });
    };
    await assert.rejects(record(build), /mine: publisher: expected a Publisher of the plan, found store-1/);
  });
});

describe("ApiManager and self sign-up", function () {
  this.timeout(120_000);

  it("writes it after the first Publisher and before every Store, and its change restarts Stores only", async () => {
    const plan = await planOf({ publisherReplicas: 2, storeReplicas: 2 });
    const run = await record(() => new ApiManager("apim", plan));
    const on = run.get("apim-self-sign-up");
    assert.ok(on.dependencies.includes("apim-publisher-1-container"), on.dependencies.join());
    for (const { name, dependencies } of run.all.filter(({ type }) => type.endsWith(":Container")))
      assert.equal(dependencies.includes("apim-self-sign-up"), /-store-\d-container$/.test(name), name);
    const keepersOf = (name: string, of: typeof run) => of.get(`${name}-config`).inputs.keepers[keeper];
    const off = await planOf({ publisherReplicas: 2, storeReplicas: 2, selfSignUp: "off" });
    const closed = await record(() => new ApiManager("apim", off));
    for (const node of ["apim-store-1", "apim-store-2"])
      assert.deepEqual([keepersOf(node, run), keepersOf(node, closed)], ["EnableSignup: on\n", "EnableSignup: off\n"]);
    for (const node of ["apim-keymanager-1", "apim-gateway-1", "apim-publisher-1"])
      assert.equal(keepersOf(node, run), undefined, node);
  });

  it("writes nothing where the product has it in api-manager.xml", async () => {
    const plan: DeploymentPlan = { ...(await planOf()), signUpInRegistry: false };
    const run = await record(() => new ApiManager("apim", plan));
    assert.ok(run.all.every(({ name }) => name !== "apim-self-sign-up"));
    assert.equal(run.get("apim-store-1-config").inputs.keepers[keeper], undefined);
  });
});
