import assert from "node:assert/strict";
import fs, { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { openKeys, ownPassphrase } from "../../../engine/backend/passphrase";
import { removeTemporaryDirs, temporaryDir } from "../support";
import { onFullDisk } from "./fullDisk";

describe("the passphrase of a stack's secrets", function () {
  // Deriving a key deliberately takes long.
  this.timeout(30_000);
  after(removeTemporaryDirs);

  const needs = (bookkeeping: string, env: NodeJS.ProcessEnv = {}) => ({
    file: { bookkeeping, file: "s" },
    project: { stackFile: "p" },
    writes: true,
    say: () => {},
    env,
  });

  it("is generated into a file that only the user can read; no temporary file is left", async () => {
    const dir = path.join(temporaryDir(), "new");
    const said: string[] = [];
    const made = await ownPassphrase(dir, (text) => said.push(text));
    assert.equal(readFileSync(path.join(dir, "passphrase"), "utf8"), `${made}\n`);
    assert.equal(statSync(path.join(dir, "passphrase")).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(dir), ["passphrase"]);
    assert.match(said.join(), /Generated a passphrase/);
  });

  it("on a full disk: the error names the file, and no partial file is left", () => {
    const dir = temporaryDir();
    const code =
      'require("./engine/backend/passphrase").ownPassphrase(process.argv[1], console.log).catch((error) => console.log(error.message))';
    const said = onFullDisk(code, dir);
    assert.match(said, /^\S+\/passphrase: can't be written \(EFBIG.*check the disk space/);
    assert.doesNotMatch(said, /Generated a passphrase/);
    assert.deepEqual(readdirSync(dir), []);
  });

  it("is refused if its file is empty", async () => {
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

  it("may be empty in PULUMI_CONFIG_PASSPHRASE", async () => {
    const { write } = await openKeys(needs(temporaryDir(), { PULUMI_CONFIG_PASSPHRASE: "" }));
    assert.equal(write?.decrypt(write.encrypt("x")), "x");
  });

  it("is not overwritten if another run generates it at the same moment", async () => {
    const dir = temporaryDir();
    const file = path.join(dir, "passphrase");
    // The other run creates the file after this run has found none.
    const { existsSync } = fs;
    fs.existsSync = (asked) => {
      const there = existsSync(asked);
      if (asked === file && !there) writeFileSync(file, "theirs\n");
      return there;
    };
    try {
      assert.equal(await ownPassphrase(dir, () => assert.fail("no passphrase was generated")), "theirs");
    } finally {
      fs.existsSync = existsSync;
    }
    assert.deepEqual(readdirSync(dir), ["passphrase"]);
  });
});
