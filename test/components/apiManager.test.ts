import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { ApiManager, type ApiManagerArgs } from "../../components";
import { type DeploymentPlan, planDeployment } from "../../plan";
import { assertUnique } from "../topology/support";
import { filesIn, known, type Recording, record } from "./recorder";
import { externalPlan, otherResource, planOf } from "./support";

const container = ":Container";

describe("ApiManager alone", function () {
  this.timeout(120_000);
  let plan: DeploymentPlan;
  let run: Recording<ApiManager>;
  before(async () => {
    plan = await planOf();
    run = await record(() => new ApiManager("apim", plan));
  });

  const recordManager = (args: Partial<ApiManagerArgs>, opts?: pulumi.ComponentResourceOptions) =>
    record(() => new ApiManager("apim", { ...plan, ...args }, opts));

  it("begins the names of all resources with its own name", () => {
    for (const { name, type } of run.all) assert.ok(name === "apim" || name.startsWith("apim-"), `${type} ${name}`);
  });

  it("is the parent of the network, the node image, the volumes and the components", () => {
    assert.equal(run.get("apim", ":ApiManager").parent, "");
    const children = run.all.filter(({ parent, name }) => parent === "apim" && name !== "apim");
    assert.deepEqual(children.map(({ name }) => name).sort(), [
      "apim-admin-password",
      "apim-certificates",
      "apim-gateway-1",
      "apim-gateway-synapse-configs",
      "apim-keymanager-1",
      "apim-loadbalancer",
      "apim-mysql",
      "apim-name",
      "apim-network",
      "apim-node-image",
      "apim-publisher-1",
      "apim-self-sign-up",
      "apim-store-1",
    ]);
  });

  it("pulls or builds the nodes' image once for all of them", () => {
    for (const { name, inputs } of run.all.filter(({ type }) => type.endsWith(container)))
      if (/-\d-container$/.test(name)) assert.equal(inputs.image, plan.images.node.name, name);
  });

  it("creates the network of the plan", () => {
    const { inputs } = run.get("apim-network");
    const { name, subnet, gateway } = plan.topology.network;
    assert.deepEqual([inputs.name, inputs.ipamConfigs], [name, [{ subnet, gateway }]]);
  });

  it("generates the administrator's password unless it is given", async () => {
    const passwordIn = (recording: Recording<ApiManager>) =>
      String(filesIn(recording, "apim-store-1").get("/opt/wso2am/repository/conf/user-mgt.xml"));
    assert.ok(run.get("apim-admin-password").secretOutputs.includes("result"));
    assert.match(passwordIn(run), /<Password>password-of-apim-admin-password</);
    const given = await recordManager({ secrets: { adminPassword: "hush-hush" } });
    assert.match(passwordIn(given), /<Password>hush-hush</);
    assert.ok(!given.all.some(({ name }) => name === "apim-admin-password"));
    assert.equal(await pulumi.isSecret(given.outputs.adminPassword), true);
  });

  it("outputs the URLs as clients use them, through the load balancer", async () => {
    const ports = { httpsPort: 7443, gatewayHttpsPort: 7243 };
    const { outputs } = await recordManager(await planOf({ ...ports, gatewayHost: "calls.example.org" }));
    assert.equal(await known(outputs.publisherUrl), "https://publisher.apim-wso2.com:7443/publisher");
    assert.equal(await known(outputs.storeUrl), "https://store.apim-wso2.com:7443/store");
    assert.equal(await known(outputs.keyManagerUrl), "https://keymanager.apim-wso2.com:7443/carbon");
    assert.equal(await known(outputs.gatewayUrl), "https://calls.example.org:7243");
  });

  it("outputs its nodes by their names in the plan", () => {
    assert.deepEqual([...run.outputs.nodes.keys()].sort(), plan.topology.nodes.map(({ name }) => name).sort());
  });

  it("creates what has a name in Docker after the check that the name is still the same", () => {
    assert.equal(run.get("apim-name").inputs.prefix, plan.topology.prefix);
    const named = run.all.filter(({ type }) => /:(Network|Volume|Container)$/.test(type));
    assert.ok(named.length > 8);
    for (const { name, dependencies } of named) assert.ok(dependencies.includes("apim-name"), name);
  });

  it("creates the network after the check of the names on a MySQL server of the user's own", async () => {
    const external = { ...externalPlan(plan), secrets: { databaseAdminPassword: "hush-hush" } };
    const { get } = await recordManager(external);
    assert.deepEqual(get("apim-network").dependencies, ["apim-mysql-db.example.com-3307-names", "apim-name"]);
  });

  it("needs databaseAdminPassword with a MySQL server of the user's own", async () => {
    await assert.rejects(
      recordManager(externalPlan(plan)),
      /apim-mysql: databaseAdminPassword: expected the password of root on db\.example\.com, found none/,
    );
  });

  it("starts every server, and creates the network, after the resources that it depends on", async () => {
    const { all } = await record(() => new ApiManager("apim", plan, { dependsOn: [otherResource()] }));
    const waiting = all.filter(({ type }) => type.endsWith(container) || type.endsWith(":Network"));
    assert.equal(waiting.length, 8);
    for (const { name, dependencies } of waiting) assert.ok(dependencies.includes("other"), name);
  });

  it("transformations: changes the labels of its containers", async () => {
    const label = { label: "team", value: "apis" };
    const addLabel: pulumi.ResourceTransformation = ({ type, props, opts }) =>
      type === "docker:index/container:Container"
        ? { props: { ...props, labels: [...props.labels, label] }, opts }
        : undefined;
    const { all } = await recordManager({}, { transformations: [addLabel] });
    const containers = all.filter(({ type }) => type.endsWith(container));
    assert.equal(containers.length, 7);
    for (const { inputs, name } of containers) assert.deepEqual(inputs.labels.at(-1), label, name);
  });

  it("is constructed in a preview, in which no output of a provider is known", async () => {
    const { all } = await record(() => new ApiManager("apim", plan), { preview: true });
    assert.deepEqual(all.map(({ urn }) => urn).sort(), run.all.map(({ urn }) => urn).sort());
  });
});

describe("Two ApiManagers in one program", function () {
  this.timeout(120_000);

  it("share no URN, Docker name, published port or address", async () => {
    const plan = await planOf();
    const ports = { httpsPort: 14443, gatewayHttpsPort: 14243, gatewayHttpPort: 14280, managementPort: 14643 };
    const second = await planDeployment(
      { ...ports, databasePort: 14306, networkSubnet: "172.29.0.0/24" },
      { name: "second", stack: "test" },
    );
    const { all } = await record(() => {
      new ApiManager("first", plan);
      new ApiManager("second", second);
    });
    assertUnique(all.map(({ urn }) => urn));
    const ofDocker = (type: string) => all.filter((one) => one.type.endsWith(`:${type}`)).map(({ inputs }) => inputs);
    for (const type of ["Container", "Volume", "Network"]) assertUnique(ofDocker(type).map(({ name }) => name));
    assertUnique(ofDocker("Network").map(({ ipamConfigs }) => ipamConfigs[0].subnet));
    const containers = ofDocker("Container");
    assert.equal(containers.length, 14);
    assertUnique(containers.map(({ networksAdvanced }) => networksAdvanced[0].ipv4Address));
    assertUnique(
      containers.flatMap(({ ports: published }) => published.map((one: { external: number }) => one.external)),
    );
  });
});
