import assert from "node:assert/strict";
import {
  type ContainerLife,
  describeTrouble,
  lastLineOf,
  previousEnd,
  reasonToGiveUp,
} from "../../../cli/status/trouble";

const now = Date.parse("2026-01-01T00:10:00Z");

function life(state: Partial<ContainerLife["State"]>, restarts = 0): ContainerLife {
  return {
    State: {
      Status: "running",
      StartedAt: "2026-01-01T00:09:30Z",
      FinishedAt: "2026-01-01T00:09:00Z",
      ExitCode: 0,
      OOMKilled: false,
      Error: "",
      Health: { Status: "healthy" },
      ...state,
    },
    RestartCount: restarts,
    Config: { Env: ["NODE_NAME=store-1", "START_LIMIT_SECONDS=180"] },
  };
}

describe("status: the note on a container", () => {
  const cases: readonly [string, ContainerLife, string | undefined, string | undefined][] = [
    ["is absent for a healthy container", life({}), "a line", undefined],
    ["is absent for a container without a health check", life({ Health: undefined }), undefined, undefined],
    ["counts the restarts of a healthy container", life({}, 1), undefined, "up for 30 s; restarted by Docker once"],
    [
      "shows how long a container may still take to start",
      life({ Health: { Status: "starting" } }, 2),
      "waiting for databases",
      "starting for 30 s of at most 180 s; restarted by Docker 2 times; last log line: waiting for databases",
    ],
    [
      "counts the attempts of a container that Docker is restarting",
      life({ Status: "restarting", ExitCode: 1 }, 2),
      "port 9446 is not open after 180 s",
      "exited 60 s ago (exit status 1); Docker is restarting it, attempt 2; last log line: port 9446 is not open after 180 s",
    ],
    [
      "names the memory limit of a container that exceeded it",
      life({ Status: "exited", ExitCode: 137, OOMKilled: true, FinishedAt: "2026-01-01T00:00:00Z" }),
      undefined,
      "exited 10 min ago (it needed more memory than its limit); to start it, run docker start",
    ],
    [
      "quotes Docker on a container that could not be started",
      life({ Status: "exited", ExitCode: 128, Error: "address already in use" }),
      undefined,
      "exited 60 s ago (exit status 128: address already in use); to start it, run docker start",
    ],
    [
      "quotes the last log line of an unhealthy container",
      life({ Health: { Status: "unhealthy" } }),
      "ERROR no route",
      "does not answer; last log line: ERROR no route",
    ],
    [
      "names the command for a paused container",
      life({ Status: "paused" }),
      undefined,
      "paused; to continue, run docker unpause",
    ],
  ];
  for (const [name, container, lastLine, expected] of cases) {
    it(name, () => {
      assert.equal(describeTrouble(container, { now, ...(lastLine && { lastLine }) }), expected);
    });
  }
});

describe("status: the note on a container whose entrypoint gave up before", () => {
  const gaveUp = "management port 9446 is not open after 180 s";
  const cases: readonly [string, ContainerLife, string | undefined, string][] = [
    [
      "quotes the reason while the container starts again",
      life({ Health: { Status: "starting" } }, 2),
      "Starting WSO2 Carbon",
      `starting for 30 s of at most 180 s; restarted by Docker 2 times; gave up: ${gaveUp}; last log line: Starting WSO2 Carbon`,
    ],
    [
      "quotes the reason after the container has become healthy",
      life({}, 1),
      undefined,
      `up for 30 s; restarted by Docker once; gave up: ${gaveUp}`,
    ],
    [
      "quotes the reason once if it is also the last log line",
      life({ Status: "restarting", ExitCode: 1 }, 2),
      `entrypoint: given up: ${gaveUp}`,
      `exited 60 s ago (exit status 1); Docker is restarting it, attempt 2; gave up: ${gaveUp}`,
    ],
  ];
  for (const [name, container, lastLine, expected] of cases)
    it(name, () => {
      assert.equal(describeTrouble(container, { now, gaveUp, ...(lastLine && { lastLine }) }), expected);
    });

  it("has the last reason in the log, even if other lines follow", () => {
    const lines = [
      "entrypoint: given up: another",
      `entrypoint: given up: ${gaveUp}`,
      "Halting JVM",
      "entrypoint: killed",
    ];
    assert.equal(reasonToGiveUp(`${lines.join("\n")}\n`), gaveUp);
    assert.equal(reasonToGiveUp("INFO - entrypoint: given up: no\n"), undefined);
  });

  it("searches the log from before the slowest stop until the restart", () => {
    const restarted = previousEnd(
      life({ FinishedAt: "2026-01-01T00:09:30.100000001Z", StartedAt: "2026-01-01T00:09:30.300000002Z" }),
    );
    const half = Date.parse("2026-01-01T00:09:30.2Z") / 1000;
    assert.ok(Math.abs((restarted.until ?? 0) - half) < 0.001, String(restarted.until));
    assert.ok(half - restarted.since > 30, String(restarted.since));
    const ended = previousEnd(life({ FinishedAt: "2026-01-01T00:09:30Z", StartedAt: "2026-01-01T00:09:00Z" }));
    assert.equal(ended.until, undefined);
  });
});

describe("status: the last line of a log", () => {
  it("is the last line that is not empty, without its line end", () => {
    assert.equal(lastLineOf("first\nthe last\r\n\n"), "the last");
  });

  it("is undefined for an empty log", () => {
    assert.equal(lastLineOf(""), undefined);
    assert.equal(lastLineOf("\n\n"), undefined);
  });

  it("is cut if it is long", () => {
    const line = lastLineOf(`${"x".repeat(500)}\n`) ?? "";
    assert.equal(line.length, 200);
    assert.ok(line.endsWith("..."));
  });
});
