import assert from "node:assert/strict";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { generate } from "selfsigned";
import { managementServices, type ServiceAccess } from "../../services/managementServices";
import { configureSignUp, withSignUp } from "../../services/signUp";
import { callService } from "../../services/soap";

/** As the product writes it, with a comment that contains one of the elements. */
const initial = `<SelfSignUp>
\t<!-- <AdminPassword>not this</AdminPassword> -->
   <EnableSignup>true</EnableSignup>
   <SignUpDomain>PRIMARY</SignUpDomain>
   <AdminUserName>admin</AdminUserName>
   <AdminPassword>admin</AdminPassword>
   <SignUpRoles><SignUpRole><RoleName>subscriber</RoleName></SignUpRole></SignUpRoles>
</SelfSignUp>
`;

interface Answer {
  readonly status?: number;
  readonly body: string;
}

const enveloped = (content: string) =>
  `<?xml version='1.0' encoding='UTF-8'?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>${content}</soapenv:Body></soapenv:Envelope>`;
/** The product sends some answers as MIME parts. */
const inParts = (text: string) => `--Part_1\r\nContent-Type: application/xop+xml\r\n\r\n${text}\r\n--Part_1--\r\n`;
const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const returned = (text: string) =>
  enveloped(`<ns:r xmlns:ns="http://a"><ns:return>${escaped(text)}</ns:return></ns:r>`);
const fault = (reason: string): Answer => ({
  status: 500,
  body: enveloped(`<soapenv:Fault><faultcode>s</faultcode><faultstring>${reason}</faultstring></soapenv:Fault>`),
});

describe("management services", () => {
  let server: Server;
  let access: ServiceAccess;
  /** Operations that were called, in order, with their bodies. */
  let called: { operation: string; body: string; authorization: string }[];
  let answer: (operation: string) => Answer;
  before(async () => {
    const { cert, private: key } = await generate([{ name: "commonName", value: "publisher.test" }], {
      keySize: 2048,
      extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "publisher.test" }] }],
    });
    server = createServer({ cert, key }, async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const operation = String(request.headers.soapaction).replace(/"urn:(.*)"/, "$1");
      const authorization = Buffer.from((request.headers.authorization ?? "").slice(6), "base64").toString();
      called.push({ operation, body: Buffer.concat(chunks).toString("utf8"), authorization });
      const { status = 200, body } = answer(operation);
      response.writeHead(status).end(body);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    access = { address: "127.0.0.1", port, host: "publisher.test", ca: cert, user: "admin", password: "a<&>b" };
  });
  after(() => server.close());
  beforeEach(() => {
    called = [];
  });
  const signUp = { enabled: false, user: "root", password: "p<&>\"'q" };

  it("the resource gets the three values and keeps everything else; comments are no elements", () => {
    const changed = withSignUp(initial, signUp);
    assert.equal(
      changed,
      initial
        .replace("true</EnableSignup>", "false</EnableSignup>")
        .replace("admin</AdminUserName>", "root</AdminUserName>")
        .replace("admin</AdminPassword>", "p&lt;&amp;&gt;\"'q</AdminPassword>"),
    );
    assert.equal(withSignUp(changed, signUp), changed);
  });

  it("a resource without one of the elements is refused with its path and the remedy", () => {
    assert.throws(
      () => withSignUp(initial.replaceAll("AdminPassword", "Other"), signUp),
      /sign-up-config\.xml: expected the element AdminPassword in its root, found none; delete the resource/,
    );
  });

  it("a text that is not well-formed is refused without a quotation: it holds the password", async () => {
    const broken = initial.replace("<AdminPassword>admin<", "<AdminPassword>S3cret&x<");
    assert.throws(
      () => withSignUp(broken, signUp),
      (error: Error) => {
        assert.match(
          error.message,
          /sign-up-config\.xml \(delete the resource .*\): expected well-formed XML, .*\(line 6, column \d+\)/,
        );
        assert.ok(!`${error.message}${error.stack}${error.cause}`.includes("S3cret"));
        return true;
      },
    );
    answer = () => ({ body: enveloped("<a>S3cret&x</a>") });
    await assert.rejects(configureSignUp(managementServices(access), signUp), (error: Error) => {
      assert.match(error.message, /getTextContent of publisher\.test .*: the answer: expected well-formed XML/);
      return !`${error.message}${error.stack}${error.cause}`.includes("S3cret");
    });
  });

  it("is read and written with the account of the access, and the answer may come in MIME parts", async () => {
    answer = (operation) => ({ body: inParts(returned(operation === "getTextContent" ? initial : "true")) });
    assert.equal(await configureSignUp(managementServices(access), signUp), true);
    assert.deepEqual(
      called.map(({ operation, authorization }) => [operation, authorization]),
      [
        ["getTextContent", "admin:a<&>b"],
        ["updateTextContent", "admin:a<&>b"],
      ],
    );
    const [get, update] = called;
    const path = "/_system/governance/apimgt/applicationdata/sign-up-config.xml";
    assert.ok(get?.body.includes(`<s:path>${path}</s:path>`), get?.body);
    assert.ok(update?.body.includes(`<s:resourcePath>${path}</s:resourcePath>`), update?.body);
    assert.ok(
      update?.body.includes("&lt;AdminPassword&gt;p&amp;lt;&amp;amp;&amp;gt;\"'q&lt;/AdminPassword&gt;"),
      update?.body,
    );
  });

  it("is not written when it has the values already", async () => {
    answer = () => ({ body: returned(withSignUp(initial, signUp)) });
    assert.equal(await configureSignUp(managementServices(access), signUp), false);
    assert.deepEqual(
      called.map(({ operation }) => operation),
      ["getTextContent"],
    );
  });

  for (const [what, given] of [
    ["a fault about credentials", fault("Access Denied. Authentication failed - Invalid credentials provided.")],
    ["status 401", { status: 401, body: "" }],
  ] as const)
    it(`${what}: the error names the account and the setting, not the password`, async () => {
      answer = () => given;
      await assert.rejects(configureSignUp(managementServices(access), signUp), (error: Error) => {
        assert.match(error.message, /ResourceAdminService\/getTextContent of publisher\.test at 127\.0\.0\.1:\d+: /);
        assert.match(error.message, /refuses user admin or its password; set wso2-apim:adminPassword/);
        assert.doesNotMatch(error.message, /a<&>b/);
        return true;
      });
    });

  it("waits for a server whose port is open before its services and its resource are there", async () => {
    const starting = [{ status: 404, body: "" }, fault("Resource does not exist at path"), { body: returned(initial) }];
    answer = () => starting.shift() ?? { body: returned("true") };
    assert.equal(await configureSignUp(managementServices(access), signUp), true);
    assert.deepEqual(
      called.map(({ operation }) => operation),
      ["getTextContent", "getTextContent", "getTextContent", "updateTextContent"],
    );
  }).timeout(10_000);

  it("another fault is an error with its reason; what does not pass in time, with what was found last", async () => {
    answer = () => fault("out of memory");
    await assert.rejects(configureSignUp(managementServices(access), signUp), /getTextContent .*: out of memory$/);
    assert.equal(called.length, 1);
    answer = () => fault("Resource does not exist");
    await assert.rejects(
      configureSignUp(managementServices(access), signUp, 1),
      /getTextContent .*: Resource does not exist$/,
    );
    called = [];
    answer = () => ({ status: 403, body: "<html>forbidden" });
    await assert.rejects(
      configureSignUp(managementServices(access), signUp),
      /expected a SOAP envelope, found status 403: <html>forbidden/,
    );
    assert.equal(called.length, 1);
  });

  it("a server with another name in its certificate, and one that is down, are errors with address and cause", async () => {
    const call = { service: "A", operation: "b", namespace: "http://a", parameters: {} };
    answer = () => ({ body: returned("") });
    await assert.rejects(
      callService(managementServices({ ...access, host: "store.test" }), call),
      /A\/b of store\.test at .*altnames/,
    );
    await assert.rejects(
      callService(managementServices({ ...access, port: 1 }), call),
      /A\/b of publisher\.test at 127\.0\.0\.1:1: .*ECONNREFUSED/,
    );
    assert.equal(called.length, 0);
  });
});
