import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { runServer } from "../../components/server";
import { record } from "./recorder";
import { networkOf } from "./support";
import { swarmPlan } from "./swarmPlan";

describe("the start script of a service", function () {
  this.timeout(60_000);
  let script: string;
  let directory: string;
  const under = (...parts: string[]) => path.join(directory, ...parts);

  before(async () => {
    const plan = await swarmPlan();
    const run = await record(() => {
      const server = { name: "clock", address: "clock", image: "clock:1", healthcheck: ["true"], ports: [] };
      const limits = { publishedOn: "0.0.0.0", memory: 64, startTimeout: 30, stopTimeout: 5 };
      runServer("clock", { ...server, ...limits, topology: plan.topology, network: networkOf(plan) }, {});
    });
    script = Buffer.from(run.get("clock-start.sh", ":ServiceConfig").inputs.data, "base64").toString();
  });
  beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "wso2-apim-start-"));
    for (const name of ["given", "shared", "image/synapse"]) fs.mkdirSync(under(name), { recursive: true });
    fs.writeFileSync(under("given/start.sh"), script.replaceAll("/run/apim", directory));
    fs.writeFileSync(under("image/synapse/stock.xml"), "stock");
  });
  afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

  /** Runs the script with these lines of the list. @returns what the command printed */
  function start(lines: readonly (readonly string[])[], command: readonly string[], host = "gateway-1"): string {
    fs.writeFileSync(under("given/manifest"), lines.map((fields) => `${fields.join("\t")}\n`).join(""));
    const { status, stdout, stderr } = spawnSync("bash", [under("given/start.sh"), ...command], {
      encoding: "utf8",
      env: { ...process.env, HOSTNAME: host },
    });
    assert.equal(status, 0, stderr);
    return stdout;
  }
  const share = () => ["share", "apis", under("image/synapse")];

  it("puts files in their places, with their modes, and replaces those of the image", () => {
    fs.writeFileSync(under("given/0"), "first");
    fs.writeFileSync(under("given/1"), Buffer.from([0, 255]));
    const lines = [
      ["file", "0600", "0", under("new folder/deep/first")],
      ["file", "0644", "1", under("image/synapse/stock.xml")],
    ];
    start(lines, ["true"]);
    assert.equal(fs.readFileSync(under("new folder/deep/first"), "utf8"), "first");
    assert.equal(fs.statSync(under("new folder/deep/first")).mode & 0o777, 0o600);
    assert.deepEqual(fs.readFileSync(under("image/synapse/stock.xml")), Buffer.from([0, 255]));
    assert.equal(fs.statSync(under("image/synapse/stock.xml")).mode & 0o777, 0o644);
  });

  it("exports variables, passes on the arguments as they are, and starts in /", () => {
    const lines = [
      ["variable", "JAVA_OPTS", "-Xms256m -Xmx1365m"],
      ["variable", "EQUATION", "a=b $HOME"],
    ];
    const print = 'printf "%s\\n" "$JAVA_OPTS" "$EQUATION" "$PWD" "$@"';
    const printed = start(lines, ["bash", "-c", print, "bash", "-Dprofile=x", "two words", ""]);
    assert.equal(printed, "-Xms256m -Xmx1365m\na=b $HOME\n/\n-Dprofile=x\ntwo words\n\n");
  });

  it("fills a shared directory from the image once, and links to it", () => {
    start([share()], ["true"]);
    assert.equal(fs.readlinkSync(under("image/synapse")), under("shared/apis"));
    assert.deepEqual(fs.readdirSync(under("shared")), ["apis"]);
    fs.writeFileSync(under("shared/apis/deployed.xml"), "deployed");
    fs.writeFileSync(under("shared/apis/stock.xml"), "changed");
    fs.rmSync(under("image/synapse"));
    fs.mkdirSync(under("image/synapse"));
    fs.writeFileSync(under("image/synapse/stock.xml"), "stock");
    start([share()], ["true"], "gateway-2");
    assert.deepEqual(fs.readdirSync(under("image/synapse")).sort(), ["deployed.xml", "stock.xml"]);
    assert.equal(fs.readFileSync(under("image/synapse/stock.xml"), "utf8"), "changed");
  });

  it("files in a shared directory are put there", () => {
    fs.writeFileSync(under("given/0"), "token API");
    start([share(), ["file", "0644", "0", under("image/synapse/token.xml")]], ["true"]);
    assert.equal(fs.readFileSync(under("shared/apis/token.xml"), "utf8"), "token API");
  });

  it("starts again after a start that ended while it filled the shared directory", () => {
    fs.mkdirSync(under("shared/apis.gateway-1"));
    fs.writeFileSync(under("shared/apis.gateway-1/half.xml"), "ha");
    start([share()], ["true"]);
    assert.deepEqual(fs.readdirSync(under("shared")), ["apis"]);
    assert.deepEqual(fs.readdirSync(under("shared/apis")), ["stock.xml"]);
  });

  it("ends with an error when a file is missing, and does not start the server", () => {
    fs.writeFileSync(under("given/manifest"), `file\t0644\t7\t${under("x")}\n`);
    const { status } = spawnSync("bash", [under("given/start.sh"), "touch", under("started")]);
    assert.notEqual(status, 0);
    assert.ok(!fs.existsSync(under("started")));
  });
});
