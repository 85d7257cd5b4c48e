import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startSdk } from "../../engine/sdkProcess";
import { removeTemporaryDirs, temporaryDir } from "./support";

describe("start of the SDK's processes", () => {
  let dir: string;
  let cache: string;

  /** Writes a package `sdk` with a module `run`. */
  function writeModule(code: string, files: Readonly<Record<string, string>> = {}): void {
    const all = { "node_modules/sdk/run.js": code, ...files };
    for (const [name, text] of Object.entries(all)) {
      mkdirSync(join(dir, name, ".."), { recursive: true });
      writeFileSync(join(dir, name), text);
    }
  }

  /** Runs the module to its end. @returns what it prints */
  async function run(env: Record<string, string> = {}): Promise<string> {
    const child = startSdk({ module: "sdk/run", dir, args: [], env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => (output += data));
    await once(child, "close");
    return output.trim();
  }

  function cacheFiles(): string[] {
    return existsSync(cache) ? readdirSync(cache) : [];
  }

  beforeEach(() => {
    dir = temporaryDir();
    cache = join(dir, "node_modules/.cache/wso2-apim");
  });
  after(removeTemporaryDirs);

  it("an absent module is an error that names it and the remedy", () => {
    const start = () => startSdk({ module: "sdk/run", dir, args: [], stdio: "ignore" });
    assert.throws(start, /^Error: sdk\/run: not found from .*; run npm install there$/);
  });

  it("modules get the same arguments as from Node", async () => {
    const code = `
      console.log(JSON.stringify({
        main: require.main === module, cached: require.cache[__filename] === module, file: __filename, dir: __dirname,
        this: this === module.exports, resolve: require.resolve("./other"), paths: require.resolve.paths("x")[0],
        parent: require("./other"), children: module.children.length, position: new Error().stack.split("\\n")[1].trim(),
      }));
      import("./esm.mjs").then(({ value }) => console.log(value));`;
    writeModule(code, {
      "node_modules/sdk/other.js": "module.exports = module.parent.filename",
      "node_modules/sdk/esm.mjs": "export const value = 'from a module'",
    });
    const plain = execFileSync(process.execPath, [join(dir, "node_modules/sdk/run.js")], { encoding: "utf8" }).trim();
    assert.equal(await run(), plain);
    assert.equal(await run(), plain);
  });

  it("compiled code is kept once, and used while the file is the same", async () => {
    writeModule("function f() { return 'one'; } console.log(f())");
    await run();
    const [file = ""] = cacheFiles();
    const before = statSync(join(cache, file)).ino;
    assert.equal(await run(), "one");
    assert.deepEqual(cacheFiles(), [file]);
    assert.equal(statSync(join(cache, file)).ino, before, "written again, so it was not used");
  });

  it("a changed file of the same length and time is compiled again", async () => {
    writeModule("function f() { return 'one'; } console.log(f())");
    const time = new Date(1_700_000_000_000);
    const module = join(dir, "node_modules/sdk/run.js");
    utimesSync(module, time, time);
    await run();
    writeModule("function f() { return 'two'; } console.log(f())");
    utimesSync(module, time, time);
    assert.equal(await run(), "two");
    assert.equal(await run(), "two");
  });

  it("a damaged cache is replaced", async () => {
    writeModule("console.log('fine')");
    await run();
    const [file = ""] = cacheFiles();
    for (const damage of [Buffer.alloc(0), Buffer.from("nothing"), readFileSync(join(cache, file)).subarray(0, -40)]) {
      writeFileSync(join(cache, file), damage);
      assert.equal(await run(), "fine");
      assert.ok(statSync(join(cache, file)).size > damage.length);
    }
  });

  it("a cache that cannot be written is no error", async () => {
    writeModule("console.log('fine')", { "node_modules/.cache": "a file, no directory" });
    assert.equal(await run(), "fine");
  });

  it("a syntax error is reported as Node reports it", async () => {
    writeModule("const a = ;");
    assert.match(await run(), /run\.js:1\nconst a = ;\n {10}\^\n\nSyntaxError: Unexpected token ';'/);
  });

  it("a module that is rarely used is loaded when its first property is read", async () => {
    const arborist = "console.log('loaded'); exports.Arborist = class { name() { return 'a tree'; } };";
    writeModule(
      `const { __importStar } = { __importStar: (mod) => mod.__esModule ? mod : { ...mod, default: mod } };
       const arborist = __importStar(require("@npmcli/arborist"));
       console.log("started");
       console.log(new arborist.Arborist().name(), "Arborist" in arborist, typeof arborist.default.Arborist);`,
      { "node_modules/@npmcli/arborist/index.js": arborist },
    );
    assert.equal(await run(), "started\nloaded\na tree true function");
  });

  describe("stack traces", () => {
    const code = `
      Error.prepareStackTrace = (error, sites) => "mapped " + sites[0].getFunctionName();
      function debuggablePromise() { return new Error("a promise").stack; }
      function program() { return new Error("an error").stack; }
      console.log([debuggablePromise(), program()].join());
      Error.prepareStackTrace = undefined;
      console.log(new Error("plain").stack.split("\\n")[0]);`;

    it("those of promises are not mapped, others are", async () => {
      writeModule(code);
      assert.equal(await run({ PULUMI_DEBUG_PROMISE_LEAKS: "" }), "Error: a promise,mapped program\nError: plain");
    });

    it("all are mapped with PULUMI_DEBUG_PROMISE_LEAKS", async () => {
      writeModule(code);
      const expected = "mapped debuggablePromise,mapped program\nError: plain";
      assert.equal(await run({ PULUMI_DEBUG_PROMISE_LEAKS: "1" }), expected);
    });
  });
});
