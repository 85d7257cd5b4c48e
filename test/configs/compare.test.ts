import assert from "node:assert/strict";
import { styleText } from "node:util";
import { colourDiff } from "../../configs/compare";

describe("configs: colourDiff", () => {
  it("colours headings, hunks, removed and added lines", () => {
    const paint = (style: "bold" | "cyan" | "red" | "green", text: string) =>
      styleText(style, text, { validateStream: false });
    assert.equal(
      colourDiff("--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n z"),
      [
        paint("bold", "--- a"),
        paint("bold", "+++ b"),
        paint("cyan", "@@ -1 +1 @@"),
        paint("red", "-x"),
        paint("green", "+y"),
        " z",
      ].join("\n"),
    );
  });
});
