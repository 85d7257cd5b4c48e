import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import type { DatabaseName } from "../../product/databases";
import { roleRecords } from "../../product/roles";
import { eventually, fetchFrom, type TestAnswer } from "../standin/homes";
import { good, Person, refusal } from "./standinClient";
import { type DatabasesOf, StandinRun } from "./standinRun";

const withTenants: DatabasesOf = (role) => {
  const { always, withTenants: more } = roleRecords[role].databases;
  return [...always, ...more];
};

/** Sends an operation of TenantMgtAdminService to the Publisher. */
function manage(operation: string, fields: string, password = "admin"): Promise<TestAnswer> {
  const body = `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ser="http://services.mgt.tenant.carbon.wso2.org" xmlns:xsd="http://beans.common.stratos.carbon.wso2.org/xsd"><soapenv:Body><ser:${operation}>${fields}</ser:${operation}></soapenv:Body></soapenv:Envelope>`;
  const authorization = `Basic ${Buffer.from(`admin:${password}`).toString("base64")}`;
  const headers = { "content-type": "text/xml; charset=UTF-8", soapaction: `"urn:${operation}"`, authorization };
  return fetchFrom("publisher.test", 9445, "/services/TenantMgtAdminService", { method: "POST", body, headers });
}

function addTenant(domain: string, adminPassword = "tenant&pass", password?: string): Promise<TestAnswer> {
  const bean = {
    active: "true",
    admin: "admin",
    adminPassword: adminPassword.replace("&", "&amp;"),
    email: `admin@${domain}`,
    firstname: "First",
    lastname: "Last",
    tenantDomain: domain,
  };
  const fields = Object.entries(bean).map(([name, value]) => `<xsd:${name}>${value}</xsd:${name}>`);
  return manage("addTenant", `<ser:tenantInfoBean>${fields.join("")}</ser:tenantInfoBean>`, password);
}

const domainField = (domain: string) => `<ser:tenantDomain>${domain}</ser:tenantDomain>`;

describe("stand-in: tenants", function () {
  this.timeout(120_000);
  const run = new StandinRun();
  let domain = "";
  let person = new Person();
  beforeEach(() => {
    domain = `${run.name.toLowerCase()}.example`;
    person = new Person(`admin@${domain}`);
  });
  const path = () => `/t/${domain}${run.path()}`;

  async function toPublished(): Promise<void> {
    const added = await addTenant(domain);
    assert.equal(added.status, 200, added.text);
    await good(person.logIn("publisher", "tenant&pass"));
    await good(person.addApi(run.name, { production: run.endpoint }));
    await good(person.publish(run.name));
  }

  async function toToken(): Promise<string> {
    await toPublished();
    await good(person.logIn("store", "tenant&pass"));
    await eventually(async () => (await person.published()).includes(run.name));
    await good(person.addApplication(run.name));
    await good(person.subscribe(run.name, run.name));
    const { data } = await good(person.generateKeys(run.name));
    assert.ok(data);
    return person.token(data.key);
  }

  async function query(database: DatabaseName, sql: string, values: string[]): Promise<RowDataPacket[]> {
    const { host, user, password } = run.mysql;
    const connection = await createConnection({ host, user, password, database });
    try {
      return (await connection.execute<RowDataPacket[]>(sql, values))[0];
    } finally {
      await connection.end();
    }
  }

  it("publish, subscribe and call APIs of their own, which are stored and deployed as the product does it", async () => {
    const nodes = await run.start({}, 2, withTenants);
    const answer = await person.callApi(path(), await toToken());
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.text, "backend saw /base/today?unit=c");
    const [tenant] = await query("userdb", "SELECT UM_ID, UM_ACTIVE FROM UM_TENANT WHERE UM_DOMAIN_NAME = ?", [domain]);
    assert.equal(tenant?.UM_ACTIVE, 1);
    const apis = await query("apimgtdb", "SELECT API_PROVIDER, CONTEXT FROM AM_API WHERE API_NAME = ?", [run.name]);
    const context = `/t/${domain}/${run.name.toLowerCase()}/1.0.0`;
    assert.deepEqual(apis, [{ API_PROVIDER: `admin@${domain}`, CONTEXT: context }]);
    const paths = await query("regdb", "SELECT REG_TENANT_ID FROM REG_PATH WHERE REG_PATH_VALUE LIKE ?", [
      `%/provider/admin-AT-${domain}/${run.name}/1.0.0`,
    ]);
    assert.deepEqual(paths, [{ REG_TENANT_ID: tenant.UM_ID }]);
    const home = nodes.find(({ configuration }) => configuration.role === "gateway")?.configuration.carbonHome ?? "";
    const files = readdirSync(join(home, `repository/tenants/${tenant.UM_ID}/synapse-configs/default/api`));
    assert.deepEqual(files, [`admin-AT-${domain}--${run.name}_v1.0.0.xml`]);
    await good(person.removeApplication(run.name));
    await good(person.removeApi(run.name));
    assert.equal((await person.callApi(path(), "any")).status, 404);
  });

  it("see their own APIs only; everyone sees those of the tenant that a request names", async () => {
    await run.start({}, 2, withTenants);
    await toPublished();
    await good(run.person.logIn("store"));
    assert.ok(!(await run.person.published()).includes(run.name));
    const page = "api/listing/ajax/list.jag";
    const reply = await good(run.person.post("store", page, { action: "getAllPublishedAPIs", tenant: domain }));
    assert.deepEqual(
      reply.apis?.map(({ name }) => name),
      [run.name],
    );
    const unknown = run.person.post("store", page, { action: "getAllPublishedAPIs", tenant: "unknown.example" });
    assert.match(await refusal(unknown), /no tenant unknown\.example/);
  });

  it("can't log in once they are deactivated, and calls of their APIs fail", async () => {
    await run.start({}, 2, withTenants);
    const token = await toToken();
    assert.equal((await person.callApi(path(), token)).status, 200);
    assert.match((await manage("getTenant", domainField(domain))).text, /:active[^>]*>true</);
    const deactivated = await manage("deactivateTenant", domainField(domain));
    assert.deepEqual([deactivated.status, deactivated.text], [202, ""]);
    assert.match((await manage("getTenant", domainField(domain))).text, /:active[^>]*>false</);
    assert.match(await refusal(person.logIn("store", "tenant&pass")), /login failed/);
    const answer = await person.callApi(path(), token);
    assert.equal(answer.status, 500);
    assert.match(answer.text, /Cannot create tenant ConfigurationContext .* is not active/);
  });

  it("are refused twice with one domain, with wrong passwords, and by unknown operations", async () => {
    await run.start({}, 2, withTenants);
    assert.equal((await addTenant(domain, "x", "wrong")).status, 401);
    assert.equal((await addTenant(domain)).status, 200);
    const again = await addTenant(domain);
    assert.equal(again.status, 500);
    assert.match(again.text, /<faultstring>.*already exists/);
    assert.match(await refusal(person.logIn("publisher", "admin")), /login failed/);
    assert.match((await addTenant("a/b")).text, /<faultstring>tenantDomain: expected/);
    assert.match((await manage("renameTenant", domainField(domain))).text, /Operation not found/);
    assert.match((await manage("getTenant", domainField("unknown.example"))).text, /no tenant unknown\.example/);
  });

  const incomplete: [string, readonly DatabaseName[], RegExp][] = [
    ["userdb", ["regdb"], /the user store is this server's own.*user-mgt\.xml/],
    ["regdb", ["userdb"], /jdbc\/WSO2CarbonDB is embedded.*registry\.xml/],
  ];
  for (const [missing, databases, reason] of incomplete)
    it(`can't be served by a gateway without ${missing}`, async () => {
      await run.start({}, 2, (role) => (role === "gateway" ? databases : withTenants(role)));
      await assert.rejects(toPublished(), reason);
      const answer = await person.callApi(path(), "any");
      assert.equal(answer.status, 500);
      assert.match(answer.text.replaceAll("&#39;", "'"), reason);
    });
});
