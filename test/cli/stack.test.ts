import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { removeTemporaryDirs, temporaryDir } from "../engine/support";

const project = path.join(__dirname, "../..");

describe("the command stack", function () {
  this.timeout(30_000);
  after(removeTemporaryDirs);

  /** Runs it on a state of its own, with the embedded engine. */
  function stack(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const backend = `file://${temporaryDir()}`;
    return spawnSync(process.execPath, ["cli/start.mjs", "stack", ...args], {
      cwd: project,
      encoding: "utf8",
      env: { ...process.env, APIM_ENGINE: "local", PULUMI_BACKEND_URL: backend, ...env },
    });
  }

  for (const [args, message] of [
    [[], /^stack: expected one of ls, rename, change-passphrase, export, import, found nothing; see/],
    [["remove"], /found remove/],
    [["rename"], /^stack rename: expected NEW, found 0 words/],
    [["ls", "all"], /^stack ls: expected no further word, found 1 words/],
    [["ls", "--file", "x"], /^stack ls: expected no --file/],
    [["rename", "Prod_1", "--stack", "nowhere"], /^stack name: expected up to 32 lower-case letters/],
    [["rename", "prod", "--stack", "nowhere"], /^stack nowhere: there is neither a state nor a Pulumi\.nowhere\.yaml/],
    [["export", "--stack", "nowhere"], /^stack nowhere: there is no state/],
  ] as const)
    it(`${args.join(" ") || "without an action"}: is refused with the remedy`, () => {
      const { status, stdout, stderr } = stack(args);
      assert.deepEqual([status, stdout], [1, ""]);
      assert.match(stderr, message);
    });

  it("ls shows the project's stacks, up or not", () => {
    const { status, stdout } = stack(["ls"]);
    assert.equal(status, 0);
    assert.match(stdout, /^NAME +STATE +LAST CHANGE \(UTC\)\n(.*\n)*product +never up/);
  });

  it("calls the Pulumi CLI where that is the engine; a passphrase of a state in files is changed here", () => {
    const bin = temporaryDir();
    const calls = path.join(bin, "calls");
    const script = `#!/bin/sh\necho "$*" >> ${calls}\n[ "$2" = export ] && echo '{"version":3,"deployment":{}}'\nexit 0\n`;
    writeFileSync(path.join(bin, "pulumi"), script, { mode: 0o755 });
    const env = { APIM_ENGINE: "pulumi", PATH: `${bin}:${process.env.PATH}` };
    for (const args of [["ls"], ["rename", "prod", "-s", "x"], ["export", "--file", "/tmp/f"], ["import"]])
      assert.equal(stack(args, env).status, 0, args.join(" "));
    assert.deepEqual(readFileSync(calls, "utf8").trim().split("\n"), [
      "stack ls",
      "stack export --non-interactive --stack x",
      "stack rename prod --stack x",
      "stack export --file /tmp/f --stack dev",
      "stack import --stack dev",
    ]);
    const changed = stack(["change-passphrase"], env);
    assert.match(changed.stderr, /\.pulumi\/passphrase: expected the present passphrase, found no such file/);
    const cloud = { ...env, PULUMI_BACKEND_URL: "s3://bucket" };
    assert.equal(stack(["change-passphrase"], cloud).status, 0);
    assert.match(readFileSync(calls, "utf8"), /stack change-secrets-provider passphrase --stack dev\n$/);
    assert.ok(!existsSync(path.join(project, "Pulumi.prod.yaml")));
  });
});
