/** The embedded engine: runs the program, keeps the state and shows progress. */

import type { RunKind } from "./display/display";
import type { Options, Result } from "./run";

export type { RunKind } from "./display/display";
export { exportedResources, outputsIn, type RecordedResource, stackOutputs, stackResources } from "./recorded";
export type { Options, Result } from "./run";
export { type ListedStack, listStacks } from "./stacks/list";
export { renameStack } from "./stacks/rename";
export { changeGivenPassphrase, changeOwnPassphrase, isOwnPassphrase } from "./stacks/rotate";
export { exportState, importState } from "./stacks/transfer";

/**
 * Brings a stack up, or previews, refreshes or destroys it.
 *
 * @throws when the run can't start. Failures during the run are shown and result in exit code 1.
 */
export async function run(operation: RunKind, options: Options): Promise<Result> {
  // Commands that only read outputs should not have to load gRPC.
  return (await import("./run")).run(operation, options);
}
