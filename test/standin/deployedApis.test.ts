import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { pause } from "../../cli/verify/waiting";
import type { DeployedApi, Treatment } from "../../standin/apiFile";
import { synapseDirectory } from "../../standin/configuration/synapse";
import { keyTypes } from "../../standin/data/keyTypes";
import { apiFor, deployedApis } from "../../standin/deployedApis";

const word = fc.stringMatching(/^[A-Za-z][\w.]{0,12}$/);
const treatment: fc.Arbitrary<Treatment> = fc.oneof(
  fc.record({ endpoint: fc.webUrl({ withQueryParameters: true }) }, { noNullPrototype: true }),
  fc.record({ sequence: word }, { noNullPrototype: true }),
  fc.record({ refusal: fc.stringMatching(/^\w[\w &<>"']{0,20}\w$/) }, { noNullPrototype: true }),
);
const api: fc.Arbitrary<DeployedApi> = fc.record(
  {
    name: word,
    // Of the super tenant, or with the domain of a tenant.
    provider: fc.stringMatching(/^[a-z][a-z0-9.]{2,12}(@[a-z][a-z0-9.]{0,8}[a-z])?$/),
    version: fc.stringMatching(/^\d(\.\d){0,2}$/),
    context: word.map((text) => `/${text}/1.0`),
    methods: fc.subarray(["GET", "POST", "PUT"], { minLength: 1 }),
    keyType: fc.constantFrom(...keyTypes),
    matching: treatment,
    other: treatment,
  },
  { noNullPrototype: true },
);

const make = (name: string, endpoint = "http://x"): DeployedApi => ({
  name,
  provider: "admin",
  version: "1",
  context: `/${name}/1`,
  methods: ["GET"],
  keyType: "PRODUCTION",
  matching: { endpoint },
  other: { refusal: "no" },
});

describe("stand-in: APIs deployed to a gateway", () => {
  let home = "";
  let lines: string[] = [];
  const write = (text: string): void => {
    lines.push(text);
  };
  const log = { info: write, warn: write, error: write };
  beforeEach(() => {
    lines = [];
    home = mkdtempSync(join(tmpdir(), "standin-apis-"));
    mkdirSync(join(home, synapseDirectory), { recursive: true });
  });
  afterEach(() => rmSync(home, { recursive: true }));

  it("are unchanged after a restart", () => {
    fc.assert(
      fc.property(fc.uniqueArray(api, { selector: (one) => one.name.toLowerCase(), maxLength: 4 }), (apis) => {
        const before = deployedApis(home, log);
        for (const one of apis) {
          before.deploy(one);
        }
        const after = deployedApis(home, log);
        const sorted = (all: readonly DeployedApi[]) => [...all].sort((a, b) => (a.name < b.name ? -1 : 1));
        assert.deepEqual(sorted(after.all()), sorted(apis));
        for (const one of apis) {
          assert.equal(after.remove(one), true);
          assert.equal(after.remove(one), false);
        }
        assert.deepEqual(readdirSync(join(home, synapseDirectory)), []);
      }),
      { numRuns: 40 },
    );
  });

  it("follow changes by other gateways in the same directory at once", function () {
    this.timeout(20_000);
    const [one, other] = [deployedApis(home, log), deployedApis(home, log)];
    const names = () => other.all().map(({ name }) => name);
    // Faster than the resolution of the file system's clock.
    for (let round = 0; round < 200; round++) {
      one.deploy(make("a"));
      assert.deepEqual(names(), ["a"]);
      one.deploy(make("b"));
      assert.deepEqual(names().sort(), ["a", "b"]);
      assert.equal(other.remove(make("a")), true);
      assert.equal(one.remove(make("a")), false);
      assert.deepEqual(names(), ["b"]);
      one.deploy(make("b", `http://${round}`));
      assert.deepEqual(other.all()[0]?.matching, { endpoint: `http://${round}` });
      one.remove(make("b"));
      assert.deepEqual(names(), []);
    }
  });

  it("are read from the directory again only after a change", async () => {
    const apis = deployedApis(home, log);
    apis.deploy(make("a"));
    await pause(150);
    assert.equal(apis.all(), apis.all());
  });

  it("are still served when another file is not well-formed, which the log reports", () => {
    const apis = deployedApis(home, log);
    apis.deploy(make("a"));
    writeFileSync(join(home, synapseDirectory, "admin--bad_v1.xml"), "<api");
    assert.deepEqual(
      apis.all().map(({ name }) => name),
      ["a"],
    );
    assert.match(lines.join(), /admin--bad_v1\.xml is not deployed: /);
  });

  it("do not include the token API of the gateway itself", () => {
    writeFileSync(join(home, synapseDirectory, "_TokenAPI_.xml"), "<api name='_WSO2AMTokenAPI_' context='/token'/>");
    assert.deepEqual(deployedApis(home, log).all(), []);
  });

  it("are found by the longest context, compared by whole path segments", () => {
    const at = (context: string): DeployedApi => ({
      name: context,
      provider: "p",
      version: "1",
      context,
      methods: ["GET"],
      keyType: "PRODUCTION",
      matching: { endpoint: "" },
      other: { endpoint: "" },
    });
    const all = [at("/a/1"), at("/a/1/deep")];
    assert.equal(apiFor(all, "/a/1/x")?.context, "/a/1");
    assert.equal(apiFor(all, "/a/1/deep/x")?.context, "/a/1/deep");
    assert.equal(apiFor(all, "/a/1")?.context, "/a/1");
    assert.equal(apiFor(all, "/a/10"), undefined);
  });
});
