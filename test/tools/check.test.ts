import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkGenerated, checkStyle, checkTypes } from "../../tools/check";
import { withConfigBlock } from "../../tools/generate/pulumiYaml";
import { withSettingsTables } from "../../tools/generate/settingsTables";

describe("npm run check", () => {
  it("finds the generated parts of Pulumi.yaml and docs/settings.md current", () => {
    const { ok, output } = checkGenerated();
    assert.ok(ok, output);
  });

  it("finds a setting that is missing in a generated part", () => {
    const yaml = readFileSync(join(__dirname, "../../Pulumi.yaml"), "utf8");
    const without = yaml.replace(/ {2}multiTenancy:\n(?: {4}.*\n)+/, "");
    assert.notEqual(without, yaml);
    assert.equal(withConfigBlock(without), yaml);
    const docs = readFileSync(join(__dirname, "../../docs/settings.md"), "utf8");
    const stale = docs.replace(/^\| `multiTenancy` .*\n/m, "");
    assert.notEqual(stale, docs);
    assert.equal(withSettingsTables(stale), docs);
    assert.throws(() => withSettingsTables("no table"), /expected the lines <!-- table: /);
  });

  it("compiles the project without errors", async function () {
    this.timeout(180_000);
    const { ok, output } = await checkTypes();
    assert.ok(ok, output);
  });

  it("finds no fault in lint and format", async function () {
    this.timeout(60_000);
    const { ok, output } = await checkStyle();
    assert.ok(ok, output);
  });
});
