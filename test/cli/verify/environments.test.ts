import assert from "node:assert/strict";
import type { CycleResult } from "../../../cli/verify/cycle";
import { FakeDeployment } from "./fakeDeployment";
import { runOn } from "./fakeRun";

const [production, sandbox] = ["gateway.apim-wso2.com", "sandbox-gateway.apim-wso2.com"];
const type = (name: string) => `publisher-1 -> loadbalancer (Environment[${name}]/@type)`;

describe("verify: the cycle in gateway environments", () => {
  let fake: FakeDeployment;
  beforeEach(async () => {
    fake = new FakeDeployment();
    await fake.start();
  });
  afterEach(() => fake.stop());

  function run(settings: Record<string, unknown>): Promise<CycleResult> {
    fake.settings = settings;
    return runOn(fake);
  }

  /** Names of the steps of one group. */
  const stepsOf = ({ steps }: CycleResult, group: string) =>
    steps.filter((step) => step.group === group).map(({ name }) => name);
  const failures = ({ steps }: CycleResult) => steps.filter(({ status }) => status === "failed");

  /** The only failed step, with the links that it names. */
  function failure(result: CycleResult) {
    const [failed, ...more] = failures(result);
    assert.ok(failed && more.length === 0, JSON.stringify(result.steps));
    const { group, name, detail = "", faults = [] } = failed;
    return { step: `${group}: ${name}`, detail, links: faults.map(({ link }) => link), faults };
  }

  it("calls each environment at its own host name, with both types of keys", async () => {
    const result = await run({ gatewayEnvironments: "production, sandbox" });
    assert.deepEqual(failures(result), []);
    const common = stepsOf(result, "Gateway Production").filter((name) => !name.includes("key's"));
    assert.equal(common.length, 17);
    for (const [name, other] of [
      ["Production", "sandbox"],
      ["Sandbox", "production"],
    ]) {
      const steps = stepsOf(result, `Gateway ${name}`);
      assert.deepEqual(
        steps.filter((step) => !common.includes(step)),
        [`call with a ${other} key's token: expect a refusal`],
      );
    }
    assert.deepEqual(
      stepsOf(result, "Store").filter((name) => name.startsWith("generate")),
      ["generate a production key", "generate a sandbox key"],
    );
    const [own, revoked] = ["/token", "/revoke"].map((path) =>
      fake.seen.filter((seen) => seen.path === path).map(({ host }) => host.replace(/:.*/, "")),
    );
    // The application's token, one of the other key, a new one after the revocation, three of the user, and one for a code; in the first environment, one of the user who signed up.
    assert.deepEqual(own, [...Array(7).fill(production), ...Array(7).fill(sandbox), production]);
    assert.deepEqual(revoked, [production, sandbox]);
  });

  it("calls a single hybrid environment with both types of keys, in one group", async () => {
    const result = await run({});
    assert.deepEqual(failures(result), []);
    assert.ok(stepsOf(result, "Gateway").includes("call the API with a sandbox key's token"));
    assert.deepEqual(
      [...new Set(result.steps.map(({ group }) => group))],
      ["Publisher", "Store", "Gateway", "Console", "Self sign-up", "Clean up"],
    );
  });

  it("creates an API without a sandbox endpoint if no environment accepts sandbox keys", async () => {
    const result = await run({ gatewayEnvironments: "eu=production, us=production" });
    assert.deepEqual(failures(result), []);
    const add = fake.seen.find(({ action }) => action === "addAPI");
    assert.deepEqual(Object.keys(JSON.parse(add?.form.endpoint_config ?? "")), [
      "production_endpoints",
      "endpoint_type",
    ]);
    for (const name of ["eu", "us"])
      assert.ok(stepsOf(result, `Gateway ${name}`).includes("call with a sandbox key's token: expect a refusal"));
  });

  it("treats several gateways of one environment as one environment", async () => {
    const result = await run({ gatewayReplicas: 2, gatewayEnvironments: "production, sandbox" });
    assert.deepEqual(failures(result), []);
    assert.deepEqual(
      [...new Set(result.steps.map(({ group }) => group))].filter((group) => group.startsWith("Gateway")),
      ["Gateway Production", "Gateway Sandbox"],
    );
  });

  it("blames the type of the environment whose gateway refuses the key that it should accept", async () => {
    fake.wrongTypes.set(production, "sandbox");
    const failed = failure(await run({ gatewayEnvironments: "production, sandbox" }));
    assert.equal(failed.step, "Gateway Production: call the API with the token over HTTPS");
    assert.match(failed.detail, /status 401: PRODUCTION Key Provided for sandbox Gateway/);
    assert.deepEqual(failed.links, [type("Production")]);
    assert.equal(failed.faults[0]?.file, "repository/conf/api-manager.xml");
    assert.deepEqual(failed.faults[0]?.settings, ["gatewayEnvironments"]);
  });

  it("blames the type of the environment whose gateway accepts the key that it should refuse", async () => {
    fake.wrongTypes.set(sandbox, "hybrid");
    const failed = failure(await run({ gatewayEnvironments: "production, sandbox" }));
    assert.equal(failed.step, "Gateway Sandbox: call with a production key's token: expect a refusal");
    assert.match(failed.detail, /expected status 401 because of the key's type, found status 200/);
    assert.deepEqual(failed.links, [type("Sandbox")]);
  });

  it("blames the type of a hybrid environment whose gateway has no endpoint for one type of key", async () => {
    const hybrid = [type("Production and Sandbox")];
    const noEndpoint = '<am:fault xmlns:am="x"><am:code>900901</am:code></am:fault>';
    const isSandbox = (authorization = "") => authorization === "Bearer token-2";
    fake.override = ({ headers }) => (isSandbox(headers.authorization) ? { status: 403, body: noEndpoint } : undefined);
    const refused = failure(await run({}));
    assert.equal(refused.step, "Gateway: call the API with a sandbox key's token");
    assert.deepEqual(refused.links, hybrid);
  });

  it("blames the type of a hybrid environment whose gateway calls the wrong endpoint for a key, without waiting", async () => {
    fake.override = ({ headers }) =>
      headers.authorization === "Bearer token-2" ? { body: fake.answers.PRODUCTION } : undefined;
    const started = Date.now();
    const failed = failure(await run({}));
    assert.equal(failed.detail, "expected the sandbox endpoint's answer, found the production endpoint's");
    assert.deepEqual(failed.links, [type("Production and Sandbox")]);
    assert.ok(Date.now() - started < 250, "waited, though the answer was final");
  });

  it("does not blame the type of the environment for a refusal that has another reason", async () => {
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
