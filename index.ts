import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { readCertificates } from "./certificates";
import * as components from "./components";
import { renderBalancer, renderNode } from "./configs";
import { checkExternalServer } from "./databases/externalServer";
import { readDistribution } from "./distribution";
import { buildImage, nodeImage } from "./images/contexts";
import { stackOutputs } from "./outputs";
import { parseSettings } from "./plan/settings";
import { distributionPath, otherSecrets, secretSetting, secretText, stackConfiguration } from "./settings";
import { buildTopology, type Node, tlsHosts, topologyWarnings } from "./topology";

/** settings -> topology -> configs -> components -> outputs. */
export = async () => {
  const settings = parseSettings(stackConfiguration(), pulumi.getStack());
  const topology = buildTopology(settings);
  const distribution = await readDistribution(distributionPath(settings, __dirname));
  const given = await readCertificates(settings, distribution, tlsHosts(topology.nodes), __dirname);

  const warnings = [...topologyWarnings(topology), ...distribution.warnings, ...given.warnings];
  for (const warning of warnings) void pulumi.log.warn(warning);
  await checkExternalServer(topology, secretText("databaseAdminPassword"));

  const { imageId } = await nodeImage(__dirname, settings);
  const adminPassword = secretSetting("adminPassword");
  const external = components.externalServerArgs(
    topology,
    secretSetting("databaseAdminPassword"),
    adminPassword === undefined,
  );
  const network = new docker.Network(
    "network",
    {
      name: topology.network.name,
      driver: "bridge",
      ipamConfigs: [{ subnet: topology.network.subnet, gateway: topology.network.gateway }],
      labels: [components.stackLabel(topology)],
    },
    { dependsOn: external ? external.names : [] },
  );
  const certificates = new components.ServerCertificates({
    facts: distribution,
    source:
      given.key ??
      new components.DeploymentCertificate("keystore", {
        names: topology.certificateNames,
        days: settings.certificateDays,
        renewal: settings.certificateRenewal,
        authority: settings.authorityRenewal,
      }),
    trusted: given.trusted,
  });
  const password = adminPassword ?? components.createPassword("admin-password");
  const others = otherSecrets();
  const common = { topology, network, startTimeout: settings.startTimeout };

  const databases = new components.MySqlDatabases(topology.databaseServer.name, {
    topology,
    version: distribution.version,
    scripts: distribution.dbscripts,
    server: external ?? {
      ...common,
      image: buildImage(__dirname, "mysql").imageId,
      memory: settings.databaseMemory,
    },
  });

  const volumes = components.createNodeVolumes(topology);
  const started = new Map<string, components.ProductNode | components.LoadBalancer>();
  const up = (names: readonly string[]) => names.flatMap((name) => started.get(name)?.container ?? []);
  const argsOf = (node: Node): components.ProductNodeArgs => ({
    ...common,
    node,
    certificates,
    files: renderNode(node, { settings, topology }, distribution),
    secrets: { ...databases.secretsOf(node), ...others, "admin-password": password },
    image: imageId,
    apimHome: settings.apimHome,
    memory: settings.nodeMemory,
    heap: settings.nodeHeap,
    volumes,
    startsAfter: [...databases.readyFor(node), ...up(node.startsAfter)],
  });
  const nodeOf = {
    keyManager: components.KeyManagerNode,
    gateway: components.GatewayNode,
    publisher: components.PublisherNode,
    store: components.StoreNode,
  };
  const startBalancer = () =>
    new components.LoadBalancer({
      ...common,
      configuration: renderBalancer({ settings, topology }),
      certificates,
      image: buildImage(__dirname, "loadbalancer").imageId,
      memory: settings.balancerMemory,
      startsAfter: up(topology.balancer.startsAfter),
    });
  for (const name of topology.startOrder) {
    const node = topology.nodes.find((each) => each.name === name);
    started.set(name, node ? new nodeOf[node.role](argsOf(node)) : startBalancer());
  }

  return stackOutputs({
    settings,
    topology,
    version: distribution.version,
    certificates,
    adminPassword: password,
  });
};
