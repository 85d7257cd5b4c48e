import assert from "node:assert/strict";
import { type CycleResult, runCycle } from "../../../cli/verify/cycle";
import { FakeDeployment } from "./fakeDeployment";

const [production, sandbox] = ["gateway.apim-wso2.com", "sandbox-gateway.apim-wso2.com"];
const type = (name: string) => `publisher-1 -> loadbalancer (Environment[${name}]/@type)`;

describe("verify's cycle in gateway environments", () => {
  let fake: FakeDeployment;
  beforeEach(async () => {
    fake = new FakeDeployment();
    await fake.start();
  });
  afterEach(() => fake.stop());

  function run(settings: Record<string, unknown>): Promise<CycleResult> {
    fake.settings = settings;
    return runCycle({
      outputs: { topology: fake.topology, caCertificate: "", adminUser: "admin", adminPassword: "password" },
      backend: fake.backend,
      checks: [],
      limits: { listing: 0.3, deployment: 0.3, revocation: 0.3 },
      keep: false,
      signal: new AbortController().signal,
    });
  }

  /** Names of the steps of one group. */
  const stepsOf = ({ steps }: CycleResult, group: string) =>
    steps.filter((step) => step.group === group).map(({ name }) => name);
  const failures = ({ steps }: CycleResult) => steps.filter(({ status }) => status === "failed");

  /** The one failed step, and the links that it names. */
  function failure(result: CycleResult) {
    const [failed, ...more] = failures(result);
    assert.ok(failed && more.length === 0, JSON.stringify(result.steps));
    const { group, name, detail = "", faults = [] } = failed;
    return { step: `${group}: ${name}`, detail, links: faults.map(({ link }) => link), faults };
  }

  it("asks each at its own host name, with both keys", async () => {
    const result = await run({ gatewayEnvironments: "production, sandbox" });
    assert.deepEqual(failures(result), []);
    const common = stepsOf(result, "Gateway Production").filter((name) => !name.includes("key's"));
    assert.equal(common.length, 9);
    for (const [name, other] of [
      ["Production", "sandbox"],
      ["Sandbox", "production"],
    ]) {
      const steps = stepsOf(result, `Gateway ${name}`);
      assert.deepEqual(
        steps.filter((step) => !common.includes(step)),
        [`be refused with a ${other} key's token`],
      );
    }
    assert.deepEqual(
      stepsOf(result, "Store").filter((name) => name.startsWith("generate")),
      ["generate its production key", "generate its sandbox key"],
    );
    const [own, revoked] = ["/token", "/revoke"].map((path) =>
      fake.seen.filter((seen) => seen.path === path).map(({ host }) => host.replace(/:.*/, "")),
    );
    assert.deepEqual(own, [...Array(3).fill(production), ...Array(3).fill(sandbox)]);
    assert.deepEqual(revoked, [production, sandbox]);
  });

  it("calls a hybrid one with both keys, and adds no group", async () => {
    const result = await run({});
    assert.deepEqual(failures(result), []);
    assert.ok(stepsOf(result, "Gateway").includes("call the API with a sandbox key's token"));
    assert.deepEqual(
      [...new Set(result.steps.map(({ group }) => group))],
      ["Publisher", "Store", "Gateway", "Clean up"],
    );
  });

  it("makes an API without sandbox endpoint where no environment takes sandbox keys", async () => {
    const result = await run({ gatewayEnvironments: "eu=production, us=production" });
    assert.deepEqual(failures(result), []);
    const add = fake.seen.find(({ action }) => action === "addAPI");
    assert.deepEqual(Object.keys(JSON.parse(add?.form.endpoint_config ?? "")), [
      "production_endpoints",
      "endpoint_type",
    ]);
    for (const name of ["eu", "us"])
      assert.ok(stepsOf(result, `Gateway ${name}`).includes("be refused with a sandbox key's token"));
  });

  it("counts gateways beside each other as one environment", async () => {
    const result = await run({ gatewayReplicas: 2, gatewayEnvironments: "production, sandbox" });
    assert.deepEqual(failures(result), []);
    assert.deepEqual(
      [...new Set(result.steps.map(({ group }) => group))].filter((group) => group.startsWith("Gateway")),
      ["Gateway Production", "Gateway Sandbox"],
    );
  });

  it("names the type of the environment whose gateway refuses the key that it should take", async () => {
    fake.wrongTypes.set(production, "sandbox");
    const failed = failure(await run({ gatewayEnvironments: "production, sandbox" }));
    assert.equal(failed.step, "Gateway Production: call the API with it over HTTPS");
    assert.match(failed.detail, /status 401: PRODUCTION Key Provided for sandbox Gateway/);
    assert.deepEqual(failed.links, [type("Production")]);
    assert.equal(failed.faults[0]?.file, "repository/conf/api-manager.xml");
    assert.deepEqual(failed.faults[0]?.settings, ["gatewayEnvironments"]);
  });

  it("names the type of the environment whose gateway takes the key that it should refuse", async () => {
    fake.wrongTypes.set(sandbox, "hybrid");
    const failed = failure(await run({ gatewayEnvironments: "production, sandbox" }));
    assert.equal(failed.step, "Gateway Sandbox: be refused with a production key's token");
    assert.match(failed.detail, /expected status 401 because of the key's type, found status 200/);
    assert.deepEqual(failed.links, [type("Sandbox")]);
  });

  it("names it where a hybrid gateway has no endpoint for one key", async () => {
    const hybrid = [type("Production and Sandbox")];
    const noEndpoint = '<am:fault xmlns:am="x"><am:code>900901</am:code></am:fault>';
    const isSandbox = (authorization = "") => authorization === "Bearer token-2";
    fake.override = ({ headers }) => (isSandbox(headers.authorization) ? { status: 403, body: noEndpoint } : undefined);
    const refused = failure(await run({}));
    assert.equal(refused.step, "Gateway: call the API with a sandbox key's token");
    assert.deepEqual(refused.links, hybrid);
  });

  it("names it where a hybrid gateway leads one key to the other one's endpoint", async () => {
    fake.override = ({ headers }) =>
      headers.authorization === "Bearer token-2" ? { body: fake.words.PRODUCTION } : undefined;
    const started = Date.now();
    const failed = failure(await run({}));
    assert.equal(failed.detail, "expected the sandbox endpoint's answer, found the other one's");
    assert.deepEqual(failed.links, [type("Production and Sandbox")]);
    assert.ok(Date.now() - started < 250, "waited for what does not change");
  });

  it("does not take a refusal for another reason for one because of the type", async () => {
    fake.override = ({ headers, host }) =>
      headers.authorization?.startsWith("Bearer token-") && host.startsWith(production)
        ? { status: 401, body: "<ams:code>900901</ams:code>" }
        : undefined;
    const failed = failure(await run({ gatewayEnvironments: "sandbox, production" }));
    assert.match(failed.detail, /found status 401: 900901/);
    assert.ok(failed.links.includes("gateway-1 -> keymanager-1 (APIKeyValidator/ServerURL)"), failed.links.join());
    assert.ok(!failed.links.some((link) => link.includes("gateway-production-1 ->")), failed.links.join());
  });
});
