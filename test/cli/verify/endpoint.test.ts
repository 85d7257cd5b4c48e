import assert from "node:assert/strict";
import { createSign, X509Certificate } from "node:crypto";
import { serveBackend } from "../../../cli/verify/backend";
import type { CycleResult } from "../../../cli/verify/cycle";
import type { CycleOptions } from "../../../cli/verify/cycleRun";
import type { ExpectedJwt } from "../../../cli/verify/jwt";
import { type Issued, issue } from "../../certificates/support";
import { FakeDeployment, type Override } from "./fakeDeployment";
import { runOn } from "./fakeRun";

describe("verify: calls that only its own endpoint can confirm", function () {
  this.timeout(10_000);
  let fake: FakeDeployment;
  beforeEach(async () => {
    fake = new FakeDeployment();
    await fake.start();
    fake.backend = await serveBackend("127.0.0.1");
  });
  afterEach(async () => {
    await fake.stop();
    await fake.backend.close();
  });

  function run(options: Partial<CycleOptions> = {}): Promise<CycleResult> {
    return runOn(fake, options);
  }

  const names = ({ steps }: CycleResult) => steps.map(({ name }) => name);
  /** The only step that failed. */
  function failure({ steps }: CycleResult) {
    const [failed, ...more] = steps.filter(({ status }) => status === "failed");
    assert.ok(failed && more.length === 0, JSON.stringify(steps, null, 1));
    const { name, detail = "", faults = [] } = failed;
    return { name, detail, links: faults.map(({ link }) => link), faults };
  }
  const calls = () => fake.seen.filter(({ path }) => path.startsWith("/verify"));
  const isBody = ({ path }: Parameters<Override>[0]) => path.endsWith("/body");

  it("are left out when the endpoint is somebody else's", async () => {
    const { isAnswer, urls, close } = fake.backend;
    const result = await run({ backend: { isAnswer, urls, close: async () => undefined }, slow: 40 });
    assert.ok(!names(result).some((name) => /POST a body|back end that takes/.test(name)), names(result).join("\n"));
    await close();
    fake.backend = await serveBackend("127.0.0.1");
  });

  it("creates an API with a POST resource", async () => {
    await run();
    const { form } = fake.seen.find(({ action }) => action === "addAPI") ?? assert.fail("no API");
    assert.equal(form["resourceMethod-0"], "GET,POST");
    assert.equal(form["resourceMethodThrottlingTier-0"], "Unlimited,Unlimited");
    assert.deepEqual(Object.keys(JSON.parse(form.swagger ?? "").paths["/*"]), ["get", "post"]);
  });

  describe("bodies", () => {
    it("fails when one of several gateways refuses them, and names it", async () => {
      fake.settings = { gatewayReplicas: 2 };
      fake.override = (seen) =>
        isBody(seen) && seen.node === "gateway-2" ? { status: 500, body: "no memory" } : undefined;
      const { name, detail } = failure(await run());
      assert.equal(name, "POST a body of 1 MB");
      assert.match(detail, /found from gateway-2 status 500: no memory$/);
    });

    it("posts 1 MB and 9 MB to each environment, and the endpoint confirms them", async () => {
      fake.settings = { gatewayEnvironments: "production, sandbox" };
      const result = await run();
      assert.ok(
        result.steps.every(({ ok }) => ok),
        JSON.stringify(result.steps),
      );
      const posts = calls().filter(isBody);
      assert.deepEqual(
        posts.map(({ method, body, host }) => [method, body.length, host.replace(/\..*/, "")]),
        ["gateway", "sandbox-gateway"].flatMap((host) => [1e6, 9e6].map((size) => ["POST", size, host])),
      );
      assert.equal(posts[0]?.headers["content-type"], "application/octet-stream");
    });

    it("fails when a part of a body is lost, and names the transports of the gateway", async () => {
      fake.forwarding = (seen) => (seen.body.length > 5e6 ? { body: seen.body.subarray(0, 4_194_304) } : {});
      const { name, detail, links, faults } = failure(await run());
      assert.equal(name, "POST a body of 9 MB");
      assert.equal(
        detail,
        "expected the endpoint to confirm the 9000000 bytes that were sent, found that it received 4194304 bytes",
      );
      assert.deepEqual(links, ["gateway-1 -> endpoint (bodies of 9 MB)"]);
      assert.equal(faults[0]?.file, "repository/conf/axis2/axis2.xml");
    });

    it("fails when a body arrives with other bytes", async () => {
      fake.forwarding = (seen) => (isBody(seen) ? { body: Buffer.alloc(seen.body.length) } : {});
      assert.match(failure(await run()).detail, /received 1000000 bytes, not the same ones$/);
    });

    it("fails when bodies are refused", async () => {
      fake.override = (seen) => (seen.body.length > 5e6 ? { status: 413, body: "too large" } : undefined);
      const { name, detail } = failure(await run());
      assert.equal(name, "POST a body of 9 MB");
      assert.match(detail, /found status 413: too large$/);
    });

    it("names the link to the endpoint when the gateway can't reach it", async () => {
      fake.override = (seen) => (isBody(seen) ? { status: 500, body: '{"code":"101503"}' } : undefined);
      assert.match(failure(await run()).links.join(), /^gateway-1 -> http:\/\/127\.0\.0\.1:\d+ \(endpoint\)$/);
    });
  });

  describe("a slow back end", () => {
    const isSlow = ({ path }: Parameters<Override>[0]) => path.includes("/slow/");
    const step = "call a back end that takes 2 s: wait for the answer to a call that an earlier step sent";

    it("is called while the other steps go on, and awaited at their end", async () => {
      const result = await run({ slow: 2 });
      assert.ok(
        result.steps.every(({ ok }) => ok),
        JSON.stringify(result.steps),
      );
      const at = names(result).indexOf(step);
      assert.equal(result.steps[at + 1]?.group, "Clean up");
      const paths = calls().map(({ path }) => path.replace(/^\/[^/]+\/[^/]+/, ""));
      const slow = paths.indexOf("/slow/2");
      assert.ok(slow > 0 && slow < paths.length - 5, paths.join());
      const total = result.steps.reduce((sum, { ms = 0 }) => sum + ms, 0);
      assert.ok(total >= 1900 && (result.steps[at]?.ms ?? 0) < 2000, `${total} ms`);
    });

    it("fails when the gateway gives the back end up, and names its time limit and the load balancer's", async () => {
      fake.override = (seen) => (isSlow(seen) ? { status: 500, body: "<ams:code>101504</ams:code>" } : undefined);
      const { name, links, faults } = failure(await run({ slow: 2 }));
      assert.equal(name, step);
      assert.deepEqual(links, ["gateway-1 -> endpoint (slow back ends)"]);
      assert.deepEqual(
        [faults[0]?.element, faults[0]?.also],
        ["http.socket.timeout", ["haproxy.cfg (timeout server) of loadbalancer"]],
      );
    });

    it("names the load balancer when that gives the back end up", async () => {
      const body = "<html><body><h1>504 Gateway Time-out</h1>";
      fake.override = (seen) => (isSlow(seen) ? { status: 504, body } : undefined);
      const { name, detail, links } = failure(await run({ slow: 2 }));
      assert.equal(name, step);
      assert.equal(detail, "the load balancer answered 504: no server answered within its time limit");
      assert.deepEqual(links, ["loadbalancer -> gateway-1 (api-https)"]);
    });

    it("does not delay Ctrl-C, nor the clean-up", async () => {
      const stop = new AbortController();
      fake.override = (seen) => {
        if (isSlow(seen)) setTimeout(() => stop.abort(new Error("stopped")), 1000);
        return undefined;
      };
      const started = Date.now();
      const result = await run({ slow: 30, signal: stop.signal });
      assert.ok(Date.now() - started < 8000);
      assert.equal(failure(result).detail, "stopped");
      assert.deepEqual([fake.apis.size, fake.applications.size], [0, 0]);
    });
  });

  describe("the JSON Web Token about the caller", () => {
    let [own, other]: Issued[] = [];
    before(async () => {
      [own, other] = [await issue({ name: "own" }), await issue({ name: "other" })];
    });
    const jwt = (): ExpectedJwt => ({
      header: "X-JWT-Assertion",
      signed: true,
      certificates: async () => [new X509Certificate(own?.cert ?? "")],
    });
    const signedBy = (by: Issued | undefined) => {
      const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64");
      const signed = `${encode({ alg: "RS256" })}.${encode({ sub: "admin" })}`;
      return `${signed}.${createSign("RSA-SHA256")
        .update(signed)
        .sign(by?.key ?? "", "base64")}`;
    };
    const step = "call the API: the back end receives X-JWT-Assertion, signed with the Key Manager's key";

    it("is not asked for without the setting", async () => {
      assert.ok(!names(await run()).some((name) => name.includes("X-JWT-Assertion")));
    });

    it("arrives at the back end", async () => {
      fake.forwarding = () => ({ headers: { "x-jwt-assertion": signedBy(own) } });
      const result = await run({ jwt: jwt() });
      assert.ok(
        result.steps.every(({ ok }) => ok),
        JSON.stringify(result.steps),
      );
      assert.ok(names(result).includes(step));
    });

    it("fails when it does not arrive, and names the elements of both sides", async () => {
      const { name, detail, links, faults } = failure(await run({ jwt: jwt() }));
      assert.equal(name, step);
      assert.equal(detail, "expected the endpoint to receive the header X-JWT-Assertion, found no such header");
      assert.deepEqual(links, ["keymanager-1 -> endpoint (JSON Web Token)", "gateway-1 -> endpoint (JSON Web Token)"]);
      assert.equal(faults[0]?.file, "repository/conf/api-manager.xml");
    });

    it("fails when one of several gateways does not send it", async () => {
      fake.settings = { gatewayReplicas: 2 };
      fake.forwarding = ({ node }) => (node === "gateway-2" ? {} : { headers: { "x-jwt-assertion": signedBy(own) } });
      const { name, detail } = failure(await run({ jwt: jwt() }));
      assert.equal(name, step);
      assert.match(detail, /the header X-JWT-Assertion, found from gateway-2 no such header$/);
    });

    it("fails when another key has signed it, names the Key Manager's keystore, and does not report the token", async () => {
      const token = signedBy(other);
      fake.forwarding = () => ({ headers: { "x-jwt-assertion": token } });
      const result = await run({ jwt: jwt() });
      const { name, detail, faults } = failure(result);
      assert.equal(name, step);
      assert.match(detail, /^X-JWT-Assertion: expected a signature by CN=own .*, found another signature$/);
      assert.deepEqual(
        faults.map(({ node, file, element }) => [node, file, element]),
        [["keymanager-1", "repository/conf/carbon.xml", "Security/KeyStore"]],
      );
      assert.ok(!JSON.stringify(result).includes(token));
    });
  });
});
