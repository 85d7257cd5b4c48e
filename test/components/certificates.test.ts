import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { readJks, writeJks } from "../../certificates/jks";
import { fingerprintOf } from "../../certificates/nodeStores";
import { issue, keyDerOf, keyEntry, trustEntry } from "../certificates/support";
import { type Recording, runProgram } from "./recorder";

describe("the program's settings", function () {
  this.timeout(60_000);
  let directory: string;

  before(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "program-stores-"));
  });

  after(() => fs.rmSync(directory, { recursive: true }));

  it("may name an own keystore and truststore: nodes and balancer get them, and no authority is made", async () => {
    const own = await issue({ name: "Own", hosts: ["*.apim-wso2.com"] });
    const other = await issue({ name: "Other" });
    const trusted = [trustEntry("wso2carbon", other.cert), trustEntry("own", own.cert)];
    fs.writeFileSync(path.join(directory, "keys"), writeJks([keyEntry("apim", own, [own.cert])], "store-pass"));
    fs.writeFileSync(path.join(directory, "trust"), writeJks(trusted, "trust-pass"));
    const settings = {
      ...{ keystore: path.join(directory, "keys"), keystorePassword: "store-pass" },
      ...{ truststore: path.join(directory, "trust"), truststorePassword: "trust-pass" },
    };
    const run = await runProgram(settings);
    assert.ok(!run.all.some(({ name }) => name.endsWith("keystore")));
    assert.equal(run.get("store-1-config").inputs.keepers.certificate, fingerprintOf(own.cert));
    assert.deepEqual(
      uploadsOf(run, "store-1").get("wso2carbon.jks"),
      uploadsOf(run, "gateway-1").get("wso2carbon.jks"),
    );
    const [key] = readJks(uploadsOf(run, "store-1").get("wso2carbon.jks") ?? Buffer.alloc(0), "wso2carbon");
    assert.ok(key?.kind === "key" && key.alias === "wso2carbon");
    assert.ok(key.open("wso2carbon").equals(keyDerOf(own.key)));
    const truststore = uploadsOf(run, "store-1").get("client-truststore.jks") ?? Buffer.alloc(0);
    assert.deepEqual(readJks(truststore, "wso2carbon"), [
      trustEntry("wso2carbon", own.cert),
      trustEntry("wso2carbon-2", other.cert),
    ]);
    const balancer = uploadsOf(run, "loadbalancer");
    assert.equal(balancer.get("balancer.pem")?.toString(), `${new X509Certificate(own.cert)}${own.key}`);
    assert.equal(
      balancer.get("ca.pem")?.toString(),
      [own.cert, other.cert].map((pem) => new X509Certificate(pem)).join(""),
    );
    assert.equal(await known(run.outputs.caCertificate), String(new X509Certificate(own.cert)));
    await assert.rejects(runProgram({ ...settings, keystorePassword: "store-past" }), /keystorePassword: expected/);
  });

  it("may name an own truststore alone: it is trusted besides the deployment's authority", async () => {
    const bank = await issue({ name: "Bank" });
    fs.writeFileSync(path.join(directory, "trust"), writeJks([trustEntry("bank", bank.cert)], "trust-pass"));
    const run = await runProgram({ truststore: path.join(directory, "trust"), truststorePassword: "trust-pass" });
    const entries = readJks(uploadsOf(run, "gateway-1").get("client-truststore.jks") ?? Buffer.alloc(0), "wso2carbon");
    assert.deepEqual(
      entries.map(({ alias }) => alias),
      ["wso2carbon", "bank", "deployment-ca"],
    );
  });
});

/** Content by file name. */
function uploadsOf(run: Recording, name: string): Map<string, Buffer> {
  const { uploads } = run.get(`${name}-container`).inputs;
  return new Map(
    (uploads.secret as { file: string; content?: string; contentBase64?: string }[]).map(
      ({ file, content, contentBase64 }) => [
        path.basename(file),
        contentBase64 === undefined ? Buffer.from(content ?? "") : Buffer.from(contentBase64, "base64"),
      ],
    ),
  );
}

function known(output: unknown): Promise<unknown> {
  return new Promise((resolve) => {
    (output as pulumi.Output<unknown>).apply(resolve);
  });
}
