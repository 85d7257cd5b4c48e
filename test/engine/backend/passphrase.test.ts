import assert from "node:assert/strict";
import fs, { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { openKeys, ownPassphrase } from "../../../engine/backend/passphrase";
import { removeTemporaryDirs, temporaryDir } from "../support";
import { onFullDisk } from "./fullDisk";

describe("the passphrase of a stack's secrets", function () {
  // Deriving keys is slow on purpose.
  this.timeout(30_000);
  after(removeTemporaryDirs);

  const needs = (bookkeeping: string, env: NodeJS.ProcessEnv = {}) => ({
    file: { bookkeeping, file: "s" },
    project: { stackFile: "p" },
    writes: true,
    say: () => {},
    env,
  });

  it("is in a file of its own that nobody else may read, with nothing left beside it", () => {
    const dir = path.join(temporaryDir(), "new");
    const said: string[] = [];
    const made = ownPassphrase(dir, (text) => said.push(text));
    assert.equal(readFileSync(path.join(dir, "passphrase"), "utf8"), `${made}\n`);
    assert.equal(statSync(path.join(dir, "passphrase")).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(dir), ["passphrase"]);
    assert.match(said.join(), /Made a passphrase/);
  });

  it("leaves nothing of itself on a full disk, and says which file could not be written", () => {
    const dir = temporaryDir();
    const code =
      'try { require("./engine/backend/passphrase").ownPassphrase(process.argv[1], console.log) } catch (error) { console.log(error.message) }';
    const said = onFullDisk(code, dir);
    assert.match(said, /^\S+\/passphrase: can't be written \(EFBIG.*see that its disk has room/);
    assert.doesNotMatch(said, /Made a passphrase/);
    assert.deepEqual(readdirSync(dir), []);
  });

  it("is never an empty one from a file that was cut short", async () => {
    const dir = temporaryDir();
    const file = path.join(dir, "passphrase");
    writeFileSync(file, "\n");
    for (const env of [{}, { PULUMI_CONFIG_PASSPHRASE_FILE: file }])
      await assert.rejects(
        openKeys(needs(dir, env)),
        (error: Error) =>
          error.message.startsWith(`${file}: `) && /found an empty file; restore it/.test(error.message),
      );
  });

  it("may be empty where somebody says so", async () => {
    const { write } = await openKeys(needs(temporaryDir(), { PULUMI_CONFIG_PASSPHRASE: "" }));
    assert.equal(write?.decrypt(write.encrypt("x")), "x");
  });

  it("that another run makes at the same moment is taken, not replaced", () => {
    const dir = temporaryDir();
    const file = path.join(dir, "passphrase");
    // Between our look and our writing.
    const { existsSync } = fs;
    fs.existsSync = (asked) => {
      const there = existsSync(asked);
      if (asked === file && !there) writeFileSync(file, "theirs\n");
      return there;
    };
    try {
      assert.equal(
        ownPassphrase(dir, () => assert.fail("nothing was made")),
        "theirs",
      );
    } finally {
      fs.existsSync = existsSync;
    }
    assert.deepEqual(readdirSync(dir), ["passphrase"]);
  });
});
