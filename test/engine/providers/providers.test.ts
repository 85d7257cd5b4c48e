import assert from "node:assert/strict";
import type { Properties } from "../../../engine/provider";
import { attempt, attemptOrGone } from "../../../engine/providers/docker/error";
import { officialState, providerFor, resource } from "./support";

const mysqlConfig = { endpoint: "127.0.0.1:1", username: "u", password: "p" };
const packages = {
  docker: providerFor("docker", {}),
  mysql: providerFor("mysql", mysqlConfig),
  random: providerFor("random", {}),
};
const providerOf = (type: string) => packages[type.split(":")[0] as keyof typeof packages];

/** Secret inputs, which the sample contains only as ciphertext. */
const secrets: Record<string, Properties> = {
  "docker:index/container:Container": { envs: ["A=1", "B=2"], uploads: [{ file: "/a", content: "b" }] },
  "mysql:index/user:User": { plaintextPassword: "sesame" },
};

/** Recorded inputs without defaults, as the program gives them. */
function asGiven(inputs: Properties): Properties {
  const defaults = Array.isArray(inputs.__defaults) ? inputs.__defaults : [];
  const clean = (value: unknown): unknown => {
    if (Array.isArray(value)) {
      return value.map(clean);
    }
    if (typeof value !== "object" || value === null) {
      return value;
    }
    const marks = "__defaults" in value && Array.isArray(value.__defaults) ? value.__defaults : [];
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => key !== "__defaults" && !marks.includes(key))
        .map(([key, one]) => [key, clean(one)]),
    );
  };
  return clean(
    Object.fromEntries(Object.entries(inputs).filter(([key]) => key !== "__defaults" && !defaults.includes(key))),
  ) as Properties;
}

describe("providers with state of the official engine", () => {
  const state = officialState();
  before(function () {
    if (!state) {
      this.skip();
    }
  });
  const refreshed = officialState("11-state-after-refresh.json");

  for (const [urn, official] of state ?? []) {
    const { type } = official;
    if (!/^(docker|mysql|random):/.test(type)) {
      continue;
    }
    const more = secrets[type] ?? {};

    it(`${urn.slice(urn.lastIndexOf("$") + 1)}: check returns the official inputs, and diff finds no change`, async () => {
      const provider = providerOf(type);
      const { inputs, failures } = await provider.check(resource(type), undefined, {
        ...asGiven(official.inputs),
        ...more,
      });
      assert.deepEqual(failures, []);
      const keys = Object.keys(more);
      const without = (all: Properties) =>
        Object.fromEntries(Object.entries(all).filter(([key]) => !keys.includes(key)));
      assert.deepEqual(without(inputs), without(official.inputs));
      const { changes, detailed } = await provider.diff(
        { ...official, inputs: { ...official.inputs, ...more } },
        inputs,
      );
      assert.deepEqual([changes, detailed], [false, {}]);
      const later = refreshed?.get(urn);
      assert.ok(later);
      const after = await provider.diff({ ...later, inputs: { ...later.inputs, ...more } }, inputs);
      assert.deepEqual(after.detailed, {}, "after a refresh");
    });
  }

  it("random: create returns the same outputs as the official provider", async () => {
    const context = { log: () => undefined, signal: new AbortController().signal };
    for (const type of ["random:index/randomId:RandomId", "random:index/randomPassword:RandomPassword"]) {
      const official = [...(state?.values() ?? [])].find((one) => one.type === type);
      assert.ok(official);
      const { outputs } = await packages.random.create(resource(type), official.inputs, context);
      const { __pulumi_raw_state_delta: _, ...recorded } = official.outputs;
      assert.deepEqual(Object.keys(outputs).sort(), Object.keys(recorded).sort());
      for (const key of Object.keys(official.inputs)) {
        assert.deepEqual(outputs[key], recorded[key], key);
      }
    }
    assert.deepEqual(packages.random.secretOutputs("random:index/randomPassword:RandomPassword"), [
      "bcryptHash",
      "result",
    ]);
    assert.deepEqual(packages.mysql.secretOutputs("mysql:index/user:User"), ["password", "plaintextPassword"]);
  });
});

describe("providers", () => {
  it("an unsupported package is refused, with the remedy", () => {
    assert.throws(() => providerFor("aws", {}), /package aws: .*docker, mysql, random.*Pulumi CLI/);
    assert.throws(() => providerFor("constructor", {}), /package constructor:/);
  });

  it("an unsupported resource kind is refused, with the remedy", async () => {
    const type = "docker:index/plugin:Plugin";
    await assert.rejects(
      packages.docker.check(resource(type), undefined, {}),
      /docker:index\/plugin:Plugin: .*Pulumi CLI/,
    );
  });

  it("docker: an invalid host is refused", () => {
    assert.throws(() => providerFor("docker", { host: "ssh://x" }), /host: expected unix:.* found ssh:\/\/x/);
  });

  it("docker: a missing Docker engine is reported", async () => {
    const provider = providerFor("docker", { host: "unix:///nowhere/docker.sock" });
    const existing = { ...resource("docker:index/volume:Volume"), id: "x", inputs: { name: "x" }, outputs: {} };
    const context = { log: () => undefined, signal: new AbortController().signal };
    await assert.rejects(provider.read(existing, context), /^Error: no Docker engine answers .*DOCKER_HOST/);
    await assert.rejects(provider.delete(existing, context), /no Docker engine answers/);
  });

  it("docker: a call that is not answered times out", async () => {
    const silent = new Promise<never>(() => {});
    const timeout = /inspect x: the Docker engine did not answer within 0\.05 s; .*systemctl restart docker/;
    await assert.rejects(attempt("inspect x", silent, 50), timeout);
    await assert.rejects(attemptOrGone("inspect x", silent, undefined, 50), timeout);
    assert.equal(await attempt("inspect x", Promise.resolve(1), 50), 1);
  });

  it("a missing name is generated, and kept in later runs", async () => {
    const type = "docker:index/volume:Volume";
    const first = await packages.docker.check(resource(type, "data"), undefined, {});
    assert.match(String(first.inputs.name), /^data-[0-9a-f]{7}$/);
    assert.deepEqual(first.inputs.__defaults, ["name"]);
    assert.deepEqual(await packages.docker.check(resource(type, "data"), first.inputs, {}), first);
    const named = await packages.docker.check(resource(type, "data"), first.inputs, { name: "mine" });
    assert.equal(named.inputs.name, "mine");
  });

  it("a replacement with a generated name gets another one, so that the former object is deleted after it", async () => {
    const type = "docker:index/volume:Volume";
    const { inputs } = await packages.docker.check(resource(type, "data"), undefined, {});
    const existing = { ...resource(type, "data"), id: "x", inputs, outputs: {} };
    const changed = { driver: "other" };
    const { inputs: news } = await packages.docker.check(existing, inputs, changed);
    assert.equal((await packages.docker.diff(existing, news)).deleteBeforeReplace, false);
    const { inputs: named } = await packages.docker.check(existing, inputs, { ...changed, name: String(inputs.name) });
    assert.equal((await packages.docker.diff(existing, named)).deleteBeforeReplace, true);
  });
});

describe("mysql user", () => {
  it("diff: a password equals the hash that the official provider recorded", async () => {
    const type = "mysql:index/user:User";
    const hash = "d0cf705f17b42bf3ba7e22c4fa4c5db3a9b6d9bdc8f7b9d3b5a3f4b5cbe39c5e";
    const existing = (plaintextPassword: string) => ({
      ...resource(type),
      id: "u@%",
      inputs: { user: "u", host: "%", plaintextPassword },
      outputs: {},
    });
    const news = { user: "u", host: "%", plaintextPassword: "sesame" };
    const { createHash } = await import("node:crypto");
    const right = createHash("sha256").update("sesame").digest("hex");
    assert.equal((await packages.mysql.diff(existing(right), news)).changes, false);
    assert.deepEqual((await packages.mysql.diff(existing(hash), news)).detailed, { plaintextPassword: "update" });
  });

  it("recover fails if the server can't be reached, so that the create stays pending", async () => {
    const inputs = { user: "u", host: "%", plaintextPassword: "sesame", tlsOption: "NONE" };
    const context = { log: () => undefined, signal: new AbortController().signal };
    const recovered = packages.mysql.recover?.(resource("mysql:index/user:User"), inputs, context);
    await assert.rejects(recovered ?? assert.fail(), /MySQL at 127\.0\.0\.1:1: no answer within 3 s/);
  }).timeout(10_000);

  it("grant: privileges with characters other than words are refused", async () => {
    const type = "mysql:index/grant:Grant";
    const check = (privileges: string[]) =>
      packages.mysql.check(resource(type), undefined, { user: "u", database: "d", privileges });
    assert.equal((await check(["ALL", "SELECT (a, b)", "create view"])).failures.length, 0);
    assert.match(
      (await check(["SELECT ON *.* TO x; --"])).failures[0]?.reason ?? "",
      /privileges\[0\]: expected e\.g\. SELECT/,
    );
    assert.match((await check([])).failures[0]?.reason ?? "", /at least one/);
  });
});
