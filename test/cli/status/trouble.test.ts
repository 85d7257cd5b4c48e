import assert from "node:assert/strict";
import { type ContainerLife, describeTrouble, formerEnd, lastLine, reasonToGiveUp } from "../../../cli/status/trouble";

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

/** A part of a log as the Docker engine gives it. */
function frame(stream: number, text: string): Buffer {
  const content = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(content.length, 4);
  return Buffer.concat([header, content]);
}

describe("what status says of a container", () => {
  const cases: readonly [string, ContainerLife, string | undefined, string | undefined][] = [
    ["healthy", life({}), "a line", undefined],
    ["healthy, started again before", life({}, 1), undefined, "up for 30 s; Docker has started it again once"],
    [
      "starting",
      life({ Health: { Status: "starting" } }, 2),
      "waiting for databases",
      "starting for 30 s of at most 180 s; Docker has started it again 2 times; its last line: waiting for databases",
    ],
    [
      "being tried again",
      life({ Status: "restarting", ExitCode: 1 }, 2),
      "port 9446 is not open after 180 s",
      "it ended 60 s ago (exit status 1) and is being tried again, for the 2nd time; its last line: port 9446 is not open after 180 s",
    ],
    [
      "ended for want of memory",
      life({ Status: "exited", ExitCode: 137, OOMKilled: true, FinishedAt: "2026-01-01T00:00:00Z" }),
      undefined,
      "it ended 10 min ago (it needed more memory than its limit); docker start starts it again",
    ],
    [
      "that could not be started",
      life({ Status: "exited", ExitCode: 128, Error: "address already in use" }),
      undefined,
      "it ended 60 s ago (exit status 128: address already in use); docker start starts it again",
    ],
    [
      "unhealthy",
      life({ Health: { Status: "unhealthy" } }),
      "ERROR no route",
      "it does not answer; its last line: ERROR no route",
    ],
    ["paused", life({ Status: "paused" }), undefined, "it is paused; docker unpause lets it go on"],
    ["without a health check", life({ Health: undefined }), undefined, undefined],
  ];
  for (const [name, container, lastWords, expected] of cases) {
    it(name, () => {
      assert.equal(describeTrouble(container, { now, ...(lastWords && { lastWords }) }), expected);
    });
  }

  for (const [count, word] of [
    [11, "11th"],
    [21, "21st"],
    [22, "22nd"],
    [111, "111th"],
    [113, "113th"],
  ] as const) {
    it(`counts to the ${word} time`, () => {
      assert.match(describeTrouble(life({ Status: "restarting" }, count), { now }) ?? "", new RegExp(` ${word} time`));
    });
  }
});

describe("what status says of a container that had given up before", () => {
  const gaveUp = "management port 9446 is not open after 180 s";
  const cases: readonly [string, ContainerLife, string | undefined, string][] = [
    [
      "and starts",
      life({ Health: { Status: "starting" } }, 2),
      "Starting WSO2 Carbon",
      `starting for 30 s of at most 180 s; Docker has started it again 2 times; it gave up: ${gaveUp}; its last line: Starting WSO2 Carbon`,
    ],
    ["and is up", life({}, 1), undefined, `up for 30 s; Docker has started it again once; it gave up: ${gaveUp}`],
    [
      "and has just ended",
      life({ Status: "restarting", ExitCode: 1 }, 2),
      `entrypoint: given up: ${gaveUp}`,
      `it ended 60 s ago (exit status 1) and is being tried again, for the 2nd time; it gave up: ${gaveUp}`,
    ],
  ];
  for (const [name, container, lastWords, expected] of cases)
    it(name, () => {
      assert.equal(describeTrouble(container, { now, gaveUp, ...(lastWords && { lastWords }) }), expected);
    });

  it("is found in the last line that tells a reason, whatever follows it", () => {
    const lines = [
      "entrypoint: given up: another",
      `entrypoint: given up: ${gaveUp}`,
      "Halting JVM",
      "entrypoint: killed",
    ];
    assert.equal(reasonToGiveUp(frame(2, `${lines.join("\n")}\n`)), gaveUp);
    assert.equal(reasonToGiveUp(frame(2, "INFO - entrypoint: given up: no\n")), undefined);
  });

  it("is looked for where the run before ended: before the new one's lines, and with time for a slow stop", () => {
    const again = formerEnd(
      life({ FinishedAt: "2026-01-01T00:09:30.100000001Z", StartedAt: "2026-01-01T00:09:30.300000002Z" }),
    );
    const half = Date.parse("2026-01-01T00:09:30.2Z") / 1000;
    assert.ok(Math.abs((again.until ?? 0) - half) < 0.001, String(again.until));
    assert.ok(half - again.since > 30, String(again.since));
    const ended = formerEnd(life({ FinishedAt: "2026-01-01T00:09:30Z", StartedAt: "2026-01-01T00:09:00Z" }));
    assert.equal(ended.until, undefined);
  });
});

describe("the last line of a container's log", () => {
  it("is found behind frames, empty lines and line ends", () => {
    const log = Buffer.concat([frame(1, "first\n"), frame(2, "half of "), frame(2, "the last\r\n"), frame(1, "\n")]);
    assert.equal(lastLine(log), "half of the last");
  });

  it("is none in an empty log", () => {
    assert.equal(lastLine(Buffer.alloc(0)), undefined);
    assert.equal(lastLine(frame(1, "\n\n")), undefined);
  });

  it("is cut when it is long", () => {
    const line = lastLine(frame(1, `${"x".repeat(500)}\n`)) ?? "";
    assert.equal(line.length, 200);
    assert.ok(line.endsWith("..."));
  });
});
