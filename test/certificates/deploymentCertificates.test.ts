import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import {
  type CertificateRequest,
  type DeploymentCertificates,
  makeCertificates,
} from "../../certificates/deploymentCertificates";
import { type JksKeyEntry, readJks } from "../../certificates/jks";
import { runAsClosure } from "../setup/closure";

const request: CertificateRequest = {
  names: ["keymanager.apim-wso2.com", "gateway-1.apim-wso2.com", "localhost", "10.40.0.11"],
  balancerNames: ["gateway.apim-wso2.com", "127.0.0.1"],
  keystore: { alias: "wso2carbon", storePassword: "store-pw", keyPassword: "key-pw" },
  trustStorePassword: "trust-pw",
  days: 30,
};

/** Shakes hands with a server of this key, asking for `name`; rejects as a verifying client would. */
async function handshake(options: { key: string; cert: string; ca: string; name: string }): Promise<string> {
  const server = createServer({ key: options.key, cert: options.cert });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  let socket: TLSSocket | undefined;
  try {
    return await new Promise<string>((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      socket = connect({
        host: "127.0.0.1",
        port,
        ca: options.ca,
        ...(/^[\d.]+$/.test(options.name) ? {} : { servername: options.name }),
        checkServerIdentity: (_host, certificate) => {
          const found = new X509Certificate(certificate.raw);
          const matches = /^[\d.]+$/.test(options.name) ? found.checkIP(options.name) : found.checkHost(options.name);
          return matches === undefined ? new Error(`certificate does not carry ${options.name}`) : undefined;
        },
      });
      socket.once("secureConnect", () => resolve(socket?.authorized ? "accepted" : "unauthorized"));
      socket.once("error", reject);
    });
  } finally {
    socket?.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe("the deployment's certificates", () => {
  let made: DeploymentCertificates;
  let nodes: { key: string; cert: string; chain: readonly Buffer[] };

  before(async function () {
    this.timeout(30_000);
    made = await makeCertificates(request);
    const [entry] = readJks(Buffer.from(made.keystore, "base64"), "store-pw", "key-pw") as [JksKeyEntry];
    const key = createPrivateKey({ key: entry.privateKey, format: "der", type: "pkcs8" });
    nodes = {
      key: key.export({ type: "pkcs8", format: "pem" }).toString(),
      cert: entry.chain.map((der) => new X509Certificate(der).toString()).join(""),
      chain: entry.chain,
    };
  });

  for (const name of request.names) {
    it(`lets a client that trusts the authority reach a node as ${name}`, async () => {
      assert.equal(await handshake({ ...nodes, ca: made.caCertificate, name }), "accepted");
    });
  }

  for (const name of ["publisher.apim-wso2.com", "10.40.0.12", "apim-wso2.com"]) {
    it(`refuses ${name}, which is not among the names`, async () => {
      await assert.rejects(handshake({ ...nodes, ca: made.caCertificate, name }), /does not carry/);
    });
  }

  it("refuses a client that trusts another deployment", async function () {
    this.timeout(30_000);
    const other = await makeCertificates(request);
    await assert.rejects(
      handshake({ ...nodes, ca: other.caCertificate, name: "localhost" }),
      /self-signed|verify|issuer/,
    );
  });

  it("gives the balancer a certificate of its own, chain and key in one file", async () => {
    const blocks = [...made.balancerPem.matchAll(/-----BEGIN ([A-Z ]+)-----/g)].map(([, kind]) => kind);
    assert.deepEqual(blocks, ["CERTIFICATE", "CERTIFICATE", "PRIVATE KEY"]);
    const both = { key: made.balancerPem, cert: made.balancerPem, ca: made.caCertificate };
    for (const name of request.balancerNames) assert.equal(await handshake({ ...both, name }), "accepted");
    await assert.rejects(handshake({ ...both, name: "localhost" }), /does not carry/);
  });

  it("puts the node's key and both certificates into the keystore, under the alias", () => {
    const [own, ca] = nodes.chain.map((der) => new X509Certificate(der));
    assert.ok(own && ca);
    assert.equal(own.fingerprint256.replaceAll(":", "").toLowerCase(), made.fingerprint);
    assert.ok(own.checkIssued(ca) && own.verify(ca.publicKey));
    assert.equal(own.checkPrivateKey(createPrivateKey(nodes.key)), true);
    assert.equal(ca.ca, true);
    assert.equal(own.ca, false);
    assert.equal(own.publicKey.asymmetricKeyDetails?.modulusLength, 2048);
    const days = (Date.parse(own.validTo) - Date.now()) / 86_400_000;
    assert.ok(days > 29.9 && days < 30.1, `${days} days`);
  });

  it("may sign nothing further", () => {
    const ca = readJks(Buffer.from(made.truststore, "base64"), "trust-pw").find(
      ({ alias }) => alias === "deployment-ca",
    );
    assert.equal(ca?.kind, "trusted");
    const text = JSON.stringify(made);
    const keys = text.match(/PRIVATE KEY-----/g);
    assert.equal(keys?.length, 2, "only the balancer's key stands open, begin and end");
  });

  it("puts the authority and the nodes' certificate into the truststore", () => {
    const entries = readJks(Buffer.from(made.truststore, "base64"), "trust-pw");
    assert.deepEqual(entries.map(({ kind, alias }) => `${kind} ${alias}`).sort(), [
      "trusted deployment-ca",
      "trusted wso2carbon",
    ]);
    const own = entries.find(({ alias }) => alias === "wso2carbon");
    assert.ok(own?.kind === "trusted" && nodes.chain[0]?.equals(own.certificate));
  });

  it("serves as a client's certificate too", () => {
    const [own] = nodes.chain.map((der) => new X509Certificate(der));
    assert.deepEqual(own?.keyUsage, ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
  });

  const bad: [string, Partial<CertificateRequest>, RegExp][] = [
    ["no name", { names: [] }, /certificate names: expected at least one/],
    ["a name that is none", { balancerNames: ["a b"] }, /balancerNames: .*found "a b"/],
    ["no days", { days: 0 }, /days: .*found 0/],
    ["the authority's alias", { keystore: { ...request.keystore, alias: "Deployment-CA" } }, /choose another alias/],
  ];
  for (const [what, change, message] of bad) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(makeCertificates({ ...request, ...change }), message);
    });
  }

  it("works from a dynamic resource, whose function is taken out of its module", async function () {
    this.timeout(60_000);
    const { fingerprint } = await runAsClosure(() => makeCertificates(request));
    assert.match(fingerprint, /^[0-9a-f]{64}$/);
  });
});
