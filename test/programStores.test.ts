import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { readJks, writeJks } from "../certificates/jks";
import { fingerprintOf } from "../certificates/nodeStores";
import { issue, keyDerOf, keyEntry, trustEntry } from "./certificates/support";
import { filesIn, known, type Recording, runProgram } from "./components/recorder";

describe("the program with a keystore or truststore of the user's own", function () {
  this.timeout(120_000);
  let directory: string;

  before(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "program-stores-"));
  });

  after(() => fs.rmSync(directory, { recursive: true }));

  it("gives the nodes and the load balancer the user's key and certificates, and creates no authority", async () => {
    const own = await issue({ name: "Own", hosts: ["*.apim-wso2.com"] });
    const other = await issue({ name: "Other" });
    const trusted = [trustEntry("wso2carbon", other.cert), trustEntry("own", own.cert)];
    fs.writeFileSync(path.join(directory, "keys"), writeJks([keyEntry("apim", own, [own.cert])], "store-pass"));
    fs.writeFileSync(path.join(directory, "trust"), writeJks(trusted, "trust-pass"));
    const settings = {
      keystore: path.join(directory, "keys"),
      keystorePassword: "store-pass",
      truststore: path.join(directory, "trust"),
      truststorePassword: "trust-pass",
    };
    const run = await runProgram(settings);
    assert.ok(!run.all.some(({ name }) => name.endsWith("keystore")));
    assert.equal(run.get("store-1-config").inputs.keepers.certificate, fingerprintOf(own.cert));
    const keystore = fileOf(run, "store-1", "wso2carbon.jks");
    assert.deepEqual(keystore, fileOf(run, "gateway-1", "wso2carbon.jks"));
    const [key] = readJks(keystore, "wso2carbon");
    assert.ok(key?.kind === "key" && key.alias === "wso2carbon");
    assert.ok(key.open("wso2carbon").equals(keyDerOf(own.key)));
    assert.deepEqual(readJks(fileOf(run, "store-1", "client-truststore.jks"), "wso2carbon"), [
      trustEntry("wso2carbon", own.cert),
      trustEntry("wso2carbon-2", other.cert),
    ]);
    assert.equal(
      String(fileOf(run, "loadbalancer-files", "balancer.pem")),
      `${new X509Certificate(own.cert)}${own.key}`,
    );
    assert.equal(
      String(fileOf(run, "loadbalancer-files", "ca.pem")),
      [own.cert, other.cert].map((pem) => new X509Certificate(pem)).join(""),
    );
    assert.equal(
      await known(run.outputs.caCertificate as pulumi.Output<string>),
      String(new X509Certificate(own.cert)),
    );
    await assert.rejects(runProgram({ ...settings, keystorePassword: "store-past" }), /keystorePassword: expected/);
  });

  it("trusts the user's truststore and the deployment's authority if there is no keystore", async () => {
    const bank = await issue({ name: "Bank" });
    fs.writeFileSync(path.join(directory, "trust"), writeJks([trustEntry("bank", bank.cert)], "trust-pass"));
    const run = await runProgram({ truststore: path.join(directory, "trust"), truststorePassword: "trust-pass" });
    const entries = readJks(fileOf(run, "gateway-1", "client-truststore.jks"), "wso2carbon");
    assert.deepEqual(
      entries.map(({ alias }) => alias),
      ["wso2carbon", "bank", "deployment-ca"],
    );
  });
});

/** The file of that name in a component's container. */
function fileOf(run: Recording, component: string, name: string): Buffer {
  const found = [...filesIn(run, component)].find(([file]) => path.basename(file) === name);
  return found?.[1] ?? assert.fail(`${component} has no file ${name}`);
}
