import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { certificateStatus, describeCertificate } from "../../cli/status/certificate";
import { containerStatuses } from "../../cli/status/containers";
import { describeDrift, driftIn, glanceAtDrift } from "../../cli/status/drift";
import { type ContainerLife, describeTrouble, formerEnd, lastLine, reasonToGiveUp } from "../../cli/status/trouble";
import { parseSettings } from "../../plan/settings";
import { buildTopology } from "../../topology";

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

describe("what status says of containers that are gone", () => {
  const { DOCKER_HOST } = process.env;
  const server = createServer((_request, response) => response.writeHead(404).end("{}"));
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    process.env.DOCKER_HOST = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    if (DOCKER_HOST === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = DOCKER_HOST;
    server.close();
  });

  it("names the commands that bring them back, for this stack", async () => {
    const topology = buildTopology(parseSettings({}, "blue"));
    const gone = await containerStatuses({ ...topology, nodes: [] }, "blue");
    assert.deepEqual(
      gone.map(({ container, state }) => [container, state]),
      [
        ["apim-blue-mysql", "missing"],
        ["apim-blue-loadbalancer", "missing"],
      ],
    );
    for (const { note } of gone)
      assert.equal(note, "it is gone: npm run refresh -- --stack blue, then npm run up -- --stack blue");
  });
});

describe("what status says of the certificate", () => {
  const cases: readonly [expires: string, line: string][] = [
    ["2036-01-01T00:00:00.000Z", "certificate: good until 2036-01-01 (3651 days)"],
    ["2026-01-31T00:11:00.000Z", "certificate: good until 2026-01-31 (30 days)"],
    ["2026-01-31T00:09:00.000Z", "certificate: it ends on 2026-01-31, in 29 days; renew it: see docs/certificates.md"],
    ["2026-01-02T12:00:00.000Z", "certificate: it ends on 2026-01-02, in 1 day; renew it: see docs/certificates.md"],
    ["2025-12-31T00:00:00.000Z", "certificate: it ended on 2025-12-31; renew it: see docs/certificates.md"],
  ];
  for (const [expires, line] of cases) {
    it(`of ${expires}: ${line}`, () => {
      const status = certificateStatus(expires, now);
      assert.equal(status && describeCertificate(status), line);
    });
  }

  it("nothing of a stack whose last up told none", () => {
    assert.equal(certificateStatus(undefined), undefined);
  });
});

describe("what status says of drift", () => {
  const urn = (name: string) =>
    `urn:pulumi:dev::wso2-apim::wso2:apim:StoreNode$docker:index/container:Container::${name}`;

  it("is what a refresh finds gone or changed", () => {
    const drift = driftIn({
      steps: [
        { op: "same", urn: "urn:pulumi:dev::wso2-apim::pulumi:pulumi:Stack::wso2-apim-dev", newState: {} },
        { op: "refresh", urn: urn("a"), newState: {}, diffReasons: ["uploads", "image"] },
        { op: "refresh", urn: urn("b"), newState: {}, detailedDiff: { networkData: { kind: "update" } } },
        { op: "refresh", urn: urn("c"), newState: {}, diffReasons: null, detailedDiff: null },
        { op: "delete", urn: urn("d") },
        { op: "refresh", urn: urn("e"), newState: null },
      ],
    });
    assert.deepEqual(describeDrift({ drift }, "dev"), [
      "Changed outside since the last run:",
      "  Container a: uploads (files in it), image changed",
      "  Container b: networkData changed",
      "  Container d: gone",
      "  Container e: gone",
      "To put it right: npm run refresh, then npm run up",
    ]);
  });

  it("is nothing when nothing differs", () => {
    assert.deepEqual(describeDrift({ drift: driftIn({}) }, "dev"), ["Nothing was changed outside since the last run."]);
  });

  it("is not known when a refresh fails", () => {
    const failed = { diagnostics: [{ severity: "error", message: "no Docker engine answers" }] };
    assert.throws(() => driftIn(failed), /no Docker engine answers/);
  });

  it("is left out with a word where it can't be known or takes too long, and nobody goes on looking", async () => {
    const seen = await glanceAtDrift(async () => []);
    assert.deepEqual(seen, { drift: [] });
    const failing = await glanceAtDrift(() => Promise.reject(new Error("the passphrase does not fit\nmore of it")));
    assert.deepEqual(describeDrift(failing, "dev"), [
      "What was changed outside was not looked at: the passphrase does not fit",
    ]);
    let left: AbortSignal | undefined;
    const slow = await glanceAtDrift((signal) => {
      left = signal;
      return new Promise(() => {});
    }, 50);
    assert.deepEqual(slow, { driftUnknown: "it takes longer than 0.05 s; --drift waits for it" });
    assert.equal(left?.aborted, true);
  });
});
