import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { dockerAddress, useDockerAddress } from "../../../cli/setup/dockerAddress";
import { removeTemporaryDirs, temporaryDir } from "../../engine/support";

describe("the Docker engine that the docker CLI would use", () => {
  let HOME: string;
  beforeEach(() => {
    HOME = temporaryDir();
  });
  after(removeTemporaryDirs);

  const configure = (configuration: object) => {
    mkdirSync(path.join(HOME, ".docker"), { recursive: true });
    writeFileSync(path.join(HOME, ".docker/config.json"), JSON.stringify(configuration));
  };
  const idOf = (name: string) => createHash("sha256").update(name).digest("hex");
  /** Creates a context as `docker context create` does. */
  function createContext(name: string, Host: string): void {
    const directory = path.join(HOME, ".docker/contexts/meta", idOf(name));
    mkdirSync(directory, { recursive: true });
    const text = JSON.stringify({ Name: name, Metadata: {}, Endpoints: { docker: { Host, SkipTLSVerify: false } } });
    writeFileSync(path.join(directory, "meta.json"), text);
  }
  const rootless = "unix:///run/user/1000/docker.sock";

  it("is the default one without a context, with the context default, and with the default socket in DOCKER_HOST", () => {
    const none = { host: undefined, origin: undefined };
    assert.deepEqual(dockerAddress({ HOME }), none);
    configure({ auths: {} });
    assert.deepEqual(dockerAddress({ HOME }), none);
    configure({ currentContext: "rootless" });
    assert.deepEqual(dockerAddress({ HOME, DOCKER_CONTEXT: "default" }), none);
    const host = "unix:///var/run/docker.sock";
    assert.deepEqual(dockerAddress({ HOME, DOCKER_HOST: host }), { host, origin: undefined });
  });

  it("is that of DOCKER_HOST, else of DOCKER_CONTEXT, else of `docker context use`", () => {
    createContext("rootless", rootless);
    createContext("lab", "tcp://127.0.0.1:2375");
    configure({ currentContext: "rootless" });
    const DOCKER_HOST = "unix:///run/mine.sock";
    const used = (env: NodeJS.ProcessEnv) => {
      const { host, origin } = dockerAddress({ HOME, ...env });
      return [host, origin?.name];
    };
    assert.deepEqual(used({ DOCKER_HOST, DOCKER_CONTEXT: "lab" }), [DOCKER_HOST, "DOCKER_HOST"]);
    assert.deepEqual(used({ DOCKER_CONTEXT: "lab" }), ["tcp://127.0.0.1:2375", "Docker context lab"]);
    assert.deepEqual(used({}), [rootless, "Docker context rootless"]);
    assert.deepEqual(used({ DOCKER_CONFIG: path.join(HOME, ".docker"), HOME: "/nowhere" })[0], rootless);
  });

  it("is refused, with the remedy, if there is no such context or it is reached by ssh", () => {
    configure({ currentContext: "gone" });
    assert.throws(
      () => dockerAddress({ HOME }),
      /config\.json: currentContext: .* found gone; .*`docker context use def/,
    );
    assert.throws(() => dockerAddress({ HOME, DOCKER_CONTEXT: "x" }), /^Error: DOCKER_CONTEXT: .* found x; .*`unset/);
    createContext("far", "ssh://me@far.example.com");
    assert.throws(
      () => dockerAddress({ HOME, DOCKER_CONTEXT: "far" }),
      /Docker context far: expected a Docker engine on this machine, found ssh:.* Run the program there, or run `unset/,
    );
    assert.throws(
      () => dockerAddress({ HOME, DOCKER_HOST: "ssh://far" }),
      /^Error: DOCKER_HOST: .* `unset DOCKER_HOST`/,
    );
  });

  it("is passed on in DOCKER_HOST, with a context's certificates, and reported once", () => {
    createContext("lab", "tcp://127.0.0.1:2376");
    const certificates = path.join(HOME, ".docker/contexts/tls", idOf("lab"), "docker");
    mkdirSync(certificates, { recursive: true });
    const env: NodeJS.ProcessEnv = { HOME, DOCKER_CONTEXT: "lab" };
    const lines: string[] = [];
    for (let time = 0; time < 2; time++) useDockerAddress((line) => lines.push(line), env);
    assert.deepEqual(env, {
      HOME,
      DOCKER_HOST: "tcp://127.0.0.1:2376",
      DOCKER_CERT_PATH: certificates,
      DOCKER_TLS_VERIFY: "1",
    });
    assert.deepEqual(lines, ["Docker engine: tcp://127.0.0.1:2376 (Docker context lab)"]);
    const untouched: NodeJS.ProcessEnv = { HOME };
    useDockerAddress(assert.fail, untouched);
    assert.deepEqual(untouched, { HOME });
  });
});
