import { writeFileSync } from "node:fs";
import Mocha from "mocha";

/** What a test run came to. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The variable that holds the name of the file for the {@link TestCounts}. */
export const countsVariable = "APIM_TEST_COUNTS";

/** Mocha's own listing, and the counts in a file: the run's result must not be read out of text. */
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
