import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPack } from "../../distribution";
import { writePack, zipOf } from "./samplePack";

describe("reading a whole pack", () => {
  let directory: string;
  let pack: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "pack-test-"));
    pack = join(directory, "wso2am-1.9.0");
    writePack(pack);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const fingerprint = async (path: string) => (await readPack(path)).fingerprint;

  it("fingerprint: the same for every unpacked copy", async () => {
    const other = join(directory, "elsewhere", "wso2am");
    writePack(other);
    chmodSync(join(other, "dbscripts/mysql.sql"), 0o600);
    utimesSync(join(other, "dbscripts/mysql.sql"), 1, 1);
    assert.equal(await fingerprint(other), await fingerprint(pack));
    assert.equal(await fingerprint(join(directory, "elsewhere")), await fingerprint(pack));
  });

  const changes: [what: string, change: () => void][] = [
    ["a file's content", () => appendFileSync(join(pack, "dbscripts/mysql.sql"), " ")],
    ["a file's name", () => renameSync(join(pack, "dbscripts/mysql.sql"), join(pack, "dbscripts/mysql2.sql"))],
    ["an executable bit", () => chmodSync(join(pack, "dbscripts/mysql.sql"), 0o755)],
    ["an empty directory", () => mkdirSync(join(pack, "repository/carbonapps"))],
    ["a link", () => symlinkSync("mysql.sql", join(pack, "dbscripts/link.sql"))],
  ];
  for (const [what, change] of changes)
    it(`fingerprint: changes with ${what}`, async () => {
      const before = await readPack(pack);
      change();
      const after = await readPack(pack, before);
      assert.notEqual(after.fingerprint, before.fingerprint);
    });

  it("a known fingerprint is reused as long as the signature is the same", async () => {
    const before = await readPack(pack);
    const file = join(pack, "dbscripts/mysql.sql");
    const { size, mtime } = statSync(file);
    writeFileSync(file, "x".repeat(size));
    utimesSync(file, mtime, mtime);
    const rounded = await readPack(pack);
    writeFileSync(file, "y".repeat(size));
    utimesSync(file, mtime, mtime);
    assert.notEqual(rounded.fingerprint, before.fingerprint);
    assert.equal((await readPack(pack, rounded)).fingerprint, rounded.fingerprint);
    assert.notEqual((await readPack(pack)).fingerprint, rounded.fingerprint);
  });

  it("zip: the fingerprint depends on the table of contents below APIM_HOME only", async () => {
    const file = join(directory, "a.zip");
    writeFileSync(file, zipOf(pack));
    const first = await readPack(file);
    assert.equal(first.home, "wso2am-1.9.0");
    writeFileSync(file, zipOf(pack, { "__MACOSX/wso2am-1.9.0/._x": Buffer.from("not part of the pack") }));
    assert.equal(await fingerprint(file), first.fingerprint);
    appendFileSync(join(pack, "dbscripts/mysql.sql"), " ");
    writeFileSync(file, zipOf(pack));
    assert.notEqual(await fingerprint(file), first.fingerprint);
  });

  it("drivers: the MySQL drivers in repository/components/lib are named", async () => {
    assert.deepEqual((await readPack(pack)).drivers, []);
    writePack(pack, {
      "repository/components/lib/mysql-connector-java-5.1.30-bin.jar": "jar",
      "repository/components/lib/other.jar": "jar",
      "repository/components/dropins/mysql-connector-java-5.1.30-bin.jar": "jar",
    });
    const drivers = ["mysql-connector-java-5.1.30-bin.jar"];
    assert.deepEqual((await readPack(pack)).drivers, drivers);
    const file = join(directory, "a.zip");
    writeFileSync(file, zipOf(pack));
    assert.deepEqual((await readPack(file)).drivers, drivers);
  });

  it("links: within the pack they stay links, to a file outside they become that file", async () => {
    writeFileSync(join(directory, "driver.jar"), "jar");
    symlinkSync(join(pack, "dbscripts"), join(pack, "scripts"));
    symlinkSync("../../../driver.jar", join(pack, "repository/components/lib.jar"));
    const { entries = [] } = await readPack(pack);
    const of = (path: string) => entries.find((entry) => entry.path === path);
    assert.deepEqual(of("scripts"), { kind: "link", path: "scripts", target: "dbscripts" });
    const outside = of("repository/components/lib.jar");
    assert.ok(
      outside?.kind === "file" && outside.source === join(directory, "driver.jar"),
      JSON.stringify(outside?.path),
    );
  });

  const badLinks: [target: string, expected: RegExp][] = [
    ["nowhere", /wso2am-1\.9\.0: dbscripts\/link is a link to nowhere, which does not exist; remove the link/],
    [tmpdir(), /dbscripts\/link is a link to .*, which is a directory outside the pack; replace the link/],
  ];
  for (const [target, expected] of badLinks)
    it(`links: one to ${target === "nowhere" ? "a missing target" : "a directory outside"} is refused`, async () => {
      symlinkSync(target, join(pack, "dbscripts/link"));
      await assert.rejects(readPack(pack), expected);
    });

  it("an incomplete pack is an error with both remedies", async () => {
    const both = /complete pack\. Name the wso2am-<version> .* as it was downloaded, or, .* set wso2-apim:image/;
    rmSync(join(pack, "bin"), { recursive: true });
    await assert.rejects(readPack(pack), /found no bin\/wso2server\.sh; an image/);
    rmSync(join(pack, "repository/components"), { recursive: true });
    await assert.rejects(readPack(pack), /found no bin\/wso2server\.sh and no repository\/components; an image/);
    await assert.rejects(readPack(pack), both);
    const file = join(directory, "configuration.zip");
    writeFileSync(file, zipOf(pack));
    await assert.rejects(readPack(file), both);
    await assert.rejects(readPack(join(directory, "none")), /none: there is no such directory or file/);
    await assert.rejects(readPack(join(pack, "dbscripts/mysql.sql")), /can't be read as a zip/);
  });
});
