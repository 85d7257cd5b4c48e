import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import type { StackOutputs } from "../../outputs";
import { type CommandResult, docker, TestStack } from "./testStack";
import { outputsOf } from "./wiringSupport";

const minutes = 60_000;
const replaced = ["gateway-1", "keymanager-1", "loadbalancer", "publisher-1", "store-1"];

/** What went wrong, without all that went well. */
function failures({ output }: CommandResult): string {
  return output.replace(/^✓.*\n/gm, "");
}

describe("the servers' certificate on a running stack", function () {
  this.timeout(4 * minutes);
  const stack = new TestStack("certs");
  let outputs: StackOutputs;

  before(async () => {
    stack.set({
      networkSubnet: "172.30.51.0/24",
      httpsPort: 25143,
      gatewayHttpsPort: 25144,
      gatewayHttpPort: 25145,
      managementPort: 25150,
      databasePort: 25106,
    });
    const up = await stack.run("up", "--skip-verify");
    assert.equal(up.status, 0, up.output);
    outputs = await outputsOf(stack);
  });

  after(() => stack.dispose());

  /** What a node, or the balancer on its port for browsers, shows to a client that trusts the authority. */
  async function shown(name: string, ca: string): Promise<X509Certificate> {
    const { nodes, balancer, reachableAddress } = outputs.topology;
    const node = nodes.find((one) => one.name === name);
    const port = node?.publishedPort ?? balancer.ports.find((one) => one.name === "https")?.published ?? 0;
    const servername = (node ?? nodes[0])?.hostName ?? "";
    return new Promise((resolve, reject) => {
      const socket = connect({ host: reachableAddress, port, ca, servername }, () => {
        resolve(new X509Certificate(socket.getPeerX509Certificate()?.raw ?? Buffer.alloc(0)));
        socket.destroy();
      });
      socket.once("error", reject);
    });
  }

  const shownByAll = (ca: string) => Promise.all(replaced.map((name) => shown(name, ca)));

  /** Names of the containers that are not the ones of before. */
  async function replacedSince(before: ReadonlyMap<string, string>): Promise<string[]> {
    const now = await stack.containers();
    assert.deepEqual([...now.keys()].sort(), [...before.keys()].sort());
    return [...now].flatMap(([name, id]) => (before.get(name) === id ? [] : [name])).sort();
  }

  /** In the preview's text. */
  function containersToReplace(preview: string): string[] {
    return [...preview.matchAll(/^ \+- docker:index:Container (\S+)-container replace/gm)].map(([, name = ""]) => name);
  }

  it("is renewed by one setting: previewed, rolled through the nodes, of the same authority and key", async () => {
    const before = await stack.containers();
    const [old] = await shownByAll(outputs.caCertificate);
    assert.ok(old);
    stack.set({ certificateRenewal: "2026-12-24" });
    const preview = await stack.run("preview");
    assert.equal(preview.status, 0, preview.output);
    assert.match(preview.stdout, /~ +pulumi-nodejs:dynamic:Resource keystore update \[diff: [~+]renewal\]/);
    assert.deepEqual(containersToReplace(preview.stdout).sort(), replaced);

    const up = await stack.run("up");
    assert.equal(up.status, 0, failures(up));
    assert.match(up.output, /From publishing to calling: all \d+ steps passed/);
    assert.match(up.output, /certificate: good until 20\d\d-/);
    assert.deepEqual(await replacedSince(before), replaced);
    const created = await Promise.all(
      ["keymanager-1", "publisher-1", "store-1"].map(async (name) =>
        Date.parse((await docker.getContainer(`${stack.prefix}-${name}`).inspect()).Created),
      ),
    );
    assert.deepEqual(
      created,
      [...created].sort((a, b) => a - b),
      "one after another, in their start order",
    );

    const now = await outputsOf(stack);
    assert.equal(now.caCertificate, outputs.caCertificate);
    assert.ok(now.certificateExpires > outputs.certificateExpires);
    for (const certificate of await shownByAll(outputs.caCertificate)) {
      assert.notEqual(certificate.serialNumber, old.serialNumber);
      assert.deepEqual(certificate.publicKey.export({ format: "jwk" }), old.publicKey.export({ format: "jwk" }));
    }
  });

  it("and its key stand nowhere in the clear", async () => {
    const inspected = await Promise.all(
      [...(await stack.containers()).values()].map((id) => docker.getContainer(id).inspect()),
    );
    for (const text of [stack.state(), JSON.stringify(inspected)]) assert.ok(!text.includes("PRIVATE KEY"));
  });
});
