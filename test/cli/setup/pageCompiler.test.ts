import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { openPromise } from "yauzl";
import { placePageCompiler, writeWithCompiler } from "../../../cli/setup/pageCompiler";
import { readPack } from "../../../distribution";
import { pageCompiler } from "../../../product/pageCompiler";
import { writePack, zipOf } from "../../distribution/samplePack";
import { zip } from "../../distribution/zipWriter";
import { hostWith } from "./fakeHost";

const jar = (files: Readonly<Record<string, string>>) =>
  zip(new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])));

const { classFile, newClassFile, replacement } = pageCompiler;
const oldBundle = jar({
  "META-INF/MANIFEST.MF": "manifest",
  "META-INF/ECLIPSE_.SF": "signature",
  "META-INF/services/x": "service",
  "org/apache/jasper/Options.class": "jasper",
  [classFile]: "old",
  "org/eclipse/jdt/internal/compiler/OnlyOld.class": "old",
});
const newCompiler = jar({
  "META-INF/MANIFEST.MF": "other",
  [classFile]: "new",
  [newClassFile]: "new",
  "about.html": "a",
});
const name = "org.apache.jasper.glassfish_2.2.2.v201205150955.jar";
const plugin = `repository/components/plugins/${name}`;
const patch = (number: string) => `repository/components/patches/patch${number}/${name}`;

/** Name in the jar -> text. */
async function filesIn(path: string): Promise<Record<string, string>> {
  const archive = await openPromise(path, { autoClose: false });
  const found: Record<string, string> = {};
  for await (const entry of archive.eachEntry())
    found[entry.fileName] = String(await buffer(await archive.openReadStreamPromise(entry)));
  archive.close();
  return found;
}

describe("page compiler", () => {
  let directory: string;
  let pack: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "compiler-test-"));
    pack = join(directory, "wso2am-1.9.0");
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** What is found in the pack as a directory and as a zip, which must be the same. */
  async function found(more: Readonly<Record<string, Buffer>>) {
    rmSync(pack, { recursive: true, force: true });
    writePack(pack, more);
    // The stand-in's own bundle and patch.
    for (const own of [plugin, patch("9000")]) if (more[own] === undefined) rmSync(join(pack, own));
    const { oldPageCompiler } = await readPack(pack);
    writeFileSync(join(directory, "pack.zip"), zipOf(pack));
    assert.deepEqual((await readPack(join(directory, "pack.zip"))).oldPageCompiler, oldPageCompiler);
    return oldPageCompiler;
  }

  it("a bundle without the newer compiler's class is replaced by a patch", async () => {
    assert.deepEqual(await found({ [plugin]: oldBundle }), { bundle: plugin, patched: patch("9000") });
  });

  it("a pack whose last patch has a newer compiler, or none at all, needs no replacement", async () => {
    assert.equal(await found({}), undefined);
    assert.equal(await found({ [plugin]: oldBundle, [patch("0007")]: newCompiler }), undefined);
    assert.equal(await found({ [patch("0007")]: jar({ "org/apache/jasper/Options.class": "jasper" }) }), undefined);
  });

  it("the bundle of the last patch counts, patch0000 does not, and the replacement comes behind all patches", async () => {
    const packs = { [plugin]: newCompiler, [patch("0000")]: newCompiler, [patch("0003")]: newCompiler };
    assert.deepEqual(await found({ ...packs, [patch("9004")]: oldBundle }), {
      bundle: patch("9004"),
      patched: patch("9005"),
    });
  });

  it("a bundle that is no jar, and no number for a patch, are refused with file and remedy", async () => {
    const none =
      /wso2am-1\.9\.0: .*glassfish_.*\.jar: expected a jar, found a file that can't be read as one .*; take the file/;
    await assert.rejects(found({ [plugin]: Buffer.from("version https://git-lfs") }), none);
    await assert.rejects(found({ [patch("9999")]: oldBundle }), /expected room for a patch .* found patch9999; rename/);
  });

  it("the patched bundle is the pack's own with the other compiler and without the signature; equal input gives equal bytes", async () => {
    const [bundle, compiler] = [join(directory, "bundle.jar"), join(directory, "compiler.jar")];
    writeFileSync(bundle, oldBundle);
    writeFileSync(compiler, newCompiler);
    await writeWithCompiler(bundle, compiler, join(directory, "a/1.jar"));
    await writeWithCompiler(bundle, compiler, join(directory, "a/2.jar"));
    assert.deepEqual(await filesIn(join(directory, "a/1.jar")), {
      "META-INF/MANIFEST.MF": "manifest",
      "META-INF/services/x": "service",
      "org/apache/jasper/Options.class": "jasper",
      [classFile]: "new",
      [newClassFile]: "new",
    });
    assert.deepEqual(readFileSync(join(directory, "a/1.jar")), readFileSync(join(directory, "a/2.jar")));
  });

  it("a jar in Maven's local repository with another checksum is refused, and nothing is written", async () => {
    const old = await found({ [plugin]: oldBundle });
    assert.ok(old);
    const repository = join(directory, "m2");
    const local = join(
      repository,
      "org/eclipse/jdt/core/compiler/ecj",
      replacement.version,
      `ecj-${replacement.version}.jar`,
    );
    mkdirSync(dirname(local), { recursive: true });
    writeFileSync(local, newCompiler);
    await assert.rejects(
      placePageCompiler(old, pack, join(directory, "aside"), hostWith(), assert.fail, repository),
      /page compiler: expected .*ecj-4\.6\.1\.jar with SHA-256 9cddda75.*, found [0-9a-f]{64}; remove the file/,
    );
    assert.ok(!existsSync(join(pack, old.patched)));
  });

  it("without the jar and without Maven, the error names both and the way around", async () => {
    const old = await found({ [plugin]: oldBundle });
    assert.ok(old);
    const place = placePageCompiler(old, pack, join(directory, "aside"), hostWith(), assert.fail, directory);
    await assert.rejects(
      place,
      /page compiler: found neither .*ecj-4\.6\.1\.jar nor mvn on PATH to fetch org\.eclipse\.jdt\.core\.compiler:ecj:4\.6\.1; install Maven, or set wso2-apim:image/,
    );
  });
});
