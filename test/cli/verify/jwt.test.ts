import assert from "node:assert/strict";
import { createSign, X509Certificate } from "node:crypto";
import { checkJwt, expectedJwt, WrongSigner } from "../../../cli/verify/jwt";
import { parseSettings } from "../../../plan/settings";
import { buildTopology } from "../../../topology";
import { type Issued, issue } from "../../certificates/support";

const topology = buildTopology(parseSettings({}, "dev"));

describe("verify: the JSON Web Token that back ends receive", () => {
  let [own, other]: Issued[] = [];
  before(async () => {
    [own, other] = [await issue({ name: "own" }), await issue({ name: "other" })];
  });

  const expected = (signed = true) => ({
    header: "X-JWT-Assertion",
    signed,
    certificates: async () => [new X509Certificate(own?.cert ?? "")],
  });

  function token(encoding: "base64" | "base64url", by = own, head: object = { typ: "JWT", alg: "RS256" }): string {
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString(encoding);
    // The claim's Base64 has both characters in which the two forms differ.
    const signed = `${encode(head)}.${encode({ claim: "??>>~~" })}`;
    return `${signed}.${createSign("RSA-SHA256")
      .update(signed)
      .sign(by?.key ?? "", encoding)}`;
  }

  it("is good in standard Base64 and in the form for URLs, signed with the key of the certificate", async () => {
    assert.notEqual(token("base64").split(".")[1], token("base64url").split(".")[1]);
    await checkJwt(token("base64"), expected());
    await checkJwt(token("base64url"), expected());
  });

  it("is bad when another key has signed it, and the message names the certificate", async () => {
    await assert.rejects(checkJwt(token("base64", other), expected()), (error: Error) => {
      assert.ok(error instanceof WrongSigner);
      assert.match(error.message, /expected a signature by CN=own \(SHA-256 [0-9A-F:]{23}\.\.\.\), found another/);
      return true;
    });
  });

  it("is bad when its claims were changed", async () => {
    const [head, , signature] = token("base64").split(".");
    const claims = Buffer.from('{"claim":"x"}').toString("base64");
    await assert.rejects(checkJwt([head, claims, signature].join("."), expected()), WrongSigner);
  });

  it("is bad when it is not signed, or is no token", async () => {
    await assert.rejects(
      checkJwt(token("base64", own, { alg: "none" }), expected()),
      /signed with RS256, found "none"/,
    );
    for (const text of ["", "a.b.c", `${token("base64")}.more`])
      await assert.rejects(checkJwt(text, expected()), /expected a JSON Web Token of header, claims and signature/);
  });

  it("needs no signature when the deployment does not sign", async () => {
    await checkJwt(token("base64", own, { alg: "none" }), expected(false));
  });

  it("is expected with the setting jwt only, in the header of the settings", () => {
    const of = (settings: Record<string, unknown>) => expectedJwt({ settings, topology, caCertificate: "" });
    assert.equal(of({}), undefined);
    assert.deepEqual([of({ jwt: true })?.header, of({ jwt: true })?.signed], ["X-JWT-Assertion", true]);
    const chosen = of({ jwt: true, jwtHeader: "X-Caller", jwtSignature: "NONE" });
    assert.deepEqual([chosen?.header, chosen?.signed], ["X-Caller", false]);
  });
});
