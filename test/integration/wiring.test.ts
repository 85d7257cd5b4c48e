import assert from "node:assert/strict";
import type { VerifyReport } from "../../cli/verify";
import type { Suspect } from "../../cli/verify/suspects";
import { pause } from "../../cli/verify/waiting";
import { cases, files, gatewayNode, keyManager, type WrongWiring } from "./wiringCases";
import { BrokenStack } from "./wiringSupport";

describe("verify: a deployment with one wrong value in its wiring", function () {
  this.timeout(300_000);
  this.slow(20_000);
  let running: BrokenStack;
  before(async () => {
    running = await BrokenStack.up("itestwiring");
  });
  after(() => running?.down());

  const failures = ({ checks, cycle }: VerifyReport) => [
    ...checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`),
    ...(cycle?.steps ?? []).filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`),
  ];

  async function mustPass(): Promise<void> {
    const report = await running.verify();
    assert.ok(report.ok, failures(report).join("\n"));
  }

  it("passes before a value is changed", () => mustPass());

  for (const wrong of cases) {
    it(`fails and names the link when ${wrong.what}`, async () => {
      const restore = await running.break(wrong.broken);
      await running.clustered(wrong.links);
      try {
        const report = await running.verify();
        const left = report.cycle?.left?.name;
        assert.equal(report.ok, false, "verify must fail");
        if (wrong.step === undefined) linkCheckFails(wrong, report);
        else stepFails(wrong, wrong.step, report);
        assert.equal(left !== undefined, wrong.leaves === true, `verify left behind: ${left}`);
      } finally {
        await restore();
      }
      // What was left stays: the new user's application is subscribed to the API.
      await mustPass();
    });
  }

  it("fails and names the host alias when the gateway has lost one", async () => {
    await running.shell("gateway-1", "sed '/keymanager/d' /etc/hosts > /tmp/hosts && cat /tmp/hosts > /etc/hosts");
    // A node reuses the results of its checks for one second.
    await pause(1200);
    try {
      const alias: WrongWiring = {
        what: "",
        broken: gatewayNode(files.synapse("Token"), [/x/, ""]),
        links: [keyManager("gateway-1", "_TokenAPI_ endpoint")],
        says: /keymanager\.apim-wso2\.com:9443.*does not resolve/,
        also: "/etc/hosts (host aliases) of gateway-1",
        fromInside: ["gateway-1 -> keymanager.apim-wso2.com (hosts)"],
      };
      stepFails(alias, "Store: generate", await running.verify());
    } finally {
      await running.restart("gateway-1");
      await running.settled();
    }
    await mustPass();
  });

  function linkCheckFails({ links, says, broken }: WrongWiring, report: VerifyReport): void {
    const failed = report.checks.filter(({ ok }) => !ok);
    assert.deepEqual(
      failed.map(({ name }) => name),
      links,
    );
    const details = failed.map(({ detail }) => detail ?? "").join("\n");
    assert.match(details, says);
    assert.ok(details.includes(`${broken.file} (`), details);
    // The calls still work in another way: only the comparison with the settings shows the difference.
    assert.deepEqual(report.cycle?.steps.filter(({ ok }) => !ok) ?? [], []);
  }

  function stepFails(
    { links, says, broken, file, also, fromInside = [] }: WrongWiring,
    step: string,
    report: VerifyReport,
  ) {
    const steps = report.cycle?.steps ?? [];
    const at = steps.findIndex(({ ok }) => !ok);
    const failed = steps[at];
    assert.ok(failed, "expected a failed step, found none");
    assert.ok(`${failed.group}: ${failed.name}`.startsWith(step), `${failed.group}: ${failed.name}: ${failed.detail}`);
    assert.match(failed.detail ?? "", says);
    const faults: readonly Suspect[] = failed.faults ?? [];
    assert.deepEqual(
      faults.map(({ link }) => link),
      links,
    );
    for (const fault of faults) assert.equal(fault.file, file ?? broken.file);
    if (also !== undefined) assert.ok(faults[0]?.also.includes(also), faults[0]?.also.join("\n"));
    const inside = report.checks.filter(({ ok }) => !ok).map(({ name }) => name);
    for (const link of fromInside)
      assert.ok(inside.includes(link), `expected ${link} among the failed checks\n${inside.join("\n")}`);
  }
});
