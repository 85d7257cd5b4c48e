import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { connect } from "node:tls";
import { writeJks } from "../../certificates/jks";
import { fingerprintOf } from "../../certificates/nodeStores";
import type { DeployedStack } from "../../cli/deployedStack";
import { type VerifyOptions, verifyDeployment } from "../../cli/verify";
import { serveBackend } from "../../cli/verify/backend";
import { Front } from "../../cli/verify/front";
import { Gateway } from "../../cli/verify/gateway";
import { type Issued, issue, keyEntry, trustEntry } from "../certificates/support";
import { type Call, callerOf, Load, productionKey } from "./load";
import { type CommandResult, docker, TestStack } from "./testStack";
import { outputsOf } from "./wiringSupport";

const minutes = 60_000;
/** The servers that show the certificate to their clients. */
const servers = ["gateway-1", "gateway-2", "keymanager-1", "keymanager-2", "loadbalancer", "publisher-1", "store-1"];
/** The containers that are replaced when the certificate changes. The load balancer's is not: it loads the new one. */
const holders = servers.map((name) => (name === "loadbalancer" ? "loadbalancer-files" : name));

/** The output without the checks that passed. */
function failures({ output }: CommandResult): string {
  return output.replace(/^✓.*\n/gm, "");
}

describe("server certificate on a running stack", function () {
  this.timeout(4 * minutes);
  const stack = new TestStack("itest-certs");
  const passwords = { keystorePassword: "keystore-own-1", truststorePassword: "truststore-own-1" };
  let outputs: DeployedStack;
  /** The directory with the user's own keystore and truststore. */
  let directory: string;
  let ownRoot: Issued;
  let own: Issued;

  before(async () => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "own-certificates-"));
    ownRoot = await issue({ name: "Company root" });
    own = await issue({ name: "API Manager", hosts: ["*.apim-wso2.com"], by: ownRoot });
    fs.writeFileSync(
      path.join(directory, "trust.jks"),
      writeJks([trustEntry("company", ownRoot.cert)], passwords.truststorePassword),
    );
    writeKeystore(own);
    stack.set({
      // Two replicas, so that calls continue while the nodes are replaced.
      keyManagerReplicas: 2,
      gatewayReplicas: 2,
    });
    const up = await stack.run("up", "--skip-verify");
    assert.equal(up.status, 0, up.output);
    outputs = await outputsOf(stack);
  });

  after(async () => {
    fs.rmSync(directory, { recursive: true });
    await stack.dispose();
  });

  function writeKeystore(server: Issued): void {
    const content = writeJks([keyEntry("apim", server, [server.cert])], passwords.keystorePassword);
    fs.writeFileSync(path.join(directory, "keys.jks"), content);
  }

  /** The certificate of a node, or of the balancer's HTTPS port, for a client that trusts the authority. */
  async function serverCertificate(name: string, ca: string): Promise<X509Certificate> {
    const { nodes, balancer, reachableAddress, reachableManagementAddress } = outputs.topology;
    const node = nodes.find((one) => one.name === name);
    const port = node?.publishedPort ?? balancer.ports.find((one) => one.name === "https")?.published ?? 0;
    const host = node ? reachableManagementAddress : reachableAddress;
    const servername = (node ?? nodes[0])?.hostName ?? "";
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, ca, servername }, () => {
        resolve(new X509Certificate(socket.getPeerX509Certificate()?.raw ?? Buffer.alloc(0)));
        socket.destroy();
      });
      socket.once("error", reject);
    });
  }

  /** Runs verify in this process, which must pass. @returns the API that verify kept; empty without `keep` */
  async function verify(options: Partial<VerifyOptions>): Promise<{ name: string; url: string }> {
    const signal = new AbortController().signal;
    const report = await verifyDeployment(outputs, { links: false, keep: false, ...options }, signal);
    const failed = [...report.checks, ...(report.cycle?.steps ?? [])].filter(({ ok }) => !ok);
    assert.deepEqual(failed, []);
    return report.cycle?.left ?? { name: "", url: "" };
  }

  const serverCertificates = (ca: string) => Promise.all(servers.map((name) => serverCertificate(name, ca)));

  /** The names of the containers that were replaced. */
  async function replacedSince(before: ReadonlyMap<string, string>): Promise<string[]> {
    const now = await stack.containers();
    assert.deepEqual([...now.keys()].sort(), [...before.keys()].sort());
    return [...now].flatMap(([name, id]) => (before.get(name) === id ? [] : [name])).sort();
  }

  it("certificateRenewal: a new certificate of the same authority and key is previewed, and rolled out node by node", async () => {
    const before = await stack.containers();
    const [old] = await serverCertificates(outputs.caCertificate);
    assert.ok(old);
    stack.set({ certificateRenewal: "2026-12-24" });
    const preview = await stack.run("preview");
    assert.equal(preview.status, 0, preview.output);
    assert.match(
      preview.stdout,
      /~ +pulumi-nodejs:dynamic:Resource apim-certificates-keystore update \[diff: [~+]renewal\]/,
    );
    assert.deepEqual(await stack.previewContainers(), { replace: holders, create: [] });

    const up = await stack.run("up");
    assert.equal(up.status, 0, failures(up));
    assert.match(up.output, /From publishing to calling: all \d+ steps passed/);
    assert.match(up.output, /certificate: valid until 20\d\d-/);
    assert.deepEqual(await replacedSince(before), holders);
    const created = await Promise.all(
      ["keymanager-1", "keymanager-2", "publisher-1", "store-1"].map(async (name) =>
        Date.parse((await docker.getContainer(`${stack.prefix}-${name}`).inspect()).Created),
      ),
    );
    assert.deepEqual(
      created,
      [...created].sort((a, b) => a - b),
      "nodes are replaced one after another, in their start order",
    );

    const now = await outputsOf(stack);
    assert.equal(now.caCertificate, outputs.caCertificate);
    assert.ok(now.certificateExpires > outputs.certificateExpires);
    for (const certificate of await serverCertificates(outputs.caCertificate)) {
      assert.notEqual(certificate.serialNumber, old.serialNumber);
      assert.deepEqual(certificate.publicKey.export({ format: "jwk" }), old.publicKey.export({ format: "jwk" }));
    }
  });

  it("keystore and truststore: the servers use the user's own certificate", async () => {
    const before = await stack.containers();
    stack.set({
      certificateRenewal: undefined,
      keystore: path.join(directory, "keys.jks"),
      truststore: path.join(directory, "trust.jks"),
    });
    for (const [name, password] of Object.entries(passwords)) await stack.setSecret(name, password);
    const up = await stack.run("up");
    assert.equal(up.status, 0, failures(up));
    assert.match(up.output, /From publishing to calling: all \d+ steps passed/);
    assert.deepEqual(await replacedSince(before), holders);
    assert.equal((await outputsOf(stack)).caCertificate, String(new X509Certificate(ownRoot.cert)));
    const fingerprints = (await serverCertificates(ownRoot.cert)).map(({ raw }) => fingerprintOf(raw));
    assert.deepEqual(fingerprints, Array(servers.length).fill(fingerprintOf(own.cert)));
    const again = await stack.run("preview", "--expect-no-changes");
    assert.equal(again.status, 0, again.output);
  });

  it("a new certificate in the user's keystore: the preview shows the fingerprint, and calls continue during up", async () => {
    outputs = await outputsOf(stack);
    const backend = await serveBackend(outputs.topology.network.gateway);
    try {
      const kept = await verify({ keep: true, endpoint: backend.urls.PRODUCTION });
      const path = new URL(kept.url).pathname;
      const gateway = new Gateway(
        new Front(outputs.topology, outputs.caCertificate),
        outputs.topology.environments[0]?.apiHost ?? "",
      );
      const token = await gateway.token(await productionKey(outputs, kept.name));
      const next = await issue({ name: "API Manager", hosts: ["*.apim-wso2.com"], by: ownRoot });
      writeKeystore(next);
      const preview = await stack.run("preview", "--diff");
      assert.equal(preview.status, 0, preview.output);
      const change = `certificate +: "${fingerprintOf(own.cert)}" => "${fingerprintOf(next.cert)}"`;
      assert.equal(preview.stdout.match(new RegExp(change, "g"))?.length, servers.length, preview.stdout);
      assert.doesNotMatch(preview.stdout, /~ trusted certificates/);

      const before = await stack.containers();
      const isAnswer = (status: number, body: string) => backend.isAnswer("PRODUCTION", status, body);
      const running = new Load(callerOf(outputs, { path, token, isAnswer }), 25);
      const up = await stack.run("up", "--skip-verify");
      const calls = await running.stop();
      assert.equal(up.status, 0, failures(up));
      assert.deepEqual(await replacedSince(before), holders);
      const fingerprints = (await serverCertificates(ownRoot.cert)).map(({ raw }) => fingerprintOf(raw));
      assert.deepEqual(fingerprints, Array(servers.length).fill(fingerprintOf(next.cert)));
      assertContinued(calls);
      await verify({ kept: kept.name, endpoint: backend.urls.PRODUCTION });
    } finally {
      await backend.close();
    }
  });

  /** The load balancer answers every call. POST calls that are in flight on a gateway when it stops may fail. */
  function assertContinued(calls: readonly Call[]): void {
    assert.ok(calls.length > 100, `${calls.length} calls`);
    const [answered, unanswered] = [true, false].map((wanted) =>
      calls.filter(({ ok, detail }) => !ok && /^\d/.test(detail) === wanted),
    ) as [Call[], Call[]];
    assert.deepEqual(unanswered, []);
    assert.ok(
      answered.length <= 4 && answered.every(({ method }) => method === "POST"),
      `calls that were lost on a gateway: ${JSON.stringify(answered)}`,
    );
  }

  it("private keys and passwords do not appear in plain text in state or docker inspect", async () => {
    const inspected = await Promise.all(
      [...(await stack.containers()).values()].map((id) => docker.getContainer(id).inspect()),
    );
    const secrets = ["PRIVATE KEY", ...Object.values(passwords)];
    for (const text of [stack.state(), JSON.stringify(inspected)])
      for (const secret of secrets) assert.ok(!text.includes(secret), `${secret} appears in state or docker inspect`);
  });

  async function assertRefused(expected: RegExp): Promise<void> {
    const before = await stack.containers();
    for (const { status, output } of [await stack.run("preview"), await stack.run("up")]) {
      assert.equal(status, 1, output);
      assert.match(output, expected);
      assert.ok(!output.includes("-own-"), "a password appears in the output");
    }
    assert.deepEqual(await stack.containers(), before);
  }

  it("keystore without a host name of the deployment: preview and up fail before any change", async () => {
    stack.set({ storeHost: "store.example.org" });
    await assertRefused(
      /missing are store\.example\.org, store-1\.example\.org; have one issued .*san=dns:keymanager\.apim-wso2\.com,/,
    );
    stack.set({ storeHost: "store.apim-wso2.com" });
  });

  it("wrong keystorePassword: preview and up fail before any change", async () => {
    await stack.setSecret("keystorePassword", "keystore-own-2");
    await assertRefused(
      /- keystorePassword: expected the password of .*keys\.jks, found a wrong one; run: npm run config/,
    );
  });
});
