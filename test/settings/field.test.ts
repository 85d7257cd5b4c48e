import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSettings } from "../../plan/settings";
import { faultsOf, itRefuses, type Refusal } from "./support";

describe("settings: the value of one setting", () => {
  it("may be a string where the type is a number or a boolean, as Pulumi delivers it", () => {
    const settings = parseSettings({ databasePort: "13306", multiTenancy: "true", nodeMemory: "256" }, "dev");
    assert.equal(settings.databasePort, 13306);
    assert.equal(settings.multiTenancy, true);
    assert.equal(settings.nodeMemory, 256);
  });

  const wrongValues: readonly Refusal[] = [
    [{ multiTenancy: "yes" }, /multiTenancy: expected true \| false, found "yes"; set wso2-apim:multiTenancy/],
    [{ databasePort: "0" }, /databasePort: expected 1 to 65535, found 0/],
    [{ databasePort: "70000" }, /databasePort: expected 1 to 65535, found 70000/],
    [{ databasePort: "ten" }, /databasePort: expected 1 to 65535, found "ten"/],
    [{ databasePort: "1.5" }, /databasePort: expected 1 to 65535, found "1.5"/],
    [{ gatewayReplicas: 65 }, /gatewayReplicas: expected 1 to 64, found 65/],
    [{ poolMaxWait: "-2" }, /poolMaxWait: expected -1 to 3600000, found -2/],
    [{ certificateDays: 7301 }, /certificateDays: expected 1 to 7300/],
    [{ nodeMemory: "1" }, /nodeMemory: expected auto, or 32 to 1048576, found 1/],
    [{ nodeMemory: "-1" }, /nodeMemory: expected auto, or 32 to 1048576, found -1/],
    [{ nodeHeap: "100" }, /nodeHeap: expected auto, or 256 to 1048576, found 100/],
    [{ startTimeout: "5" }, /startTimeout: expected auto, or 10 to 3600, found 5/],
    [{ keyValidatorClient: "Thrift" }, /keyValidatorClient: expected auto \| ThriftClient \| WSClient, found "Thrift"/],
    [{ jwtSignature: "MD5" }, /jwtSignature: expected SHA256withRSA \| NONE/],
    [{ networkSubnet: "172.28.0.0" }, /networkSubnet: expected an IPv4 network such as/],
    [{ publisherHost: "Publisher" }, /publisherHost: expected a full lower-case host name/],
    [{ publishAddress: "localhost" }, /publishAddress: expected an IPv4 address, found "localhost"/],
    [{ managementAddress: "lo" }, /managementAddress: expected auto, or an IPv4 address, found "lo"/],
    [{ adminUser: "a b" }, /adminUser: expected 3 to 30 characters/],
    [{ adminUser: "a:b" }, /adminUser: .*without : and \//],
    [{ adminUser: "PRIMARY/admin" }, /adminUser: .*without : and \//],
    [{ adminUser: "wso2.system.user" }, /adminUser: .*no name of the product.s own/],
    [{ apimHome: "relative" }, /apimHome: expected an absolute path/],
    [
      { jdbcDriver: "mysql.zip" },
      /jdbcDriver: expected auto, or the path of a mysql-connector-java jar, or a version of it/,
    ],
    [{ gatewayEnvironments: "test" }, /gatewayEnvironments: expected hybrid, production or sandbox, or several/],
    [{ certificateRenewal: "a b" }, /certificateRenewal: expected a date, a number or a word, or nothing/],
    [{ databaseHost: "10.0.0.300", databaseAdminPassword: "x" }, /databaseHost: expected a lower-case host name or an/],
    [{ databaseHost: "db:3306", databaseAdminPassword: "x" }, /databaseHost: expected a lower-case host name or an/],
    [{ databasePrefix: "prod_" }, /databasePrefix: expected up to 40 lower-case letters, digits and dashes/],
    [{ databaseUserPrefix: "a".repeat(23) }, /databaseUserPrefix: expected 1 to 22 letters, digits/],
    [{ databaseAdminUser: "o'brien" }, /databaseAdminUser: expected 1 to 32 characters without white space, quotes/],
    [{ jwtHeader: "X Y" }, /jwtHeader: expected the name of an HTTP header/],
    [{ jwtClaimsRetriever: "no class" }, /jwtClaimsRetriever: expected the full name of a Java class/],
  ];
  itRefuses(wrongValues);

  describe("with a word of an older version", () => {
    itRefuses([
      [{ nodeMemory: 0 }, /nodeMemory: expected auto, or .*, found 0/],
      [{ nodeHeap: "0" }, /nodeHeap: expected auto, or .*, found 0/],
      [{ startTimeout: 0 }, /startTimeout: expected auto, or .*, found 0/],
      [{ managementAddress: "" }, /managementAddress: expected auto, or .*, found ""/],
      [{ jdbcDriver: "" }, /jdbcDriver: expected auto, or .*, found ""/],
      [{ keystoreAlias: "" }, /keystoreAlias: expected auto, or .*, found ""/],
      [{ portOffsets: "document" }, /portOffsets: expected standard \| none \| custom, found "document"/],
    ]);
  });

  describe("of an unknown name", () => {
    itRefuses([
      [{ databasPort: "1" }, /databasPort: there is no such setting \(did you mean databasePort\?\)/],
      [{ colour: "red" }, /colour: there is no such setting; remove it with: npm run config -- rm colour/],
      [{ toString: "x" }, /toString: there is no such setting/],
    ]);
  });

  it("svnUrl: a user and a password in the URL are refused and not shown", () => {
    const [fault = "", ...more] = faultsOf({ svnUrl: "http://user:hush@svn.example.com/" });
    assert.match(
      fault,
      /svnUrl: expected a URL without user or password, .*, found "http:\/\/\.\.\.@svn\.example\.com\/"/,
    );
    assert.equal(more.length, 0);
  });
});

describe("settings: secrets", () => {
  it("adminPassword: a password that the product would refuse is refused and not shown", () => {
    for (const password of ["abc", "with space", "x".repeat(31)]) {
      const [fault = "", ...more] = faultsOf({ adminPassword: password });
      assert.match(fault, /adminPassword: expected 5 to 30 characters/);
      assert.ok(!fault.includes(password));
      assert.equal(more.length, 0);
    }
    assert.deepEqual(faultsOf({ adminPassword: "s3cret!" }), []);
  });

  it("adminPassword: the parsed settings do not contain it", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\S{8,30}$/), (password) => {
        const settings = parseSettings({ adminPassword: password }, "dev");
        assert.ok(!JSON.stringify(settings).includes(JSON.stringify(password)));
      }),
    );
  });
});
