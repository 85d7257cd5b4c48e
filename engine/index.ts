/** The local engine: runs the program, keeps the state, shows what happens. */

import type { RunKind } from "./display/display";
import type { Options, Result } from "./run";

export type { RunKind } from "./display/display";
export { type RecordedResource, stackOutputs, stackResources } from "./recorded";
export type { Options, Result } from "./run";

/**
 * Brings a stack up, previews, refreshes or destroys it.
 *
 * @throws with one clear message when the run can't begin; what fails during it is shown and gives exit code 1.
 */
export async function run(operation: RunKind, options: Options): Promise<Result> {
  // Reading outputs must not pay for loading gRPC.
  return (await import("./run")).run(operation, options);
}
