import assert from "node:assert/strict";
import { isSince } from "../../product/versions";

describe("product versions", () => {
  it("isSince compares by number, not by text", () => {
    assert.ok(isSince("1.10.0", "1.9.1"));
    assert.ok(isSince("1.7.0", "1.7.0"));
    assert.ok(!isSince("1.6.0", "1.7.0"));
  });
});
