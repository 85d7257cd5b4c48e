import type { BalancerRoute, Topology } from "../../topology";

/** In the balancer's container: its certificate with key, and the authority that signed the nodes' certificate. */
const certificate = "/usr/local/etc/haproxy/balancer.pem";
const authority = "/usr/local/etc/haproxy/ca.pem";

/** Of an answer to a call: which of several gateways gave it. */
const nodeHeader = "X-APIM-Node";
/** What servers are called behind their node's name that are tried without a check. */
const untestedMark = "-untested";

type Target = BalancerRoute["targets"][number];

const head = ({ maxConnections }: Topology["balancer"]) => `global
    log stdout format raw local0 info
    hard-stop-after 5s
    lua-load /usr/local/lib/haproxy/hungServers.lua
    maxconn ${maxConnections}
    ssl-default-bind-options ssl-min-ver TLSv1.2
    ssl-default-bind-ciphers ECDHE+AESGCM:ECDHE+CHACHA20

defaults
    mode http
    log global
    option dontlognull
    # Whoever meets a dead server is sent to another one at once.
    option redispatch 1
    # Without the query string, which may hold what is nobody's business.
    log-format "%ci:%cp %ft %b/%s %ST %B bytes %Ta ms %tsc %HM %HP"
    retries 3
    # On one network, TLS included: longer is no answer.
    timeout connect 2s
    # With three checks, a server that takes connections and answers none is down within 10 s.
    timeout check 2s
    timeout client 60s
    timeout server 180s
    timeout http-request 15s
    timeout http-keep-alive 15s
    timeout queue 30s
    timeout tunnel 1h
    balance roundrobin
    # A node is up when its management port completes a TLS handshake: a node whose clustering fails opens only its
    # other ports, and for one that hangs the kernel still takes connections. Not by a request: each server of each
    # backend is checked by itself, which would be three lines a second in a gateway's access log.
    default-server check check-ssl inter 2s fastinter 500ms downinter 500ms fall 3 rise 1 verify required ca-file ${authority}
`;

/** The HAProxy 2.6 configuration in front of all components: no secrets, runs as any user. Pure. */
export function renderBalancer(topology: Topology): string {
  const routes = [...topology.balancer.routes, ...topology.balancer.internalRoutes];
  const ports = [...new Set(routes.map(({ listenPort }) => listenPort))];
  const frontends = ports.map((port) =>
    frontend(
      port,
      routes.filter(({ listenPort }) => listenPort === port),
      topology,
    ),
  );
  return [head(topology.balancer), ...frontends, ...routes.map((route) => backend(route, topology))].join("\n");
}

function frontend(port: number, routes: readonly BalancerRoute[], topology: Topology): string {
  const { name, published } = portOf(port, routes, topology);
  const tls = routes.some((route) => route.tls);
  if (!routes.every((route) => route.tls === tls))
    throw new Error(`topology: balancer routes on port ${port} are partly with and partly without TLS`);
  const hosts = [...new Set(routes.map(({ host }) => host))];
  return lines(`frontend ${name}`, [
    `bind :${port}${tls ? ` ssl crt ${certificate} alpn h2,http/1.1` : ""}`,
    // What a client claims about itself would be believed by the nodes.
    "http-request del-header X-Forwarded-For",
    "option forwardfor",
    `http-request set-header X-Forwarded-Proto ${tls ? "https" : "http"}`,
    "http-request set-header X-Forwarded-Host %[req.hdr(host)]",
    `http-request set-header X-Forwarded-Port ${published}`,
    ...(hosts.length === 1 ? [`default_backend ${routes[0]?.name}`] : choices(routes, hosts)),
  ]);
}

/** What the port is called and which port its callers know: for those inside the network, itself. */
function portOf(port: number, routes: readonly BalancerRoute[], { balancer }: Topology) {
  const found = balancer.ports.find(({ internal }) => internal === port);
  if (found) return found;
  const outside = routes.find((route) => balancer.routes.includes(route));
  if (outside) throw new Error(`topology: balancer.ports has no port ${port}, which ${outside.name} listens on`);
  return { name: `internal-${port}`, published: port };
}

function choices(routes: readonly BalancerRoute[], hosts: readonly string[]): string[] {
  const message = `No such host here. Known: ${hosts.join(", ")}`;
  return [
    `acl known_host req.hdr(host),host_only -m str -i ${hosts.join(" ")}`,
    `http-request return status 421 content-type text/plain string "${message}" unless known_host`,
    ...routes.map(({ name, host }) => `use_backend ${name} if { req.hdr(host),host_only -m str -i ${host} }`),
  ];
}

function backend(route: BalancerRoute, topology: Topology): string {
  const hasSeveral = route.targets.length > 1;
  return lines(`backend ${route.name}`, [
    ...repetition(route, topology),
    ...(route.sticky ? [`cookie ${stickiness(route, topology)}`] : []),
    ...(hasSeveral && route.traffic === "calls"
      ? [`http-response set-header ${nodeHeader} %[srv_name,regsub(${untestedMark},)]`]
      : []),
    // One connection that fails is enough to go without a server, as long as there are others.
    ...(hasSeveral ? ["default-server observe layer4 error-limit 1 on-error mark-down"] : []),
    ...route.targets.map((target, position) => server(route, target, position, topology)),
    ...(hasSeveral && !route.firstOnly ? untested(route) : []),
  ]);
}

/** Which requests go to another server when the first one is gone; those that were not sent do anyway. */
function repetition(route: BalancerRoute, { balancer }: Topology): string[] {
  const withoutAnswer = "retry-on conn-failure empty-response";
  if (route.traffic === "calls")
    return [withoutAnswer, "http-request disable-l7-retry unless { method GET HEAD OPTIONS }"];
  // What the nodes ask a Key Manager, it may do twice: validate a key, give a token, revoke one.
  return isKeyService(route, balancer) ? [withoutAnswer] : [];
}

/** The cookie that keeps a session on its node. */
function stickiness(route: BalancerRoute, { balancer }: Topology): string {
  // The nodes ask by Axis2, which sends back the server's own session cookie and no other.
  return isKeyService(route, balancer)
    ? "JSESSIONID prefix nocache"
    : "APIM_NODE insert indirect nocache httponly secure";
}

/** What the nodes ask several Key Managers by. */
function isKeyService(route: BalancerRoute, { internalRoutes }: Topology["balancer"]): boolean {
  return route.role === "keyManager" && internalRoutes.includes(route);
}

function server(route: BalancerRoute, target: Target, position: number, topology: Topology): string {
  const node = topology.nodes.find(({ name }) => name === target.node);
  if (!node) throw new Error(`topology: balancer route ${route.name} leads to ${target.node}, which is no node`);
  return [
    `server ${target.node} ${target.address}:${target.port}`,
    ...(route.tls ? [`ssl sni str(${route.host})`] : []),
    `check-sni ${route.host} verifyhost ${route.host} port ${node.ports.managementHttps}`,
    ...(route.firstOnly && position > 0 ? ["backup"] : []),
    ...(route.sticky ? [`cookie ${target.node}`] : []),
  ].join(" ");
}

/**
 * The same servers once more, for when none passes its check: a check may be late, so they are tried all the same. Of two
 * nodes, one may be replaced before it is seen here that the other one is back.
 */
function untested(route: BalancerRoute): string[] {
  const servers = route.targets.map(({ node, address, port }) =>
    [
      `server ${node}${untestedMark} ${address}:${port}`,
      ...(route.tls ? [`ssl sni str(${route.host}) verifyhost ${route.host}`] : []),
      "no-check backup",
    ].join(" "),
  );
  return ["option allbackups", ...servers];
}

function lines(title: string, content: readonly string[]): string {
  return `${[title, ...content.map((line) => `    ${line}`)].join("\n")}\n`;
}
