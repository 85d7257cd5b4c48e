import assert from "node:assert/strict";
import type { Deployment } from "../../../configs";
import { renderBalancer } from "../../../configs";
import { deploymentOf } from "../stock";

/** The lines of one `frontend` or `backend`, without indentation. */
function section(configuration: string, title: string): string[] {
  const start = configuration.indexOf(`\n${title}\n`);
  assert.ok(start >= 0, title);
  return (
    configuration
      .slice(start + title.length + 2)
      .split("\n\n")[0]
      ?.split("\n")
      .map((line) => line.trim()) ?? []
  );
}

describe("configs: haproxy.cfg", () => {
  const deployment = deploymentOf();
  const configuration = renderBalancer(deployment);

  it("routes each host name to its role, over TLS with a check of the certificate's host name", () => {
    const https = section(configuration, "frontend https");
    for (const { role, hostName, address, ports } of deployment.topology.nodes) {
      const name = role.toLowerCase();
      assert.ok(https.includes(`use_backend ${name} if { req.hdr(host),host_only -m str -i ${hostName} }`));
      const server = section(configuration, `backend ${name}`).find((line) => line.startsWith("server "));
      assert.ok(server?.includes(` ${address}:${ports.managementHttps} ssl sni str(${hostName}) `), server);
      assert.ok(server?.includes(` verifyhost ${hostName} port ${ports.managementHttps}`), server);
    }
    assert.match(configuration, /default-server .* verify required ca-file /);
    assert.doesNotMatch(configuration, /verify none|stats /);
  });

  it("sticky sessions: only Publisher and Store", () => {
    const sticky = deployment.topology.balancer.routes.filter(({ name }) =>
      section(configuration, `backend ${name}`).some((line) => line.startsWith("cookie ")),
    );
    assert.deepEqual(
      sticky.map(({ role }) => role),
      ["publisher", "store"],
    );
  });

  it("sessions of dead nodes: their cookie is removed where another node can take over, and nowhere else", () => {
    const rulesIn = (text: string) =>
      [...text.matchAll(/^backend (\S+)\n((?: {4}.*\n)*)/gm)]
        .filter(([, , lines]) => lines?.includes("regsub('(?<![^; ])JSESSIONID=[^;]*;? *','',g)"))
        .map(([, name]) => name);
    assert.deepEqual(rulesIn(configuration), []);
    const several = renderBalancer(deploymentOf({ publisherReplicas: 2, gatewayReplicas: 2, keyManagerReplicas: 2 }));
    const internal = ["internal-gateway-managementhttps", "internal-publisher-managementhttps"];
    assert.deepEqual(rulesIn(several), ["keymanager", "gateway", "publisher", ...internal]);
    const publisher = section(several, "backend publisher");
    for (const name of ["publisher-1", "publisher-2"])
      assert.ok(publisher.some((line) => line.includes(`-m str ${name} } { srv_is_up(${name}) }`)));
  });

  it("a server that comes back beside others takes requests after 8 s; readyGateways.lua decides about API calls", () => {
    const several = renderBalancer(deploymentOf({ publisherReplicas: 2, gatewayReplicas: 2, keyManagerReplicas: 2 }));
    const risesAfter = (name: string) =>
      /^default-server .* rise (\d+)$/m.exec(section(several, `backend ${name}`).join("\n"))?.[1];
    const backends = [...several.matchAll(/^backend (\S+)$/gm)].map(([, name = ""]) => name);
    const those = (rise?: string) => backends.filter((name) => risesAfter(name) === rise);
    assert.deepEqual(those(undefined), ["store"], "the only role with a single node");
    const calls = ["api-https", "api-http", "internal-gateway-apihttps", "internal-gateway-apihttp"];
    assert.deepEqual(those("2"), calls);
    assert.deepEqual(those("16").length, backends.length - 1 - calls.length);
    const watched = "https=api-https http=api-http https=internal-gateway-apihttps http=internal-gateway-apihttp";
    assert.ok(
      several.includes(`setenv CALL_BACKENDS "${watched}"\n    lua-load /usr/local/lib/haproxy/readyGateways.lua`),
    );
  });

  it("only the first gateway gets deployments: untested, when none passes its check", () => {
    const several = renderBalancer(deploymentOf({ gatewayReplicas: 2 }));
    const lines = section(several, "backend internal-gateway-managementhttps");
    const servers = lines.filter((line) => line.startsWith("server "));
    assert.deepEqual(
      servers.map((line) => [line.split(" ")[1], / backup\b/.test(line), line.includes("no-check")]),
      [
        ["gateway-1", false, false],
        ["gateway-2", true, false],
        ["gateway-1-untested", true, true],
      ],
    );
    assert.ok(!lines.includes("option allbackups"));
  });

  it("many host names on a swarm: no line has more than the 64 words that HAProxy takes", () => {
    const swarm = {
      platform: "swarm",
      imageRegistry: "registry:5000",
      gatewayReplicas: "64",
      sharedDirectory: "/mnt/apim",
    };
    const words = (line: string) =>
      line
        .replaceAll(/"[^"]*"/g, "text")
        .trim()
        .split(" ").length;
    const lines = renderBalancer(deploymentOf(swarm))
      .split("\n")
      .filter((line) => !line.includes("#"));
    assert.ok(Math.max(...lines.map(words)) <= 64);
    assert.equal(lines.join("\n").match(/acl known_host .*gateway-64\./g)?.length, 1);
  });

  it("unknown host name: status 421 and the known host names", () => {
    const refusal = section(configuration, "frontend https").find((line) => line.includes("421"));
    for (const { hostName } of deployment.topology.nodes) assert.ok(refusal?.includes(hostName));
  });

  it("API calls: go to the gateway with any host name; the check uses its management port", () => {
    for (const [front, back] of [
      ["gatewayHttps", "api-https"],
      ["gatewayHttp", "api-http"],
    ]) {
      assert.ok(section(configuration, `frontend ${front}`).includes(`default_backend ${back}`));
      assert.ok(section(configuration, `backend ${back}`).some((line) => / port 9444$/.test(line)));
    }
    assert.ok(section(configuration, "backend api-https").some((line) => line.includes("172.28.0.41:8244 ssl ")));
    assert.ok(section(configuration, "backend api-http").some((line) => line.includes("172.28.0.41:8281 check-sni")));
  });

  it("X-Forwarded-Port: the published port", () => {
    const other = renderBalancer(deploymentOf({ httpsPort: 443 }));
    assert.ok(section(other, "frontend https").includes("http-request set-header X-Forwarded-Port 443"));
  });

  it("maxconn: as many connections as fit into balancerMemory, beside what HAProxy takes for its servers", () => {
    const most = (balancerMemory: number, others: Parameters<typeof deploymentOf>[0] = {}) =>
      Number(/^ {4}maxconn (\d+)$/m.exec(renderBalancer(deploymentOf({ balancerMemory, ...others })))?.[1]);
    assert.deepEqual(
      [64, 128, 1024].map((memory) => most(memory)),
      [80, 400, 4880],
    );
    const many = { platform: "swarm", imageRegistry: "registry:5000", sharedDirectory: "/mnt/apim" } as const;
    assert.deepEqual(
      [16, 64].map((gatewayReplicas) => most(128, { ...many, gatewayReplicas })),
      [400, 140],
    );
  });

  it("routes with and without TLS on one port are an error", () => {
    const routes = deployment.topology.balancer.routes.map((route) => ({ ...route, listenPort: 8443 }));
    const mixed: Deployment = {
      ...deployment,
      topology: { ...deployment.topology, balancer: { ...deployment.topology.balancer, routes } },
    };
    assert.throws(() => renderBalancer(mixed), /port 8443 are partly with and partly without TLS/);
  });

  it("roles with several nodes: frontends on the node's port, which are not published", () => {
    const several = deploymentOf({ keyManagerReplicas: 2, gatewayReplicas: 2 });
    const text = renderBalancer(several);
    assert.match(text, /frontend internal-9443\n {4}bind :9443 ssl [\s\S]*?X-Forwarded-Port 9443\n/);
    assert.match(text, /frontend internal-8281\n {4}bind :8281\n/);
    assert.match(
      text,
      /backend internal-keymanager-managementhttps\n[\s\S]*?server keymanager-2 172\.28\.0\.22:9443 ssl/,
    );
    assert.deepEqual(
      several.topology.balancer.ports.map(({ internal }) => internal),
      [8443, 8243, 8280],
    );
  });
});
