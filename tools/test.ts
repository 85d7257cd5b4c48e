import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { projectDirectory } from "../cli/project";
import { hasColours } from "../cli/text";
import { countsVariable, type TestCounts } from "./testReporter";

const testDirectory = join(projectDirectory, "test");
const integrationDirectory = join(testDirectory, "integration");

export const help = `Usage: npm test [-- --unit] [-- --jobs N] [-- --grep TEXT]

Runs all tests: the integration tests on a real Docker engine (test/integration), and the unit tests.
  --unit       run only the unit tests, which need no Docker
  --jobs N     run the files in N processes. Default: one for each core, at most 8
  --grep TEXT  run only the tests whose title matches TEXT (a regular expression)`;

/**
 * The test files that take longest, in this order: when they start first, no process works alone at the end. Files that
 * wait for each other (useExclusively) stand apart.
 */
const longest = [
  "swarm/deployment.test.ts",
  "swarm/lostMachines.test.ts",
  "swarm/killedRuns.test.ts",
  "cluster.test.ts",
  "engine/swarmKilled.test.ts",
  "swarm/prerequisites.test.ts",
  "wiring.test.ts",
  "engine/sampleKilled.test.ts",
  "product.test.ts",
  "swarm/machines.test.ts",
  "verify.test.ts",
  "deployment.test.ts",
  "certificates.test.ts",
  "twoStacks.test.ts",
  "tenants.test.ts",
  "ownProgram.test.ts",
  "environments.test.ts",
  "externalDatabase.test.ts",
  "haproxy/failover.test.ts",
];

/**
 * Test files relative to the project, in the order in which the processes take them: the longest integration tests, the
 * other ones, then the unit tests, which fill the gaps.
 */
export function testFiles(unitOnly: boolean): string[] {
  const all = readdirSync(testDirectory, { recursive: true })
    .map((name) => join(testDirectory, name.toString()))
    .filter((file) => file.endsWith(".test.ts"))
    .sort();
  const isIntegration = (file: string) => file.startsWith(integrationDirectory);
  const rank = (file: string) => longest.indexOf(relative(integrationDirectory, file)) + 1 || longest.length + 1;
  const integration = all.filter(isIntegration).sort((a, b) => rank(a) - rank(b));
  const unit = all.filter((file) => !isIntegration(file));
  return [...(unitOnly ? [] : integration), ...unit].map((file) => relative(projectDirectory, file));
}

/**
 * How many processes run tests at the same time. The health checks of the containers of one deployment alone keep a third
 * of a core busy.
 */
export const defaultJobs = (): number => Math.min(availableParallelism(), 8);

/** The last line of a run: `12 passed, 0 failed`, and the number of skipped tests if there are any. */
export function summaryLine({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** The exit status of the whole run: 0 only if mocha ended with 0, at least one test passed, and none failed. */
export function exitStatus(counts: TestCounts | undefined, mochaStatus: number): number {
  return counts !== undefined && counts.failed === 0 && counts.passed > 0 && mochaStatus === 0 ? 0 : 1;
}

/** Runs mocha in a process. @returns the counts (undefined if mocha ended before writing them) and the exit status */
async function runMocha(
  files: readonly string[],
  jobs: number,
  grep: string | undefined,
): Promise<[TestCounts | undefined, number]> {
  const directory = mkdtempSync(join(tmpdir(), "wso2-apim-test-"));
  const countsFile = join(directory, "counts.json");
  const args = [
    join(projectDirectory, "node_modules/mocha/bin/mocha.js"),
    "--require=ts-node/register/transpile-only",
    `--reporter=${join(projectDirectory, "tools/testReporter.ts")}`,
    "--forbid-only",
    "--exit",
    // Tests of a few milliseconds take seconds on a machine that does other work.
    "--timeout=20000",
    ...(jobs > 1 ? ["--parallel", `--jobs=${jobs}`] : []),
    // By default, mocha uses colours if the environment has CI.
    ...(hasColours() ? [] : ["--no-color"]),
    ...(grep === undefined ? [] : [`--grep=${grep}`]),
    ...files,
  ];
  const child = spawn(process.execPath, args, {
    cwd: projectDirectory,
    stdio: "inherit",
    env: { ...process.env, [countsVariable]: countsFile },
  });
  // Ctrl-C reaches mocha through the terminal; this process stays to remove the directory and to print the result.
  const ignore = () => undefined;
  const forward = () => child.kill("SIGTERM");
  process.on("SIGINT", ignore);
  process.on("SIGTERM", forward);
  try {
    const status = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(code ?? 1));
    });
    const counts = existsSync(countsFile) ? (JSON.parse(readFileSync(countsFile, "utf8")) as TestCounts) : undefined;
    return [counts, status];
  } finally {
    process.off("SIGINT", ignore);
    process.off("SIGTERM", forward);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The command `test`. @returns 0 only if at least one test passed and none failed */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { unit: { type: "boolean" }, jobs: { type: "string" }, grep: { type: "string" } },
  });
  const unit = values.unit ?? false;
  const jobs = values.jobs === undefined ? defaultJobs() : Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 1)
    throw new Error(`--jobs: expected a whole number from 1, found "${values.jobs}"`);
  if (!unit) {
    const { ensureMachine } = await import("../cli/setup");
    await ensureMachine();
  }
  const [counts, status] = await runMocha(testFiles(unit), jobs, values.grep);
  if (counts === undefined) {
    process.stdout.write(`mocha ended with status ${status} before it counted the tests; see above.\n`);
  } else if (counts.passed + counts.failed === 0) {
    process.stdout.write("No test ran.\n");
  }
  process.stdout.write(`${summaryLine(counts ?? { passed: 0, failed: 1, skipped: 0 })}\n`);
  return exitStatus(counts, status);
}
