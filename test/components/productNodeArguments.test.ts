import assert from "node:assert/strict";
import * as docker from "@pulumi/docker";
import { GatewayNode, KeyManagerNode, type ProductNodeArgs, PublisherNode, StoreNode } from "../../components";
import type { DeploymentPlan } from "../../plan";
import { filesIn, known, record } from "./recorder";
import { planOf, wiringOf } from "./support";

const synapse = "gateway-synapse-configs";

describe("The arguments of a product node", function () {
  this.timeout(120_000);
  let plan: DeploymentPlan;
  before(async () => {
    plan = await planOf();
  });

  const recordGateway = (of: DeploymentPlan, args: () => Partial<ProductNodeArgs> = () => ({})) =>
    record(() => new GatewayNode("mine", { ...wiringOf(of), ...args() }));

  it("node: runs the node of that name", async () => {
    const three = await planOf({ gatewayReplicas: 3 });
    const { get, outputs } = await recordGateway(three, () => ({ node: "gateway-2" }));
    assert.equal(get("mine-container").inputs.name, "apim-test-gateway-2");
    assert.equal(
      await known(outputs.managementUrl),
      `https://127.0.0.1:${three.topology.nodes.find(({ name }) => name === "gateway-2")?.publishedPort}`,
    );
  });

  it("node: the error names all nodes of the role", async () => {
    const three = await planOf({ gatewayReplicas: 3 });
    await assert.rejects(
      recordGateway(three, () => ({ node: "gateway-4" })),
      /node: expected one of gateway-1, gateway-2, gateway-3, found "gateway-4"/,
    );
  });

  it("image: replaces that of the plan, which is then neither pulled nor built", async () => {
    const { all, get } = await recordGateway(plan, () => ({ image: "mine:1" }));
    assert.equal(get("mine-container").inputs.image, "mine:1");
    assert.ok(!all.some(({ name }) => name === "mine-image"));
  });

  it("volumes: the component creates those of the node by default, and no change of their labels replaces them", async () => {
    const { get } = await recordGateway(plan);
    const { inputs, ignoreChanges } = get(`mine-${synapse}`, ":Volume");
    assert.equal(inputs.name, `apim-test-${synapse}`);
    assert.ok(ignoreChanges.includes("labels"));
    assert.deepEqual(get("mine-container").inputs.mounts, [
      {
        type: "volume",
        source: `apim-test-${synapse}`,
        target: "/opt/wso2am/repository/deployment/server/synapse-configs/default",
      },
    ]);
  });

  it("volumes: a given one is mounted, and the component creates none", async () => {
    const { all, get } = await recordGateway(plan, () => ({
      volumes: new Map([[synapse, new docker.Volume("shared", { name: "shared-volume" })]]),
    }));
    assert.equal(get("mine-container").inputs.mounts[0].source, "shared-volume");
    assert.ok(!all.some(({ name }) => name === `mine-${synapse}`));
  });

  it("volumes: one that the node needs must not be missing", async () => {
    await assert.rejects(
      recordGateway(plan, () => ({ volumes: new Map() })),
      /mine: volumes: expected the volume gateway-synapse-configs, found none/,
    );
  });

  it("analyticsPassword and svnPassword: reach the files, but not the revision", async () => {
    const secrets = { analyticsPassword: "of-analytics", svnPassword: "of-svn" };
    const file = {
      path: "repository/conf/both.xml",
      text: "<a>{{secret:analytics-password}}</a><b>{{secret:svn-password}}</b>",
      encoding: "utf-8",
    } as const;
    const run = await recordGateway({ ...plan, files: new Map([["gateway-1", [file]]]) }, () => secrets);
    const [content] = filesIn(run, "mine").values();
    assert.equal(String(content), "<a>of-analytics</a><b>of-svn</b>");
    assert.equal(run.get("mine-config").inputs.keepers[file.path], file.text);
  });

  it("plan: nodeMemory, startTimeout and apimHome reach the container", async () => {
    const settings = {
      distribution: "standin/distribution",
      image: "mine:1",
      apimHome: "/opt/other",
      nodeMemory: 3000,
    };
    const { get } = await recordGateway(await planOf({ ...settings, startTimeout: 700 }));
    const { envs, memory, waitTimeout, uploads } = get("mine-container").inputs;
    assert.deepEqual([memory, waitTimeout], [3000, 700]);
    assert.ok(envs.includes("START_LIMIT_SECONDS=700"), String(envs));
    assert.ok(envs.some((each: string) => each.startsWith("JAVA_OPTS=-Xms256m -Xmx")));
    for (const { file } of uploads.secret) assert.ok(file.startsWith("/opt/other/"), file);
  });

  it("plan: a changed file changes the revision, and the revision is a label of the container", async () => {
    const [carbon] = plan.files.get("gateway-1") ?? [];
    assert.ok(carbon);
    const other = { ...carbon, text: `${carbon.text}<!-- changed -->` };
    const run = await recordGateway({ ...plan, files: new Map([["gateway-1", [other]]]) });
    assert.equal(run.get("mine-config").inputs.keepers[carbon.path], other.text);
    assert.equal(String(filesIn(run, "mine").get(`/opt/wso2am/${carbon.path}`)), other.text);
    const labels = run.get("mine-container").inputs.labels as { label: string; value: string }[];
    assert.equal(labels.find(({ label }) => label === "wso2.apim.configuration")?.value, "hex-of-mine-config");
  });
});

describe("The outputs of Publisher and Store", function () {
  this.timeout(120_000);

  it("are the URLs of their web applications, as the host publishes them", async () => {
    const plan = await planOf({ managementPort: 10443 });
    const { outputs } = await record(() => {
      const wiring = wiringOf(plan);
      new KeyManagerNode("key-manager", wiring);
      return { publisher: new PublisherNode("publisher", wiring), store: new StoreNode("store", wiring) };
    });
    const portOf = (name: string) => plan.topology.nodes.find((node) => node.name === name)?.publishedPort;
    assert.equal(await known(outputs.publisher.publisherUrl), `https://127.0.0.1:${portOf("publisher-1")}/publisher`);
    assert.equal(await known(outputs.store.storeUrl), `https://127.0.0.1:${portOf("store-1")}/store`);
  });
});
