import { Address4 } from "ip-address";
import { databaseNames } from "../product/databases";
import { roles } from "../product/roles";
import type { Settings } from "../settings";
import { parseEnvironments } from "../settings/environments";
import { buildBalancer } from "./balancer";
import { leastMemory } from "./balancerMemory";
import { buildDatabaseUsers } from "./databases";
import type { BalancerRoute, Node } from "./model";
import { buildNodes } from "./nodes";

/** Why no topology can be built from settings that are valid one by one. */
export function topologyFaults(settings: Settings): string[] {
  const shape = [...clientFaults(settings), ...environmentFaults(settings), ...workerFaults(settings)];
  if (shape.length > 0) return shape;
  const nodes = buildNodes(settings, buildDatabaseUsers(settings));
  const same = nodes.find(({ name }, position) => nodes.findIndex((other) => other.name === name) !== position);
  if (same)
    return [
      `gatewayEnvironments: expected names that give each node a name of its own, found "${settings.gatewayEnvironments}", which gives two nodes the name ${same.name}; set wso2-apim:gatewayEnvironments`,
    ];
  const balancer = buildBalancer(settings, nodes);
  return [
    ...hostFaults(settings, nodes),
    ...publishedPortFaults(settings, nodes),
    ...databaseHostFaults(settings),
    ...networkFaults(settings, nodes),
    ...nodePortFaults(settings, nodes),
    ...balancerPortFaults(settings, balancer),
    ...balancerMemoryFaults(settings, balancer),
  ];
}

function clientFaults({ keyValidatorClient, keyManagerReplicas }: Settings): string[] {
  if (keyValidatorClient !== "ThriftClient" || keyManagerReplicas === 1) return [];
  return [
    `keyValidatorClient: expected auto or WSClient with ${keyManagerReplicas} Key Managers, found "ThriftClient": several Key Managers are behind the load balancer, which balances HTTP but not Thrift; set wso2-apim:keyValidatorClient to auto, or wso2-apim:keyManagerReplicas to 1`,
  ];
}

function environmentFaults({ gatewayEnvironments }: Settings): string[] {
  const names = parseEnvironments(gatewayEnvironments).map(({ name }) => name);
  const twice = names.find((name, position) => names.indexOf(name) !== position);
  const faults =
    twice === undefined
      ? []
      : [
          `gatewayEnvironments: expected different names, found "${twice}" twice; set wso2-apim:gatewayEnvironments to something like europe=production, asia=production`,
        ];
  // A worker's name is gateway-worker-1.
  const worker = names.find((name) => /^worker(-|$)/.test(name));
  if (worker !== undefined)
    faults.push(
      `gatewayEnvironments: expected names that do not begin with "worker", found "${worker}"; set wso2-apim:gatewayEnvironments`,
    );
  return faults;
}

function workerFaults({ gatewayReplicas, gatewayWorkers, deploymentSynchronizer }: Settings): string[] {
  const faults: string[] = [];
  if (gatewayWorkers > 0 && gatewayReplicas > 1)
    faults.push(
      `gatewayReplicas: expected 1 with gatewayWorkers ${gatewayWorkers}, found ${gatewayReplicas}: the workers of an environment have one manager; set wso2-apim:gatewayReplicas to 1, or wso2-apim:gatewayWorkers to 0`,
    );
  if (deploymentSynchronizer !== "off" && gatewayWorkers === 0)
    faults.push(
      `deploymentSynchronizer: expected off without gateway workers, found "${deploymentSynchronizer}"; set wso2-apim:gatewayWorkers, or remove it`,
    );
  return faults;
}

/** A host name that a setting holds must not be that of a node or of another environment. */
function hostFaults(settings: Settings, nodes: readonly Node[]): string[] {
  const set = [...roles, ...databaseNames].map((name) => `${name}Host` as const);
  const derived = new Map<string, string>();
  for (const { name, role, hostName, nodeHostName } of nodes) {
    derived.set(nodeHostName, name);
    if (hostName !== settings[`${role}Host`]) derived.set(hostName, `${name}'s environment`);
  }
  return set
    .filter((setting) => derived.has(settings[setting]))
    .map(
      (setting) =>
        `${setting}: expected a name that no node has, found "${settings[setting]}"; it is the name of ${derived.get(settings[setting])}; set wso2-apim:${setting}`,
    );
}

function publishedPortFaults(settings: Settings, nodes: readonly Node[]): string[] {
  const fronts = ["httpsPort", "gatewayHttpsPort", "gatewayHttpPort"] as const;
  const others = settings.databaseHost === "" ? ([...fronts, "databasePort"] as const) : fronts;
  const faults = others.flatMap((name) => {
    // settings/faults.ts compares the settings themselves.
    const node = nodes.find(
      ({ publishedPort }) => publishedPort === settings[name] && publishedPort !== settings.managementPort,
    );
    return node
      ? [
          `${name}: port ${settings[name]} is the management port of ${node.name} (wso2-apim:managementPort is ${settings.managementPort}); set wso2-apim:${name} or wso2-apim:managementPort`,
        ]
      : [];
  });
  const last = nodes.reduce((a, b) => ((a.publishedPort ?? 0) > (b.publishedPort ?? 0) ? a : b));
  const { publishedPort = 0 } = last;
  if (publishedPort > 65535)
    faults.push(
      `managementPort: expected at most ${65535 - (publishedPort - settings.managementPort)}, found ${settings.managementPort}: ${last.name} would have port ${publishedPort}; set wso2-apim:managementPort`,
    );
  return faults;
}

function databaseHostFaults({ databaseHost, networkSubnet }: Settings): string[] {
  const isInside = Address4.isValid(databaseHost) && new Address4(databaseHost).isInSubnet(new Address4(networkSubnet));
  if (!isInside) return [];
  return [
    `databaseHost: expected an address outside the deployment's own network ${networkSubnet}, found "${databaseHost}"; set wso2-apim:networkSubnet to another network`,
  ];
}

/** With a custom offset, a shifted port can be the same as one that is not shifted. */
function nodePortFaults(settings: Settings, nodes: readonly Node[]): string[] {
  const firsts = roles.flatMap((role) => nodes.find((node) => node.role === role) ?? []);
  return firsts.flatMap(({ role, ports, cluster }) => {
    const all = [...Object.values(ports), ...(cluster ? [cluster.localPort] : [])];
    const twice = all.find((port, position) => all.indexOf(port) !== position);
    const beyond = all.find((port) => port > 65535);
    const found = `found ${settings[`${role}Offset`]}`;
    const setting = `set wso2-apim:${role}Offset`;
    if (twice !== undefined)
      return [
        `${role}Offset: expected an offset that gives each port of the node a different number, ${found}: two ports would be ${twice}; ${setting}`,
      ];
    return beyond === undefined
      ? []
      : [`${role}Offset: expected ports up to 65535, ${found}: port ${beyond}; ${setting}`];
  });
}

function networkFaults({ networkSubnet }: Settings, nodes: readonly Node[]): string[] {
  const last = new Address4(networkSubnet).endAddressExclusive();
  const addressed = nodes.filter(({ address }) => Address4.isValid(address));
  const beyond = addressed.filter(({ address }) => new Address4(address).bigInt() > last.bigInt()).at(-1);
  if (!beyond) return [];
  return [
    `networkSubnet: expected a larger network, found "${networkSubnet}": ${beyond.name} would have the address ${beyond.address}; set wso2-apim:networkSubnet, e.g. to 172.28.0.0/20`,
  ];
}

/** With custom offsets, two fronts of the load balancer can need the same port, or one needs that of the revision. */
function balancerPortFaults(
  settings: Settings,
  { routes, internalRoutes, revisionPort }: ReturnType<typeof buildBalancer>,
): string[] {
  const clash = internalRoutes.find(
    (route) =>
      route.listenPort === revisionPort ||
      [...routes, ...internalRoutes].some((other) => other !== route && conflict(route, other)),
  );
  if (!clash) return [];
  const owner = clash.listenPort === revisionPort ? "the port at which it tells its revision" : "that of another front";
  return [
    `${clash.role}Offset: expected an offset that gives each front of the load balancer a port of its own, found ${settings[`${clash.role}Offset`]}: port ${clash.listenPort} is ${owner}; set wso2-apim:${clash.role}Offset`,
  ];
}

/** A port is either with or without TLS, and a host name on it belongs to one front. */
function conflict(a: BalancerRoute, b: BalancerRoute): boolean {
  return a.listenPort === b.listenPort && (a.tls !== b.tls || a.host === b.host);
}

function balancerMemoryFaults(
  { balancerMemory }: Settings,
  { routes, internalRoutes }: ReturnType<typeof buildBalancer>,
): string[] {
  const least = leastMemory([...routes, ...internalRoutes]);
  if (balancerMemory >= least) return [];
  return [
    `balancerMemory: expected at least ${least} MiB for the number of nodes, found ${balancerMemory}; set wso2-apim:balancerMemory to ${least}, or to more for more than 80 connections at once`,
  ];
}
