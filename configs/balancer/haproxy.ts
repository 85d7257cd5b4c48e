import { isIPv4 } from "node:net";
import type { BalancerRoute, Topology } from "../../topology";
import type { Deployment } from "../deployment";
import { nodeHeader } from "./answers";
import { balancerFiles } from "./files";
import { nodeCookie, serverCookie, untestedMark, withoutDeadSessions } from "./sessions";

const certificate = `${balancerFiles.directory}/${balancerFiles.certificate}`;
const authority = `${balancerFiles.directory}/${balancerFiles.authority}`;
const complete = `${balancerFiles.directory}/${balancerFiles.complete}`;

/** Good checks, one each 500 ms (`fastinter`), after which a server that was down is up, if there are others. */
const checksUntilUp = { management: 16, calls: 2 } as const;

type Target = BalancerRoute["targets"][number];

const head = ({ maxConnections }: Topology["balancer"], routes: readonly BalancerRoute[]) => `global
    log stdout format raw local0 info
    # After a reload, the old worker waits for its requests at most as long as "timeout server".
    hard-stop-after 180s
    lua-load /usr/local/lib/haproxy/hungServers.lua
    lua-load /usr/local/lib/haproxy/returningServers.lua
    setenv CALL_BACKENDS "${callBackends(routes).join(" ")}"
    lua-load /usr/local/lib/haproxy/readyGateways.lua
    maxconn ${maxConnections}
    ssl-default-bind-options ssl-min-ver TLSv1.2
    ssl-default-bind-ciphers ECDHE+AESGCM:ECDHE+CHACHA20

defaults
    mode http
    log global
    option dontlognull
    # A request to a dead server goes to another one at once.
    option redispatch 1
    # After a reload, the old worker closes an idle connection with its next answer, not at once: a client may be sending
    # a request at that moment.
    option idle-close-on-response
    # Without the query string, which may hold secrets.
    log-format "%ci:%cp %ft %b/%s %ST %B bytes %Ta ms %tsc %HM %HP"
    retries 3
    # Long enough for a TLS handshake on one network.
    timeout connect 2s
    # After three checks, within 10 s, a server that accepts connections but does not answer is down.
    timeout check 2s
    timeout client 60s
    timeout server 180s
    timeout http-request 15s
    timeout http-keep-alive 15s
    timeout queue 30s
    timeout tunnel 1h
    balance roundrobin
    # A node is up when its management port completes a TLS handshake: a node whose clustering fails opens only its
    # other ports, and the kernel still accepts connections for a node that hangs. The check is not an HTTP request:
    # each server of each backend has a check of its own, so that a gateway's access log would grow by three lines a
    # second.
    default-server check check-ssl inter 2s fastinter 500ms downinter 500ms fall 3 rise 1 verify required ca-file ${authority}
`;

/** The HAProxy 2.6 configuration in front of all components: no secrets, runs as any user. Pure. */
export function renderBalancer({ topology }: Pick<Deployment, "topology">): string {
  const routes = [...topology.balancer.routes, ...topology.balancer.internalRoutes];
  const ports = [...new Set(routes.map(({ listenPort }) => listenPort))];
  const frontends = ports.map((port) =>
    frontend(
      port,
      routes.filter(({ listenPort }) => listenPort === port),
    ),
  );
  const backends = routes.map((route) => backend(route, topology));
  const named = routes.some(({ targets }) => targets.some(isNamed));
  return [
    head(topology.balancer, routes),
    ...(named ? [nameServer] : []),
    revisionFrontend(topology),
    ...frontends,
    ...backends,
  ].join("\n");
}

/** A target that has a host name. Its address changes when it moves to another machine. */
function isNamed({ address }: Target): boolean {
  return !isIPv4(address);
}

/** Docker's name server in each container. HAProxy follows a node that has moved within about a second. */
const nameServer = lines("resolvers network", [
  "nameserver docker 127.0.0.11:53",
  "resolve_retries 3",
  "timeout resolve 1s",
  "timeout retry 1s",
  "hold valid 1s",
  "hold nx 1s",
  "hold obsolete 0s",
]);

/** A server of HAProxy: name, address and, for a host name, where its address is looked up. */
function serverAt(name: string, target: Target): string {
  // Nobody answers to the name of a node that is not healthy, so that the start must not wait for it.
  const lookUp = isNamed(target) ? " resolvers network resolve-prefer ipv4 init-addr none" : "";
  return `server ${name} ${target.address}:${target.port}${lookUp}`;
}

/** The backends of API calls, in the form that readyGateways.lua reads. */
function callBackends(routes: readonly BalancerRoute[]): string[] {
  return routes
    .filter(({ traffic }) => traffic === "calls")
    .map(({ name, tls }) => `${tls ? "https" : "http"}=${name}`);
}

/** HAProxy reads the file when it loads its configuration, so the answer names what runs, not what lies on the disk. */
function revisionFrontend({ balancer }: Topology): string {
  return lines("frontend revision", [
    `bind :${balancer.revisionPort}`,
    "http-request set-log-level silent",
    `http-request return status 200 content-type text/plain file ${complete}`,
  ]);
}

function frontend(port: number, routes: readonly BalancerRoute[]): string {
  const published = routes.find((route) => route.published)?.published;
  const tls = routes.some((route) => route.tls);
  if (!routes.every((route) => route.tls === tls))
    throw new Error(`topology: balancer routes on port ${port} are partly with and partly without TLS`);
  const hosts = [...new Set(routes.map(({ host }) => host))];
  return lines(`frontend ${published?.entrance ?? `internal-${port}`}`, [
    `bind :${port}${tls ? ` ssl crt ${certificate} alpn h2,http/1.1` : ""}`,
    // The nodes would believe an address that the client claims.
    "http-request del-header X-Forwarded-For",
    "option forwardfor",
    `http-request set-header X-Forwarded-Proto ${tls ? "https" : "http"}`,
    "http-request set-header X-Forwarded-Host %[req.hdr(host)]",
    `http-request set-header X-Forwarded-Port ${published?.port ?? port}`,
    ...(hosts.length === 1 ? [`default_backend ${routes[0]?.name}`] : choices(routes, hosts)),
  ]);
}

function choices(routes: readonly BalancerRoute[], hosts: readonly string[]): string[] {
  const message = `No such host here. Known: ${hosts.join(", ")}`;
  return [
    ...inPortions(hosts).map((portion) => `acl known_host req.hdr(host),host_only -m str -i ${portion.join(" ")}`),
    `http-request return status 421 content-type text/plain string "${message}" unless known_host`,
    ...routes.map(({ name, host }) => `use_backend ${name} if { req.hdr(host),host_only -m str -i ${host} }`),
  ];
}

/** HAProxy takes 64 words on a line. */
const hostsOnALine = 32;

/** Lines with the same name of an acl are alternatives. */
function inPortions(hosts: readonly string[]): (readonly string[])[] {
  const count = Math.ceil(hosts.length / hostsOnALine);
  return Array.from({ length: count }, (_, i) => hosts.slice(i * hostsOnALine, (i + 1) * hostsOnALine));
}

function backend(route: BalancerRoute, topology: Topology): string {
  const hasSeveral = route.targets.length > 1;
  const checks = checksUntilUp[route.traffic];
  return lines(`backend ${route.name}`, [
    ...repetition(route),
    ...stickiness(route),
    ...(route.forwardedHost === undefined ? [] : [`http-request set-header Host ${route.forwardedHost}`]),
    ...(hasSeveral && route.traffic === "calls"
      ? [`http-response set-header ${nodeHeader} %[srv_name,regsub(${untestedMark},)]`]
      : []),
    // With other servers in the backend, one failed connection marks a server as down. One that comes back gets requests
    // after 8 s of good checks, because the product opens its ports up to 5 s before it can answer. For API calls,
    // readyGateways.lua decides. Two checks take long enough for it to see that the server was down.
    ...(hasSeveral ? [`default-server observe layer4 error-limit 1 on-error mark-down rise ${checks}`] : []),
    ...route.targets.map((target, position) => server(route, target, position, topology)),
    ...(hasSeveral ? untested(route) : []),
  ]);
}

/** By default, HAProxy sends only those requests to another server that did not reach the first one. */
function repetition({ repeats }: BalancerRoute): string[] {
  const withoutAnswer = "retry-on conn-failure empty-response";
  switch (repeats) {
    case "unsent":
      return [];
    case "safe":
      return [withoutAnswer, "http-request disable-l7-retry unless { method GET HEAD OPTIONS }"];
    case "all":
      return [withoutAnswer];
  }
}

/** The cookie that keeps a session on its node. */
function stickiness({ sticky, targets }: BalancerRoute): string[] {
  switch (sticky) {
    case undefined:
      return [];
    case "server cookie":
      return [`cookie ${serverCookie} prefix nocache`];
    case "balancer cookie":
      return [
        `cookie ${nodeCookie} insert indirect nocache httponly secure`,
        ...(targets.length > 1 ? withoutDeadSessions(targets.map(({ node }) => node)) : []),
      ];
  }
}

function server(route: BalancerRoute, target: Target, position: number, topology: Topology): string {
  const node = topology.nodes.find(({ name }) => name === target.node);
  if (!node) throw new Error(`topology: balancer route ${route.name} leads to ${target.node}, which is no node`);
  return [
    serverAt(target.node, target),
    ...(route.tls ? [`ssl sni str(${route.host})`] : []),
    `check-sni ${route.host} verifyhost ${route.host} port ${node.ports.managementHttps}`,
    ...(route.firstOnly && position > 0 ? ["backup"] : []),
    ...(route.sticky ? [`cookie ${target.node}`] : []),
  ].join(" ");
}

/**
 * The same servers again, without a check, for the time when no server passes its check. A check may be late: of two
 * nodes, the second may be replaced before the balancer has noticed that the first is back.
 */
function untested(route: BalancerRoute): string[] {
  const targets = route.firstOnly ? route.targets.slice(0, 1) : route.targets;
  const servers = targets.map((target) =>
    [
      serverAt(`${target.node}${untestedMark}`, target),
      ...(route.tls ? [`ssl sni str(${route.host}) verifyhost ${route.host}`] : []),
      "no-check backup",
      ...(route.sticky === "balancer cookie" ? [`cookie ${target.node}${untestedMark}`] : []),
    ].join(" "),
  );
  // Without the option, only the first backup server that is up gets requests.
  return [...(route.firstOnly ? [] : ["option allbackups"]), ...servers];
}

function lines(title: string, content: readonly string[]): string {
  return `${[title, ...content.map((line) => `    ${line}`)].join("\n")}\n`;
}
