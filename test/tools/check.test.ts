import assert from "node:assert/strict";
import { checkStyle, checkTypes } from "../../tools/check";

describe("the project's own checks", () => {
  it("compiles", async function () {
    this.timeout(180_000);
    const { ok, output } = await checkTypes();
    assert.ok(ok, output);
  });

  it("is linted and formatted", async function () {
    this.timeout(60_000);
    const { ok, output } = await checkStyle();
    assert.ok(ok, output);
  });
});
