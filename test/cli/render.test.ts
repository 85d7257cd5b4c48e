import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { run } from "../../cli/render";
import { removeTemporaryDirs, temporaryDir } from "../engine/support";

const project = resolve(__dirname, "../..");
const stackFile = join(project, "Pulumi.itest-render.yaml");
const carbon = "store-1/repository/conf/carbon.xml";

describe("render", function () {
  this.timeout(30_000);
  let out: string;
  const { APIM_STACK } = process.env;
  beforeEach(() => {
    out = temporaryDir();
    writeFileSync(stackFile, "config:\n  wso2-apim:storeHost: shop.example.com\n");
  });
  afterEach(() => {
    rmSync(stackFile, { force: true });
    delete process.env.APIM_STACK;
    if (APIM_STACK !== undefined) process.env.APIM_STACK = APIM_STACK;
  });
  after(removeTemporaryDirs);

  /** Runs `npm run render -- --out` and returns what it prints. */
  async function render(...args: string[]): Promise<string> {
    let output = "";
    const { write } = process.stdout;
    process.stdout.write = (text: string | Uint8Array) => {
      output += text.toString();
      return true;
    };
    try {
      const distribution = join(project, "standin/distribution");
      assert.equal(await run(["--distribution", distribution, "--out", out, ...args]), 0);
    } finally {
      process.stdout.write = write;
    }
    return output;
  }
  const carbonText = () => readFileSync(join(out, carbon), "latin1");

  it("takes the stack of -s, else of APIM_STACK, else dev", async () => {
    await render("-s", "itest-render");
    assert.match(carbonText(), /<HostName>shop\.example\.com</);
    await render();
    assert.match(carbonText(), /<HostName>store\.apim-wso2\.com</);
    process.env.APIM_STACK = "itest-render";
    await render();
    assert.match(carbonText(), /<HostName>shop\.example\.com</);
    await render("--stack", "dev");
    assert.match(carbonText(), /<HostName>store\.apim-wso2\.com</);
  });

  it("names what an earlier rendering left, and leaves it alone", async () => {
    assert.doesNotMatch(await render("--stack", "dev"), /left as they are/);
    const old = [join(out, "store-2", "repository/conf/carbon.xml"), join(out, "store-1", "repository/conf/old.xml")];
    for (const file of old) {
      mkdirSync(resolve(file, ".."), { recursive: true });
      writeFileSync(file, "old");
    }
    const said = /left as they are:\n((?: {2}.*\n)+)/.exec(await render("--stack", "dev"))?.[1];
    assert.deepEqual(said?.trim().split(/\s+/).sort(), ["store-1/repository/conf/old.xml", "store-2/"]);
    const one = /left as they are:\n((?: {2}.*\n)+)/.exec(await render("--stack", "dev", "--node", "gateway-1"))?.[1];
    assert.equal(one?.trim(), "store-2/");
    for (const file of old) assert.equal(readFileSync(file, "utf8"), "old");
  });

  for (const what of ["--diff", "--summary"])
    it(`${what} ends quietly when its reader has seen enough`, async () => {
      const script = `require("ts-node/register/transpile-only");
        require("./cli/main").main("render", ["${what}", "--stack", "dev"]);`;
      const child = spawn(process.execPath, ["-e", script], { cwd: project, stdio: ["ignore", "pipe", "pipe"] });
      child.stdout.destroy();
      let said = "";
      child.stderr.on("data", (data) => {
        said += data;
      });
      await once(child, "close");
      assert.equal(said, "");
    });
});
