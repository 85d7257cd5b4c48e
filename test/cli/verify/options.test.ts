import assert from "node:assert/strict";
import { run } from "../../../cli/verify";

/** These options are refused before the stack is read: the stack does not exist. */
describe("verify: options of --resilience", () => {
  const refused = (args: string[], message: RegExp) => assert.rejects(run(["--stack", "nowhere", ...args]), message);

  it("--resilience is refused together with --links or --kept", async () => {
    await refused(
      ["--resilience", "--yes", "--links"],
      /--resilience publishes .*--links checks the links only: choose one/,
    );
    await refused(
      ["--resilience", "--yes", "--kept", "Verify0123abcd"],
      /--kept publishes none: run them one after another/,
    );
  });

  it("--yes is refused without --resilience", () => refused(["--yes"], /--yes: expected only with --resilience/));

  it("--resilience without a terminal needs --yes", async () => {
    const { isTTY } = process.stdin;
    try {
      process.stdin.isTTY = false;
      await refused(["--resilience"], /there is no terminal for the question; add --yes/);
      await refused(["--resilience", "--yes"], /stack nowhere/);
      process.stdin.isTTY = true;
      await refused(["--resilience"], /stack nowhere/);
    } finally {
      process.stdin.isTTY = isTTY;
    }
  });
});
