import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stageStandin } from "../../../cli/setup/stageStandin";

let context: string;

/** Path -> modification time and content of every file in the context. */
function snapshot(): Record<string, string> {
  const files = readdirSync(context, { recursive: true })
    .map(String)
    .filter((name) => statSync(join(context, name)).isFile());
  return Object.fromEntries(
    files.map((name) => {
      const file = join(context, name);
      return [name, `${statSync(file).mtimeMs} ${readFileSync(file, "base64")}`];
    }),
  );
}

describe("setup: the stand-in's build context", function () {
  this.timeout(20_000);

  before(() => {
    context = mkdtempSync(join(tmpdir(), "apim-context-"));
  });
  after(() => rmSync(context, { recursive: true }));

  it("contains everything that the image needs, and is not changed when staged again", async () => {
    await stageStandin(context);
    const before = snapshot();
    for (const name of [
      "Dockerfile",
      "entrypoint.sh",
      "healthcheck.sh",
      "standin.cjs",
      "wso2am/repository/conf/carbon.xml",
    ]) {
      assert.ok(name in before, name);
    }
    await stageStandin(context);
    assert.deepEqual(snapshot(), before);
  });

  it("loses files that no longer belong to it", async () => {
    const left = join(context, "wso2am/repository/left-behind.xml");
    mkdirSync(join(context, "wso2am/repository"), { recursive: true });
    writeFileSync(left, "<old/>");
    await stageStandin(context);
    assert.equal(existsSync(left), false);
  });

  it("contains the server as one file without paths of this machine", async () => {
    await stageStandin(context);
    const bundle = readFileSync(join(context, "standin.cjs"), "utf8");
    assert.ok(!bundle.includes(join(__dirname, "../../..")));
    // The image has no packages.
    const required = [...bundle.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name ?? "");
    const { builtinModules } = await import("node:module");
    const foreign = required.filter((name) => !builtinModules.includes(name.replace(/^node:/, "")));
    assert.deepEqual(foreign, []);
  });
});
