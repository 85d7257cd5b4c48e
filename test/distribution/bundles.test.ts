import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Distribution, readDistribution } from "../../distribution";
import { writePack, zipOf } from "./samplePack";

const bundle = "org.wso2.carbon.claim.mgt";
const list = "repository/components/api-key-manager/configuration/org.eclipse.equinox.simpleconfigurator/bundles.info";
const line = (name: string) => `${name},4.2.1,../plugins/${name}_4.2.1.jar,4,true\n`;

describe("bundles that a profile lacks", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "bundles-test-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** The pack with more files, read as a directory and as a zip, which must give the same. */
  async function read(more: Readonly<Record<string, string>>): Promise<Distribution> {
    writePack(directory, more);
    const unpacked = await readDistribution(directory);
    writeFileSync(join(directory, "pack.zip"), zipOf(directory));
    const zipped = await readDistribution(join(directory, "pack.zip"));
    assert.deepEqual(zipped.bundles, unpacked.bundles);
    assert.equal(zipped.warnings.length, unpacked.warnings.length);
    return unpacked;
  }
  const copiesOf = ({ bundles }: Distribution) =>
    [...bundles].map(([profile, copies]) => [
      profile,
      copies.map(({ path, base64 }) => [path, Buffer.from(base64, "base64").toString()]),
    ]);
  const plugin = (name = bundle) => `repository/components/plugins/${name}_4.2.1.jar`;

  it("the Key Manager's profile gets a copy of the plug-in in dropins, and bundles with a longer name are others", async () => {
    const found = await read({
      [list]: line(`${bundle}.ui`),
      [plugin()]: "plugin",
      [plugin(`${bundle}.stub`)]: "stub",
    });
    const path = `repository/components/dropins/${bundle}_4.2.1.jar`;
    assert.deepEqual(copiesOf(found), [["api-key-manager", [[path, "plugin"]]]]);
  });

  it("a profile that has the bundle gets no copy", async () => {
    const found = await read({ [list]: `#version=1\r\n${line(bundle).replace("\n", "\r\n")}`, [plugin()]: "plugin" });
    assert.deepEqual(copiesOf(found), []);
  });

  it("the bundle is taken from the last patch that has it; patch0000 holds the plug-ins before the patches", async () => {
    const patched = (patch: string) => `repository/components/patches/${patch}/${bundle}_4.2.1.jar`;
    const found = await read({
      [list]: "",
      [plugin()]: "plugin",
      [patched("patch0000")]: "before",
      [patched("patch0003")]: "third",
      [patched("patch0010")]: "tenth",
      "repository/components/patches/patch0011/other_1.0.0.jar": "other",
    });
    assert.deepEqual(
      copiesOf(found).map(([, copies]) => copies?.[0]?.[1]),
      ["tenth"],
    );
  });

  it("a bundle that is nowhere in the pack is a warning with the file and the consequence", async () => {
    writePack(directory, { [list]: "" });
    rmSync(join(directory, plugin()));
    const { bundles, warnings } = await readDistribution(directory);
    assert.equal(bundles.size, 0);
    const own = warnings.filter((text) => text.includes(bundle));
    assert.equal(own.length, 1);
    assert.match(
      own[0] ?? "",
      /plugins\/org\.wso2\.carbon\.claim\.mgt_\*\.jar: not in .*log-in pages and userinfo of the Key Manager/,
    );
  });

  it("a pack without a list for the profile gets no copy and no warning", async () => {
    writePack(directory);
    rmSync(join(directory, list));
    const { bundles, warnings } = await readDistribution(directory);
    assert.equal(bundles.size, 0);
    assert.deepEqual(
      warnings.filter((text) => text.includes(bundle)),
      [],
    );
  });
});
