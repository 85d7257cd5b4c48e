import assert from "node:assert/strict";
import { parseXml } from "@rgrove/parse-xml";
import type { CycleResult } from "../../../cli/verify/cycle";
import type { CycleOptions } from "../../../cli/verify/cycleRun";
import { printSummary } from "../../../cli/verify/report";
import { find } from "../../../xml/parse";
import { FakeDeployment, type Override, type Seen } from "./fakeDeployment";
import { runOn, shortLimits } from "./fakeRun";

const servicePath = "/services/TenantMgtAdminService";

describe("verify: a tenant from its making to its removal", () => {
  let fake: FakeDeployment;
  /** Domain -> whether the tenant is active. */
  let tenants: Map<string, boolean>;
  beforeEach(async () => {
    fake = new FakeDeployment();
    fake.settings = { multiTenancy: true };
    tenants = new Map();
    fake.override = manage;
    await fake.start();
  });
  afterEach(() => fake.stop());

  const textOf = ({ body }: Seen, path: string) => {
    const root = parseXml(String(body)).root;
    return (root && find(root, path)?.text) ?? "";
  };
  const soap = (content: string, status = 200) => ({
    status,
    body: `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${content}</s:Body></s:Envelope>`,
  });
  const fault = (text: string) => soap(`<s:Fault><faultstring>${text}</faultstring></s:Fault>`, 500);

  /** Answers requests to TenantMgtAdminService as the product does. */
  function manage(seen: Seen): ReturnType<Override> {
    if (seen.path !== servicePath) return undefined;
    const operation = `${seen.headers.soapaction}`.replace(/^"urn:(.*)"$/, "$1");
    const domain = textOf(seen, `Body/${operation}/tenantDomain`);
    switch (operation) {
      case "addTenant":
        tenants.set(textOf(seen, "Body/addTenant/tenantInfoBean/tenantDomain"), true);
        return soap('<ns:addTenantResponse xmlns:ns="x"><ns:return>id</ns:return></ns:addTenantResponse>');
      case "getTenant":
        return soap(
          `<ns:getTenantResponse xmlns:ns="x"><ns:return><a:active xmlns:a="y">${tenants.get(domain)}</a:active></ns:return></ns:getTenantResponse>`,
        );
      case "deactivateTenant":
        if (!tenants.has(domain)) return fault("no such tenant");
        tenants.set(domain, false);
        return { status: 202 };
    }
    return fault(`unknown operation ${operation}`);
  }

  const operationOf = ({ headers }: Seen) => `${headers.soapaction}`.replace(/^"urn:(.*)"$/, "$1");
  const refusing =
    (operation: string, answer = fault("not today")): Override =>
    (seen) =>
      seen.path === servicePath && operationOf(seen) === operation ? answer : manage(seen);

  function run(options: Partial<CycleOptions> = {}): Promise<CycleResult> {
    return runOn(fake, options);
  }

  const bad = ({ steps }: CycleResult) => steps.filter(({ ok }) => !ok);
  function failure({ steps }: CycleResult) {
    const found = steps.find(({ status }) => status === "failed");
    assert.ok(found, "no step failed");
    return { ...found, links: (found.faults ?? []).map(({ link }) => link) };
  }
  /** What is printed about a result. */
  function printed(result: CycleResult): string {
    const lines: string[] = [];
    const { log } = console;
    console.log = (line: string) => lines.push(line);
    try {
      printSummary(result, false);
    } finally {
      console.log = log;
    }
    return lines.join("\n");
  }

  it("sends the product's requests, with the tenant's administrator as user, and leaves an inactive tenant", async () => {
    const result = await run();
    assert.deepEqual(bad(result), []);
    const [add] = fake.seen.filter(({ path }) => path === servicePath);
    assert.ok(add);
    assert.equal(add.headers.authorization, `Basic ${Buffer.from("admin:pass & word").toString("base64")}`);
    assert.equal(add.headers["content-type"], "text/xml; charset=utf-8");
    assert.match(add.host, /^publisher\.apim-wso2\.com:/);
    const bean = (name: string) => textOf(add, `Body/addTenant/tenantInfoBean/${name}`);
    const domain = bean("tenantDomain");
    assert.match(domain, /^verify[0-9a-f]{8}\.example$/);
    assert.deepEqual([bean("active"), bean("admin"), bean("email")], ["true", "admin", `verify@${domain}`]);
    const since = fake.seen.slice(fake.seen.indexOf(add));
    assert.deepEqual(
      since.map((seen) => (seen.path === servicePath ? operationOf(seen) : seen.action || seen.path)),
      [
        "addTenant",
        "login",
        "addAPI",
        "updateStatus",
        "login",
        "getAllPublishedAPIs",
        "addApplication",
        "addAPISubscription",
        "generateApplicationKey",
        "/token",
        `/t/${domain}/verify${domain.slice(6, 14)}/1.0.0/`,
        // Of the user who signed up.
        ...["removeApplication", "/services/UserAdmin"],
        "removeApplication",
        "removeAPI",
        "deactivateTenant",
        "getTenant",
        "removeApplication",
        "removeAPI",
      ],
    );
    const login = since.find(({ action }) => action === "login");
    assert.deepEqual([login?.form.username, login?.form.password], [`admin@${domain}`, bean("adminPassword")]);
    assert.equal(since.find(({ action }) => action === "updateStatus")?.form.provider, `admin@${domain}`);
    assert.equal(since.find(({ action }) => action === "getAllPublishedAPIs")?.form.tenant, domain);
    assert.deepEqual([...tenants], [[domain, false]]);
    assert.deepEqual([fake.apis.size, fake.applications.size], [0, 0]);
    assert.deepEqual([result.left, result.leftTenant], [undefined, { domain, active: false }]);
    assert.match(
      printed(result),
      new RegExp(`^Left: the deactivated tenant ${domain}, which the product can't delete\\.$`, "m"),
    );
    assert.ok(!JSON.stringify(result).includes(bean("adminPassword")), "the password is in the report");
  });

  it("makes no tenant without multiTenancy, or with --kept", async () => {
    fake.settings = {};
    assert.deepEqual(bad(await run()), []);
    fake.settings = { multiTenancy: true };
    await run({ kept: "Verify0123abcd" });
    assert.equal(tenants.size, 0);
  });

  it("calls each environment with a key of its type", async () => {
    fake.settings = { multiTenancy: true, gatewayEnvironments: "production, sandbox" };
    const result = await run();
    assert.deepEqual(bad(result), []);
    const calls = fake.seen.filter(({ path }) => path.startsWith("/t/"));
    assert.deepEqual(
      calls.map(({ host }) => host.replace(/\..*/, "")),
      ["gateway", "sandbox-gateway"],
    );
  });

  it("gives the administrator a name with @ where user names are e-mail addresses", async () => {
    await run({ outputs: { ...fake.outputs, adminUser: "boss@example.com" } });
    const [domain = ""] = tenants.keys();
    const names = fake.seen.filter(({ action }) => action === "login").map(({ form }) => form.username);
    assert.ok(names.includes(`admin@${domain}@${domain}`), names.join());
  });

  it("waits while a gateway loads the tenant", async () => {
    let calls = 0;
    fake.override = (seen) =>
      seen.path.startsWith("/t/") && ++calls < 3 ? { status: [404, 500][calls - 1] ?? 0 } : manage(seen);
    assert.deepEqual(bad(await run({ limits: { listing: 1, deployment: 10, revocation: 1 } })), []);
    assert.equal(calls, 3);
  });

  it("with --keep, removes the tenant's things all the same", async () => {
    const result = await run({ keep: true });
    assert.deepEqual(bad(result), []);
    assert.deepEqual([fake.apis.size, fake.applications.size, [...tenants.values()]], [1, 1, [false]]);
  });

  const gatewayDatabases = [
    "gateway-1 -> userdb (WSO2UM_DB)",
    "gateway-1 -> regdb (WSO2REG_DB)",
    "gateway-1 -> regdb (mount)",
  ];

  it("names the databases that gateways use only with tenants when a gateway can't load the tenant", async () => {
    fake.override = (seen) =>
      seen.path.startsWith("/t/") ? fault("Cannot create tenant ConfigurationContext") : manage(seen);
    const failed = failure(await run());
    assert.match(failed.name, /^call the API at \/t\//);
    assert.match(failed.detail ?? "", /status 500: Cannot create tenant ConfigurationContext/);
    assert.deepEqual(failed.links, gatewayDatabases);
    assert.deepEqual([...tenants.values()], [false]);
  });

  it("names them when publishing is refused", async () => {
    fake.override = (seen) =>
      seen.action === "updateStatus" && seen.form.provider?.includes("@")
        ? { body: '{"error":true,"message":"no"}' }
        : manage(seen);
    const failed = failure(await run());
    // The log-in to the gateway's console has proven that its user store answers.
    const [, ...unproven] = gatewayDatabases;
    assert.deepEqual(failed.links, unproven);
  });

  it("names the volume of the gateway that does not serve the API", async () => {
    fake.settings = { multiTenancy: true, gatewayReplicas: 2 };
    fake.override = (seen) =>
      seen.path.startsWith("/t/") && seen.node === "gateway-2" ? { status: 404, body: "nothing" } : manage(seen);
    assert.deepEqual(failure(await run()).links, ["gateway-2 -> gateway-tenants (volume)"]);
  });

  it("fails when the tenant is refused, and has nothing to leave then", async () => {
    fake.override = refusing("addTenant");
    const result = await run();
    const failed = failure(result);
    assert.equal(failed.detail, "TenantMgtAdminService/addTenant of the servers of publisher.apim-wso2.com: not today");
    assert.equal(failed.group, "Tenant");
    assert.deepEqual([tenants.size, result.leftTenant], [0, undefined]);
    assert.match(result.steps.at(-3)?.name ?? "", /^deactivate the tenant/);
    assert.equal(result.steps.at(-3)?.ok, true);
  });

  const stuck: [string, Override, RegExp][] = [
    [
      "is refused",
      (seen) => refusing("deactivateTenant")(seen),
      /deactivateTenant of the servers of publisher\.apim-wso2\.com: not today/,
    ],
    [
      "has no effect",
      (seen) => refusing("deactivateTenant", { status: 202, body: "" })(seen),
      /inactive within 0.3 s, found it active/,
    ],
    [
      "is answered by something else",
      (seen) => refusing("deactivateTenant", { status: 200, body: "hello" })(seen),
      /expected a SOAP envelope, found status 200: hello/,
    ],
  ];
  for (const [what, override, detail] of stuck)
    it(`reports an active tenant as left behind when its deactivation ${what}`, async () => {
      fake.override = override;
      const result = await run();
      assert.match(failure(result).detail ?? "", detail);
      assert.equal(result.leftTenant?.active, true);
      assert.match(printed(result), /Left behind: the tenant verify\w+\.example, which could not be deactivated/);
    });

  it("gives up a request after the limit of the run", async () => {
    fake.silent = ({ path }) => path === servicePath;
    const { steps } = await runOn(fake, { limits: { ...shortLimits, answer: 0.3 } });
    const failed = steps.find(({ status }) => status === "failed");
    assert.match(`${failed?.name}: ${failed?.detail}`, /^make the tenant .*0\.3 s/);
  });

  it("makes no tenant when it is told so", async () => {
    const result = await run({ tenant: false });
    assert.ok(result.steps.every(({ ok, group }) => ok && group !== "Tenant"));
    assert.equal(tenants.size, 0);
  });

  it("deactivates the tenant after Ctrl-C", async () => {
    const stop = new AbortController();
    fake.override = (seen) => {
      if (seen.action === "login" && seen.form.username?.startsWith("admin@")) stop.abort(new Error("stopped"));
      return manage(seen);
    };
    const result = await run({ signal: stop.signal });
    assert.deepEqual([...tenants.values()], [false]);
    assert.equal(result.leftTenant?.active, false);
  });
});
