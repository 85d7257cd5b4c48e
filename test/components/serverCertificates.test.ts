import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { readJks } from "../../certificates/jks";
import { ServerCertificates } from "../../components";
import type { DeploymentPlan } from "../../plan";
import { issue } from "../certificates/support";
import { known, type Recording, record } from "./recorder";
import { planOf } from "./support";

describe("ServerCertificates alone", function () {
  this.timeout(120_000);
  let plan: DeploymentPlan;
  let run: Recording<ServerCertificates>;
  before(async () => {
    plan = await planOf();
    run = await record(() => new ServerCertificates("tls", { plan }));
  });

  it("creates one certificate, its child, with every name of the plan", () => {
    const [component, certificate, ...others] = run.all;
    assert.deepEqual([component?.name, component?.parent], ["tls", ""]);
    assert.deepEqual([certificate?.name, certificate?.parent], ["tls-keystore", "tls"]);
    assert.deepEqual(others, []);
    assert.deepEqual(certificate?.inputs.names, plan.topology.certificateNames);
    assert.equal(certificate?.inputs.days, plan.settings.certificateDays);
  });

  it("takes validity and renewals from the settings", async () => {
    const renewed = await planOf({ certificateDays: 90, certificateRenewal: "second", authorityRenewal: "third" });
    const { get } = await record(() => new ServerCertificates("tls", { plan: renewed }));
    const { days, renewal, authority } = get("tls-keystore").inputs;
    assert.deepEqual([days, renewal, authority], [90, "second", "third"]);
  });

  it("marks the private keys in the state as secret", () => {
    assert.deepEqual([...run.get("tls-keystore").secretOutputs].sort(), ["caKey", "privateKey"]);
  });

  it("outputs what contains the private key as secret, and everything else in plain", async () => {
    const { keystore, balancerPem, truststore, balancerTrust, caCertificate, expires } = run.outputs;
    for (const output of [keystore, balancerPem]) assert.equal(await pulumi.isSecret(output), true);
    for (const output of [truststore, balancerTrust, caCertificate, expires])
      assert.equal(await pulumi.isSecret(output), false);
  });

  it("outputs stores with the alias and password of the plan", async () => {
    const { keyStore, trustStore } = plan.stores;
    const keys = readJks(Buffer.from(await known(run.outputs.keystore), "base64"), keyStore.password);
    assert.deepEqual(
      keys.map(({ kind, alias }) => [kind, alias]),
      [["key", keyStore.keyAlias]],
    );
    const trusted = readJks(Buffer.from(await known(run.outputs.truststore), "base64"), trustStore.password);
    assert.ok(trusted.length > 0 && trusted.every(({ kind }) => kind !== "key"));
  });

  it("outputs when the certificate ends", async () => {
    const [pem = ""] =
      (await known(run.outputs.balancerPem)).match(/-----BEGIN CERT[\s\S]*?-----END CERT.*-----/) ?? [];
    assert.equal(await known(run.outputs.expires), new Date(new X509Certificate(pem).validTo).toISOString());
  });

  it("uses the user's own key if the plan has one, and creates nothing", async () => {
    const { cert, key } = await issue({ name: "Own", hosts: ["*.apim-wso2.com"] });
    const own = { privateKey: key, chain: [cert], caCertificate: cert };
    const { all, outputs } = await record(
      () => new ServerCertificates("tls", { plan: { ...plan, certificates: { key: own, trusted: [] } } }),
    );
    assert.deepEqual(
      all.map(({ name }) => name),
      ["tls"],
    );
    assert.equal(await known(outputs.caCertificate), cert);
    assert.equal(await pulumi.isSecret(outputs.keystore), true);
    assert.ok((await known(outputs.balancerPem)).includes(key));
  });

  it("has other fingerprints for another certificate, so that the servers' revisions change", async () => {
    const fingerprintOf = async (name: string) => {
      const { cert, key } = await issue({ name });
      const own = { privateKey: key, chain: [cert], caCertificate: cert };
      const { outputs } = await record(
        () => new ServerCertificates("tls", { plan: { ...plan, certificates: { key: own, trusted: [] } } }),
      );
      return [await known(outputs.keepers.certificate), await known(outputs.keepers["trusted certificates"])];
    };
    const [first, second] = [await fingerprintOf("First"), await fingerprintOf("Second")];
    assert.notEqual(first[0], second[0]);
    assert.notEqual(first[1], second[1]);
  });
});
