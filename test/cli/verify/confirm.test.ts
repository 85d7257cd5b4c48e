import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { confirm } from "../../../cli/verify/confirm";

describe("verify --resilience: the question", () => {
  /** Answers the question with these keys; undefined: the terminal is closed. */
  async function answer(keys: string | undefined) {
    const [input, output] = [new PassThrough(), new PassThrough()];
    let shown = "";
    output.on("data", (data) => {
      shown += data;
    });
    const result = confirm("Stop nodes?", { input, output });
    if (keys === undefined) input.end();
    else input.write(keys);
    const found = await result;
    assert.match(shown, /Stop nodes\? \[y\/N\] /);
    return found;
  }

  for (const [keys, expected] of [
    ["y\n", "yes"],
    ["YES\n", "yes"],
    ["\n", "no"],
    ["yeah\n", "no"],
    ["n\n", "no"],
    ["\u0003", "stopped"],
    [undefined, "no"],
  ] as const)
    it(`${JSON.stringify(keys) ?? "a closed terminal"} means ${expected}`, async () => {
      assert.equal(await answer(keys), expected);
    });
});
