import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { type Authority, issueCertificate, makeAuthority, type ServerKey } from "../../certificates/authority";
import { runAsClosure } from "../cli/setup/closure";

const names = ["keymanager.apim-wso2.com", "gateway-1.apim-wso2.com", "localhost", "10.40.0.11"];

/** A TLS handshake with a server of this key, called by `name`; rejects like a client that verifies. */
async function handshake(options: ServerKey & { ca: string; name: string }): Promise<string> {
  const server = createServer({ key: options.privateKey, cert: options.certificate });
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
          return matches === undefined ? new Error(`the certificate does not contain ${options.name}`) : undefined;
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

describe("the deployment's certificate", function () {
  this.timeout(30_000);
  let authority: Authority;
  let made: ServerKey;

  before(async () => {
    authority = await makeAuthority();
    made = await issueCertificate(authority, names, 30);
  });

  for (const name of names) {
    it(`is accepted for ${name} by a client that trusts the authority`, async () => {
      assert.equal(await handshake({ ...made, ca: authority.caCertificate, name }), "accepted");
    });
  }

  for (const name of ["publisher.apim-wso2.com", "10.40.0.12", "apim-wso2.com"]) {
    it(`is refused for ${name}, which is not among its names`, async () => {
      await assert.rejects(handshake({ ...made, ca: authority.caCertificate, name }), /does not contain/);
    });
  }

  it("is refused by a client that trusts the authority of another deployment", async () => {
    const other = await makeAuthority();
    await assert.rejects(
      handshake({ ...made, ca: other.caCertificate, name: "localhost" }),
      /self-signed|verify|issuer/,
    );
  });

  it("is signed by the authority, for its key, and valid for the given days", () => {
    const [own, ca] = [new X509Certificate(made.certificate), new X509Certificate(authority.caCertificate)];
    assert.ok(own.checkIssued(ca) && own.verify(ca.publicKey));
    assert.equal(own.checkPrivateKey(createPrivateKey(made.privateKey)), true);
    assert.deepEqual([own.ca, ca.ca], [false, true]);
    assert.equal(own.publicKey.asymmetricKeyDetails?.modulusLength, 2048);
    assert.ok(Math.abs(daysOf(own) - 30) < 0.1, `${daysOf(own)} days`);
    assert.ok(daysOf(ca) > 7299, `${daysOf(ca)} days`);
  });

  it("is for TLS servers and TLS clients", () => {
    const { keyUsage } = new X509Certificate(made.certificate);
    assert.deepEqual(keyUsage, ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
  });

  it("is renewed for the same key, by the same authority, with a new serial number", async () => {
    const renewed = await issueCertificate(authority, [...names, "store.apim-wso2.com"], 60, made.privateKey);
    const [old, own] = [new X509Certificate(made.certificate), new X509Certificate(renewed.certificate)];
    assert.notEqual(own.serialNumber, old.serialNumber);
    assert.equal(own.checkPrivateKey(createPrivateKey(made.privateKey)), true);
    assert.equal(renewed.privateKey, made.privateKey);
    assert.ok(Math.abs(daysOf(own) - 60) < 0.1);
    const name = "store.apim-wso2.com";
    assert.equal(await handshake({ ...renewed, ca: authority.caCertificate, name }), "accepted");
  });

  it("expires no later than its authority", async () => {
    const own = new X509Certificate((await issueCertificate(authority, names, 7300, made.privateKey)).certificate);
    assert.equal(own.validTo, new X509Certificate(authority.caCertificate).validTo);
  });

  const bad: [string, string[], number, RegExp][] = [
    ["no name", [], 30, /certificate names: expected at least one/],
    ["an invalid name", ["a b"], 30, /certificate names: .*found "a b"/],
    ["no days", names, 0, /days: .*found 0/],
    ["more days than the authority has", names, 7301, /from 1 to 7300, found 7301/],
  ];
  for (const [what, wrong, days, message] of bad) {
    it(`can't be issued for ${what}`, async () => {
      await assert.rejects(issueCertificate(authority, wrong, days), message);
    });
  }

  it("can be issued in a dynamic resource, where Pulumi serializes the functions", async function () {
    this.timeout(60_000);
    const found = await runAsClosure(async () => {
      const ca = await makeAuthority();
      const first = await issueCertificate(ca, names, 30);
      return issueCertificate(ca, names, 30, first.privateKey);
    });
    assert.match(found.certificate, /^-----BEGIN CERTIFICATE-----/);
  });
});

function daysOf({ validTo }: X509Certificate): number {
  return (Date.parse(validTo) - Date.now()) / 86_400_000;
}
