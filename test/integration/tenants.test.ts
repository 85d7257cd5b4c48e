import assert from "node:assert/strict";
import type { VerifyReport } from "../../cli/verify";
import { type Break, BrokenStack } from "./wiringSupport";

/** A wrong value, and the step and the only link that verify must report. */
interface Wrong {
  readonly title: string;
  readonly broken: Break;
  readonly detail: RegExp;
  readonly link: string;
}

const cases: readonly Wrong[] = [
  {
    title: "a gateway has its users in its local database",
    broken: {
      node: "gateway-sandbox-1",
      file: "repository/conf/user-mgt.xml",
      change: [/jdbc\/WSO2UM_DB/, "jdbc/WSO2CarbonDB"],
    },
    detail: /Environment\[Sandbox\].*the user store is this server's own/,
    link: "gateway-sandbox-1 -> userdb (WSO2UM_DB)",
  },
  {
    title: "a gateway mounts the registry from its local database",
    broken: {
      node: "gateway-1",
      file: "repository/conf/registry.xml",
      change: [/jdbc\/WSO2REG_DB/, "jdbc/WSO2CarbonDB"],
    },
    detail: /Environment\[Production\].*jdbc\/WSO2CarbonDB is embedded/,
    link: "gateway-1 -> regdb (mount)",
  },
];

describe("tenants on a Docker engine", function () {
  this.timeout(300_000);
  this.slow(20_000);
  let running: BrokenStack;
  before(async () => {
    const settings = { multiTenancy: true, gatewayEnvironments: "production, sandbox" };
    running = await BrokenStack.up("itesttenants", settings);
  });
  after(() => running?.down());

  /** Fails when a file of a verify's API is left in a gateway's directory of tenants. */
  function noApiFiles(node: string): Promise<void> {
    return running.shell(node, 'test -z "$(find /opt/wso2am/repository/tenants -name "*Verify*")"');
  }

  it("verify makes a tenant, calls its API through each environment, and says what it leaves", async () => {
    const { status, output } = await running.stack.run("verify");
    assert.equal(status, 0, output);
    const path = /call the API at (\/t\/verify\w{8}\.example\/verify\w{8}\/1\.0\.0\/) \(Production\) \(\d+ ms\)/.exec(
      output,
    );
    assert.ok(path, output);
    assert.ok(output.includes(`call the API at ${path[1]} (Sandbox)`), output);
    assert.match(output, /^Left: the deactivated tenant verify\w{8}\.example, which the product can't delete\.$/m);
    for (const node of ["gateway-1", "gateway-sandbox-1"]) await noApiFiles(node);
  });

  it("--json: names the tenant that is left", async () => {
    const { stdout } = await running.stack.run("verify", "--json");
    const { cycle } = JSON.parse(stdout) as VerifyReport;
    assert.match(cycle?.leftTenant?.domain ?? "", /^verify\w{8}\.example$/);
    assert.equal(cycle?.leftTenant?.active, false);
  });

  for (const { title, broken, detail, link } of cases)
    it(`verify fails and names the link: ${title}`, async () => {
      const repair = await running.break(broken);
      await running.clustered([link]);
      try {
        const { cycle } = await running.verify();
        const failed = cycle?.steps.find(({ ok }) => !ok);
        assert.equal(`${failed?.group}: ${failed?.name}`, "Tenant: publish the API to the gateways", failed?.detail);
        assert.match(failed?.detail ?? "", detail);
        assert.deepEqual(
          failed?.faults?.map((fault) => fault.link),
          [link],
        );
        assert.equal(cycle?.leftTenant?.active, false);
      } finally {
        await repair();
      }
    });

  it("verify passes again after all repairs", async () => {
    const report = await running.verify();
    assert.ok(report.ok, JSON.stringify(report.cycle?.steps.find(({ ok }) => !ok)));
  });
});
