import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { join, resolve } from "node:path";
import {
  Deployment,
  type Edits,
  emptyAddress,
  fetchFrom,
  files,
  healthOf,
  type Keys,
  linkOf,
  makeKeys,
  ownRevoke,
  plus,
  wiring,
} from "./homes";

const remote: readonly [RegExp, string] = [
  /jdbc:h2:[^<]*WSO2AM_DB[^<]*(<\/url>\s*<username>)wso2carbon(<\/username>\s*<password>)wso2carbon/,
  `jdbc:mysql://${emptyAddress}:3307/apimgtdb?autoReconnect=true&amp;useSSL=false$1apim_user$2s3cr3t-word`,
];

describe("stand-in: server", function () {
  this.timeout(20_000);
  let keys: Keys;
  let deployment: Deployment;
  before(async () => {
    keys = await makeKeys(["keymanager.test"]);
  });
  beforeEach(() => {
    deployment = new Deployment(keys);
  });
  afterEach(() => deployment.stop());

  it("is not ready without its database, names the database, and fails at the start limit", async () => {
    const edits = { ...wiring.keyManager(), [files.dataSources]: [remote] };
    const node = await deployment.start("keymanager.test", "api-key-manager", edits, 1);
    const failed = assert.rejects(
      node.started,
      new RegExp(`not reached within 1 s: WSO2AM_DB at ${emptyAddress}:3307: nothing listens`),
    );
    const health = await healthOf("keymanager.test", 9443);
    assert.equal(health.status, 503);
    assert.equal(health.ready, false);
    const link = linkOf(health, "WSO2AM_DB");
    assert.deepEqual([link.protocol, link.host, link.port], ["jdbc", emptyAddress, 3307]);
    assert.equal(link.error, "nothing listens there (ECONNREFUSED)");
    await failed;
    assert.equal(deployment.lines.join().includes("s3cr3t-word"), false);
  });

  it("reports no links for ?links=none", async () => {
    const node = await deployment.start("keymanager.test", "api-key-manager", wiring.keyManager());
    await node.started;
    const { status, text } = await fetchFrom("keymanager.test", 9443, "/standin/health?links=none");
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(text).links, []);
  });

  it("names itself the stand-in on every page", async () => {
    await deployment.start("keymanager.test", "api-key-manager", wiring.keyManager());
    for (const path of ["/publisher/site/pages/login.jag", "/store/"]) {
      const { status, text, headers } = await fetchFrom("keymanager.test", 9443, path);
      assert.equal(status, 200);
      assert.match(text, /stand-in/);
      assert.match(text, /keymanager-1.*1\.9\.0/);
      assert.match(String(headers["x-standin"]), /stand-in/);
    }
    const publisher = await fetchFrom("keymanager.test", 9443, "/publisher");
    assert.deepEqual(
      [publisher.status, publisher.headers.location],
      [302, "https://keymanager.test:9443/publisher/site/pages/login.jag"],
    );
    assert.equal((await fetchFrom("keymanager.test", 9443, "/elsewhere")).status, 404);
  });

  const doesNotStart = (
    what: string,
    edits: Parameters<Deployment["start"]>[2],
    message: RegExp,
    keysOf = () => keys,
  ) =>
    it(`does not start with ${what}`, async () => {
      await assert.rejects(deployment.start("keymanager.test", "api-key-manager", edits, 5, keysOf()), message);
    });

  doesNotStart(
    "a data source that no file defines",
    { [files.userManagement]: [["jdbc/WSO2CarbonDB", "jdbc/WSO2UM_DB"]] },
    /user-mgt.xml names data source jdbc\/WSO2UM_DB; .* defines jdbc\/WSO2CarbonDB, jdbc\/WSO2AM_DB/,
  );
  doesNotStart(
    "an invalid URL",
    { [files.apiManager]: [[ownRevoke, "gateway:8243/revoke"]] },
    /api-manager.xml: RevokeAPIURL: expected an http or https URL, found "gateway:8243\/revoke"/,
  );
  doesNotStart(
    "the wrong keystore password",
    { [files.carbon]: [[/(<KeyStore>[\s\S]*?<Password>)wso2carbon/, "$1other"]] },
    /wso2carbon.jks: the password is wrong/,
  );
  doesNotStart(
    "another key alias",
    { [files.carbon]: [["<KeyAlias>wso2carbon", "<KeyAlias>other"]] },
    /expected a private key under "other", found wso2carbon/,
  );
  doesNotStart(
    "another keystore of the API ports",
    { [files.axis2]: [["security/wso2carbon.jks", "security/tls.jks"]] },
    /tls\.jks: .*no such file/,
  );
  doesNotStart(
    "another keystore of the connector",
    {
      [files.catalina]: [
        ['SSLEnabled="true"', 'SSLEnabled="true" keystoreFile="repository/resources/security/tls.jks"'],
      ],
    },
    /tls\.jks: .*no such file/,
  );
  doesNotStart(
    "tokens in a data source that no file defines",
    {
      [files.identity]: [
        [
          "<OAuth>",
          "<JDBCPersistenceManager><DataSource><Name>jdbc/WSO2UM_DB</Name></DataSource></JDBCPersistenceManager><OAuth>",
        ],
      ],
    },
    /identity.xml names data source jdbc\/WSO2UM_DB/,
  );
  doesNotStart(
    "a file that is not well-formed",
    { [files.axis2]: [["</axisconfig>", ""]] },
    /axis2.xml: not well-formed/,
  );
  doesNotStart(
    "a Thrift host name of another machine",
    {
      [files.apiManager]: [
        ["<!--ThriftServerHost>localhost</ThriftServerHost-->", "<ThriftServerHost>192.0.2.7</ThriftServerHost>"],
      ],
    },
    /could not bind port 10397 on 192.0.2.7 .*does not belong to this machine/,
  );

  it("opens its management port before its services answer, and has started when they do", async () => {
    const node = await deployment.start("keymanager.test", "api-key-manager", wiring.keyManager());
    const status = async () => (await fetchFrom("keymanager.test", 9443, "/services/AuthenticationAdmin")).status;
    assert.equal(await status(), 404);
    await node.started;
    assert.equal(await status(), 401);
  });

  it("serves its services below WebContextRoot only", async () => {
    const root: Edits = { [files.carbon]: [["<WebContextRoot>/<", "<WebContextRoot>/apim<"]] };
    await (await deployment.start("keymanager.test", "api-key-manager", plus(wiring.keyManager(), root))).started;
    const status = async (path: string) => (await fetchFrom("keymanager.test", 9443, path)).status;
    assert.equal(await status("/services/AuthenticationAdmin"), 404);
    assert.equal(await status("/apim/services/AuthenticationAdmin"), 401);
  });

  it("takes an administrator with @ for a tenant's user, unless carbon.xml permits e-mail addresses", async () => {
    const boss: Edits = { [files.userManagement]: [["<UserName>admin<", "<UserName>boss@example.com<"]] };
    const permitted: Edits = {
      [files.carbon]: [["<Ports>", "<EnableEmailUserName>true</EnableEmailUserName><Ports>"]],
    };
    const credentials = Buffer.from("boss@example.com:admin").toString("base64");
    for (const [edits, expected] of [
      [boss, 401],
      [plus(boss, permitted), 200],
    ] as const) {
      const node = await deployment.start("keymanager.test", "api-key-manager", plus(wiring.keyManager(), edits));
      await node.started;
      const { status } = await fetchFrom("keymanager.test", 9443, "/services/AuthenticationAdmin", {
        headers: { authorization: `Basic ${credentials}` },
      });
      assert.equal(status, expected);
      await node.stop();
    }
  });

  it("does not start on a port that is in use", async () => {
    await deployment.start("keymanager.test", "api-key-manager", wiring.keyManager());
    const second = new Deployment(keys);
    await assert.rejects(
      second.start("keymanager.test", "api-key-manager", wiring.keyManager()),
      /could not bind port 10397 .*EADDRINUSE/,
    );
    await second.stop();
  });

  it("starts as a program, exits with status 0 on SIGTERM, and frees its ports", async () => {
    // The program listens on all addresses, so test runs at the same time need different ports.
    const offset = 1000 + (process.pid % 20_000);
    const home = deployment.home("program-1", {
      [files.carbon]: [["<Offset>0</Offset>", `<Offset>${offset}</Offset>`]],
      [files.apiManager]: [["<EnableThriftServer>true<", "<EnableThriftServer>false<"]],
    });
    const child = spawn(
      process.execPath,
      [
        "-r",
        "ts-node/register/transpile-only",
        resolve(__dirname, "../../standin/server.ts"),
        "-Dprofile=api-key-manager",
      ],
      {
        env: { PATH: process.env.PATH, CARBON_HOME: home },
        stdio: ["ignore", "pipe", "inherit"],
        cwd: join(__dirname, "../.."),
      },
    );
    let output = "";
    await new Promise<void>((ready, failed) => {
      child.stdout.on("data", (chunk) => {
        output += chunk;
        if (output.includes("started")) {
          ready();
        }
      });
      child.once("exit", () => failed(new Error(output)));
    });
    child.removeAllListeners("exit");
    const start = Date.now();
    const exit = new Promise((done) => child.once("exit", (code) => done(code)));
    child.kill("SIGTERM");
    assert.equal(await exit, 0);
    assert.ok(Date.now() - start < 2000);
    const free = new Promise<string>((done) => {
      connect(9443 + offset, "127.0.0.1")
        .once("connect", () => done("in use"))
        .once("error", () => done("free"));
    });
    assert.equal(await free, "free");
  });

  it("exits with status 1 when CARBON_HOME is not set, and names the variable", async () => {
    const child = spawn(
      process.execPath,
      ["-r", "ts-node/register/transpile-only", resolve(__dirname, "../../standin/server.ts")],
      { env: { PATH: process.env.PATH }, stdio: ["ignore", "pipe", "inherit"], cwd: join(__dirname, "../..") },
    );
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    const code = await new Promise((done) => child.once("close", done));
    assert.equal(code, 1);
    assert.match(output, /CARBON_HOME is not set/);
  });
});
