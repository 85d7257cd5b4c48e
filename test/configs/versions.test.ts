import assert from "node:assert/strict";
import { renderNode } from "../../configs";
import { roles } from "../../product/roles";
import { value, values } from "./reader";
import { changed, deploymentOf, nodeOf, renderedText } from "./stock";
import { distributionOf, versions } from "./versionFiles";

const keyManagerServices = "https://keymanager.apim-wso2.com:9443/services/";

describe("configs: versions 1.5 to 1.10", () => {
  for (const version of versions)
    describe(version, () => {
      const distribution = distributionOf(version);
      const isOld = version === "1.5.0" || version === "1.6.0";
      const keyValidation = version >= "1.9" || version === "1.10.0" ? "APIKeyValidator" : "APIKeyManager";

      it("only the version's own key validation element exists, and is set", () => {
        for (const role of ["gateway", "publisher", "store"] as const) {
          const text = renderedText(role, "api-manager.xml", distribution);
          assert.equal(value(text, `${keyValidation}/ServerURL`), keyManagerServices);
          assert.equal(value(text, `${keyValidation}/ThriftServerHost`), "keymanager.apim-wso2.com");
          const other = keyValidation === "APIKeyValidator" ? "APIKeyManager" : "APIKeyValidator";
          assert.deepEqual(values(text, other), []);
        }
      });

      it("RevokeAPIURL and the portals' URLs are set if the version has them, and not added", () => {
        const revoke = values(renderedText("store", "api-manager.xml", distribution), `${keyValidation}/RevokeAPIURL`);
        const portal = values(renderedText("publisher", "api-manager.xml", distribution), "APIStore/URL");
        assert.deepEqual(revoke, isOld ? [] : ["https://gateway.apim-wso2.com:8244/revoke"]);
        assert.deepEqual(portal, isOld ? [] : ["https://store.apim-wso2.com:8443/store"]);
      });

      it("TokenEndPointName is not changed", () => {
        const text = renderedText("gateway", "api-manager.xml", distribution);
        assert.equal(value(text, `${keyValidation}/TokenEndPointName`), isOld ? "oauth2/token" : "/oauth2/token");
      });

      it("no stock credential is left in either notation", () => {
        for (const role of roles) {
          const text = renderedText(role, "api-manager.xml", distribution, deploymentOf({ adminUser: "boss" }));
          const active = text.replace(/<!--[\s\S]*?-->/g, "");
          assert.doesNotMatch(active, /<(BAM)?(Username|Password)>(admin|\$\{admin\.\w+\})</);
        }
      });

      it("the synapse APIs have the Key Manager's URL with the path of the API", () => {
        const node = nodeOf(deploymentOf(), "gateway");
        const apis = renderNode(node, deploymentOf(), distribution).filter(({ path }) => path.endsWith("API_.xml"));
        assert.equal(apis.length, isOld ? 2 : 3);
        const endpoint = "resource/inSequence/send/endpoint";
        for (const { text, path } of apis) {
          const [address, ...others] = [
            ...values(text, `${endpoint}/address/@uri`),
            ...values(text, `${endpoint}/http/@uri-template`),
          ];
          assert.deepEqual(others, []);
          const name = /_(\w+)API_/.exec(path)?.[1]?.toLowerCase();
          assert.equal(address, `https://keymanager.apim-wso2.com:9443/oauth2/${name}`);
        }
      });

      it("the gateway allows calls from pages of the Store", () => {
        const origin = value(
          renderedText("gateway", "api-manager.xml", distribution),
          "CORSConfiguration/Access-Control-Allow-Origin",
        );
        assert.equal(origin, keyValidation === "APIKeyValidator" ? "*" : "https://store.apim-wso2.com:8443");
      });
    });

  it("from 1.7 on: a missing RevokeAPIURL is an error", () => {
    const distribution = changed(distributionOf("1.7.0"), (text) =>
      text.replace(/<RevokeAPIURL>.*<\/RevokeAPIURL>/, ""),
    );
    assert.throws(
      () => renderedText("store", "api-manager.xml", distribution),
      /api-manager\.xml \(1\.7\.0\): found no APIManager\/APIKeyManager\/RevokeAPIURL; put it there/,
    );
  });

  it("synapse APIs with a port variable in the http template get the Key Manager's URL", () => {
    const distribution = changed(distributionOf("1.9.0"), (text) =>
      text.replace("https://{uri.var.hostname}:{uri.var.portnum}", "https://localhost:{mgtHttpsPort}"),
    );
    const text = renderedText("gateway", "_RevokeAPI_.xml", distribution);
    assert.match(text, /uri-template="https:\/\/keymanager\.apim-wso2\.com:9443\/oauth2\/revoke"/);
  });
});
