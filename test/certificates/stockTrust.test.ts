import assert from "node:assert/strict";
import { writeJks } from "../../certificates/jks";
import { stockTrust } from "../../certificates/stockTrust";
import { type Issued, issue, trustEntry } from "./support";

const location = "repository/resources/security/client-truststore.jks";

describe("the product's own truststore", () => {
  let product: Issued;
  let authority: Issued;

  before(async function () {
    this.timeout(10_000);
    product = await issue({ name: "localhost", hosts: ["localhost"] });
    authority = await issue({ name: "Public authority" });
  });

  function trust(stock?: Buffer) {
    const store = { location, password: "wso2carbon" };
    const keyStore = { ...store, keyAlias: "WSO2carbon", keyPassword: "wso2carbon" };
    return stockTrust({ source: "pack.zip", keyStore, trustStore: { ...store, ...(stock && { stock }) } });
  }

  it("is trusted, without the product's certificate, whose private key is public", () => {
    const entries = [trustEntry("wso2carbon", product.cert), trustEntry("public", authority.cert)];
    const { trusted, warnings } = trust(writeJks(entries, "wso2carbon"));
    assert.deepEqual(trusted, entries.slice(1));
    assert.deepEqual(warnings, []);
  });

  it("gives a warning when it is missing or can't be opened", () => {
    for (const [stock, expected] of [
      [
        undefined,
        /client-truststore\.jks: not in pack\.zip; gateways trust no public authority.*set wso2-apim:truststore/,
      ],
      [writeJks([], "other"), /client-truststore\.jks of pack\.zip: the password is wrong; gateways trust no public/],
    ] as const) {
      const { trusted, warnings } = trust(stock);
      assert.deepEqual(trusted, []);
      assert.match(warnings.join(), expected);
    }
  });
});
