import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as tls from "node:tls";
import type { Container, ContainerInspectInfo } from "dockerode";
import { thisHost } from "../../cli/setup/host";
import { assertDriver, driverFromMaven } from "../../cli/setup/jdbcDriver";
import { removeUnusedContexts } from "../../cli/setup/stageProduct";
import { probe } from "../../cli/verify/httpProbe";
import { logText } from "../../engine/providers/docker/logText";
import { errorMessage } from "../../errors";
import { stagedStack } from "../../images/productContext";
import { zipOf } from "../distribution/samplePack";
import { runIn, upload } from "./containers";
import { makePack, neverOpens, neverStops, stockFiles } from "./productPack";
import { skip } from "./skip";
import { docker, projectDirectory, TestStack } from "./testStack";
import { eventually } from "./waiting";
import { outputsOf } from "./wiringSupport";

const minutes = 60_000;
const driverVersion = "5.1.49";
const profiles = {
  "keymanager-1": "api-key-manager",
  "gateway-1": "gateway-manager",
  "publisher-1": "api-publisher",
  "store-1": "api-store",
};
/** The product's configuration directory in the image. */
const conf = "/opt/wso2am/repository/conf";
/** Seconds. A test waits for this limit; a busy machine needs about as long for the slowest container. */
const startTimeout = 60;
const nodes = Object.keys(profiles) as (keyof typeof profiles)[];

describe(`distribution: a product pack with the stock files of ${stockFiles}`, function () {
  this.timeout(10 * minutes);
  const stack = new TestStack("product-itest", "product");
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "apim-product-"));
  const images: string[] = [];
  let driver: string;

  before(async function () {
    stack.set({
      distribution: makePack(directory),
      startTimeout,
    });
    try {
      driver = await driverFromMaven(driverVersion, path.join(directory, "driver"), thisHost(), () => undefined);
    } catch (error) {
      skip(this, `no MySQL driver: ${errorMessage(error)}`);
    }
  });

  after(async () => {
    try {
      await stack.dispose();
      removeUnusedContexts(projectDirectory);
      assert.equal(
        stagedStack(projectDirectory, stack.name),
        undefined,
        "the build context is removed with the stack file",
      );
      for (const image of images) await docker.getImage(image).remove();
    } finally {
      fs.rmSync(directory, { recursive: true, force: true });
    }
  });

  const inspect = (name: string): Promise<ContainerInspectInfo> =>
    docker.getContainer(`${stack.prefix}-${name}`).inspect();

  const logOf = (name: string) => logText(docker.getContainer(`${stack.prefix}-${name}`), {});

  /** Creates a file that makes the pack's server hang as the product sometimes does. */
  const makeHang = (container: Container, file: typeof neverOpens | typeof neverStops) =>
    upload(container, conf, { [file]: "" }, { uid: 802, gid: 802 });

  /** Ends the server as if it died: not through Docker. */
  const endServer = (container: Container) => runIn(container, ["bash", "-c", "kill -TERM 1"]);

  it("up: builds the image from the directory, and all containers are healthy", async () => {
    const up = await stack.run("up", "--skip-verify");
    assert.equal(up.status, 0, up.output);
    for (const name of [...nodes, "mysql", "loadbalancer", "loadbalancer-files"]) {
      assert.equal((await inspect(name)).State.Health?.Status, "healthy", name);
    }
    images.push(await builtImage());
  });

  /** The name of the image that all nodes run. */
  async function builtImage(): Promise<string> {
    const ids = new Set((await Promise.all(nodes.map(inspect))).map(({ Image }) => Image));
    assert.equal(ids.size, 1);
    const { RepoTags } = await docker.getImage([...ids][0] ?? "").inspect();
    const name = RepoTags.find((tag) => /^wso2-apim\/apim:[0-9a-f]{12}$/.test(tag));
    assert.ok(name, RepoTags.join());
    return name;
  }

  it("nodes: run with their profile in their own CARBON_HOME, as an unprivileged user, within their limits", async () => {
    for (const name of nodes) {
      const { Config, HostConfig } = await inspect(name);
      const log = await logOf(name);
      const started = `profile ${profiles[name]}, home /mnt/${name}/wso2am, heap (\\d+) MiB`;
      const heap = Number(new RegExp(started).exec(log)?.[1]);
      assert.ok(heap >= 1365 && heap < 1370, `${name}: ${started}, found:\n${log}`);
      assert.match(log, /WSO2 Carbon started in \d+ sec/);
      assert.doesNotMatch(log, /FATAL|Exception/);
      assert.equal(Config.User, "wso2");
      const top = await docker.getContainer(`${stack.prefix}-${name}`).top({ ps_args: "-eo pid,uid,args" });
      const users = new Set((top.Processes as string[][]).map(([, uid]) => uid));
      assert.deepEqual([...users], ["802"], `${name}: ${JSON.stringify(top.Processes)}`);
      assert.ok(Config.Env.includes("JAVA_OPTS=-Xms256m -Xmx1365m"), Config.Env.join(", "));
      const mebibytes = 1024 * 1024;
      assert.deepEqual([HostConfig.Memory, HostConfig.MemorySwap], [2048 * mebibytes, 2048 * mebibytes]);
      assert.deepEqual([HostConfig.CapAdd ?? [], HostConfig.Privileged], [[], false]);
      assert.equal(HostConfig.RestartPolicy?.Name, "unless-stopped");
      // The product needs more than Docker's default of 10 s to stop.
      assert.equal((Config as { StopTimeout?: number }).StopTimeout, 30);
    }
  });

  it("nodes: connect to their databases with the driver of jdbcDriver's version", async () => {
    const sources = async (name: string) =>
      [...(await logOf(name)).matchAll(/Data source (.*), (\d+) tables, mysql-connector-java-(.*)/g)].map(
        ([, source, tables, version]) => `${source}${Number(tables) > 10 ? "" : " without tables"} ${version}`,
      );
    const shared = (role: string) => [
      `WSO2AM_DB: apimgtdb as apim_${role} ${driverVersion}`,
      `WSO2UM_DB: userdb as apim_${role} ${driverVersion}`,
    ];
    const registry = `WSO2REG_DB: regdb as apim_registry ${driverVersion}`;
    assert.deepEqual(await sources("keymanager-1"), shared("keymanager"));
    assert.deepEqual(await sources("gateway-1"), []);
    assert.deepEqual(await sources("publisher-1"), [...shared("publisher"), registry]);
    assert.deepEqual(await sources("store-1"), [...shared("store"), registry]);
  });

  it("nodes: answer on their management ports with the deployment's certificate", async () => {
    for (const [index, name] of nodes.entries()) {
      const { certificate, answer } = await ask(stack.address, 19443 + index);
      const host = name.replace("-1", ".apim-wso2.com");
      assert.ok(certificate.includes(`DNS:${host}`), `${host} is not in ${certificate}`);
      assert.ok(answer.endsWith(`${profiles[name]} /mnt/${name}/wso2am\n`), answer);
    }
  });

  it("load balancer: accepts each node's certificate and forwards requests to it", async () => {
    const { topology, caCertificate: ca } = await outputsOf(stack);
    for (const { name, hostName: host } of topology.nodes) {
      const { status, body } = await probe({ address: stack.address, port: 18443, host, path: "/carbon/", ca });
      const profile = profiles[name as keyof typeof profiles];
      assert.deepEqual([status, body], [200, `${profile} /mnt/${name}/wso2am\n`], host);
    }
  });

  it("stop: the server shuts down before Docker kills it, and starts again", async () => {
    const container = docker.getContainer(`${stack.prefix}-gateway-1`);
    const began = Date.now();
    await container.stop();
    const seconds = (Date.now() - began) / 1000;
    const log = await logOf("gateway-1");
    assert.match(log, /Shutdown hook triggered.*\n.*Halting JVM/);
    assert.match(log, /entrypoint: stopped after \d+ s/);
    assert.equal((await container.inspect()).State.ExitCode, 143, "ended by SIGTERM, not by SIGKILL");
    assert.ok(seconds >= 3 && seconds < 20, `${seconds} s`);
    await container.start();
    await eventually("healthy again", async () => (await inspect("gateway-1")).State.Health?.Status === "healthy");
  });

  it("second up: builds no image and replaces no container", async () => {
    const before = await stack.containers();
    const up = await stack.run("up", "--skip-verify");
    assert.equal(up.status, 0, up.output);
    assert.doesNotMatch(up.output, /Step \d+\/|Product image:|created|replaced/);
    assert.match(up.output, /unchanged/);
    assert.deepEqual(await stack.containers(), before);
  });

  async function noteOf(name: string): Promise<string> {
    const { stdout } = await stack.run("status", "--json");
    const { containers } = JSON.parse(stdout) as { containers: { name: string; note?: string }[] };
    return containers.find((one) => one.name === name)?.note ?? "";
  }

  it("a server that never opens its port is ended and restarted, and status shows the reason", async () => {
    const container = docker.getContainer(`${stack.prefix}-store-1`);
    await makeHang(container, neverOpens);
    await endServer(container);
    await eventually("started again", async () => (await container.inspect()).RestartCount === 1);
    await makeHang(container, neverStops);
    const startedTwice = ({ RestartCount, State }: ContainerInspectInfo) =>
      RestartCount === 2 && State.Status === "running";
    await eventually("ended and started again", async () => startedTwice(await container.inspect()), { seconds: 180 });
    const gaveUp = `restarted by Docker 2 times; gave up: management port 9446 is not open after ${startTimeout} s`;
    const note = await noteOf("store-1");
    assert.match(note, new RegExp(`^starting for \\d+ s of at most ${startTimeout} s; ${gaveUp}; last log line: `));
    assert.match(await logOf("store-1"), /entrypoint: the server did not stop within 25 s; it is killed/);
    await runIn(container, ["rm", ...[neverOpens, neverStops].map((name) => `${conf}/${name}`)]);
    await endServer(container);
    await eventually("healthy again", async () => (await container.inspect()).State.Health?.Status === "healthy");
  });

  it("a server that does not start logs the reason", async () => {
    const container = await docker.createContainer({
      name: `${stack.prefix}-beside`,
      Image: (await inspect("store-1")).Image,
      Hostname: "beside-1",
      Env: ["NODE_NAME=beside-1", "MANAGEMENT_PORT=9443"],
      Cmd: ["-Dprofile=api-gateway"],
      HostConfig: { RestartPolicy: { Name: "unless-stopped" } },
    });
    try {
      await container.start();
      await eventually("ended", async () => (await container.inspect()).RestartCount >= 1);
      const log = await logOf("beside");
      assert.match(log, /there is no profile "api-gateway"/);
      assert.match(log, /entrypoint: given up: wso2server\.sh ended by itself, with status 1/);
    } finally {
      await container.remove({ force: true });
    }
  });

  it("a zip as distribution and a driver by its path: up builds a new image and replaces all nodes", async () => {
    const zip = path.join(directory, "wso2am-1.9.0.zip");
    fs.writeFileSync(zip, zipOf(path.join(directory, "wso2am-1.9.0")));
    const jar = path.join(directory, `mysql-connector-java-${driverVersion}-own.jar`);
    fs.copyFileSync(driver, jar);
    stack.set({ distribution: zip, jdbcDriver: jar, nodeMemory: 1536 });
    const before = await stack.containers();
    const contexts = path.join(projectDirectory, "images/apim/context");
    const record = path.join(contexts, `${stack.name}.json`);
    const { context: oldContext } = JSON.parse(fs.readFileSync(record, "utf8")) as { context: string };
    const up = await stack.run("up", "--skip-verify");
    assert.equal(up.status, 0, up.output);
    const after = await stack.containers();
    const replaced = [...after.keys()].filter((name) => after.get(name) !== before.get(name));
    assert.deepEqual(replaced.sort(), [...nodes].sort());
    assert.equal(fs.existsSync(path.join(contexts, oldContext)), false, "the old build context is still there");
    for (const name of nodes) {
      assert.equal((await inspect(name)).State.Health?.Status, "healthy", name);
      assert.match(await logOf(name), new RegExp(`home /mnt/${name}/wso2am, heap 102[4-9] MiB`));
    }
    assert.match(await logOf("store-1"), /Data source WSO2REG_DB: regdb as apim_registry, /);
    images.push(await builtImage());
    assert.equal(new Set(images).size, 2, "the zip with another driver has its own image");
  });
});

describe("MySQL driver from Maven", function () {
  this.timeout(3 * minutes);

  it("driverFromMaven downloads a driver that is not on this machine", async function () {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "apim-driver-"));
    try {
      const file = await driverFromMaven(driverVersion, directory, thisHost(), () => undefined, directory);
      await assertDriver(file, { ownServer: true, shown: file });
      assert.equal(path.dirname(file), directory);
    } catch (error) {
      const reason = errorMessage(error);
      // Any other failure is a fault of the program.
      if (!/no mvn on PATH|Unknown host|Could not transfer|offline|timed out|Connection/i.test(reason)) throw error;
      skip(this, reason);
    } finally {
      fs.rmSync(directory, { recursive: true, force: true });
    }
  });
});

/** Sends a request over TLS. @returns the answer, and the names in the server's certificate */
function ask(host: string, port: number): Promise<{ certificate: string; answer: string }> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host, port, rejectUnauthorized: false });
    let answer = "";
    let certificate = "";
    socket.on("secureConnect", () => {
      certificate = socket.getPeerCertificate().subjectaltname ?? "";
      socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    });
    socket.on("data", (data) => {
      answer += data.toString();
    });
    socket.on("error", reject);
    socket.on("end", () => resolve({ certificate, answer }));
  });
}
