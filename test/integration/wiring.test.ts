import assert from "node:assert/strict";
import type { VerifyReport } from "../../cli/verify";
import type { Suspect } from "../../cli/verify/suspects";
import { pause } from "../../cli/verify/waiting";
import { type Break, BrokenStack } from "./wiringSupport";

const files = {
  apiManager: "repository/conf/api-manager.xml",
  axis2: "repository/conf/axis2/axis2.xml",
  carbon: "repository/conf/carbon.xml",
  catalina: "repository/conf/tomcat/catalina-server.xml",
  dataSources: "repository/conf/datasources/master-datasources.xml",
  registry: "repository/conf/registry.xml",
  users: "repository/conf/user-mgt.xml",
  synapse: (api: string) => `repository/deployment/server/synapse-configs/default/api/_${api}API_.xml`,
};

/** One wrong value, and what verify must say of it. */
interface Wrong {
  readonly what: string;
  readonly broken: Break;
  /** The step that fails first, `Group: beginning of its name`; absent where only a link check can tell. */
  readonly step?: string;
  /** What verify names, all of it. */
  readonly links: readonly string[];
  /** The file that it says decides, if it is not the broken one. */
  readonly file?: string;
  /** What the step or, without a step, the link check says. */
  readonly says: RegExp;
  /** What it points to besides. */
  readonly also?: string;
  /** Whether what was made can't be removed, because removing takes the broken link too. */
  readonly leaves?: boolean;
  /** Links that must be found broken from inside as well. */
  readonly fromInside?: readonly string[];
}

const keyManager = (from: string, element: string) => `${from} -> keymanager-1 (${element})`;
const gateway = (from: string, element: string) => `${from} -> loadbalancer (${element})`;
const environment = gateway("publisher-1", "Environment[Production and Sandbox]/ServerURL");
const members = ["publisher-1 -> store-1 (clustering/members)", "store-1 -> publisher-1 (clustering/members)"];
const thrift = keyManager("gateway-1", "APIKeyValidator/ThriftClientPort");
const passwordIn = (element: string): [RegExp, string] => [
  new RegExp(`(<${element}\\b(?:(?!</${element}>)[\\s\\S])*?<Password>)[^<]+`),
  "$1wrong",
];
const database = (name: string, element: string): [RegExp, string] => [
  new RegExp(`(<name>${name}</name>(?:(?!</datasource>)[\\s\\S])*?<${element}>)[^<]*`),
  "$1wrong",
];

const publisher = (file: string, change: [RegExp, string]): Break => ({ node: "publisher-1", file, change });
const store = (file: string, change: [RegExp, string]): Break => ({ node: "store-1", file, change });
const gatewayNode = (file: string, change: [RegExp, string]): Break => ({ node: "gateway-1", file, change });
const keyManagerNode = (file: string, change: [RegExp, string]): Break => ({ node: "keymanager-1", file, change });

const cases: readonly Wrong[] = [
  {
    what: "the Publisher's Key Manager has another port",
    broken: publisher(files.apiManager, [/(<AuthManager>[^<]*<ServerURL>[^<]*):9443/, "$1:9453"]),
    step: "Publisher: log in",
    links: [keyManager("publisher-1", "AuthManager/ServerURL")],
    says: /AuthManager\/ServerURL in .*api-manager\.xml.*nothing listens there/,
    fromInside: [keyManager("publisher-1", "AuthManager/ServerURL")],
  },
  {
    what: "the Publisher's admin password is wrong",
    broken: publisher(files.apiManager, passwordIn("AuthManager")),
    step: "Publisher: log in",
    links: [keyManager("publisher-1", "AuthManager/ServerURL")],
    says: /user admin or its password refused/,
    also: `${files.users} (AdminUser) of keymanager-1`,
    fromInside: [keyManager("publisher-1", "AuthManager/ServerURL")],
  },
  {
    what: "the Key Manager has another admin password",
    broken: keyManagerNode(files.users, passwordIn("AdminUser")),
    step: "Publisher: log in",
    links: [keyManager("publisher-1", "AuthManager/ServerURL")],
    file: files.apiManager,
    says: /user admin or its password refused/,
    also: `${files.users} (AdminUser) of keymanager-1`,
    fromInside: [
      keyManager("publisher-1", "AuthManager/ServerURL"),
      keyManager("store-1", "AuthManager/ServerURL"),
      keyManager("gateway-1", "APIKeyValidator/ServerURL"),
    ],
  },
  {
    what: "the balancer leads the Publisher's name to the Store",
    broken: {
      node: "loadbalancer",
      file: "/usr/local/etc/haproxy/haproxy.cfg",
      change: [/(server publisher-1 [\d.]+)61:9445(.*)port 9445/, "$181:9446$2port 9446"],
    },
    step: "Publisher: log in",
    links: ["loadbalancer -> publisher-1 (publisher)"],
    file: "haproxy.cfg",
    says: /expected JSON with status 200, found status 404/,
    fromInside: ["loadbalancer -> publisher-1 (publisher)"],
  },
  {
    what: "the Publisher has another port offset",
    broken: publisher(files.carbon, [/<Offset>2</, "<Offset>7<"]),
    step: "Publisher: log in",
    links: ["loadbalancer -> publisher-1 (publisher)"],
    file: "haproxy.cfg",
    says: /the load balancer answered 503/,
    also: `${files.carbon} (Ports/Offset) of publisher-1`,
    fromInside: ["loadbalancer -> publisher-1 (publisher)"],
  },
  {
    what: "the Publisher's apimgtdb is another database",
    broken: publisher(files.dataSources, [/:3306\/apimgtdb/, ":3306/userdb"]),
    step: "Publisher: create",
    links: ["publisher-1 -> apimgtdb (WSO2AM_DB)"],
    says: /userdb\.AM_/,
    fromInside: ["publisher-1 -> apimgtdb (WSO2AM_DB)"],
  },
  {
    what: "the Publisher's password for regdb is wrong",
    broken: publisher(files.dataSources, database("WSO2REG_DB", "password")),
    step: "Publisher: create",
    links: ["publisher-1 -> regdb (WSO2REG_DB)"],
    says: /user or password refused.*apim_registry/,
    fromInside: ["publisher-1 -> regdb (WSO2REG_DB)"],
  },
  {
    what: "the Publisher's registry is mounted on its own database",
    broken: publisher(files.registry, [/jdbc\/WSO2REG_DB/, "jdbc/WSO2CarbonDB"]),
    step: "Publisher: create",
    links: ["publisher-1 -> regdb (mount)"],
    says: /jdbc\/WSO2CarbonDB is embedded/,
  },
  {
    what: "the Publisher's gateway is no gateway",
    broken: publisher(files.apiManager, [
      /gateway\.apim-wso2\.com:9444\/services/,
      "keymanager.apim-wso2.com:9443/services",
    ]),
    step: "Publisher: publish",
    links: [environment],
    says: /APIGatewayAdmin.*does not have that service/,
    fromInside: [environment],
  },
  {
    what: "the Publisher's password at the gateway is wrong",
    broken: publisher(files.apiManager, passwordIn("Environment")),
    step: "Publisher: publish",
    links: [environment],
    says: /user admin or its password refused/,
    fromInside: [environment],
  },
  {
    what: "the Store's Key Manager has no such host name",
    broken: store(files.apiManager, [/(<AuthManager>[^<]*<ServerURL>https:\/\/)keymanager/, "$1gone"]),
    step: "Store: log in",
    links: [keyManager("store-1", "AuthManager/ServerURL")],
    says: /gone\.apim-wso2\.com.*does not resolve/,
    fromInside: [keyManager("store-1", "AuthManager/ServerURL")],
  },
  {
    what: "the Store is in another cluster domain",
    broken: store(files.axis2, [/wso2\.pub\.store\.domain/, "other.domain"]),
    step: "Store: find",
    links: members,
    says: /expected Verify\w+ 1\.0\.0 in the Store's list/,
    also: `${files.axis2} (domain, localMemberHost) of store-1`,
    fromInside: members,
  },
  {
    what: "the Store tells its members a loopback address",
    broken: store(files.axis2, [/("localMemberHost">)[\d.]+/, "$1127.0.0.1"]),
    step: "Store: find",
    links: members,
    says: /expected Verify\w+ 1\.0\.0 in the Store's list/,
    also: `${files.axis2} (domain, localMemberHost) of store-1`,
    fromInside: members,
  },
  {
    what: "the Store does not have the Publisher among its members",
    broken: store(files.axis2, [/<member>[\s\S]*<\/member>/, ""]),
    links: ["store-1 -> publisher-1 (clustering/members)"],
    says: /expected a link to hazelcast:.*store-1 has none/,
  },
  {
    what: "the Store mounts another part of the registry",
    broken: store(files.registry, [/<targetPath>\/_system\/governance</, "<targetPath>/_system/elsewhere<"]),
    step: "Store: find",
    links: ["store-1 -> regdb (mount)"],
    says: /expected Verify\w+ 1\.0\.0 in the Store's list/,
  },
  {
    what: "the Store asks the gateway for keys",
    broken: store(files.apiManager, [
      /(<APIKeyValidator>[^<]*<ServerURL>https:\/\/)keymanager(\.[^:]*):9443/,
      "$1gateway$2:9444",
    ]),
    step: "Store: generate",
    links: [keyManager("store-1", "APIKeyValidator/ServerURL")],
    says: /APIKeyMgtSubscriberService.*does not have that service/,
    fromInside: [keyManager("store-1", "APIKeyValidator/ServerURL")],
  },
  {
    what: "the Store's RevokeAPIURL has another port",
    broken: store(files.apiManager, [/(<RevokeAPIURL>[^<]*):8244/, "$1:8250"]),
    step: "Store: generate",
    links: [gateway("store-1", "RevokeAPIURL")],
    says: /RevokeAPIURL in .*nothing listens there/,
    fromInside: [gateway("store-1", "RevokeAPIURL")],
  },
  {
    what: "the Key Manager's password for apimgtdb is wrong",
    broken: keyManagerNode(files.dataSources, database("WSO2AM_DB", "password")),
    step: "Store: generate",
    links: ["keymanager-1 -> apimgtdb (WSO2AM_DB)"],
    says: /Access denied/,
    fromInside: ["keymanager-1 -> apimgtdb (WSO2AM_DB)"],
  },
  {
    what: "the gateway's token API leads to the Store",
    broken: gatewayNode(files.synapse("Token"), [/keymanager\.apim-wso2\.com:9443/, "store.apim-wso2.com:9446"]),
    step: "Store: generate",
    links: [keyManager("gateway-1", "_TokenAPI_ endpoint")],
    says: /\/oauth2\/token/,
    fromInside: [keyManager("gateway-1", "_TokenAPI_ endpoint")],
  },
  {
    what: "the gateway's admin password at the Key Manager is wrong",
    broken: gatewayNode(files.apiManager, passwordIn("APIKeyValidator")),
    step: "Gateway: call the API with the token over HTTPS",
    links: [keyManager("gateway-1", "APIKeyValidator/ServerURL")],
    says: /900900.*user admin or its password refused/,
    also: `${files.users} (AdminUser) of keymanager-1`,
    fromInside: [keyManager("gateway-1", "APIKeyValidator/ServerURL"), thrift],
  },
  {
    what: "the gateway's Thrift host name does not exist",
    broken: gatewayNode(files.apiManager, [/(<ThriftServerHost>)keymanager/, "$1gone"]),
    step: "Gateway: call the API with the token over HTTPS",
    links: [thrift],
    says: /gone\.apim-wso2\.com:10397.*does not resolve/,
    fromInside: [thrift],
  },
  {
    what: "the Key Manager serves no Thrift",
    broken: keyManagerNode(files.apiManager, [/(<EnableThriftServer>)true/, "$1false"]),
    step: "Gateway: call the API with the token over HTTPS",
    links: [thrift],
    says: /:10397.*nothing listens there/,
    also: `${files.apiManager} (EnableThriftServer, ThriftServerPort) of keymanager-1`,
    fromInside: [thrift],
  },
  {
    what: "the gateway alone uses the web service in place of Thrift",
    broken: gatewayNode(files.apiManager, [/>ThriftClient</, ">WSClient<"]),
    links: [thrift],
    says: /expected a link to thrift:.*gateway-1 has none/,
  },
  {
    what: "the gateway's revoke API has another port",
    broken: gatewayNode(files.synapse("Revoke"), [/:9443/, ":9453"]),
    step: "Gateway: revoke",
    links: [keyManager("gateway-1", "_RevokeAPI_ endpoint")],
    says: /_RevokeAPI_ endpoint in .*nothing listens there/,
    leaves: true,
    fromInside: [keyManager("gateway-1", "_RevokeAPI_ endpoint")],
  },
  {
    what: "the gateway's authorize API has another port",
    broken: gatewayNode(files.synapse("Authorize"), [/:9443/, ":9453"]),
    step: "Gateway: open /authorize",
    links: [keyManager("gateway-1", "_AuthorizeAPI_ endpoint")],
    says: /_AuthorizeAPI_ endpoint in .*nothing listens there/,
    fromInside: [keyManager("gateway-1", "_AuthorizeAPI_ endpoint")],
  },
  {
    what: "the Key Manager tells browsers another host name",
    broken: keyManagerNode(files.carbon, [/(<MgtHostName>)[^<]+/, "$1localhost"]),
    step: "Gateway: open /authorize",
    links: ["browser -> keymanager-1 (host)"],
    says: /found https:\/\/localhost:18443/,
  },
  {
    what: "the Key Manager tells browsers its own port",
    broken: keyManagerNode(files.catalina, [/(\sport="9443") proxyPort="\d+"/, "$1"]),
    step: "Gateway: open /authorize",
    links: ["browser -> keymanager-1 (port)"],
    says: /found https:\/\/keymanager\.apim-wso2\.com:9443/,
  },
  {
    what: "the Key Manager revokes at another port",
    broken: keyManagerNode(files.apiManager, [/(<RevokeAPIURL>[^<]*):8244/, "$1:8250"]),
    step: "Clean up: remove application",
    links: [gateway("keymanager-1", "RevokeAPIURL")],
    says: /revoking at .*RevokeAPIURL in .*nothing listens there/,
    leaves: true,
    fromInside: [gateway("keymanager-1", "RevokeAPIURL")],
  },
];

describe("wrong wiring fails, visibly", function () {
  this.timeout(300_000);
  this.slow(20_000);
  let running: BrokenStack;
  before(async () => {
    running = await BrokenStack.up("itestwiring", "172.29.131.0/24");
  });
  after(() => running?.down());

  const problems = ({ checks, cycle }: VerifyReport) => [
    ...checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`),
    ...(cycle?.steps ?? []).filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`),
  ];

  async function mustPass(kept?: string): Promise<void> {
    const report = await running.verify(kept === undefined ? {} : { kept });
    assert.ok(report.ok, problems(report).join("\n"));
  }

  it("passes as it was brought up", () => mustPass());

  for (const wrong of cases) {
    it(wrong.what, async () => {
      const mend = await running.break(wrong.broken);
      await running.clustered(wrong.links);
      let left: string | undefined;
      try {
        const report = await running.verify();
        left = report.cycle?.left?.name;
        assert.equal(report.ok, false, "verify passes");
        if (wrong.step === undefined) linkCheckFails(wrong, report);
        else stepFails(wrong, wrong.step, report);
        assert.equal(left !== undefined, wrong.leaves === true, `left behind: ${left}`);
      } finally {
        await mend();
      }
      await mustPass(left);
    });
  }

  it("a host alias of the gateway is gone", async () => {
    await running.shell("gateway-1", "sed '/keymanager/d' /etc/hosts > /tmp/hosts && cat /tmp/hosts > /etc/hosts");
    // A node tells what it found within the last second.
    await pause(1200);
    try {
      const alias: Wrong = {
        what: "",
        broken: gatewayNode(files.synapse("Token"), [/x/, ""]),
        links: [keyManager("gateway-1", "_TokenAPI_ endpoint")],
        says: /keymanager\.apim-wso2\.com:9443.*does not resolve/,
        also: "/etc/hosts (host aliases) of gateway-1",
        fromInside: ["gateway-1 -> keymanager.apim-wso2.com (hosts)"],
      };
      stepFails(alias, "Store: generate", await running.verify());
    } finally {
      await running.restart("gateway-1");
      await running.settled();
    }
    await mustPass();
  });

  function linkCheckFails({ links, says, broken }: Wrong, report: VerifyReport): void {
    const failed = report.checks.filter(({ ok }) => !ok);
    assert.deepEqual(
      failed.map(({ name }) => name),
      links,
    );
    assert.match(failed[0]?.detail ?? "", says);
    assert.ok(failed[0]?.detail?.includes(`${broken.file} (`), failed[0]?.detail);
    // The calls themselves find another way: what the settings ask for is not what is there.
    assert.deepEqual(report.cycle?.steps.filter(({ ok }) => !ok) ?? [], []);
  }

  function stepFails({ links, says, broken, file, also, fromInside = [] }: Wrong, step: string, report: VerifyReport) {
    const steps = report.cycle?.steps ?? [];
    const at = steps.findIndex(({ ok }) => !ok);
    const failed = steps[at];
    assert.ok(failed, "no step fails");
    assert.ok(`${failed.group}: ${failed.name}`.startsWith(step), `${failed.group}: ${failed.name}: ${failed.detail}`);
    assert.match(failed.detail ?? "", says);
    const faults: readonly Suspect[] = failed.faults ?? [];
    assert.deepEqual(
      faults.map(({ link }) => link),
      links,
    );
    for (const fault of faults) assert.equal(fault.file, file ?? broken.file);
    if (also !== undefined) assert.ok(faults[0]?.also.includes(also), faults[0]?.also.join("\n"));
    const inside = report.checks.filter(({ ok }) => !ok).map(({ name }) => name);
    for (const link of fromInside) assert.ok(inside.includes(link), `${link} is not among\n${inside.join("\n")}`);
  }
});
