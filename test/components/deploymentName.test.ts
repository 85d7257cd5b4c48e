import assert from "node:assert/strict";
import { symlinkSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { run } from "../../engine";
import { dynamicProvider } from "../../engine/providers/dynamic";
import { removeTemporaryDirs, temporaryDir, World } from "../engine/support";

const root = path.resolve(__dirname, "../..");

/** A program with a deployment's name, and an object that has it. */
const program = `
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { DeploymentName } from ${JSON.stringify(path.join(root, "components/deploymentName"))};
const prefix = new pulumi.Config().require("prefix");
const name = new DeploymentName("name", { prefix });
new random.RandomId("volume", { byteLength: 2, keepers: { prefix } }, { dependsOn: name });
`;

describe("DeploymentName", function () {
  this.timeout(60_000);
  let dir: string;
  const world = new World();
  before(() => {
    dir = temporaryDir();
    writeFileSync(path.join(dir, "Pulumi.yaml"), "name: named\nruntime: nodejs\n");
    writeFileSync(path.join(dir, "index.ts"), program);
    symlinkSync(path.join(root, "node_modules"), path.join(dir, "node_modules"));
  });
  after(removeTemporaryDirs);

  async function engine(operation: "up" | "preview", prefix: string) {
    writeFileSync(path.join(dir, "Pulumi.dev.yaml"), `config:\n  named:prefix: ${prefix}\n`);
    let text = "";
    const out = { write: (part: string) => (text += part) };
    const env = { ...process.env, PULUMI_CONFIG_PASSPHRASE: "correct horse", PULUMI_BACKEND_URL: "", TERM: "dumb" };
    const { exitCode } = await run(operation, {
      projectDir: dir,
      stack: "dev",
      env,
      out,
      providers: async (host) => (pkg, config) =>
        pkg === "pulumi-nodejs" ? dynamicProvider(config, host) : world.provider,
    });
    return { exitCode, text };
  }

  it("another name after the first up is an error with the remedy, and what has the name stays", async () => {
    const first = await engine("up", "apim-dev");
    assert.equal(first.exitCode, 0, first.text);
    for (const operation of ["preview", "up"] as const) {
      const { exitCode, text } = await engine(operation, "apim-prod");
      assert.equal(exitCode, 1, text);
      assert.match(
        text,
        /expected apim-dev, .* found apim-prod: .* npm run config -- set namePrefix apim-dev --stack/s,
      );
      assert.doesNotMatch(text, /RandomId +volume +(replace|delete|create)/);
    }
    assert.deepEqual(world.names(), ["volume"]);
    const again = await engine("up", "apim-dev");
    assert.equal(again.exitCode, 0, again.text);
    assert.match(again.text, /No changes/);
  });
});
