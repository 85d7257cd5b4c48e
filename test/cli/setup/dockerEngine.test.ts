import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import Docker from "dockerode";
import { dockerAddress } from "../../../cli/setup/dockerAddress";
import { decide, ensureDockerEngine, installPackages, type Probe, probeDocker } from "../../../cli/setup/dockerEngine";
import type { Host } from "../../../cli/setup/host";

const byDefault = { host: undefined, origin: undefined };
const absent: Probe = { kind: "absent", reason: "connect ENOENT /var/run/docker.sock" };

interface Machine {
  readonly platform?: string;
  readonly uid?: number;
  /** Installed commands. */
  readonly commands?: readonly string[];
  readonly systemd?: boolean;
}

/** A machine that records its commands; `onRun` returns a command's exit status. */
function fakeHost(
  { platform = "linux", uid = 0, commands = ["apt-get"], systemd = false }: Machine,
  onRun: (line: string) => number = () => 0,
) {
  const ran: string[] = [];
  const host: Host = {
    platform,
    uid,
    has: (command) => commands.includes(command),
    exists: (path) => systemd && path === "/run/systemd/system",
    run: async (command, args) => {
      const line = [command, ...args].join(" ");
      ran.push(line);
      const status = onRun(line);
      return { status, output: status === 0 ? "" : "first\nE: the last line\n" };
    },
    startInBackground: (command, args, logFile) => {
      const line = [command, ...args, `>${logFile}`].join(" ");
      ran.push(line);
      const status = onRun(line);
      return { ended: () => (status === 0 ? undefined : `ended with status ${status}`) };
    },
    readText: () => "log one\nlog two\n",
    sleep: async () => undefined,
  };
  return { host, ran };
}

describe("setup: finding or starting a Docker engine", () => {
  describe("decides", () => {
    const cases: [string, Probe, Machine, string | undefined, RegExp | object][] = [
      ["to do nothing when an engine answers", { kind: "answers" }, {}, undefined, { action: "nothing" }],
      [
        "to install and start an engine if apt-get exists",
        absent,
        {},
        undefined,
        { action: "start", install: true, by: "dockerd" },
      ],
      [
        "to start an installed engine",
        absent,
        { commands: ["dockerd"] },
        undefined,
        { action: "start", install: false, by: "dockerd" },
      ],
      [
        "to start an installed engine through systemd, if systemd runs",
        absent,
        { commands: ["dockerd"], systemd: true },
        undefined,
        { action: "start", install: false, by: "systemd" },
      ],
      [
        "to start no other engine when DOCKER_HOST names one",
        absent,
        {},
        "tcp://10.0.0.9:2375",
        /DOCKER_HOST names tcp:\/\/10\.0\.0\.9:2375.*unset DOCKER_HOST/,
      ],
      [
        "to name the command that gives the user access to the engine",
        { kind: "forbidden", reason: "EACCES" },
        { uid: 1000 },
        undefined,
        /usermod -aG docker/,
      ],
      [
        "not to start a second engine beside a broken one",
        { kind: "failed", reason: "500" },
        {},
        undefined,
        /docker info/,
      ],
      [
        "to name the command that starts the engine to a user who is not root",
        absent,
        { uid: 1000, commands: ["dockerd"], systemd: true },
        undefined,
        /sudo systemctl start docker/,
      ],
      [
        "to name the command that installs an engine to a user who is not root",
        absent,
        { uid: 1000 },
        undefined,
        /sudo apt-get install docker\.io/,
      ],
      [
        "to link to the installation guide if apt-get is missing",
        absent,
        { commands: [] },
        undefined,
        /docs\.docker\.com\/engine\/install/,
      ],
      [
        "to link to Docker Desktop on another operating system",
        absent,
        { platform: "darwin" },
        undefined,
        /Docker Desktop/,
      ],
    ];
    for (const [what, probe, machine, dockerHost, expected] of cases) {
      it(what, () => {
        const address = dockerAddress({ HOME: "/nowhere", ...(dockerHost && { DOCKER_HOST: dockerHost }) });
        const decision = decide(probe, fakeHost(machine).host, address);
        if (!(expected instanceof RegExp)) return assert.deepEqual(decision, expected);
        assert.equal(decision.action, "refuse");
        assert.match(decision.action === "refuse" ? decision.message : "", expected);
      });
    }
  });

  describe("with an engine", () => {
    let engine: Server;
    let docker: Docker;
    /** How the engine answers. */
    let answers: "yes" | "no" | "error" | "never";

    beforeEach(async () => {
      answers = "no";
      engine = createServer((request, response) => {
        if (answers === "never") return;
        if (answers === "no") request.socket.destroy();
        else response.writeHead(answers === "yes" ? 200 : 500).end("OK");
      });
      await new Promise<void>((resolve) => engine.listen(0, "127.0.0.1", resolve));
      const { port } = engine.address() as AddressInfo;
      docker = new Docker({ protocol: "http", host: "127.0.0.1", port });
      // The error of a socket at which nothing listens.
      const ping = docker.ping.bind(docker) as (options: object) => Promise<unknown>;
      docker.ping = ((options: object) =>
        answers === "no"
          ? Promise.reject(Object.assign(new Error("ENOENT"), { code: "ENOENT" }))
          : ping(options)) as typeof docker.ping;
    });
    afterEach(async () => {
      engine.closeAllConnections();
      await new Promise((resolve) => engine.close(resolve));
    });

    it("probes whether it answers, fails, or is absent", async () => {
      assert.equal((await probeDocker(docker, assert.fail)).kind, "absent");
      answers = "error";
      assert.equal((await probeDocker(docker, assert.fail)).kind, "failed");
      answers = "yes";
      assert.equal((await probeDocker(docker, assert.fail)).kind, "answers");
      const nowhere = new Docker({ socketPath: "/nonexistent/docker.sock" });
      assert.equal((await probeDocker(nowhere, assert.fail)).kind, "absent");
    });

    it("reports that an engine does not answer in time", async () => {
      answers = "never";
      assert.deepEqual(await probeDocker(docker, assert.fail, 0.05), {
        kind: "failed",
        reason: "no answer within 0.05 s",
      });
    });

    it("says that it waits for an engine that answers slowly", async function () {
      this.timeout(20_000);
      answers = "never";
      setTimeout(() => engine.closeAllConnections(), 5500);
      const lines: string[] = [];
      await probeDocker(docker, (line) => lines.push(line));
      assert.deepEqual(lines, ["Docker engine: no answer for 5 s, waiting for at most 60 s"]);
    });

    it("runs no command when the engine answers", async () => {
      answers = "yes";
      const { host, ran } = fakeHost({});
      await ensureDockerEngine(docker, host, assert.fail, byDefault);
      assert.deepEqual(ran, []);
    });

    it("installs the engine, starts it in the background, and waits for its answer", async () => {
      const { host, ran } = fakeHost({}, (line) => {
        if (line.startsWith("dockerd")) setTimeout(() => (answers = "yes"), 30);
        return 0;
      });
      const lines: string[] = [];
      const impatient = { ...host, sleep: () => new Promise<void>((done) => setTimeout(done, 5)) };
      await ensureDockerEngine(docker, impatient, (line) => lines.push(line), byDefault);
      assert.deepEqual(ran, [
        "apt-get update",
        "apt-get install -y --no-install-recommends docker.io iptables",
        "dockerd >/var/log/dockerd.log",
      ]);
      assert.deepEqual(lines.length, 2);
    });

    it("does not start the engine when its package has started it", async () => {
      const { host, ran } = fakeHost({}, (line) => {
        if (line.includes("install")) answers = "yes";
        return 0;
      });
      await ensureDockerEngine(docker, host, () => undefined, byDefault);
      assert.equal(ran.length, 2);
    });

    it("starts the engine through systemd", async () => {
      const { host, ran } = fakeHost({ commands: ["dockerd"], systemd: true }, () => {
        answers = "yes";
        return 0;
      });
      await ensureDockerEngine(docker, host, () => undefined, byDefault);
      assert.deepEqual(ran, ["systemctl start docker"]);
    });

    it("quotes the engine's log when the engine ends at once", async () => {
      const { host } = fakeHost({ commands: ["dockerd"] }, () => 3);
      await assert.rejects(
        ensureDockerEngine(docker, host, () => undefined, byDefault),
        /dockerd ended with status 3.*\nlog one\nlog two/,
      );
    });

    it("gives up after one minute", async () => {
      let slept = 0;
      const { host } = fakeHost({ commands: ["dockerd"] });
      const counting = {
        ...host,
        sleep: async (milliseconds: number) => {
          slept += milliseconds;
        },
      };
      await assert.rejects(
        ensureDockerEngine(docker, counting, () => undefined, byDefault),
        /did not answer within 60 s.*\/var\/log\/dockerd\.log/,
      );
      assert.equal(slept, 60_000);
    });

    it("continues after a failed apt-get update, but not after a failed installation", async () => {
      const updateFails = fakeHost({}, (line) => (line === "apt-get update" ? 100 : 0));
      await installPackages(updateFails.host, ["x"], () => undefined);
      assert.equal(updateFails.ran.length, 2);
      const installFails = fakeHost({}, (line) => (line === "apt-get update" ? 0 : 100));
      await assert.rejects(
        installPackages(installFails.host, ["x"], () => undefined),
        /could not install x.*E: the last line/s,
      );
    });
  });
});
