import { databaseNames } from "../product/databases";
import { roles } from "../product/roles";
import type { Settings } from "../settings";
import { parseEnvironments } from "../settings/environments";
import { buildBalancer } from "./balancer";
import { buildDatabaseUsers } from "./databases";
import type { BalancerRoute, Node } from "./model";
import { buildNodes } from "./nodes";

/** What keeps a topology from being built from settings that are valid one by one. */
export function topologyFaults(settings: Settings): string[] {
  const shape = [...clientFaults(settings), ...environmentFaults(settings), ...workerFaults(settings)];
  if (shape.length > 0) return shape;
  const nodes = buildNodes(settings, buildDatabaseUsers(settings));
  const same = nodes.find(({ name }, position) => nodes.findIndex((other) => other.name === name) !== position);
  if (same)
    return [
      `gatewayEnvironments: expected names with which no two nodes are called the same, found "${settings.gatewayEnvironments}", with two of ${same.name}; set wso2-apim:gatewayEnvironments`,
    ];
  return [
    ...hostFaults(settings, nodes),
    ...publishedPortFaults(settings, nodes),
    ...databaseHostFaults(settings),
    ...networkFaults(settings, nodes),
    ...nodePortFaults(settings, nodes),
    ...balancerPortFaults(settings, nodes),
  ];
}

function clientFaults({ keyValidatorClient, keyManagerReplicas }: Settings): string[] {
  if (keyValidatorClient !== "ThriftClient" || keyManagerReplicas === 1) return [];
  return [
    `keyValidatorClient: expected auto or WSClient with ${keyManagerReplicas} Key Managers, found "ThriftClient": they stand behind the load balancer, which balances HTTP and no Thrift; set wso2-apim:keyValidatorClient to auto, or wso2-apim:keyManagerReplicas to 1`,
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
  // Nodes are called gateway-worker-1.
  const worker = names.find((name) => /^worker(-|$)/.test(name));
  if (worker !== undefined)
    faults.push(
      `gatewayEnvironments: expected names that don't begin with "worker", found "${worker}"; set wso2-apim:gatewayEnvironments`,
    );
  return faults;
}

function workerFaults({ gatewayReplicas, gatewayWorkers, deploymentSynchronizer }: Settings): string[] {
  const faults: string[] = [];
  if (gatewayWorkers > 0 && gatewayReplicas > 1)
    faults.push(
      `gatewayReplicas: expected 1 with gatewayWorkers ${gatewayWorkers}, found ${gatewayReplicas}: workers have one manager; set wso2-apim:gatewayReplicas to 1, or wso2-apim:gatewayWorkers to 0`,
    );
  if (deploymentSynchronizer !== "off" && gatewayWorkers === 0)
    faults.push(
      `deploymentSynchronizer: expected off without gateway workers, found "${deploymentSynchronizer}"; set wso2-apim:gatewayWorkers, or remove it`,
    );
  return faults;
}

/** Names that follow from settings must not meet those that are set. */
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
        `${setting}: expected a name that no node has of its own, found "${settings[setting]}", which is that of ${derived.get(settings[setting])}; set wso2-apim:${setting}`,
    );
}

function publishedPortFaults(settings: Settings, nodes: readonly Node[]): string[] {
  const fronts = ["httpsPort", "gatewayHttpsPort", "gatewayHttpPort"] as const;
  const others = settings.databaseHost === "" ? ([...fronts, "databasePort"] as const) : fronts;
  const faults = others.flatMap((name) => {
    // The settings themselves are compared with each other elsewhere.
    const node = nodes.find(
      ({ publishedPort }) => publishedPort === settings[name] && publishedPort !== settings.managementPort,
    );
    return node
      ? [
          `${name}: port ${settings[name]} is the management port of ${node.name} (wso2-apim:managementPort is ${settings.managementPort}); set wso2-apim:${name} or wso2-apim:managementPort`,
        ]
      : [];
  });
  const last = nodes.reduce((a, b) => (a.publishedPort > b.publishedPort ? a : b));
  if (last.publishedPort > 65535)
    faults.push(
      `managementPort: expected at most ${65535 - (last.publishedPort - settings.managementPort)}, found ${settings.managementPort}: ${last.name} would have port ${last.publishedPort}; set wso2-apim:managementPort`,
    );
  return faults;
}

function databaseHostFaults({ databaseHost, networkSubnet }: Settings): string[] {
  const [start = "", bits = "24"] = networkSubnet.split("/");
  const distance = numberOf(databaseHost) - numberOf(start);
  if (!(distance >= 0 && distance < 2 ** (32 - Number(bits)))) return [];
  return [
    `databaseHost: expected an address outside the deployment's own network ${networkSubnet}, found "${databaseHost}"; set wso2-apim:networkSubnet to another network`,
  ];
}

/** With an offset of one's own, a shifted port can meet one that is never shifted. */
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
        `${role}Offset: expected an offset with which no two ports of the node meet, ${found}: ${twice} is taken twice; ${setting}`,
      ];
    return beyond === undefined
      ? []
      : [`${role}Offset: expected ports up to 65535, ${found}: port ${beyond}; ${setting}`];
  });
}

function networkFaults({ networkSubnet }: Settings, nodes: readonly Node[]): string[] {
  const [start = "", bits = "24"] = networkSubnet.split("/");
  const end = numberOf(start) + 2 ** (32 - Number(bits)) - 2;
  const beyond = nodes.filter(({ address }) => numberOf(address) > end).at(-1);
  if (!beyond) return [];
  return [
    `networkSubnet: expected a larger network, found "${networkSubnet}": ${beyond.name} would have the address ${beyond.address}; set wso2-apim:networkSubnet, e.g. to 172.28.0.0/20`,
  ];
}

function numberOf(address: string): number {
  return address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

/** With offsets of one's own, two fronts of the balancer can meet on a port. */
function balancerPortFaults(settings: Settings, nodes: readonly Node[]): string[] {
  const { routes, internalRoutes } = buildBalancer(settings, nodes);
  const clash = internalRoutes.find((route) =>
    [...routes, ...internalRoutes].some((other) => other !== route && meet(route, other)),
  );
  if (!clash) return [];
  return [
    `${clash.role}Offset: expected an offset with which no two fronts of the load balancer share a port, found ${settings[`${clash.role}Offset`]}: port ${clash.listenPort} is taken twice; set wso2-apim:${clash.role}Offset`,
  ];
}

/** One port can't be with and without TLS, nor can one name on it lead to two places. */
function meet(a: BalancerRoute, b: BalancerRoute): boolean {
  return a.listenPort === b.listenPort && (a.tls !== b.tls || a.host === b.host);
}
