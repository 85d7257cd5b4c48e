import { writeFileSync } from "node:fs";
import Mocha from "mocha";

/** The counts of a test run. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The environment variable with the name of the file for the {@link TestCounts}. */
export const countsVariable = "APIM_TEST_COUNTS";

/** Prints mocha's own listing, and writes the counts to a file, so that nobody has to parse the listing. */
class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const file = process.env[countsVariable];
    runner.once("end", () => {
      const { passes, failures, pending } = this.stats;
      const counts: TestCounts = { passed: passes, failed: failures, skipped: pending };
      if (file) writeFileSync(file, JSON.stringify(counts));
    });
  }
}

export default CountingReporter;
