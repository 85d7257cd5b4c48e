import assert from "node:assert/strict";
import { parseCommand, pulumiArguments } from "../../../cli/engine/command";

describe("the flags of the engine's commands", () => {
  it("are translated for the Pulumi CLI, which runs the program once", () => {
    const command = parseCommand(
      ["stack", "diff", "parallel", "expect-no-changes"],
      ["-s", "x", "--diff", "-p", "4", "--expect-no-changes"],
    );
    assert.deepEqual(pulumiArguments("preview", command, true), [
      "preview",
      "--stack",
      "x",
      "--diff",
      "--expect-no-changes",
      "--parallel",
      "4",
    ]);
    assert.deepEqual(
      pulumiArguments("up", { ...command, diff: false, expectNoChanges: false, parallel: undefined }, false),
      ["up", "--stack", "x", "--yes", "--skip-preview", "--non-interactive"],
    );
    assert.deepEqual(
      pulumiArguments("destroy", { ...command, diff: false, expectNoChanges: false, parallel: undefined }, true),
      ["destroy", "--stack", "x"],
    );
    assert.throws(() => parseCommand(["parallel"], ["--parallel", "0"]), /--parallel: expected a whole number/);
    assert.throws(() => parseCommand(["stack"], ["--diff"]), /--diff/);
  });
});
