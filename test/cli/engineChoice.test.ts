import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import * as path from "node:path";
import { chooseEngine } from "../../cli/engineChoice";
import { parseCommand, pulumiArguments } from "../../cli/engineCommand";
import { removeTemporaryDirs, temporaryDir } from "../engine/support";

describe("choice of engine", () => {
  after(removeTemporaryDirs);

  it("the CLI when it is on PATH, else the local engine; APIM_ENGINE decides", async () => {
    const [empty, full] = [temporaryDir(), temporaryDir()];
    writeFileSync(path.join(full, "pulumi"), "", { mode: 0o755 });
    const PATH = `${empty}${path.delimiter}${full}`;
    assert.equal(await chooseEngine({ PATH }), "pulumi");
    assert.equal(await chooseEngine({ PATH: empty }), "local");
    assert.equal(await chooseEngine({ PATH, APIM_ENGINE: "local" }), "local");
    await assert.rejects(chooseEngine({ PATH: empty, APIM_ENGINE: "pulumi" }), /no pulumi on PATH/);
    await assert.rejects(chooseEngine({ PATH, APIM_ENGINE: "both" }), /expected "pulumi" or "local", found "both"/);
  });

  it("the same flags for either engine", () => {
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
      ["up", "--stack", "x", "--yes", "--non-interactive"],
    );
    assert.deepEqual(
      pulumiArguments("destroy", { ...command, diff: false, expectNoChanges: false, parallel: undefined }, true),
      ["destroy", "--stack", "x"],
    );
    assert.throws(() => parseCommand(["parallel"], ["--parallel", "0"]), /--parallel: expected a whole number/);
    assert.throws(() => parseCommand(["stack"], ["--diff"]), /--diff/);
  });
});
