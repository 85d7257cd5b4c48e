import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { readDistribution, readDistributionDirectory } from "../../distribution";
import { configurationFiles } from "../../product/files";
import { zip } from "./zipWriter";

const standIn = resolve(__dirname, "../../standin/distribution");

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
}

describe("reading a distribution", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "distribution-test-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** A copy of the stand-in's distribution with one file changed; undefined removes it. */
  function copyWith(path: string, change: (text: string) => string | undefined): string {
    cpSync(standIn, directory, { recursive: true });
    const file = join(directory, path);
    const text = change(readFileSync(file, "utf8"));
    if (text === undefined) rmSync(file);
    else writeFileSync(file, text);
    return directory;
  }

  it("APIM_HOME: version, stock files, dbscripts and keystores are read", () => {
    const distribution = readDistributionDirectory(standIn);
    assert.equal(distribution.version, "1.9.0");
    for (const { path } of Object.values(configurationFiles))
      if (statSync(join(standIn, path), { throwIfNoEntry: false }))
        assert.deepEqual(distribution.files.get(path), readFileSync(join(standIn, path)));
    assert.deepEqual([...distribution.dbscripts.keys()], ["dbscripts/mysql.sql", "dbscripts/apimgt/mysql.sql"]);
    assert.match(distribution.dbscripts.get("dbscripts/apimgt/mysql.sql") ?? "", /CREATE TABLE/i);
    assert.deepEqual(distribution.keyStore, {
      location: "repository/resources/security/wso2carbon.jks",
      password: "wso2carbon",
      keyAlias: "wso2carbon",
      keyPassword: "wso2carbon",
    });
    assert.deepEqual(distribution.trustStore, {
      location: "repository/resources/security/client-truststore.jks",
      password: "wso2carbon",
    });
  });

  it("the product's own truststore is read from a directory and from a zip", async () => {
    const truststore = "repository/resources/security/client-truststore.jks";
    cpSync(standIn, directory, { recursive: true });
    mkdirSync(join(directory, "repository/resources/security"), { recursive: true });
    writeFileSync(join(directory, truststore), "stock");
    assert.deepEqual(readDistributionDirectory(directory).trustStore.stock, Buffer.from("stock"));
    const packed = filesBelow(directory).map((name) => [name, readFileSync(join(directory, name))] as const);
    writeFileSync(join(directory, "pack.zip"), zip(new Map(packed)));
    const { trustStore } = await readDistribution(join(directory, "pack.zip"));
    assert.deepEqual(trustStore.stock, Buffer.from("stock"));
  });

  it("a directory that contains one APIM_HOME is read; one that contains two is refused", async () => {
    cpSync(standIn, join(directory, "wso2am-1.9.0"), { recursive: true });
    mkdirSync(join(directory, "other"));
    const distribution = await readDistribution(directory);
    assert.deepEqual(distribution.files, readDistributionDirectory(standIn).files);
    cpSync(standIn, join(directory, "wso2am-2"), { recursive: true });
    assert.throws(() => readDistributionDirectory(directory), /several distributions \(wso2am-1\.9\.0, wso2am-2\)/);
  });

  for (const prefix of ["wso2am-1.9.0/", ""])
    it(`zip ${prefix === "" ? "of the home itself" : "with a directory in it"}: the same is read as from a directory`, async () => {
      const path = join(directory, "pack.zip");
      const big = new Map([[`${prefix}repository/components/plugins/big.jar`, Buffer.alloc(100_000)]]);
      const packed = filesBelow(standIn).map((name) => [prefix + name, readFileSync(join(standIn, name))] as const);
      writeFileSync(path, zip(new Map([...big, ...packed])));
      const fromZip = await readDistribution(path);
      const fromDirectory = readDistributionDirectory(standIn);
      assert.deepEqual({ ...fromZip, source: "" }, { ...fromDirectory, source: "" });
      assert.throws(() => readDistributionDirectory(path), /expected a directory, found a file/);
    });

  it("a path that is not a distribution is an error that names what is wrong", async () => {
    await assert.rejects(readDistribution(join(directory, "nowhere")), /nowhere: there is no such directory or file/);
    await assert.rejects(
      readDistribution(directory),
      /found no repository\/conf\/carbon\.xml in it or in one of its directories/,
    );
    const file = join(directory, "pack.zip");
    writeFileSync(file, "not a zip");
    await assert.rejects(readDistribution(file), /pack\.zip: expected a directory or a zip, but it can't be read/);
    writeFileSync(file, zip(new Map([["readme.txt", Buffer.from("x")]])));
    await assert.rejects(readDistribution(file), /found no repository\/conf\/carbon\.xml in the zip/);
  });

  it("a missing file is an error with the remedy", () => {
    const home = copyWith("repository/conf/user-mgt.xml", () => undefined);
    assert.throws(
      () => readDistributionDirectory(home),
      /found no repository\/conf\/user-mgt\.xml; expected an APIM_HOME with wso2am-1\.9\.0's own files.*copy the missing file/,
    );
  });

  it("incomplete: missing files are listed instead of being an error", () => {
    const home = copyWith("repository/conf/user-mgt.xml", () => undefined);
    assert.deepEqual(readDistributionDirectory(home, { incomplete: true }).missing, ["repository/conf/user-mgt.xml"]);
    assert.throws(() => readDistributionDirectory(home), /found no repository\/conf\/user-mgt\.xml/);
  });

  it("catalina-server.xml is optional: without it, a warning names what will not work", () => {
    const home = copyWith("repository/conf/tomcat/catalina-server.xml", () => undefined);
    const { warnings, missing } = readDistributionDirectory(home);
    assert.deepEqual(missing, []);
    assert.match(warnings.join("\n"), /catalina-server\.xml: not in .*redirects lead to a node's own port/);
    assert.deepEqual(readDistributionDirectory(standIn).warnings, []);
  });

  it("_RevokeAPI_.xml is required since version 1.7", () => {
    const revoke = configurationFiles.revokeApi.path;
    const version = (number: string) => copyWith("repository/conf/carbon.xml", (text) => text.replace("1.9.0", number));
    rmSync(join(version("1.6.0"), revoke));
    assert.equal(readDistributionDirectory(directory).files.has(revoke), false);
    version("1.7.0");
    rmSync(join(directory, revoke));
    assert.throws(() => readDistributionDirectory(directory), /found no .*_RevokeAPI_\.xml/);
  });

  it("a version that is not supported is an error with the supported versions", () => {
    const home = copyWith("repository/conf/carbon.xml", (text) => text.replace("1.9.0", "2.0.0"));
    assert.throws(
      () => readDistributionDirectory(home),
      /has version "2\.0\.0"; supported versions are 1\.5\.0, 1\.6\.0, 1\.7\.0, 1\.8\.0, 1\.9\.0, 1\.9\.1, 1\.10\.0;/,
    );
  });

  it("a truststore type other than JKS is refused", () => {
    const home = copyWith("repository/conf/carbon.xml", (text) =>
      text.replace(/(<TrustStore>[\s\S]*?<Type>)JKS/, "$1PKCS12"),
    );
    assert.throws(
      () => readDistributionDirectory(home),
      /Security\/TrustStore\/Type: expected JKS, .* found "PKCS12"; put JKS there/,
    );
  });

  it("a keystore location outside the product is refused", () => {
    const home = copyWith("repository/conf/carbon.xml", (text) =>
      text.replace(/<Location>.*wso2carbon\.jks/g, "<Location>/etc/keys/own.jks"),
    );
    assert.throws(() => readDistributionDirectory(home), /keystore location "\/etc\/keys\/own\.jks" is outside/);
    copyWith("repository/conf/carbon.xml", (text) =>
      text.replace(/<Location>.*client-truststore\.jks/g, "<Location>../own.jks"),
    );
    assert.throws(() => readDistributionDirectory(directory), /keystore location "\.\.\/own\.jks" is outside/);
  });
});
