import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { main } from "../../cli/main";
import { projectDirectory } from "../../cli/project";
import { removeTemporaryDirs, temporaryDir } from "../engine/support";

const standIn = join(projectDirectory, "standin/distribution");
const stackFile = join(projectDirectory, "Pulumi.itest-render.yaml");
const carbon = "repository/conf/carbon.xml";

/** Runs `npm run render -- ARGS` as start.mjs does. @returns the exit status and everything printed */
async function render(...args: string[]): Promise<{ status: number; output: string }> {
  let output = "";
  const streams = [process.stdout, process.stderr];
  const writes = streams.map((stream) => stream.write);
  for (const stream of streams)
    stream.write = (text: string | Uint8Array) => {
      output += text.toString();
      return true;
    };
  try {
    return { status: await main("render", args), output };
  } finally {
    for (const [index, stream] of streams.entries()) stream.write = writes[index] ?? stream.write;
  }
}

describe("npm run render", function () {
  // The first call loads the Pulumi SDK.
  this.timeout(30_000);
  let out: string;
  const { APIM_STACK } = process.env;
  beforeEach(() => {
    out = join(temporaryDir(), "out");
    writeFileSync(stackFile, "config:\n  wso2-apim:storeHost: shop.example.com\n");
  });
  afterEach(() => {
    rmSync(stackFile, { force: true });
    delete process.env.APIM_STACK;
    if (APIM_STACK !== undefined) process.env.APIM_STACK = APIM_STACK;
  });
  after(removeTemporaryDirs);

  /** Renders the stand-in's files into `out`. @returns what the command prints */
  async function renderOut(...args: string[]): Promise<string> {
    const { status, output } = await render("--distribution", standIn, "--out", out, ...args);
    assert.equal(status, 0, output);
    return output;
  }

  it("writes the files of each node and of the load balancer, with placeholders for secrets", async () => {
    const output = await renderOut("--stack", "dev");
    assert.deepEqual(readdirSync(out).sort(), ["gateway-1", "keymanager-1", "loadbalancer", "publisher-1", "store-1"]);
    const expected = readFileSync(join(standIn, carbon), "latin1")
      .replace("<!--HostName>www.example.org</HostName-->", "<HostName>store.apim-wso2.com</HostName>")
      .replace("<!--MgtHostName>mgt.example.org</MgtHostName-->", "<MgtHostName>store.apim-wso2.com</MgtHostName>")
      .replace("<Offset>0</Offset>", "<Offset>3</Offset>");
    assert.equal(readFileSync(join(out, "store-1", carbon), "latin1"), expected);
    assert.match(readFileSync(join(out, "loadbalancer/haproxy.cfg"), "utf8"), /^global\n/);
    assert.match(output, /placeholders in place of secrets: \{\{secret:NAME\}\}/);
  });

  it("uses the stack of -s, else of APIM_STACK, else dev", async () => {
    const storeHost = () => /<HostName>(.*?)</.exec(readFileSync(join(out, "store-1", carbon), "latin1"))?.[1];
    await renderOut("-s", "itest-render");
    assert.equal(storeHost(), "shop.example.com");
    await renderOut();
    assert.equal(storeHost(), "store.apim-wso2.com");
    process.env.APIM_STACK = "itest-render";
    await renderOut();
    assert.equal(storeHost(), "shop.example.com");
    await renderOut("--stack", "dev");
    assert.equal(storeHost(), "store.apim-wso2.com");
  });

  it("--node writes one node only; an unknown name is answered with the nodes' names", async () => {
    await renderOut("--node", "gateway-1");
    assert.deepEqual(readdirSync(out), ["gateway-1"]);
    const { status, output } = await render("--node", "gateway-7", "--diff");
    assert.equal(status, 1);
    assert.match(output, /--node gateway-7: expected one of keymanager-1, gateway-1, publisher-1, store-1/);
  });

  it("lists files of an earlier rendering that no longer belong there, and keeps them", async () => {
    const listed = (output: string) =>
      /left unchanged:\n((?: {2}.*\n)+)/.exec(output)?.[1]?.trim().split(/\s+/).sort() ?? [];
    assert.deepEqual(listed(await renderOut("--stack", "dev")), []);
    const old = [join(out, "store-2", carbon), join(out, "store-1/repository/conf/old.xml")];
    for (const file of old) {
      mkdirSync(resolve(file, ".."), { recursive: true });
      writeFileSync(file, "old");
    }
    assert.deepEqual(listed(await renderOut("--stack", "dev")), ["store-1/repository/conf/old.xml", "store-2/"]);
    assert.deepEqual(listed(await renderOut("--stack", "dev", "--node", "gateway-1")), ["store-2/"]);
    for (const file of old) assert.equal(readFileSync(file, "utf8"), "old");
  });

  it("--diff prints a unified diff against the stock files, without colours outside a terminal", async () => {
    const { status, output } = await render("--distribution", standIn, "--diff", "--node", "store-1");
    assert.equal(status, 0, output);
    assert.ok(output.includes(`--- stock/${carbon}\n+++ store-1/${carbon}\n@@ `), output);
    assert.match(output, /\n- +<Offset>0<\/Offset>\n\+ +<Offset>3<\/Offset>\n/);
    assert.ok(!output.includes("\u001b"));
  });

  it("--diff shows a copied file by its checksum", async () => {
    const { status, output } = await render("--distribution", standIn, "--diff", "--node", "keymanager-1");
    assert.equal(status, 0, output);
    assert.match(
      output,
      /\n\+\+\+ keymanager-1\/repository\/components\/dropins\/\S+\.jar\n@@ .*\n\+sha256 [0-9a-f]{64}\n/,
    );
  });

  it("--summary counts the lines that differ, for each role and file", async () => {
    const { output } = await render("--distribution", standIn, "--summary");
    assert.match(
      output,
      /Lines that differ from the stock files of 1\.9\.0:\n +keyManager +gateway +publisher +store\n/,
    );
    assert.match(output, /repository\/conf\/carbon\.xml(?: +\+[1-9]\d* -[1-9]\d*){4}\n/);
    assert.match(output, /repository\/conf\/registry\.xml +0 +0(?: +\+[1-9]\d* -0){2}\n/);
  });

  it("reports a fault in the distribution, and writes nothing", async () => {
    const { status, output } = await render("--distribution", temporaryDir(), "--out", out);
    assert.equal(status, 1);
    assert.match(output, /found no repository\/conf\/carbon\.xml/);
    assert.ok(!existsSync(out));
  });

  it("prints its help when no option says what to do", async () => {
    const { status, output } = await render();
    assert.equal(status, 2);
    assert.match(output, /npm run render -- --out DIR/);
  });

  for (const option of ["--diff", "--summary"])
    it(`${option} ends without an error when the reader closes the pipe early`, async () => {
      const script = `require("ts-node/register/transpile-only");
        require("./cli/main").main("render", ["${option}", "--stack", "dev"]);`;
      const child = spawn(process.execPath, ["-e", script], {
        cwd: projectDirectory,
        stdio: ["ignore", "pipe", "pipe"],
      });
      child.stdout.destroy();
      let errors = "";
      child.stderr.on("data", (data) => {
        errors += data;
      });
      await once(child, "close");
      assert.equal(errors, "");
    });
});
