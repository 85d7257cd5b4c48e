import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
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

  it("several missing files are named in one error", () => {
    const home = copyWith("repository/conf/user-mgt.xml", () => undefined);
    rmSync(join(home, "repository/conf/registry.xml"));
    rmSync(join(home, "dbscripts/mysql.sql"));
    assert.throws(
      () => readDistributionDirectory(home),
      /found no repository\/conf\/user-mgt\.xml, repository\/conf\/registry\.xml, dbscripts\/mysql\.sql; .*copy the 3 missing files/,
    );
  });

  const refusedCarbon: readonly [what: string, change: (text: string) => string, message: RegExp][] = [
    [
      "another product is told by its name",
      (text) =>
        text
          .replace(/<Name>.*<\/Name>/, "<Name>WSO2 Identity Server</Name>")
          .replace(">1.9.0<", ">5.0.0<")
          .replace("<ServerKey>AM<", "<ServerKey>IS<"),
      /carbon\.xml: this is WSO2 Identity Server 5\.0\.0; expected WSO2 API Manager/,
    ],
    [
      "a missing version is an error with the place",
      (text) => text.replace(/<Version>.*<\/Version>/, ""),
      /carbon\.xml: Server\/Version: expected the version of the pack, found nothing; put it there, e\.g\. <Version>1\.9\.0<\/Version>/,
    ],
    [
      "a version that is there twice is refused",
      (text) => text.replace("<Version>1.9.0</Version>", "<Version>1.9.0</Version><Version>1.7.0</Version>"),
      /carbon\.xml: Server\/Version: is there 2 times; keep one of them/,
    ],
    [
      "a keystore that is there twice is refused",
      (text) => text.replace(/(<KeyStore>[\s\S]*?<\/KeyStore>)/, "$1$1"),
      /carbon\.xml: Server\/Security\/KeyStore: is there 2 times/,
    ],
    [
      "UTF-8 bytes under a UTF-16 declaration are an error that says so",
      (text) => text.replace("ISO-8859-1", "UTF-16"),
      /carbon\.xml: declares encoding utf-16, but each of its characters has one byte, as in UTF-8/,
    ],
    [
      "a file with too many levels of elements is refused",
      (text) => text.replace("<Ports>", `${"<a>".repeat(300)}${"</a>".repeat(300)}<Ports>`),
      /carbon\.xml: expected at most 200 levels of elements, found more/,
    ],
    [
      "a file so deep that it can't be parsed is refused",
      (text) => text.replace("<Ports>", `${"<a>".repeat(100_000)}${"</a>".repeat(100_000)}<Ports>`),
      /carbon\.xml: expected at most 200 levels of elements, found more/,
    ],
  ];
  for (const [what, change, message] of refusedCarbon)
    it(`carbon.xml: ${what}`, () => {
      assert.throws(() => readDistributionDirectory(copyWith("repository/conf/carbon.xml", change)), message);
    });

  it("a product whose name somebody changed is read", () => {
    const home = copyWith("repository/conf/carbon.xml", (text) =>
      text.replace(/<Name>.*<\/Name>/, "<Name>Acme</Name>"),
    );
    assert.equal(readDistributionDirectory(home).version, "1.9.0");
  });

  it("a configuration file of more than 16 MB is refused in a directory too", () => {
    const home = copyWith("repository/conf/registry.xml", (text) => text + " ".repeat(16 * 1024 * 1024));
    assert.throws(() => readDistributionDirectory(home), /registry\.xml has \d+ bytes; expected .* at most 16777216/);
  });

  const datasources = "repository/conf/datasources";
  for (const [from, packed] of [
    ["directory", false],
    ["zip", true],
  ] as const)
    it(`another file that defines the deployment's data sources is refused, from a ${from}`, async () => {
      const home = copyWith("repository/conf/registry.xml", (text) => text);
      const master = readFileSync(join(home, datasources, "master-datasources.xml"), "utf8");
      writeFileSync(join(home, datasources, "am-datasources.xml"), master.replaceAll("WSO2_CARBON_DB", "OTHER"));
      const path = packed ? join(mkdtempSync(join(tmpdir(), "zip-test-")), "pack.zip") : home;
      if (packed)
        writeFileSync(path, zip(new Map(filesBelow(home).map((name) => [name, readFileSync(join(home, name))]))));
      await assert.rejects(readDistribution(path), (error: Error) => {
        const lines = error.message.split("\n");
        return (
          lines.length === 2 &&
          lines.every((line) => line.startsWith(`${datasources}/am-datasources.xml (1.9.0): `)) &&
          /datasource WSO2AM_DB: is also in .*master-datasources\.xml, and the server takes this one; remove it here/.test(
            error.message,
          )
        );
      });
      if (packed) rmSync(dirname(path), { recursive: true });
    });

  it("a data source that is only in another file must move", () => {
    const home = copyWith(`${datasources}/master-datasources.xml`, (text) => text);
    const um =
      "<datasources-configuration><datasources><datasource><name>X</name><jndiConfig><name>jdbc/WSO2UM_DB</name></jndiConfig></datasource></datasources></datasources-configuration>";
    writeFileSync(join(home, datasources, "um-datasources.xml"), um);
    assert.throws(
      () => readDistributionDirectory(home),
      /um-datasources\.xml .*WSO2UM_DB: must be in .*master-datasources\.xml, where this deployment sets it; move it there/,
    );
    writeFileSync(join(home, datasources, "um-datasources.xml"), um.replace("WSO2UM_DB", "OUR_DB"));
    assert.doesNotThrow(() => readDistributionDirectory(home));
  });

  it("a vault in use is refused with file, line and remedy; a commented one is not", () => {
    const home = copyWith("repository/conf/registry.xml", (text) => text);
    const file = join(home, "repository/conf/security/secret-conf.properties");
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, "#secretRepositories=file\n");
    assert.doesNotThrow(() => readDistributionDirectory(home));
    writeFileSync(file, "carbon.secretProvider org.wso2.Provider\n");
    assert.throws(() => readDistributionDirectory(home), /line 1, carbon\.secretProvider: /);
    writeFileSync(file, "# vault\nsecretRepositories=file\n");
    assert.throws(
      () => readDistributionDirectory(home),
      /^Error: repository\/conf\/security\/secret-conf\.properties \(1\.9\.0\): line 2, secretRepositories: the product's vault is in use.*comment the lines/,
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
