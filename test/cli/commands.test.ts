import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { commandsOf, errorText } from "../../cli/dispatch";
import * as cli from "../../cli/main";
import * as tools from "../../tools/main";

const projectDirectory = join(__dirname, "../..");
const commands = () => [...commandsOf("cli"), ...commandsOf("tools")];

/** Runs a command of either folder in this process. */
function main(name: string, args: string[]): Promise<number> {
  return commandsOf("cli").some((command) => command.name === name) ? cli.main(name, args) : tools.main(name, args);
}

function run(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  return spawnSync(process.execPath, args, {
    cwd: projectDirectory,
    encoding: "utf8",
    env: { ...process.env, ...environment },
  });
}

describe("the commands", function () {
  this.timeout(30_000);
  const start = join(projectDirectory, "cli/start.mjs");

  it("have an npm script each", () => {
    const scripts = JSON.parse(readFileSync(join(projectDirectory, "package.json"), "utf8")).scripts;
    for (const { name } of commands()) assert.equal(scripts[name], `node cli/start.mjs ${name}`);
  });

  it("are listed by --help and after an unknown name", () => {
    const help = run([start, "--help"]);
    assert.equal(help.status, 0);
    for (const { name, summary } of commands())
      assert.ok(
        help.stdout.includes(`  ${name.padEnd(9)} ${summary}
`),
        name,
      );
    const unknown = run([start, "upp"]);
    assert.equal(unknown.status, 2);
    assert.match(unknown.stderr, /Unknown command "upp"/);
    assert.ok(unknown.stderr.includes(help.stdout.trim()));
    assert.equal(unknown.stdout, "");
    assert.equal(run([start]).status, 2);
  });

  it("print their own help for --help and -h", async () => {
    const { write } = process.stdout;
    for (const { name } of commands()) {
      let output = "";
      process.stdout.write = (text) => {
        output += text;
        return true;
      };
      try {
        assert.equal(await main(name, [name === "up" ? "-h" : "--help"]), 0, name);
      } finally {
        process.stdout.write = write;
      }
      assert.match(output, new RegExp(`npm (run )?${name}\\b`));
    }
  });

  it("treat --help after -- as a value", async () => {
    const set = run([start, "config", "set", "--stack", "nowhere", "--", "httpsPort", "--help"]);
    assert.match(set.stderr, /^httpsPort: expected 1 to 65535, found "--help"/);
  });

  it("check their arguments before they look for a Docker engine or install one", () => {
    const nowhere = { DOCKER_HOST: "unix:///nowhere/docker.sock" };
    for (const command of ["preview", "refresh", "destroy"]) {
      const wrong = run([start, command, "--stck", "dev"], nowhere);
      assert.equal(wrong.status, 1);
      assert.match(wrong.stderr, new RegExp(`^Unknown option '--stck'.*; see: npm run ${command} -- --help`), command);
    }
    assert.match(
      run([start, "preview"], nowhere).stderr,
      /^Docker engine: unix:\/\/\/nowhere\/docker\.sock \(DOCKER_HOST\)\nNo Docker engine answers at unix:/,
    );
  });

  it("receive their arguments, and return their exit status", () => {
    const wrong = run([start, "setup", "now"]);
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /expected options only, found now/);
    assert.equal(run([start, "setup", "--help"]).status, 0);
    const misspelt = run([start, "setup", "--stack", "nowhere"]);
    assert.equal(misspelt.status, 1);
    assert.match(misspelt.stderr, /there is no Pulumi\.nowhere\.yaml/);
    const elsewhere = run([start, "setup", "--stack", "organization/nowhere"]);
    assert.match(elsewhere.stderr, /there is no Pulumi\.nowhere\.yaml/);
  });

  it("print an error as one message, with a stack trace only if APIM_DEBUG is 1", () => {
    const saved = process.env.APIM_DEBUG;
    try {
      delete process.env.APIM_DEBUG;
      assert.equal(errorText(new Error("what and why")), "what and why");
      process.env.APIM_DEBUG = "1";
      assert.match(errorText(new Error("what and why")), /what and why\n\s+at /);
    } finally {
      if (saved === undefined) delete process.env.APIM_DEBUG;
      else process.env.APIM_DEBUG = saved;
    }
    const result = run([start, "test", "--no-such-option"], { APIM_DEBUG: "" });
    assert.equal(result.status, 1);
    assert.match(result.stderr, /--no-such-option/);
    assert.doesNotMatch(result.stderr, /^\s+at /m);
  });
});
