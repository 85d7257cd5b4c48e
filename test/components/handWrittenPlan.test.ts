import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ApiManager } from "../../components";
import type { DeploymentPlan } from "../../plan";
import { deploymentOf } from "../../plan/settings";
import { filesIn, record } from "./recorder";

describe("A plan that is written by hand", function () {
  this.timeout(120_000);

  it("is enough for ApiManager: no distribution, no build context and no file is read", async () => {
    const file = { path: "repository/conf/user-mgt.xml", text: "<a>{{secret:admin-password}}</a>", encoding: "utf-8" };
    const plan: DeploymentPlan = {
      ...deploymentOf({}, "test"),
      version: "1.9.0",
      servesHttp: true,
      signUpInRegistry: false,
      dbscripts: new Map([
        ["dbscripts/mysql.sql", "CREATE TABLE A (ID INT);"],
        ["dbscripts/apimgt/mysql.sql", "CREATE TABLE B (ID INT);"],
      ]),
      stores: {
        keyStore: { location: "keys.jks", password: "wso2carbon", keyAlias: "one", keyPassword: "wso2carbon" },
        trustStore: { location: "trust.jks", password: "wso2carbon" },
      },
      certificates: { trusted: [] },
      files: new Map([["store-1", [file]]]),
      bundles: new Map([["api-store", [{ path: "repository/components/dropins/a.jar", base64: "amFy" }]]]),
      balancerConfiguration: "# no front\n",
      images: { node: { name: "node:1" }, mysql: { name: "mysql:1" }, loadBalancer: { name: "haproxy:1" } },
      warnings: [],
    };
    const run = await record(() => new ApiManager("apim", { ...plan, secrets: { adminPassword: "<&>" } }));
    assert.deepEqual(run.get("apim-node-image").inputs, { name: "node:1", keepLocally: true });
    assert.equal(run.get("apim-mysql-apimgtdb-tables").inputs.script, "CREATE TABLE B (ID INT);");
    assert.deepEqual(
      [...filesIn(run, "apim-store-1").keys()],
      [
        "/opt/wso2am/repository/conf/user-mgt.xml",
        "/opt/wso2am/repository/components/dropins/a.jar",
        "/opt/wso2am/keys.jks",
        "/opt/wso2am/trust.jks",
      ],
    );
    assert.equal(
      String(filesIn(run, "apim-store-1").get("/opt/wso2am/repository/conf/user-mgt.xml")),
      "<a>&lt;&amp;&gt;</a>",
    );
    const jar = "repository/components/dropins/a.jar";
    assert.equal(String(filesIn(run, "apim-store-1").get(`/opt/wso2am/${jar}`)), "jar");
    const sum = createHash("sha256").update("jar").digest("hex");
    assert.equal(run.get("apim-store-1-config").inputs.keepers[jar], `sha256 ${sum}\n`);
    assert.equal(run.get("apim-loadbalancer-container").inputs.image, "sha256:apim-loadbalancer-image");
    assert.ok([...filesIn(run, "apim-loadbalancer-files").values()].map(String).includes(plan.balancerConfiguration));
  });
});
