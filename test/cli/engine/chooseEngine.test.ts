import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import * as path from "node:path";
import { chooseEngine } from "../../../cli/engine/chooseEngine";
import { removeTemporaryDirs, temporaryDir } from "../../engine/support";

describe("choosing the engine", () => {
  after(removeTemporaryDirs);

  it("takes the Pulumi CLI when it is on PATH, else the embedded engine, unless APIM_ENGINE names one", async () => {
    const [empty, full] = [temporaryDir(), temporaryDir()];
    writeFileSync(path.join(full, "pulumi"), "", { mode: 0o755 });
    const PATH = `${empty}${path.delimiter}${full}`;
    assert.equal(await chooseEngine({ PATH }), "pulumi");
    assert.equal(await chooseEngine({ PATH: empty }), "local");
    assert.equal(await chooseEngine({ PATH, APIM_ENGINE: "local" }), "local");
    await assert.rejects(chooseEngine({ PATH: empty, APIM_ENGINE: "pulumi" }), /expected pulumi on PATH/);
    await assert.rejects(chooseEngine({ PATH, APIM_ENGINE: "both" }), /expected "pulumi" or "local", found "both"/);
  });
});
