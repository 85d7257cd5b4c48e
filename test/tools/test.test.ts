import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectDirectory } from "../../cli/project";
import { exitStatus, summaryLine, testFiles } from "../../tools/test";
import { countsVariable } from "../../tools/testReporter";

describe("npm test", function () {
  this.timeout(30_000);

  it("runs the integration tests first, the longest before all others, and with --unit not at all", () => {
    const all = testFiles(false);
    const unit = testFiles(true);
    const integration = all.filter((file) => file.startsWith(join("test", "integration")));
    assert.ok(integration.length > 0 && unit.length > 0);
    assert.deepEqual(all, [...integration, ...unit]);
    assert.equal(all[0], join("test", "integration", "swarm", "deployment.test.ts"));
    assert.equal(new Set(all).size, all.length);
  });

  it("ends with the counts of passed and failed tests, and of skipped tests if there are any", () => {
    assert.equal(summaryLine({ passed: 12, failed: 0, skipped: 0 }), "12 passed, 0 failed");
    assert.equal(summaryLine({ passed: 1, failed: 2, skipped: 3 }), "1 passed, 2 failed, 3 skipped");
  });

  it("succeeds only if a test passed, none failed, and mocha ended with status 0", () => {
    assert.equal(exitStatus({ passed: 3, failed: 0, skipped: 1 }, 0), 0);
    assert.equal(exitStatus({ passed: 3, failed: 1, skipped: 0 }, 1), 1);
    assert.equal(exitStatus({ passed: 3, failed: 1, skipped: 0 }, 0), 1);
    assert.equal(exitStatus({ passed: 3, failed: 0, skipped: 0 }, 7), 1);
    assert.equal(exitStatus({ passed: 0, failed: 0, skipped: 3 }, 0), 1);
    assert.equal(exitStatus(undefined, 0), 1);
  });

  it("counts passed, failed and skipped tests, and failed hooks", () => {
    const directory = mkdtempSync(join(tmpdir(), "apim-reporter-"));
    try {
      const file = join(directory, "sample.js");
      writeFileSync(
        file,
        'it("a", () => {}); it("b", () => { throw new Error("b"); }); it.skip("c", () => {});\n' +
          'describe("d", () => { before(() => { throw new Error("hook"); }); it("e", () => {}); });\n',
      );
      const counts = join(directory, "counts.json");
      const mocha = [
        join(projectDirectory, "node_modules/mocha/bin/mocha.js"),
        "--require=ts-node/register/transpile-only",
        `--reporter=${join(projectDirectory, "tools/testReporter.ts")}`,
      ];
      const env = { ...process.env, [countsVariable]: counts };
      assert.notEqual(spawnSync(process.execPath, [...mocha, file], { cwd: projectDirectory, env }).status, 0);
      assert.deepEqual(JSON.parse(readFileSync(counts, "utf8")), { passed: 1, failed: 2, skipped: 1 });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
