import assert from "node:assert/strict";
import type { VerifyReport } from "../../cli/verify";
import { calledEnvironments } from "../../cli/verify/environments";
import { Front } from "../../cli/verify/front";
import { Gateway } from "../../cli/verify/gateway";
import { probe } from "../../cli/verify/httpProbe";
import type { NodeReport } from "../../cli/verify/linkChecks";
import { Store } from "../../cli/verify/product";
import type { Suspect } from "../../cli/verify/suspects";
import { type Break, BrokenStack } from "./wiringSupport";

const apiManager = "repository/conf/api-manager.xml";
const tokenApi = "repository/deployment/server/synapse-configs/default/api/_TokenAPI_.xml";

/** A wrong value, and the step and the only link that verify must report. */
interface Wrong {
  readonly title: string;
  readonly broken: Break;
  readonly step: string;
  readonly detail: RegExp;
  readonly link: string;
}

const cases: readonly Wrong[] = [
  {
    title: "the types of the two environments are swapped",
    broken: {
      node: "publisher-1",
      file: apiManager,
      change: [/type="production"([\s\S]*)type="sandbox"/, 'type="sandbox"$1type="production"'],
    },
    step: "Gateway Production: call the API with the token over HTTPS",
    detail: /status 401: Production Key Provided for Sandbox Gateway/,
    link: "publisher-1 -> loadbalancer (Environment[Production]/@type)",
  },
  {
    title: "the sandbox environment accepts both kinds of keys",
    broken: { node: "publisher-1", file: apiManager, change: [/type="sandbox"/, 'type="hybrid"'] },
    step: "Gateway Sandbox: call with a production key's token: expect a refusal",
    detail: /expected status 401 because of the key's type, found status 200/,
    link: "publisher-1 -> loadbalancer (Environment[Sandbox]/@type)",
  },
  {
    title: "the balancer routes the sandbox's host name to the production gateway",
    broken: {
      node: "loadbalancer",
      file: "/usr/local/etc/haproxy/haproxy.cfg",
      change: [/use_backend api-https-sandbox /, "use_backend api-https "],
    },
    step: "Gateway Sandbox: call the API with the token over HTTPS",
    detail: /status 401: Sandbox Key Provided for Production Gateway/,
    link: "loadbalancer -> gateway-sandbox-1 (api-https-sandbox)",
  },
  {
    title: "the token API of the sandbox gateway has a wrong port",
    broken: { node: "gateway-sandbox-1", file: tokenApi, change: [/:9443/, ":9453"] },
    step: "Gateway Sandbox: get a token at /token",
    detail: /_TokenAPI_ endpoint in .*nothing listens there/,
    link: "gateway-sandbox-1 -> keymanager-1 (_TokenAPI_ endpoint)",
  },
];

describe("production and sandbox gateway on a Docker engine", function () {
  this.timeout(300_000);
  this.slow(20_000);
  let running: BrokenStack;
  before(async () => {
    const settings = { gatewayEnvironments: "production, sandbox" };
    running = await BrokenStack.up("itestenvironments", settings);
  });
  after(() => running?.down());

  it("verify passes, and each gateway refuses the other's keys", async () => {
    const { status, stdout, output } = await running.stack.run("verify", "--json");
    assert.equal(status, 0, output);
    const { cycle } = JSON.parse(stdout) as VerifyReport;
    const refusals = cycle?.steps.filter(({ name }) => / key's token: expect a refusal$/.test(name));
    assert.deepEqual(
      refusals?.map(({ group, name }) => [group, name]),
      [
        ["Gateway Production", "call with a sandbox key's token: expect a refusal"],
        ["Gateway Sandbox", "call with a production key's token: expect a refusal"],
      ],
    );
  });

  it("the Store shows each gateway under a URL that reaches it", async () => {
    const { topology, caCertificate: ca } = running.outputs;
    const store = topology.nodes.find(({ role }) => role === "store");
    const health = await probe({
      address: topology.reachableManagementAddress,
      port: store?.publishedPort ?? 0,
      host: store?.hostName ?? "",
      path: "/standin/health",
      ca,
    });
    const shown = (JSON.parse(health.body) as NodeReport).links.filter(({ element }) => element.endsWith("Endpoint"));
    const found = await Promise.all(
      shown.map(async ({ element, protocol, host, port }) => {
        const url = { address: topology.reachableAddress, host, port, path: "/", ...(protocol === "https" && { ca }) };
        return [element, protocol, (await probe(url)).headers["x-standin-node"]];
      }),
    );
    assert.deepEqual(found, [
      ["Environment[Production]/GatewayEndpoint", "http", "gateway-1"],
      ["Environment[Production]/GatewayEndpoint", "https", "gateway-1"],
      ["Environment[Sandbox]/GatewayEndpoint", "http", "gateway-sandbox-1"],
      ["Environment[Sandbox]/GatewayEndpoint", "https", "gateway-sandbox-1"],
    ]);
  });

  it("both gateways refuse the tokens of a removed application", async () => {
    const { topology, caCertificate, adminUser, adminPassword } = running.outputs;
    const kept = (await running.verify({ keep: true })).cycle?.left;
    assert.ok(kept);
    const front = new Front(topology, caCertificate);
    const store = new Store(front);
    await store.logIn(adminUser, adminPassword);
    const keys = await store.keysOf(kept.name, { name: kept.name, version: "1.0.0", provider: adminUser });
    const path = new URL(kept.url).pathname;
    const called = await Promise.all(
      calledEnvironments(topology).map(async ({ host, type }) => {
        const key = keys.get(type === "sandbox" ? "SANDBOX" : "PRODUCTION");
        assert.ok(key);
        const gateway = new Gateway(front, host);
        const token = await gateway.token(key);
        return { call: async () => (await gateway.call(path, token, "gatewayHttps")).status };
      }),
    );
    const statuses = () => Promise.all(called.map(({ call }) => call()));
    assert.deepEqual(await statuses(), [200, 200]);
    await store.removeApplication(kept.name);
    // Without a notification, both gateways would accept the tokens from their caches for 15 minutes.
    assert.deepEqual(await statuses(), [401, 401]);
  });

  for (const { title, broken, step, detail, link } of cases)
    it(`verify fails and names the link: ${title}`, async () => {
      const repair = await running.break(broken);
      await running.clustered([link]);
      try {
        const report = await running.verify();
        assert.equal(report.ok, false, "verify passes");
        const failed = report.cycle?.steps.find(({ ok }) => !ok);
        assert.equal(`${failed?.group}: ${failed?.name}`, step, failed?.detail);
        assert.match(failed?.detail ?? "", detail);
        const faults: readonly Suspect[] = failed?.faults ?? [];
        assert.deepEqual(
          faults.map((fault) => fault.link),
          [link],
        );
        assert.equal(report.cycle?.left, undefined);
      } finally {
        await repair();
      }
    });

  it("verify passes again after all repairs", async () => {
    const report = await running.verify();
    assert.ok(report.ok, JSON.stringify(report.cycle?.steps.find(({ ok }) => !ok)));
  });
});
