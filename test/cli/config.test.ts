import assert from "node:assert/strict";
import { existsSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { Readable } from "node:stream";
import { run } from "../../cli/config";
import { Crypter } from "../../engine/backend/crypto";
import { removeTemporaryDirs, temporaryDir } from "../engine/support";

const commented = `# What this stack is for.
config:
  # Two of our own:
  wso2-apim:jwt: true # since May

  wso2-apim:storeHost: "store.example.com"
  docker:host: unix:///run/docker.sock
`;

describe("npm run config", function () {
  this.timeout(20_000);
  let projectDir: string;
  let env: NodeJS.ProcessEnv;
  let printed: string[];

  beforeEach(() => {
    projectDir = temporaryDir();
    writeFileSync(
      path.join(projectDir, "Pulumi.yaml"),
      "name: wso2-apim\nruntime: nodejs\nconfig:\n  poolMaxActive:\n    type: integer\n    default: 50\n",
    );
    env = { APIM_ENGINE: "local", PULUMI_CONFIG_PASSPHRASE: "hush" };
    printed = [];
  });
  after(removeTemporaryDirs);

  const file = () => path.join(projectDir, "Pulumi.dev.yaml");
  const text = () => readFileSync(file(), "utf8");
  async function config(args: string, piped = ""): Promise<string> {
    printed = [];
    const print = (line: string) => printed.push(line);
    const status = await run(args.split(" ").filter(Boolean), {
      projectDir,
      env,
      print,
      input: Readable.from([piped]),
    });
    assert.equal(status, 0);
    return printed.join("\n");
  }

  it("set changes one value, and keeps comments, order and all other values", async () => {
    writeFileSync(file(), commented);
    await config("set storeHost store.example.org");
    await config("set wso2-apim:poolMaxActive 20");
    assert.equal(
      text(),
      commented
        .replace('"store.example.com"', '"store.example.org"')
        .replace("docker.sock\n", 'docker.sock\n  wso2-apim:poolMaxActive: "20"\n'),
    );
    await config("rm poolMaxActive");
    assert.equal(text(), commented.replace(".com", ".org"));
    assert.match(await config("rm poolMaxActive"), /is not set/);
  });

  it("set creates the file of a stack without one", async () => {
    await config("set jwt true --stack dev");
    assert.equal(text(), 'config:\n  wso2-apim:jwt: "true"\n');
    assert.match(await config(""), /^NAME\s+VALUE\njwt\s+true$/);
  });

  it("set keeps what is in a file of comments only, or without configuration", async () => {
    for (const before of ["# mine\n", "", "config:\n", "# mine\nsecretsprovider: passphrase\n"]) {
      writeFileSync(file(), before);
      assert.match(await config(""), /sets nothing/, before);
      await config("set jwt true");
      assert.match(text(), /^ {2}wso2-apim:jwt: "true"$/m, before);
      assert.equal(text().includes("# mine"), before.includes("# mine"));
    }
  });

  it("set --secret encrypts a value from standard input as the official CLI does; only --show-secrets prints it", async () => {
    assert.equal(
      await config("set --secret adminPassword", "s3cret!\n"),
      "adminPassword: set in Pulumi.dev.yaml, encrypted",
    );
    const [, salt = ""] = /^encryptionsalt: (v1:\S+)$/m.exec(text()) ?? [];
    const [, cipher = ""] = /^ {2}wso2-apim:adminPassword:\n {4}secure: (v1:\S+)$/m.exec(text()) ?? [];
    assert.equal((await Crypter.open("hush", salt, "test")).decrypt(cipher), "s3cret!");
    assert.ok(!text().includes("s3cret"));
    assert.equal(await config("get adminPassword"), "[secret]");
    assert.match(await config(""), /adminPassword\s+\[secret\]/);
    assert.equal(await config("get adminPassword --show-secrets"), "s3cret!");
    assert.match(await config("--show-secrets"), /adminPassword\s+s3cret!/);
    await config("set --secret svnPassword", "other");
    assert.equal(/^encryptionsalt: (\S+)$/m.exec(text())?.[1], salt);
    assert.equal(await config("get svnPassword --show-secrets"), "other");
  });

  it("needs the passphrase with which the file's secrets were encrypted", async () => {
    await config("set --secret adminPassword", "s3cret!");
    const before = text();
    env.PULUMI_CONFIG_PASSPHRASE = "another";
    await assert.rejects(config("set --secret svnPassword", "x"), /the passphrase is wrong/);
    await assert.rejects(config("get adminPassword --show-secrets"), /the passphrase is wrong/);
    assert.equal(text(), before);
    assert.equal(await config("get adminPassword"), "[secret]");
  });

  it("get prints the default of a setting that is not set", async () => {
    assert.equal(await config("get poolMaxActive"), "50");
    await assert.rejects(
      config("get svnPassword"),
      /svnPassword: is not set .* run: npm run config -- set --secret svnP/,
    );
    await assert.rejects(config("get colour"), /colour: there is no such setting/);
  });

  const refused: [args: string, expected: RegExp, piped?: string][] = [
    ["set --secret adminPassword s3cret!", /expected no secret on the command line, which the shell's history keeps/],
    [
      "set adminPassword s3cret!",
      /adminPassword: is a secret setting; run: npm run config -- set --secret adminPassword$/,
    ],
    ["set --secret adminPassword", /expected a value on standard input, found none/, "\n"],
    ["set --secret adminPassword", /adminPassword: expected 5 to 30 characters/, "s3c"],
    ["set --secret jwt", /jwt: is not a secret setting; run: npm run config -- set jwt VALUE/],
    ["set jwt perhaps", /jwt: expected true \| false, found "perhaps"/],
    ["set jtw true", /jtw: there is no such setting \(did you mean jwt\?\)/],
    ["set jwt", /expected a value after jwt/],
    ["set", /config set: expected NAME VALUE, or --secret NAME/],
    ["set jwt true again", /found 3 words/],
    ["get", /config get: expected NAME/],
    ["show", /expected set, get, rm or nothing, found "show"/],
    ["list", /expected set, get, rm or nothing, found "list"/],
    ["set poolMaxWait -2", /poolMaxWait: expected -1 to 3600000, found -2/],
    [
      "set svnUrl https://me:s3cret!@svn.example.com/a",
      /svnUrl: expected a URL without user or password, .* found "https:\/\/\.\.\.@svn\.example\.com\/a"/,
    ],
    ["set jwt true --stack Dev_1", /stack name: expected up to 32 lower-case letters.* found "Dev_1"/],
    ["set jwt true --stack ../x", /--stack: expected letters/],
  ];
  for (const [args, expected, piped] of refused) {
    it(`refuses "${args}", and changes nothing`, async () => {
      await assert.rejects(config(args, piped), (error: Error) => {
        assert.match(error.message, expected);
        assert.ok(!error.message.includes("s3c"), error.message);
        return true;
      });
      assert.deepEqual(readdirSync(projectDir), ["Pulumi.yaml"]);
    });
  }

  it("set accepts a negative number as the value", async () => {
    await config("set poolMaxWait -1 --stack dev");
    assert.equal(await config("get poolMaxWait"), "-1");
  });

  it("masks a secret that stands in the file in plain text, and prints the remedy", async () => {
    writeFileSync(file(), "config:\n  adminPassword: s3cret!\n");
    assert.match(await config(""), /adminPassword\s+\[secret\]/);
    assert.equal(await config("get adminPassword"), "[secret]");
    assert.equal(await config("get adminPassword --show-secrets"), "s3cret!");
    const output = await config("set jwt true");
    assert.match(output, /adminPassword: expected an encrypted value, .* run: npm run config -- set --secret adminP/m);
    assert.doesNotMatch(await config("set --secret adminPassword", "another"), /plain text/);
    assert.ok(!text().includes("s3cret!"));
  });

  it("set writes through a link, keeps the file's mode, and leaves no temporary file", async () => {
    const target = path.join(temporaryDir(), "theirs.yaml");
    writeFileSync(target, commented, { mode: 0o600 });
    symlinkSync(target, file());
    await config("set jwt false");
    assert.ok(lstatSync(file()).isSymbolicLink());
    assert.match(readFileSync(target, "utf8"), /wso2-apim:jwt: "?false"? # since May/);
    assert.equal(statSync(target).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(path.dirname(target)), ["theirs.yaml"]);
  });

  it("set reports what the settings together still lack", async () => {
    assert.match(await config("set analytics true"), /Before the next up: analyticsPassword: expected a password/);
    assert.doesNotMatch(await config("set --secret analyticsPassword", "x"), /Before/);
  });

  it("refuses every command for a stack whose keys do not come from a passphrase", async () => {
    const text = "secretsprovider: awskms://alias/x\nconfig: {}\n";
    writeFileSync(file(), text);
    for (const command of ["", "get jwt", "set jwt true", "rm jwt", "set --secret adminPassword"])
      await assert.rejects(config(command, "s3cret!"), /secretsprovider: expected passphrase, found awskms:/);
    assert.equal(readFileSync(file(), "utf8"), text);
  });

  describe("with the Pulumi CLI", () => {
    let calls: string;

    beforeEach(() => {
      const bin = temporaryDir();
      calls = path.join(bin, "calls");
      writeFileSync(path.join(bin, "pulumi"), `#!/bin/sh\necho "$@" >>${calls}\n`, { mode: 0o755 });
      env = { APIM_ENGINE: "pulumi", PATH: `${bin}${path.delimiter}${process.env.PATH}`, HOME: bin };
    });
    const called = () =>
      existsSync(calls)
        ? readFileSync(calls, "utf8")
            .trim()
            .split("\n")
            .filter((line) => line.startsWith("config"))
        : [];

    it("passes each request to the CLI", async () => {
      await config("set jwt true");
      await config("set --secret adminPassword");
      await config("get jwt");
      await config("rm jwt");
      await config("--show-secrets");
      assert.deepEqual(called(), [
        "config set --stack dev -- wso2-apim:jwt true",
        "config set --stack dev --secret -- wso2-apim:adminPassword",
        "config get --stack dev -- wso2-apim:jwt",
        "config rm --stack dev -- wso2-apim:jwt",
        "config --stack dev --show-secrets",
      ]);
      assert.ok(!existsSync(file()));
    });

    it("checks values first, and masks a secret without calling the CLI", async () => {
      await assert.rejects(config("set --secret adminPassword s3cret!"), /no secret on the command line/);
      await assert.rejects(config("set jwt perhaps"), /expected true \| false/);
      writeFileSync(file(), "config:\n  wso2-apim:adminPassword:\n    secure: v1:a:b\n");
      assert.equal(await config("get adminPassword"), "[secret]");
      assert.deepEqual(called(), []);
    });
  });
});
