import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import * as path from "node:path";
import type { Properties } from "../../../../engine/provider";
import { parseImageName } from "../../../../engine/providers/docker/registry";
import { RegistryAuth } from "../../../../engine/providers/docker/registryAuth";
import { Driver, providerFor } from "../support";
import { useFakeSwarm } from "./fakeSwarm";

const digest = "sha256:77";

/** A registry that only deletes, and wants a token for it. */
class FakeRegistry {
  readonly asked: (readonly [request: string, authorization: string | undefined])[] = [];
  status = 202;
  wantsToken = true;
  address = "";
  private server: Server | undefined;

  async start(): Promise<void> {
    this.server = createServer((request, response) => {
      const { authorization } = request.headers;
      this.asked.push([`${request.method} ${request.url}`, authorization]);
      if (request.url?.startsWith("/token")) return response.end('{"token":"t1"}');
      if (this.wantsToken && authorization !== "Bearer t1") {
        const realm = `Bearer realm="http://${this.address}/token",service="registry",scope="repository:am:*"`;
        return response.writeHead(401, { "WWW-Authenticate": realm }).end();
      }
      return response.writeHead(this.status).end();
    });
    await new Promise<void>((resolve) => this.server?.listen(0, "127.0.0.1", resolve));
    this.address = `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }
}

describe("registry image", () => {
  const held = useFakeSwarm();
  const registry = new FakeRegistry();
  before(() => registry.start());
  after(() => registry.stop());
  beforeEach(() => {
    registry.asked.length = 0;
    registry.status = 202;
    registry.wantsToken = true;
    held.swarm.pushed = [{ status: "Pushing" }, { aux: { Tag: "1", Digest: digest, Size: 5 } }];
    held.swarm.registry = { Descriptor: { digest } };
  });
  const images = (auth: object = { username: "u", password: "sesame" }) => {
    const entry = { address: `http://${registry.address}`, ...auth };
    const provider = providerFor("docker", { host: held.swarm.host, registryAuth: JSON.stringify([entry]) });
    return new Driver(provider, "docker:index/registryImage:RegistryImage", "am");
  };
  const inputs = (more: Properties = {}): Properties => ({ name: `${registry.address}/am:1`, ...more });

  it("getRegistryImage: the digest of a name, with the login for its registry, or without one", async () => {
    const { asked, host } = held.swarm;
    const entry = { address: `http://${registry.address}`, username: "u", password: "sesame" };
    const provider = providerFor("docker", { host, registryAuth: JSON.stringify([entry]) });
    const find = async (name: string) => provider.invoke?.("docker:index/getRegistryImage:getRegistryImage", { name });
    const [known, other] = [`${registry.address}/am:1`, "registry.example.org/am:1"];
    assert.deepEqual(await find(known), { id: digest, name: known, sha256Digest: digest });
    assert.deepEqual(await find(other), { id: digest, name: other, sha256Digest: digest });
    assert.deepEqual(
      asked.map(({ auth }) => (auth as Properties | undefined)?.username),
      ["u", undefined],
    );
    held.swarm.registry = undefined;
    await assert.rejects(find(known), /^Error: image .*\/am:1: not found in its registry; push it there, or correct/);
  });

  it("is pushed with the provider's credentials, and recorded as the official provider does", async () => {
    held.swarm.registry = undefined;
    const created = await images().create(inputs({ keepRemotely: true, triggers: { content: "1" } }));
    const [pushed] = held.swarm.asked;
    assert.equal(`${pushed?.method} ${pushed?.url}`, `POST /images/${registry.address}/am/push?tag=1`);
    const url = `http://${registry.address}`;
    assert.deepEqual(pushed?.auth, { username: "u", password: "sesame", serveraddress: url });
    assert.deepEqual(created.outputs, {
      __meta:
        '{"e2bfb730-ecaa-11e6-8f88-34363bc7c4c0":{"create":1200000000000,"delete":1200000000000,"update":1200000000000}}',
      authConfig: null,
      build: null,
      id: digest,
      insecureSkipVerify: false,
      keepRemotely: true,
      name: `${registry.address}/am:1`,
      sha256Digest: digest,
      triggers: { content: "1" },
    });
  });

  it("read records another digest of the registry, and that the image is gone", async () => {
    const created = await images().create(inputs());
    held.swarm.registry = { Descriptor: { digest: "sha256:88" } };
    const read = await images().read(created);
    assert.deepEqual([read?.outputs.sha256Digest, read?.outputs.id], ["sha256:88", digest]);
    held.swarm.registry = undefined;
    assert.equal(await images().read(created), undefined);
    held.swarm.failures.set("GET /distribution", [500, 'Get "http://r/v2/": dial tcp: connection refused']);
    await assert.rejects(images().read(created), /find image .*connection refused; the Docker engine does not reach/);
  });

  it("diff: name and triggers replace it; the same name is deleted first", async () => {
    const created = await images().create(inputs());
    const triggered = await images().diff(created, inputs({ triggers: { content: "2" } }));
    assert.deepEqual([triggered.replaces, triggered.deleteBeforeReplace], [["triggers"], true]);
    const kept = await images().diff(created, inputs({ keepRemotely: true }));
    assert.deepEqual([kept.replaces, kept.detailed], [[], { keepRemotely: "add" }]);
    const updated = await images().update(created, inputs({ keepRemotely: true }));
    assert.deepEqual([updated.outputs.keepRemotely, updated.outputs.sha256Digest], [true, digest]);
  });

  const failures: [event: string, remedy: RegExp][] = [
    ["denied: requested access to the resource is denied", /check address, username and password in registryAuth/],
    ["unauthorized: authentication required", /check address, username and password in registryAuth/],
    ['Get "https://r:5000/v2/": http: server gave HTTP response to HTTPS client', /add the registry to insecure-reg/],
    ['Get "https://r:5000/v2/": dial tcp: lookup r: no such host', /the Docker engine does not reach the registry/],
    ["An image does not exist locally with the tag: r/am", /^push image .*does not exist locally/],
  ];
  for (const [error, remedy] of failures)
    it(`a push that fails with "${error.slice(0, 50)}": the error has the remedy`, async () => {
      held.swarm.pushed = [{ status: "Preparing" }, { error }];
      await assert.rejects(images().create(inputs()), (failed: Error) => {
        assert.match(failed.message, remedy);
        return !failed.message.includes("sesame");
      });
    });

  it("a registry without an entry in registryAuth is refused, as by the official provider, with the remedy", async () => {
    await assert.rejects(
      images().create({ name: "other:5000/am:1" }),
      /image other:5000\/am:1: no credentials for the registry other:5000; .*authDisabled: true/,
    );
    const authConfig = { address: "other:5000", username: "own", password: "p" };
    await images().create({ name: "other:5000/am:1", authConfig });
    assert.deepEqual(held.swarm.asked.at(-1)?.auth, {
      username: "own",
      password: "p",
      serveraddress: "https://other:5000",
    });
  });

  it("delete removes the manifest, with a token if the registry wants one; keepRemotely leaves it", async () => {
    const created = await images().create(inputs());
    await images().delete(created);
    const basic = `Basic ${Buffer.from("u:sesame").toString("base64")}`;
    assert.deepEqual(registry.asked, [
      [`DELETE /v2/am/manifests/${digest}`, basic],
      ["GET /token?service=registry&scope=repository%3Aam%3A*", basic],
      [`DELETE /v2/am/manifests/${digest}`, "Bearer t1"],
    ]);
    registry.asked.length = 0;
    await images().delete({ ...created, inputs: { ...created.inputs, keepRemotely: true } });
    assert.deepEqual(registry.asked, []);
    registry.status = 404;
    await images().delete(created);
  });

  it("a registry that does not delete, or is not reached: the error has the remedy", async () => {
    const created = await images().create(inputs());
    registry.wantsToken = false;
    registry.status = 405;
    await assert.rejects(images().delete(created), /HTTP status 405; the registry does not delete: set keepRemotely/);
    registry.status = 403;
    await assert.rejects(images().delete(created), /HTTP status 403; check the credentials/);
    const authConfig = { address: "http://127.0.0.1:1", username: "u" };
    const lost = { ...created, inputs: { ...created.inputs, authConfig } };
    await assert.rejects(images().delete(lost), /ECONNREFUSED.*check that this machine reaches the registry/);
  });
});

describe("names of images", () => {
  const cases: [string, string, string, string][] = [
    ["am", "registry-1.docker.io", "library/am", "latest"],
    ["wso2/am:1", "registry-1.docker.io", "wso2/am", "1"],
    ["localhost/am", "localhost", "am", "latest"],
    ["10.0.0.1:5000/wso2/am:1", "10.0.0.1:5000", "wso2/am", "1"],
    ["r.example/am:1@sha256:7", "r.example", "am", "sha256:7"],
  ];
  for (const [name, registry, repository, tag] of cases)
    it(`${name}: registry ${registry}, repository ${repository}, ${tag}`, () =>
      assert.deepEqual(parseImageName(name), { registry, repository, tag }));
});

describe("registryAuth", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "registry-auth-"));
  const file = path.join(directory, "config.json");
  const auth = Buffer.from("u:p:q").toString("base64");
  const environment = { ...process.env };
  afterEach(() => {
    process.env = { ...environment };
  });
  after(() => rmSync(directory, { recursive: true }));
  const of = (...entries: object[]) => new RegistryAuth(JSON.stringify(entries));

  it("addresses match with and without protocol; the names of Docker Hub stand for each other", () => {
    const found = of({ address: "https://r:5000/", username: "u", password: "p" });
    assert.deepEqual(found.for("r:5000"), { url: "https://r:5000", username: "u", password: "p" });
    assert.equal(found.for("r"), undefined);
    const hub = of({ address: "docker.io", username: "u", password: "p" }).for("registry-1.docker.io");
    assert.equal(hub?.username, "u");
    assert.equal(new RegistryAuth(undefined).for("r"), undefined);
  });

  it("a registry without a login gets some credentials, which the Docker engine wants", () => {
    const found = of({ address: "http://r:5000", authDisabled: true }).for("r:5000");
    assert.deepEqual(found, { url: "http://r:5000", username: "username", password: "password" });
  });

  it("credentials come from the environment, the given file content, or the file of docker login", () => {
    Object.assign(process.env, { DOCKER_REGISTRY_USER: "e", DOCKER_REGISTRY_PASS: "f" });
    assert.deepEqual(of({ address: "r" }).for("r"), { url: "https://r", username: "e", password: "f" });
    process.env = { ...environment, DOCKER_CONFIG: directory };
    const content = JSON.stringify({ auths: { r: { auth } } });
    const inline = of({ address: "r", configFileContent: content }).for("r");
    assert.deepEqual(inline, { url: "https://r", username: "u", password: "p:q" });
    assert.throws(() => of({ address: "r" }).for("r"), /registryAuth of r: ENOENT.*docker login r/);
    writeFileSync(file, content);
    assert.deepEqual(of({ address: "r" }).for("r"), inline);
  });

  it("an error about invalid JSON does not show the text, which may contain passwords", () => {
    for (const make of [
      () => new RegistryAuth("sesame"),
      () => of({ address: "r", configFileContent: "sesame" }).for("r"),
    ])
      assert.throws(make, (error: Error) => /expected JSON/.test(error.message) && !error.message.includes("sesame"));
  });
});
