import assert from "node:assert/strict";
import { checkStyle, checkTypes } from "../../tools/check";

describe("npm run check", () => {
  it("compiles the project without errors", async function () {
    this.timeout(180_000);
    const { ok, output } = await checkTypes();
    assert.ok(ok, output);
  });

  it("finds no fault in lint and format", async function () {
    this.timeout(60_000);
    const { ok, output } = await checkStyle();
    assert.ok(ok, output);
  });
});
