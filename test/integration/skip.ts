import type { Context } from "mocha";

/** Skips a test or a whole describe (in `before`), and prints the reason. */
export function skip(test: Context, reason: string): never {
  console.log(`      skipped: ${reason}`);
  return test.skip();
}
