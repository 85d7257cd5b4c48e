import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { main } from "../../cli/main";
import { colourDiff } from "../../configs/compare";

const project = resolve(__dirname, "../..");
const standIn = join(project, "standin/distribution");

/** Runs `npm run render -- ARGS` as start.mjs does, and keeps what it prints. */
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
    streams.forEach((stream, index) => {
      stream.write = writes[index] ?? stream.write;
    });
  }
}

describe("configs: the render command", function () {
  // The first call loads the Pulumi SDK.
  this.timeout(30_000);
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "render-test-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it("writes each node's files and the balancer's, and says that secrets are placeholders", async () => {
    const out = join(directory, "out");
    const { status, output } = await render("--distribution", standIn, "--out", out, "--stack", "dev");
    assert.equal(status, 0, output);
    assert.deepEqual(readdirSync(out).sort(), ["gateway-1", "keymanager-1", "loadbalancer", "publisher-1", "store-1"]);
    const carbon = "repository/conf/carbon.xml";
    const expected = readFileSync(join(standIn, carbon), "latin1")
      .replace("<!--HostName>www.example.org</HostName-->", "<HostName>store.apim-wso2.com</HostName>")
      .replace("<!--MgtHostName>mgt.example.org</MgtHostName-->", "<MgtHostName>store.apim-wso2.com</MgtHostName>")
      .replace("<Offset>0</Offset>", "<Offset>3</Offset>");
    assert.equal(readFileSync(join(out, "store-1", carbon), "latin1"), expected);
    assert.match(readFileSync(join(out, "loadbalancer/haproxy.cfg"), "utf8"), /^global\n/);
    assert.match(output, /secrets stand in them as placeholders: \{\{secret:NAME\}\}/);
  });

  it("writes one node alone, and names the nodes when there is no such", async () => {
    const out = join(directory, "out");
    assert.equal((await render("--distribution", standIn, "--out", out, "--node", "gateway-1")).status, 0);
    assert.deepEqual(readdirSync(out), ["gateway-1"]);
    const { status, output } = await render("--node", "gateway-7", "--diff");
    assert.equal(status, 1);
    assert.match(output, /--node gateway-7: expected one of keymanager-1, gateway-1, publisher-1, store-1/);
  });

  it("shows a unified diff against stock, without colours where nobody sees them", async () => {
    const { status, output } = await render("--distribution", standIn, "--diff", "--node", "store-1");
    assert.equal(status, 0, output);
    assert.match(
      output,
      /--- stock\/repository\/conf\/carbon\.xml\n\+\+\+ store-1\/repository\/conf\/carbon\.xml\n@@ /,
    );
    assert.match(output, /\n- +<Offset>0<\/Offset>\n\+ +<Offset>3<\/Offset>\n/);
    assert.ok(!output.includes("\u001b"));
  });

  it("counts the lines that differ, per role and file", async () => {
    const { output } = await render("--distribution", standIn, "--summary");
    assert.match(
      output,
      /Lines that differ from the stock files of 1\.9\.0:\n +keyManager +gateway +publisher +store\n/,
    );
    assert.match(output, /repository\/conf\/carbon\.xml +\+2 -2 +\+3 -3 +\+3 -3 +\+3 -3\n/);
    assert.match(output, /repository\/conf\/registry\.xml +0 +0 +\+\d+ -0 +\+\d+ -0\n/);
  });

  it("says what is wrong with a distribution, and writes nothing", async () => {
    const out = join(directory, "out");
    const { status, output } = await render("--distribution", directory, "--out", out);
    assert.equal(status, 1);
    assert.match(output, /found no repository\/conf\/carbon\.xml/);
    assert.ok(!existsSync(out));
  });

  it("explains itself when it has nothing to do", async () => {
    const { status, output } = await render();
    assert.equal(status, 2);
    assert.match(output, /npm run render -- --out DIR/);
  });

  it("colours added, removed and header lines", () => {
    assert.equal(
      colourDiff("--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n z"),
      "\u001b[1m--- a\u001b[0m\n\u001b[1m+++ b\u001b[0m\n\u001b[36m@@ -1 +1 @@\u001b[0m\n\u001b[31m-x\u001b[0m\n\u001b[32m+y\u001b[0m\n z",
    );
  });
});
