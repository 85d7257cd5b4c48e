import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { checkMachines, type Place, removeMachineCheck } from "../../services/checkMachines";

interface Service {
  readonly Labels: Record<string, string>;
  readonly TaskTemplate: {
    readonly Placement: { Constraints: string[] };
    readonly ContainerSpec: { Mounts: object[] };
  };
}

/** A manager of a swarm with three machines, on a socket. */
class FakeManager {
  readonly socket = join(tmpdir(), `apim-manager-${process.pid}.sock`);
  readonly created: Service[] = [];
  readonly logins: (string | undefined)[] = [];
  /** The service that exists now. */
  service: Service | undefined;
  /** What the tasks on the machines are at each look; the last one stays. */
  looks: (readonly [machine: string, state: string, error?: string])[][] = [];
  down: string[] = [];
  /** How often tasks are there after their service has been removed. */
  ending = 0;
  private server: Server | undefined;

  async start(): Promise<void> {
    this.server = createServer(async (request, response) => {
      const body = (await buffer(request)).toString();
      const path = request.url?.split("?")[0] ?? "";
      const send = (status: number, value: object) => response.writeHead(status).end(JSON.stringify(value));
      if (path === "/nodes")
        return send(
          200,
          ["one", "two", "three"].map((name) => ({
            ID: name,
            Description: { Hostname: `machine-${name}` },
            Status: { State: this.down.includes(name) ? "down" : "ready" },
          })),
        );
      if (path === "/tasks") {
        if (this.service === undefined && this.ending-- <= 0) return send(200, []);
        const look = (this.looks.length > 1 ? this.looks.shift() : this.looks[0]) ?? [];
        return send(
          200,
          look.map(([NodeID, State, Err]) => ({ ServiceID: "job", NodeID, Status: { State, Err } })),
        );
      }
      if (path === "/services/create") {
        const header = request.headers["x-registry-auth"];
        this.logins.push(header && JSON.parse(Buffer.from(String(header), "base64").toString()).username);
        this.service = JSON.parse(body) as Service;
        this.created.push(this.service);
        return send(201, { ID: "job" });
      }
      if (this.service === undefined) return send(404, { message: "service not found" });
      if (request.method !== "DELETE") return send(200, { ID: "job", Spec: this.service });
      this.service = undefined;
      return send(200, {});
    });
    await new Promise<void>((resolve) => this.server?.listen(this.socket, resolve));
  }

  stop(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }
}

describe("the check of a swarm's machines", () => {
  let manager: FakeManager;
  const image = "registry.example.com/node@sha256:77";
  const anywhere: Place = { constraints: [], directory: "" };
  const sharing: Place = { constraints: ["node.labels.zone == a"], directory: "/mnt/apim" };
  const label: readonly [string, string] = ["wso2.apim.stack", "apim-dev"];
  const named = () => ({ socket: manager.socket, name: "apim-dev-machine-check", label });
  const check = (places: readonly Place[], login?: { username: string; password: string; serveraddress: string }) =>
    checkMachines({
      ...named(),
      image,
      architecture: "amd64",
      places,
      ...(login && { login }),
    });
  beforeEach(async () => {
    manager = new FakeManager();
    await manager.start();
  });
  afterEach(() => manager.stop());

  it("runs a service for each place, waits until it runs on all machines, removes it, and waits until it has ended", async () => {
    manager.looks = [
      [],
      [["one", "preparing"]],
      [
        ["one", "running"],
        ["two", "starting"],
      ],
      [
        ["one", "running"],
        ["two", "running"],
      ],
    ];
    manager.ending = 2;
    await check([anywhere, sharing], { username: "pusher", password: "x", serveraddress: "registry.example.com" });
    assert.deepEqual([manager.service, manager.ending < 0], [undefined, true]);
    assert.deepEqual(
      manager.created.map(({ Labels, TaskTemplate }) => [
        Labels,
        TaskTemplate.Placement.Constraints,
        TaskTemplate.ContainerSpec.Mounts,
      ]),
      [
        [{ "wso2.apim.stack": "apim-dev" }, [], []],
        [
          { "wso2.apim.stack": "apim-dev" },
          ["node.labels.zone == a"],
          [{ Type: "bind", Source: "/mnt/apim", Target: "/run/apim/shared" }],
        ],
      ],
    );
    assert.deepEqual(manager.logins, ["pusher", "pusher"]);
  });

  it("names each machine without the directory, or that can't pull the image, with the remedy", async () => {
    const missing = 'invalid mount config for type "bind": bind source path does not exist: /mnt/apim';
    manager.looks = [
      [
        ["one", "running"],
        ["two", "rejected", missing],
        ["three", "rejected", `No such image: ${image}`],
      ],
    ];
    await assert.rejects(check([sharing]), {
      message: [
        "sharedDirectory: expected /mnt/apim on every machine that may run a gateway, found none on machine-two",
        "mount it there, or set wso2-apim:gatewayPlacement",
        `imageRegistry: expected machine-three to pull ${image}, found: No such image: ${image}`,
        "check that this machine reaches the registry, trusts it and may log in, or set wso2-apim:nodePlacement",
      ].join("; "),
    });
    assert.equal(manager.service, undefined, "the service is removed");
  });

  it("another failure has Swarm's reason", async () => {
    manager.looks = [[["two", "failed", "starting container failed: no space left on device"]]];
    await assert.rejects(
      check([anywhere]),
      /machine-two: expected a container of .* to run, found failed: starting.*space left/,
    );
  });

  it("a machine that is down is not waited for", async () => {
    manager.down = ["three"];
    manager.looks = [
      [
        ["one", "running"],
        ["three", "pending"],
      ],
    ];
    await check([anywhere]);
  });

  it("removes the service of a run that was killed, and leaves a service of another stack alone", async () => {
    const service = { TaskTemplate: { Placement: { Constraints: [] }, ContainerSpec: { Mounts: [] } } };
    manager.service = { ...service, Labels: { "wso2.apim.stack": "apim-dev" } };
    manager.looks = [[["one", "running"]]];
    await check([anywhere]);
    assert.equal(manager.created.length, 1);
    manager.service = { ...service, Labels: {} };
    await assert.rejects(
      check([anywhere]),
      /service apim-dev-machine-check: it is not of this stack; remove it \(docker/,
    );
    assert.ok(manager.service);
  });

  it("the service of a run that was killed can be removed alone; none is no error, and one of another stack stays", async () => {
    const service = { TaskTemplate: { Placement: { Constraints: [] }, ContainerSpec: { Mounts: [] } } };
    await removeMachineCheck(named());
    manager.service = { ...service, Labels: { "wso2.apim.stack": "apim-dev" } };
    await removeMachineCheck(named());
    assert.equal(manager.service, undefined);
    manager.service = { ...service, Labels: { "wso2.apim.stack": "apim-other" } };
    await assert.rejects(removeMachineCheck(named()), /it is not of this stack/);
    assert.ok(manager.service);
  });
});
