import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { dockerHost, dockerSocket, isLocalEngine } from "../../plan/dockerHost";
import { parseSettings } from "../../plan/settings";
import { checkSharedDirectory } from "../../plan/sharedDirectory";

/** The Docker engine that the program uses with this setting of the docker provider and this DOCKER_HOST. */
function onEngine<Result>(docker: string | undefined, environment: string | undefined, work: () => Result): Result {
  const before = process.env.DOCKER_HOST;
  const set = (value: string | undefined) => {
    if (value === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = value;
  };
  pulumi.runtime.setAllConfig(docker === undefined ? {} : { "docker:host": docker });
  set(environment);
  try {
    return work();
  } finally {
    set(before);
    pulumi.runtime.setAllConfig({});
  }
}

describe("the Docker engine that the program uses", () => {
  const found = () => [dockerHost(), dockerSocket(), isLocalEngine()];

  it("is that of docker:host, else of DOCKER_HOST, else the one at the default socket", () => {
    const socket = "unix:///run/user/1000/docker.sock";
    assert.deepEqual(onEngine(undefined, undefined, found), [undefined, undefined, true]);
    assert.deepEqual(onEngine(undefined, "", found), [undefined, undefined, true]);
    assert.deepEqual(onEngine(undefined, socket, found), [socket, "/run/user/1000/docker.sock", true]);
    assert.deepEqual(onEngine(socket, "tcp://10.0.0.1:2376", found), [socket, "/run/user/1000/docker.sock", true]);
  });

  it("is on another machine if it is reached over a network", () => {
    for (const host of ["tcp://10.0.0.1:2376", "ssh://root@10.0.0.1"])
      assert.deepEqual(onEngine(undefined, host, found), [host, undefined, false]);
  });
});

describe("the directory that all machines of a swarm mount", () => {
  const check = (sharedDirectory: string, host: string | undefined, exists: boolean) => {
    const raw = {
      platform: "swarm",
      imageRegistry: "registry.example.com",
      ...(sharedDirectory && { sharedDirectory }),
    };
    const settings = parseSettings(raw, "dev");
    onEngine(undefined, host, () => checkSharedDirectory(settings, () => exists));
  };

  it("must exist on this machine, which is one of them", () => {
    check("/mnt/apim", undefined, true);
    assert.throws(() => check("/mnt/apim", undefined, false), {
      message:
        /sharedDirectory: expected a directory that all machines mount, found no \/mnt\/apim on this machine; mount/,
    });
  });

  it("is not looked for without the setting, or when the engine is on another machine", () => {
    check("", undefined, false);
    check("/mnt/apim", "ssh://root@10.0.0.1", false);
  });
});
