import assert from "node:assert/strict";
import { forStandInAnd190, renderEdited, replace } from "./formerSupport";

describe("configs: synapse APIs of a former deployment", () => {
  forStandInAnd190((stock) => {
    const endpoint = (inner: string) => (xml: string) =>
      xml.replace(/(?=<\/inSequence>)/, `<call><endpoint>${inner}</endpoint></call>`);

    it("every endpoint of the Key Manager is set, also one of a former host", () => {
      const { text } = renderEdited(stock, {
        "_TokenAPI_.xml": endpoint('<address uri="https://old.example.com:9443/oauth2/introspect"/>'),
      });
      assert.match(
        text("gateway", "_TokenAPI_.xml"),
        /<address uri="https:\/\/keymanager\.apim-wso2\.com:9443\/oauth2\/introspect"\/>/,
      );
    });

    it("an address of the gateway itself is refused, one of another host is reported", () => {
      assert.throws(
        () => renderEdited(stock, { "_TokenAPI_.xml": endpoint('<address uri="http://localhost:9763/audit"/>') }),
        /_TokenAPI_\.xml \(1\.9\.0\): api\/resource\/inSequence\/call\/endpoint\/address: "http:\/\/localhost:9763\/audit" is an address of the gateway itself/,
      );
      const { warnings } = renderEdited(stock, {
        "_RevokeAPI_.xml": endpoint('<http uri-template="https://audit.example.com/log"/>'),
      });
      assert.match(warnings, /_RevokeAPI_\.xml .*"https:\/\/audit\.example\.com\/log" stays/);
    });

    it("the Key Manager is found in any notation, and a path in front of its own is refused", () => {
      const template = /uri-template="[^"]*"/;
      for (const address of [
        "HTTPS://oldkm:9443/oauth2/token",
        " https://oldkm:9443/oauth2/token",
        "legacy-encoding:https://oldkm/oauth2/token",
      ]) {
        const { text } = renderEdited(stock, { "_TokenAPI_.xml": replace(template, `uri-template="${address}"`) });
        assert.match(
          text("gateway", "_TokenAPI_.xml"),
          /uri-template="https:\/\/keymanager\.apim-wso2\.com:9443\/oauth2\/token"/,
        );
      }
      assert.throws(
        () =>
          renderEdited(stock, {
            "_TokenAPI_.xml": replace(template, 'uri-template="https://oldkm/apim/oauth2/token"'),
          }),
        /expected https:\/\/HOST:PORT\/oauth2\/\.\.\., .*found "https:\/\/oldkm\/apim\/oauth2\/token"/,
      );
    });

    it("a host that a callout or a header names is refused or reported too", () => {
      const inFront = (inner: string) => replace(/(?=<\/inSequence>)/, inner);
      assert.throws(
        () => renderEdited(stock, { "_TokenAPI_.xml": inFront('<callout serviceURL="http://LOCALHOST:9763/audit"/>') }),
        /inSequence\/callout: "http:\/\/LOCALHOST:9763\/audit" is an address of the gateway itself/,
      );
      const { warnings } = renderEdited(stock, {
        "_TokenAPI_.xml": inFront('<header name="To" value="https://oldhost:9443/x"/>'),
      });
      assert.match(warnings, /inSequence\/header: "https:\/\/oldhost:9443\/x" stays/);
    });

    it("several endpoints to choose from, and an endpoint elsewhere, are refused", () => {
      const group = '<loadbalance><endpoint><address uri="https://a:9443/oauth2/token"/></endpoint></loadbalance>';
      assert.throws(
        () => renderEdited(stock, { "_TokenAPI_.xml": endpoint(group) }),
        /call\/endpoint\/loadbalance: expected one endpoint, since the load balancer chooses the Key Manager/,
      );
      assert.throws(
        () =>
          renderEdited(stock, {
            "_TokenAPI_.xml": replace(/<endpoint>[\s\S]*?<\/endpoint>/, '<endpoint key="km_endpoint"/>'),
          }),
        /endpoint\/@key: expected the address of the Key Manager, found the name of an endpoint elsewhere, "km_endpoint"/,
      );
    });
  });
});
