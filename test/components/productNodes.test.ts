import assert from "node:assert/strict";
import { GatewayNode, KeyManagerNode, PublisherNode, StoreNode } from "../../components";
import type { DeploymentPlan } from "../../plan";
import { roleRecords } from "../../product/roles";
import { filesIn, known, type Recording, record } from "./recorder";
import { otherResource, planOf, wiringOf } from "./support";

const classes = [
  { Class: KeyManagerNode, role: "keyManager", first: "keymanager-1" },
  { Class: GatewayNode, role: "gateway", first: "gateway-1" },
  { Class: PublisherNode, role: "publisher", first: "publisher-1" },
  { Class: StoreNode, role: "store", first: "store-1" },
] as const;

for (const { Class, role, first } of classes) {
  describe(`${Class.name} alone`, function () {
    this.timeout(120_000);
    let plan: DeploymentPlan;
    let run: Recording<InstanceType<typeof Class>>;
    before(async () => {
      plan = await planOf();
      run = await record(() => new Class("mine", wiringOf(plan)));
    });

    it(`runs ${first}, the first node of its role in the plan`, async () => {
      const { inputs } = run.get("mine-container");
      const node = plan.topology.nodes.find(({ name }) => name === first);
      assert.deepEqual([inputs.name, inputs.hostname], [`apim-test-${first}`, first]);
      assert.equal(inputs.networksAdvanced[0].ipv4Address, node?.address);
      assert.deepEqual(inputs.command, [`-Dprofile=${node?.profile}`]);
      assert.ok(inputs.labels.some((each: object) => JSON.stringify(each).includes(`.role","value":"${role}"`)));
      assert.equal(await known(run.outputs.serverName), `apim-test-${first}`);
      assert.equal(await known(run.outputs.managementUrl), `https://127.0.0.1:${node?.publishedPort}`);
    });

    it("begins the names of its resources with its own name, and is the parent of all of them", () => {
      assert.equal(run.get("mine", `:${Class.name}`).parent, "");
      const children = run.all.filter(({ parent }) => parent === "mine").map(({ name }) => name);
      const ofVolumes = role === "gateway" ? ["mine-gateway-synapse-configs"] : [];
      assert.deepEqual(children.sort(), ["mine-config", "mine-container", ...ofVolumes, "mine-image"]);
    });

    it("builds the image of the plan", () => {
      const { inputs } = run.get("mine-image");
      assert.deepEqual([inputs.name, inputs.build.context], [plan.images.node.name, plan.images.node.context]);
      assert.equal(run.get("mine-container").inputs.image, plan.images.node.name);
    });

    it("uploads the files of the plan with the secrets filled in, and the stores, as one secret", () => {
      assert.ok("secret" in run.get("mine-container").inputs.uploads);
      const files = filesIn(run, "mine");
      const { keyStore, trustStore } = plan.stores;
      const copies = plan.bundles.get(roleRecords[role].profile) ?? [];
      assert.deepEqual(
        [...files.keys()],
        [
          ...[...(plan.files.get(first) ?? []), ...copies].map(({ path }) => `/opt/wso2am/${path}`),
          `/opt/wso2am/${keyStore.location}`,
          `/opt/wso2am/${trustStore.location}`,
        ],
      );
      assert.match(String(files.get("/opt/wso2am/repository/conf/user-mgt.xml")), /<Password>hush-hush<\/Password>/);
    });

    it("keeps secrets out of the revision of its files", () => {
      const { keepers } = run.get("mine-config").inputs;
      assert.match(keepers["repository/conf/user-mgt.xml"], /\{\{secret:admin-password\}\}/);
      assert.doesNotMatch(JSON.stringify(keepers), /hush-hush|password-of/);
    });

    it("starts after its tables and grants and the resources that the component depends on", async () => {
      const { get } = await record(() => new Class("mine", wiringOf(plan), { dependsOn: [otherResource()] }));
      const { dependencies } = get("mine-container");
      assert.ok(dependencies.includes("other"));
      // Without multi-tenancy, a gateway has no databases.
      assert.equal(dependencies.includes("mysql-userdb-tables"), role !== "gateway");
    });

    it(`refuses a node that is not a ${role} of the plan`, async () => {
      const node = role === "store" ? "publisher-1" : "store-1";
      await assert.rejects(
        record(() => new Class("mine", { ...wiringOf(plan), node })),
        new RegExp(`node: expected one of ${first}, found "${node}"`),
      );
    });
  });
}
