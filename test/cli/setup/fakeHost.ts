import assert from "node:assert/strict";
import type { Host } from "../../../cli/setup/host";

/** A host on which no command may run, except Maven if `mvn` is given. */
export function hostWith(mvn?: (args: readonly string[]) => { status: number; output: string }): Host {
  const unexpected = () => assert.fail("unexpected call of the host");
  return {
    platform: "linux",
    uid: 1000,
    has: (command) => command === "mvn" && mvn !== undefined,
    exists: unexpected,
    run: async (command, args) => (command === "mvn" && mvn ? mvn(args) : unexpected()),
    startInBackground: unexpected,
    readText: unexpected,
    sleep: unexpected,
  };
}
