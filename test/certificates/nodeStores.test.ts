import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { type Authority, issueCertificate, makeAuthority, type ServerKey } from "../../certificates/authority";
import { readJks } from "../../certificates/jks";
import type { StoredCertificate } from "../../certificates/keystoreEntry";
import {
  balancerTrust,
  endOf,
  fingerprintOf,
  nodeKeystore,
  nodeTruststore,
  trustedBy,
  trustFingerprint,
} from "../../certificates/nodeStores";
import { derOf } from "./support";

const facts = {
  location: "repository/resources/security/wso2carbon.jks",
  password: "store-pw",
  keyAlias: "wso2carbon",
  keyPassword: "key-pw",
};

describe("the nodes' keystore and truststore", function () {
  this.timeout(30_000);
  let authority: Authority;
  let other: Authority;
  let made: ServerKey;
  let chain: string[];

  before(async () => {
    [authority, other] = await Promise.all([makeAuthority(), makeAuthority()]);
    made = await issueCertificate(authority, ["a.example.com"], 30);
    chain = [made.certificate, authority.caCertificate];
  });

  const named = (alias: string, pem: string): StoredCertificate => ({
    kind: "trusted",
    alias,
    certificate: derOf(pem),
  });

  it("the keystore has the key under the alias of carbon.xml, with its whole chain", () => {
    const [entry, ...more] = readJks(nodeKeystore(made.privateKey, chain, facts), "store-pw");
    assert.ok(entry?.kind === "key" && more.length === 0);
    assert.equal(entry.alias, "wso2carbon");
    assert.deepEqual(entry.chain, chain.map(derOf));
    const key = createPrivateKey({ key: entry.open("key-pw"), format: "der", type: "pkcs8" });
    assert.ok(new X509Certificate(made.certificate).checkPrivateKey(key));
  });

  it("the same input gives the same bytes, so that a preview shows no false change", () => {
    const once = () => [
      nodeKeystore(made.privateKey, chain, facts),
      nodeTruststore(trustedBy(made.certificate, authority.caCertificate, [], facts), facts),
    ];
    assert.deepEqual(once(), once());
  });

  it("the truststore has the servers' certificate under the key's alias, its authority, and the others under their aliases", () => {
    const others = [named("WSO2Carbon", other.caCertificate), named("bank", authority.caCertificate)];
    const trusted = trustedBy(made.certificate, authority.caCertificate, others, facts);
    assert.deepEqual(
      trusted.map(({ alias }) => alias),
      ["wso2carbon", "wso2carbon-2", "bank"],
    );
    assert.deepEqual(readJks(nodeTruststore(trusted, facts), "store-pw"), trusted);
    const alone = trustedBy(made.certificate, authority.caCertificate, [], facts);
    assert.deepEqual(
      alone.map(({ alias }) => alias),
      ["wso2carbon", "deployment-ca"],
    );
  });

  it("balancerTrust leaves out certificates that OpenSSL can't read", () => {
    const odd: StoredCertificate = { kind: "trusted", alias: "odd", certificate: Buffer.from("3000", "hex") };
    const trusted = trustedBy(made.certificate, authority.caCertificate, [odd], facts);
    assert.equal(trusted.length, 3);
    const blocks = balancerTrust(trusted).match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
    assert.deepEqual(blocks.map(fingerprintOf), [made.certificate, authority.caCertificate].map(fingerprintOf));
  });

  it("trustFingerprint changes with the certificates, not with their order or aliases", () => {
    const [one, two] = [named("one", made.certificate), named("two", other.caCertificate)];
    const first = trustFingerprint(authority.caCertificate, [one, two]);
    assert.equal(trustFingerprint(authority.caCertificate, [{ ...two, alias: "x" }, one, two]), first);
    assert.notEqual(trustFingerprint(authority.caCertificate, [one]), first);
    assert.notEqual(trustFingerprint(other.caCertificate, [one, two]), first);
  });

  it("endOf is when the first certificate of the chain expires", () => {
    const days = (Date.parse(endOf([authority.caCertificate, made.certificate])) - Date.now()) / 86_400_000;
    assert.ok(Math.abs(days - 30) < 0.1, `${days} days`);
  });
});
