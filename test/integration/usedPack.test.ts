import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { VerifyReport } from "../../cli/verify";
import { projectImage } from "../../images/contexts";
import { docker, projectDirectory, TestStack } from "./testStack";

const conf = "repository/conf";

/** A pack of a former deployment, in production elsewhere: its files name hosts, databases and ports of that deployment. */
const edits: readonly [path: string, from: RegExp, to: string][] = [
  [`${conf}/carbon.xml`, /<Offset>0</, "<Offset>3<"],
  [`${conf}/carbon.xml`, /<!--HostName>[^<]*<\/HostName-->/, "<HostName>old.example.com</HostName>"],
  [`${conf}/carbon.xml`, /(?=<WebContextRoot>)/, "<EnableEmailUserName>true</EnableEmailUserName>\n    "],
  [
    `${conf}/datasources/master-datasources.xml`,
    /jdbc:h2:repository\/database\/WSO2(CARBON|AM)_DB[^<]*/g,
    "jdbc:mysql://olddb.example.com:3306/apim",
  ],
  [
    `${conf}/registry.xml`,
    /(?=<\/wso2registry>)/,
    `<dbConfig name="govregistry"><dataSource>jdbc/WSO2REG_DB</dataSource></dbConfig>
    <remoteInstance url="https://old.example.com:9443/registry"><id>shared</id><dbConfig>govregistry</dbConfig></remoteInstance>
    <mount path="/_system/nodes" overwrite="true"><instanceId>shared</instanceId><targetPath>/x</targetPath></mount>\n`,
  ],
  [`${conf}/user-mgt.xml`, /jdbc\/WSO2CarbonDB/, "jdbc/WSO2UM_DB"],
  [`${conf}/axis2/axis2.xml`, /<transportReceiver name="http"[\s\S]*?<\/transportReceiver>/, ""],
  [`${conf}/axis2/axis2.xml`, />8243</, ">443<"],
  [
    `${conf}/axis2/axis2.xml`,
    /security\/wso2carbon\.jks<\/Location>\s*<Type>JKS<\/Type>\s*<Password>wso2carbon</,
    "security/tls.jks</Location><Type>JKS</Type><Password>former<",
  ],
  [`${conf}/tomcat/catalina-server.xml`, /port="9443"/, 'port="443" proxyName="old.example.com"'],
  [`${conf}/tomcat/catalina-server.xml`, /SSLEnabled="true"/, 'SSLEnabled="true" keystoreFile="/etc/ssl/tls.jks"'],
];

describe("a pack that was in use before", function () {
  this.timeout(300_000);
  const stack = new TestStack("itestused");
  const adminUser = "boss@example.com";
  let pack: string;

  before(async () => {
    pack = fs.mkdtempSync(path.join(os.tmpdir(), "used-pack-"));
    fs.cpSync(path.join(projectDirectory, "standin/distribution"), pack, { recursive: true });
    for (const [file, from, to] of edits) {
      const text = fs.readFileSync(path.join(pack, file), "utf8");
      const changed = text.replace(from, to);
      assert.notEqual(changed, text, `${file}: ${from}`);
      fs.writeFileSync(path.join(pack, file), changed);
    }
    // The nodes run the stand-in, with files that are rendered from the pack.
    stack.set({
      distribution: pack,
      image: await standInImage(),
      adminUser,
      startTimeout: 60,
    });
  });
  after(async () => {
    await stack.dispose();
    fs.rmSync(pack, { recursive: true });
  });

  it("preview: what was written by hand and is removed or overruled is reported, once each", async () => {
    const { status, stderr, output } = await stack.run("preview");
    assert.equal(status, 0, output);
    for (const part of [
      "Server/Ports/Offset",
      "Server/HostName",
      "datasource WSO2_CARBON_DB",
      'mount[@path="/_system/nodes"]',
      "KeyStore: Location, Password",
      "proxyName",
      "keystoreFile",
    ])
      assert.equal(output.split(part).length, 2, `${part}: ${stderr}`);
    assert.doesNotMatch(output, /former/);
  });

  it("up: every node is healthy, and an administrator with @ passes the whole cycle", async () => {
    const up = await stack.run("up", "--skip-verify");
    assert.equal(up.status, 0, up.output);
    const verified = await stack.run("verify", "--json");
    const report = JSON.parse(verified.stdout) as VerifyReport;
    const failed = [...report.checks, ...(report.cycle?.steps ?? [])].filter(({ ok }) => !ok);
    assert.deepEqual(failed, []);
    assert.ok(report.cycle?.steps.some(({ name }) => name === `log in as ${adminUser}`));
    assert.equal(
      report.cycle?.steps.some(({ name }) => name.endsWith("over HTTP")),
      false,
    );
    assert.equal(
      report.checks.some(({ name }) => name.includes("olddb")),
      false,
    );
  });
});

/** The stand-in's image, built if no stack has built it. */
async function standInImage(): Promise<string> {
  const { name } = projectImage("standin");
  const exists = await docker
    .getImage(name)
    .inspect()
    .then(() => true)
    .catch(() => false);
  if (exists) return name;
  const context = path.join(projectDirectory, "images/standin/context");
  const progress = await docker.buildImage({ context, src: fs.readdirSync(context) }, { t: name });
  await new Promise<void>((done, failed) =>
    docker.modem.followProgress(progress, (error) => (error ? failed(error) : done())),
  );
  return name;
}
