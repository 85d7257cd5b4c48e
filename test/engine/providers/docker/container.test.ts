import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { Container, ContainerInspectInfo, HostConfig } from "dockerode";
import fc from "fast-check";
import { extract, pack } from "tar-stream";
import { formatDuration, parseDuration } from "../../../../engine/duration";
import type { Properties } from "../../../../engine/provider";
import { toApi } from "../../../../engine/providers/docker/api";
import { withoutSecrets } from "../../../../engine/providers/docker/containerSecrets";
import { createOptions, outputsOf } from "../../../../engine/providers/docker/containerState";
import { type Inputs, networkFields } from "../../../../engine/providers/docker/containerTable";
import { idOffsets, uploadsNow, uploadTar } from "../../../../engine/providers/docker/uploads";
import { providerFor, resource } from "../support";

const type = "docker:index/container:Container";
const docker = providerFor("docker", {});
const check = (news: Properties) => docker.check(resource(type), undefined, { name: "c", image: "i", ...news });
const options = async (news: Properties) => createOptions((await check(news)).inputs as unknown as Inputs);
const host = async (news: Properties): Promise<HostConfig> => (await options(news)).HostConfig ?? {};

describe("container inputs in the Docker API", () => {
  it("inputs that are not given are not sent", async () => {
    assert.deepEqual(await options({}), {
      Image: "i",
      ExposedPorts: {},
      HostConfig: { NetworkMode: "bridge", RestartPolicy: { Name: "no" }, Init: false },
    });
  });

  it("process, health check and identity are mapped", async () => {
    const made = await options({
      hostname: "h",
      domainname: "d",
      command: ["a", "b"],
      entrypoints: ["e"],
      envs: ["A=1"],
      user: "1000:1000",
      workingDir: "/w",
      stopSignal: "SIGINT",
      stopTimeout: 9,
      tty: true,
      stdinOpen: true,
      labels: [{ label: "l", value: "v" }],
      healthcheck: { tests: ["CMD", "x"], interval: "1m30s", timeout: "500ms", startPeriod: "2s", retries: 3 },
    });
    const { HostConfig: _, ...config } = made;
    assert.deepEqual(config, {
      Image: "i",
      Hostname: "h",
      Domainname: "d",
      Cmd: ["a", "b"],
      Entrypoint: ["e"],
      Env: ["A=1"],
      User: "1000:1000",
      WorkingDir: "/w",
      StopSignal: "SIGINT",
      StopTimeout: 9,
      Tty: true,
      OpenStdin: true,
      Labels: { l: "v" },
      ExposedPorts: {},
      Healthcheck: { Test: ["CMD", "x"], Interval: 90e9, Timeout: 5e8, StartPeriod: 2e9, Retries: 3 },
    });
  });

  const mapped: [what: string, inputs: Properties, expected: HostConfig][] = [
    [
      "memory limits in MB",
      { memory: 256, memorySwap: -1, memoryReservation: 64, shmSize: 32 },
      { Memory: 268435456, MemorySwap: -1, MemoryReservation: 67108864, ShmSize: 33554432 },
    ],
    [
      "processor limits",
      { cpuShares: 5, cpuSet: "0-1", cpus: "1.5" },
      { CpuShares: 5, CpusetCpus: "0-1", NanoCpus: 15e8 },
    ],
    [
      "the restart policy",
      { restart: "on-failure", maxRetryCount: 4 },
      { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 4 } },
    ],
    ["hosts", { hosts: [{ host: "db", ip: "10.0.0.2" }] }, { ExtraHosts: ["db:10.0.0.2"] }],
    [
      "capabilities and security options",
      {
        capabilities: { adds: ["CAP_NET_ADMIN"], drops: ["ALL"] },
        privileged: true,
        securityOpts: ["no-new-privileges"],
      },
      { CapAdd: ["CAP_NET_ADMIN"], CapDrop: ["ALL"], Privileged: true, SecurityOpt: ["no-new-privileges"] },
    ],
    [
      "the file system and sysctls",
      { readOnly: true, tmpfs: { "/t": "size=1m" }, sysctls: { "net.core.somaxconn": "9" } },
      { ReadonlyRootfs: true, Tmpfs: { "/t": "size=1m" }, Sysctls: { "net.core.somaxconn": "9" } },
    ],
    [
      "ulimits, groups, init and rm",
      { ulimits: [{ name: "nofile", soft: 1, hard: 2 }], groupAdds: ["5"], init: true, rm: true },
      { Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }], GroupAdd: ["5"], Init: true, AutoRemove: true },
    ],
    [
      "DNS settings",
      { dns: ["1.1.1.1"], dnsOpts: ["ndots:1"], dnsSearches: ["x"] },
      { Dns: ["1.1.1.1"], DnsOptions: ["ndots:1"], DnsSearch: ["x"] },
    ],
    [
      "the log driver",
      { logDriver: "local", logOpts: { "max-size": "1m" } },
      { LogConfig: { Type: "local", Config: { "max-size": "1m" } } },
    ],
    [
      "volumes",
      {
        volumes: [
          { volumeName: "v", containerPath: "/v" },
          { hostPath: "/h", containerPath: "/c", readOnly: true },
        ],
      },
      { Binds: ["v:/v:rw", "/h:/c:ro"] },
    ],
    [
      "ports, also with several addresses for one port",
      {
        ports: [
          { internal: 80, external: 8080, ip: "127.0.0.1" },
          { internal: 80, external: 8081 },
          { internal: 53, protocol: "udp" },
        ],
      },
      {
        PortBindings: {
          "80/tcp": [
            { HostIp: "127.0.0.1", HostPort: "8080" },
            { HostIp: "0.0.0.0", HostPort: "8081" },
          ],
          "53/udp": [{ HostIp: "0.0.0.0", HostPort: "" }],
        },
      },
    ],
    [
      "mounts",
      {
        mounts: [
          { type: "volume", source: "v", target: "/v" },
          { type: "bind", source: "/h", target: "/b", readOnly: true },
          { type: "tmpfs", target: "/t", tmpfsOptions: { sizeBytes: 4096, mode: 0o700 } },
        ],
      },
      {
        Mounts: [
          { Type: "volume", Source: "v", Target: "/v" },
          { Type: "bind", Source: "/h", Target: "/b", ReadOnly: true },
          { Type: "tmpfs", Source: "", Target: "/t", TmpfsOptions: { SizeBytes: 4096, Mode: 0o700 } },
        ] as HostConfig["Mounts"],
      },
    ],
  ];
  for (const [what, inputs, expected] of mapped) {
    it(`${what}: mapped`, async () => {
      const made = await host(inputs);
      const bare = await host({});
      assert.deepEqual({ ...made }, { ...bare, ...expected });
    });
  }

  it("address, aliases and driver options of a network are mapped", () => {
    const network = { name: "n", aliases: ["a"], ipv4Address: "10.0.0.2", driverOpts: ["a.b=c=d"] };
    assert.deepEqual(toApi(networkFields, network), {
      Aliases: ["a"],
      DriverOpts: { "a.b": "c=d" },
      IPAMConfig: { IPv4Address: "10.0.0.2" },
    });
  });
});

describe("invalid container inputs", () => {
  const cases: [Properties, RegExp][] = [
    [{ restart: "sometimes" }, /restart: expected no, on-failure, .* found sometimes/],
    [{ uploads: [{ file: "/f" }] }, /uploads\[0\]: \/f: expected one of content, .* found none/],
    [{ uploads: [{ file: "/f", content: "a", source: "b" }] }, /found content and source/],
    [{ uploads: [{ file: "f", content: "a" }] }, /uploads\[0\]\.file: expected an absolute path, found f/],
    [{ uploads: [{ file: "/f", content: "a", permissions: "999" }] }, /permissions: expected e\.g\. 0644, found 999/],
    [{ mounts: [{ type: "volum", target: "/x" }] }, /mounts\[0\]\.type: expected bind, volume or tmpfs, found volum/],
    [{ healthcheck: { tests: ["CMD"], interval: "1 s" } }, /healthcheck\.interval: expected e\.g\. 1s/],
    [{ memory: -5 }, /memory: expected an integer of at least 0, found -5/],
    [{ stopTimeout: 1.5 }, /stopTimeout: expected an integer of at least 0, found 1.5/],
    [{ cpuShares: Number.NaN }, /cpuShares: expected an integer/],
    [{ wait: true, start: false }, /wait: expected start: true/],
    [{ gpus: "all" }, /gpus: not supported by the embedded engine/],
    [{ attach: true }, /attach: not supported by the embedded engine/],
    [{ volumes: [{ fromContainer: "c" }] }, /volumes\[0\]\.fromContainer: not supported by the embedded engine/],
  ];
  for (const [inputs, expected] of cases) {
    it(`${JSON.stringify(inputs)} is refused with ${expected}`, async () => {
      const { failures } = await check(inputs);
      assert.equal(failures.length, 1);
      assert.match(failures[0]?.reason ?? "", expected);
    });
  }

  it("envs: an entry without a name is refused without showing it", async () => {
    const { failures } = await check({ envs: ["=sesame"] });
    assert.match(failures[0]?.reason ?? "", /envs\[0\]: expected NAME=value/);
    assert.doesNotMatch(failures[0]?.reason ?? "", /sesame/);
  });
});

describe("diff of a container", () => {
  const base = { name: "c", image: "i", memory: 1, command: ["a"] };
  const diff = async (olds: Properties, news: Properties) => {
    const recorded = (await check({ ...base, ...olds })).inputs;
    return docker.diff(
      { ...resource(type), id: "x", inputs: recorded, outputs: {} },
      (await check({ ...base, ...news })).inputs,
    );
  };
  it("limits, restart policy and health check change in place; other inputs replace, deleting first", async () => {
    const inPlace = {
      memory: 2,
      memorySwap: 2,
      cpuShares: 3,
      cpuSet: "0",
      restart: "always",
      healthcheck: { tests: ["CMD"] },
      destroyGraceSeconds: 1,
    };
    assert.deepEqual((await diff({}, inPlace)).replaces, []);
    const replaced = await diff({}, { command: ["b"], user: "x" });
    assert.deepEqual([replaced.replaces, replaced.deleteBeforeReplace], [["command", "user"], true]);
    assert.equal((await diff({}, { name: "other", user: "x" })).deleteBeforeReplace, false);
  });
  it("removing an input with a value that Docker chooses is no change", async () => {
    const chosen = {
      hostname: "h",
      envs: ["A=1"],
      stopSignal: "SIGTERM",
      labels: [{ label: "a", value: "b" }],
      init: true,
    };
    assert.equal((await diff(chosen, {})).changes, false);
    assert.deepEqual(
      (await diff({ ports: [{ internal: 1, external: 2 }] }, { ports: [{ internal: 1 }] })).replaces,
      [],
    );
    assert.deepEqual((await diff({ user: "x", envs: ["A=1"] }, { envs: ["A=2"] })).replaces, ["envs", "user"]);
  });
  it("removing a limit, and restarting a stopped container, replace the container", async () => {
    assert.deepEqual((await diff({ cpuShares: 5 }, {})).replaces, ["cpuShares"]);
    assert.deepEqual((await diff({ mustRun: false }, { mustRun: true })).replaces, ["mustRun"]);
    assert.deepEqual((await diff({ mustRun: true }, { mustRun: false })).replaces, []);
  });
});

describe("a container that the official provider has read", () => {
  const ports = [
    { internal: 8280, external: 18280, ip: "127.0.0.1", protocol: "tcp" },
    { internal: 8443, external: 18443, ip: "127.0.0.1", protocol: "tcp" },
  ] as const;
  const [first, second] = ports;

  it("has its ports sorted: their order does not count, a changed port does", async () => {
    const recorded = { ...resource(type), id: "x", inputs: { name: "c", image: "i", ports: [...ports] }, outputs: {} };
    const diff = async (news: Properties) => docker.diff(recorded, (await check(news)).inputs);
    assert.equal((await diff({ ports: [second, first] })).changes, false);
    const moved = await diff({ ports: [second, { ...first, external: 18281 }] });
    assert.deepEqual(moved.detailed, { "ports[1].external": "update-replace" });
  });

  it("has the image's entrypoint in its outputs, and so has one that the embedded engine reads", () => {
    const found = {
      Id: "x",
      Name: "/c",
      Config: { Entrypoint: ["/entrypoint.sh"] },
      HostConfig: {},
      NetworkSettings: {},
    } as unknown as ContainerInspectInfo;
    const outputs = outputsOf(found, { name: "c", image: "i", ports: [second, first] } as unknown as Inputs, true);
    assert.deepEqual(outputs.entrypoints, ["/entrypoint.sh"]);
    assert.deepEqual(outputs.ports, ports);
  });
});

describe("request that creates a container", () => {
  it("sends the environment in the body, and only the name in the URL, which Docker engines may log", async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      request
        .on("data", () => undefined)
        .on("end", () => {
          seen.push(request.url ?? "");
          response.writeHead(500, { "Content-Type": "application/json" }).end('{"message":"no"}');
        });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const provider = providerFor("docker", { host: `tcp://127.0.0.1:${port}` });
      const inputs = (await check({ envs: ["PASSWORD=sesame"] })).inputs;
      const context = { log: () => undefined, signal: new AbortController().signal };
      await assert.rejects(provider.create(resource(type), inputs, context), /create container c: no/);
      assert.deepEqual(seen, ["/containers/create?name=c"]);
    } finally {
      server.close();
    }
  });
});

describe("uploads", () => {
  it("are packed into one tar archive with modes and owners, relative sources from the program's directory", async () => {
    const tar = await uploadTar(__dirname, [
      { file: "/a/b.txt", content: "é" },
      { file: "/a/c", contentBase64: "AP8=", executable: true },
      { file: "/d", source: path.basename(__filename), permissions: "0600", owner: "5", group: "6" },
    ]);
    const reader = extract();
    Readable.from([tar]).pipe(reader);
    const found: [string, number | undefined, number | undefined, number][] = [];
    for await (const entry of reader) {
      found.push([entry.header.name, entry.header.mode, entry.header.uid, (await buffer(entry)).length]);
    }
    assert.deepEqual(found.slice(0, 2), [
      ["a/b.txt", 0o644, 0, 2],
      ["a/c", 0o744, 0, 2],
    ]);
    assert.deepEqual(found[2], ["d", 0o600, 5, statSync(__filename).size]);
    assert.equal(await uploadTar(__dirname), undefined);
  });
  it("with an unreadable source are refused with its name", async () => {
    await assert.rejects(uploadTar("/", [{ file: "/a", source: "/none" }]), /upload \/a: source \/none can't be read/);
  });
});

describe("log of a failed container", () => {
  const without = (text: string, more: Partial<Inputs>) => withoutSecrets(text, { name: "c", image: "i", ...more });

  it("masks environment variables whose names suggest a secret, and passwords in URLs", () => {
    const envs = ["DB_PWD=open-sesame", "DSN=mysql/x/y", "URL=http://ann:op:en@db/x", "NODE_NAME=store-1", "API_KEY="];
    assert.equal(
      without("store-1 with open-sesame at mysql/x/y, http://ann:op:en@db/x", { envs }),
      "store-1 with *** at ***, http://ann:***@db/x",
    );
  });

  it("masks lines and passwords of uploaded files", () => {
    const uploads = [
      { file: "/a", content: "<Password>hush<!-- it is --></Password>\n<Host>db</Host>\n}\n" },
      { file: "/b", content: "sesame\n" },
      { file: "/d", content: `<A>a</A>\n<password>a&amp;b&lt;c'd"e</password>\n<B k="password='in quotes'"/>` },
      { file: "/c", contentBase64: Buffer.from("jdbc.password = jdbc-hush\nother = 1").toString("base64") },
    ];
    const log = `bad: <Host>db</Host> }\nhush or sesame for db\nlogin with jdbc-hush, a&b<c'd"e, in quotes failed`;
    assert.equal(without(log, { uploads }), "bad: *** }\n*** or *** for db\nlogin with ***, ***, *** failed");
  });
});

describe("durations", () => {
  it("parseDuration reads Go durations", () => {
    assert.deepEqual(["1s", "1m0s", "1h2m3.5s", "250ms", "0s", "0", "1", "", "1d", "-1s"].map(parseDuration), [
      1e9,
      60e9,
      3723.5e9,
      25e7,
      0,
      0,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
  it("formatDuration writes Go durations that parseDuration reads back", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e8 }),
        (milliseconds) => parseDuration(formatDuration(milliseconds * 1e6)) === milliseconds * 1e6,
      ),
    );
    assert.deepEqual([0, 1e9, 60e9, 90e9, 3600e9, 5e8].map(formatDuration), [
      "0s",
      "1s",
      "1m0s",
      "1m30s",
      "1h0m0s",
      "500ms",
    ]);
  });
});

describe("files of a container on an engine with userns-remap", () => {
  const remapped = {
    SecurityOptions: ["name=seccomp,profile=builtin", "name=userns"],
    DockerRootDir: "/var/lib/docker/100000.200000",
  };

  /** A container whose engine returns one file, with this owner. */
  const containerWith = (uid: number, gid: number) =>
    ({
      getArchive: async () => {
        const archive = pack();
        archive.entry({ name: "a.xml", mode: 0o644, uid, gid }, "text");
        archive.finalize();
        return archive;
      },
    }) as unknown as Container;

  it("have owners without the offset that the engine adds", async () => {
    const uploads = [{ file: "/conf/a.xml", content: "text" }];
    const offsets = async () => idOffsets(remapped);
    assert.deepEqual(await uploadsNow(containerWith(100_000, 200_000), "/", offsets, uploads), uploads);
    assert.deepEqual(await uploadsNow(containerWith(100_802, 200_000), "/", offsets, uploads), [
      { ...uploads[0], owner: "802" },
    ]);
  });

  it("the offset is 0 without userns-remap, whatever the engine's directory is called", () => {
    assert.deepEqual(idOffsets(remapped), { uid: 100_000, gid: 200_000 });
    assert.deepEqual(idOffsets({ ...remapped, SecurityOptions: ["name=rootless"] }), { uid: 0, gid: 0 });
    assert.deepEqual(idOffsets({ SecurityOptions: null }), { uid: 0, gid: 0 });
  });
});
