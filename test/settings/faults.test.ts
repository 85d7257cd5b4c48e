import assert from "node:assert/strict";
import { faultsOf, itRefuses, own, ownStores } from "./support";

describe("settings: faults of several settings together", () => {
  it("are reported all at once", () => {
    const faults = faultsOf({ databasePort: "x", jwt: "maybe", nonsense: 1 }, "Bad Stack");
    assert.equal(faults.length, 4, faults.join("\n"));
    assert.match(faults.join("\n"), /stack name: expected/);
  });

  describe("distribution and image", () => {
    itRefuses([
      [{ jdbcDriver: "5.1.40" }, /jdbcDriver: expected auto with the stand-in, .*, found "5\.1\.40"/],
      [{ ...own, jdbcDriver: "a.jar" }, /jdbcDriver: expected auto with the image mine:1, .*, found "a\.jar"/],
      [
        { apimHome: "/opt/other" },
        /apimHome: expected \/opt\/wso2am without an image of your own, found "\/opt\/other"/,
      ],
      [{ distribution: "wso2am.zip", apimHome: "/opt/other" }, /apimHome: expected .* or set wso2-apim:image/],
      [{ image: "mine:1" }, /image: expected nothing with the stand-in, .*, found "mine:1"/],
    ]);

    it("accepts a distribution without an image, and its driver by path or by version", () => {
      for (const jdbcDriver of ["5.1.38", "8.0.33", "mysql-connector-java-5.1.49.jar", "/opt/drivers/mysql.jar"])
        assert.deepEqual(faultsOf({ distribution: "/opt/packs/wso2am-1.9.0", jdbcDriver }), []);
      assert.deepEqual(faultsOf({ ...own, apimHome: "/opt/other" }), []);
    });
  });

  describe("memory", () => {
    itRefuses([
      [
        { nodeHeap: "1024" },
        /nodeHeap: expected auto with the stand-in, which has no JVM, found 1024; .* remove nodeHeap/,
      ],
      [
        { ...own, nodeMemory: 1024 },
        /nodeMemory: expected at least 1536 for the product, found 1024; set .* remove it/,
      ],
      [
        { ...own, nodeMemory: 2048, nodeHeap: 1537 },
        /nodeHeap: expected at most 1536 with nodeMemory 2048 .* found 1537; set .*nodeHeap, or .*nodeMemory to at least 2049/,
      ],
    ]);
  });

  describe("network, host names and ports", () => {
    itRefuses([
      [{ networkSubnet: "8.8.8.0/24" }, /networkSubnet: expected a private network/],
      [{ networkSubnet: "172.28.0.0/30" }, /networkSubnet: expected a private network/],
      [{ networkSubnet: "10.0.0.5/24" }, /networkSubnet: .* ends in \.0/],
      [{ networkSubnet: "10.300.0.0/16" }, /networkSubnet: expected a private network/],
      [{ networkSubnet: "10.1.1.0/16" }, /networkSubnet: expected the network's own address 10\.1\.0\.0\/16/],
      [{ publisherHost: "store.apim-wso2.com" }, /storeHost: expected another value than publisherHost/],
      [{ httpsPort: 8243 }, /gatewayHttpsPort: expected another value than httpsPort, found "8243" for both/],
    ]);
  });

  describe("keystores", () => {
    itRefuses([
      [
        { keystoreAlias: "x" },
        /keystoreAlias: expected auto without a keystore of your own, found "x"; set wso2-apim:keystore, or remove/,
      ],
      [
        { keystore: "a.jks", keystorePassword: "x" },
        /truststore: expected the file with the certificates that the nodes trust, since keystore is set, found nothing; set /,
      ],
      [
        { truststore: "t.jks" },
        /truststorePassword: expected a password, since truststore is t\.jks, found nothing; run: npm run config/,
      ],
      [
        { keystore: "a.jks", truststore: "t.jks", truststorePassword: "x" },
        /keystorePassword: expected a password, since keystore is a\.jks, .*; run: npm run config -- set --secret keystoreP/,
      ],
      [
        { ...ownStores, certificateRenewal: "2027" },
        /certificateRenewal: expected the default, since your own keystore is .*, found "2027"; remove it with: npm run/,
      ],
      [{ ...ownStores, certificateDays: 90 }, /certificateDays: expected the default, since .* found "90"/],
      [{ ...ownStores, authorityRenewal: "2" }, /authorityRenewal: expected the default, since your own keystore/],
    ]);

    it("accepts both stores of the user's own, or a truststore alone", () => {
      assert.deepEqual(faultsOf({ ...ownStores, keyPassword: "x", keystoreAlias: "apim" }), []);
      assert.deepEqual(faultsOf({ truststore: "t.jks", truststorePassword: "x", certificateRenewal: "1" }), []);
    });
  });

  describe("analytics and the deployment synchronizer", () => {
    const svn = { deploymentSynchronizer: "svn", gatewayWorkers: 1, svnUrl: "http://a/" };
    itRefuses([
      [{ analytics: true }, /analyticsPassword: expected a password, since analytics is true/],
      [{ ...svn, svnUser: "u" }, /svnPassword: expected a password, since deploymentSynchronizer is svn/],
      [{ ...svn, svnPassword: "x" }, /svnUser: expected a value, since deploymentSynchronizer is svn/],
    ]);
  });

  describe("the user's own MySQL server", () => {
    const databaseAdminPassword = "x";
    itRefuses([
      [
        { databaseHost: "db.example.com" },
        /databaseAdminPassword: expected a password, since databaseHost is db\.example\.com.*run: npm run config -- set --secret databaseAdminPassword$/,
      ],
      [
        { databaseHost: "127.0.0.1", databaseAdminPassword },
        /databaseHost: .* the containers also reach the server, found "127/,
      ],
      [
        { databaseHost: "localhost", databaseAdminPassword },
        /databaseHost: .* the containers also reach the server, found "localhost"/,
      ],
    ]);

    it("accepts its host name or its address; its port is not published", () => {
      for (const databaseHost of ["db.example.com", "db", "192.0.2.7", "172.28.1.1"])
        assert.deepEqual(faultsOf({ databaseHost, databaseAdminPassword, databasePort: 8443 }), []);
    });
  });
});
