import assert from "node:assert/strict";
import { run } from "../../cli/verify";

describe("verify: its options", () => {
  const refused: [string[], RegExp][] = [
    [["--slow", "56"], /^--slow: expected whole seconds from 0 to 55, found "56"; the product waits 60 s$/],
    [["--slow", "1.5"], /^--slow: expected whole seconds from 0 to 55, found "1\.5"/],
    [["--slow", "long"], /^--slow: expected whole seconds from 0 to 55, found "long"/],
    [["--slow=-1"], /^--slow: expected whole seconds from 0 to 55, found "-1"/],
    [["--wait", "4000"], /^--wait: expected seconds from 0 to 3600, found "4000"$/],
    [["--kept", "other"], /^--kept: expected a name such as Verify0123abcd, which --keep prints, found "other"$/],
  ];
  for (const [args, message] of refused)
    it(`refuses ${args.join(" ")} before it reads the stack`, async () => {
      await assert.rejects(run(args), (error: Error) => {
        assert.match(error.message, message);
        return true;
      });
    });
});
