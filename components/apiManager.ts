import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { DeploymentPlan } from "../plan";
import { type Role, roleRecords, roleThat } from "../product/roles";
import type { ResourceSecret } from "../settings";
import { parseImageRegistry } from "../settings/imageRegistry";
import { publishedRoute, routeUrl } from "../topology";
import { DeploymentName } from "./deploymentName";
import { GatewayNode } from "./gatewayNode";
import { KeyManagerNode } from "./keyManagerNode";
import { stackLabel } from "./labels";
import { LoadBalancer } from "./loadBalancer";
import { MachineCheck } from "./machineCheck";
import { MySqlDatabases } from "./mySqlDatabases";
import type { ProductNode, ProductNodeArgs } from "./productNode";
import { PublisherNode } from "./publisherNode";
import { SelfSignUp } from "./selfSignUp";
import { ServerCertificates } from "./serverCertificates";
import type { Volume } from "./serverDescription";
import { createImage, createPassword, dependencies } from "./shared";
import { StoreNode } from "./storeNode";
import { createVolume } from "./volumes";

/** Arguments of {@link ApiManager}: the plan, and secrets that its resources take. */
export interface ApiManagerArgs extends DeploymentPlan {
  /**
   * By the name of the setting. `databaseAdminPassword` is required on a server of the user's own, `analyticsPassword` with
   * `analytics`, `svnPassword` with the svn synchronizer. @default adminPassword is generated
   */
  readonly secrets?: Partial<Readonly<Record<ResourceSecret, pulumi.Input<string>>>>;
}

/** The component of each role. */
const nodeClasses: Readonly<
  Record<Role, new (name: string, args: ProductNodeArgs, opts?: pulumi.ComponentResourceOptions) => ProductNode>
> = { keyManager: KeyManagerNode, gateway: GatewayNode, publisher: PublisherNode, store: StoreNode };

/**
 * WSO2 API Manager as a distributed deployment: network, databases, certificates, all nodes and the load balancer.
 *
 * Pulumi's `transforms` option changes what it creates, for example labels of the containers. With the embedded engine, use
 * `transformations`, which the SDK applies itself.
 *
 * @example
 * ```ts
 * export = async () => {
 *   const plan = await planDeployment({ distribution: "wso2am-1.9.0.zip", gatewayReplicas: 3 });
 *   const apim = new ApiManager("apim", plan);
 *   return { store: apim.storeUrl };
 * };
 * ```
 */
export class ApiManager extends pulumi.ComponentResource {
  readonly network: docker.Network;
  readonly databases: MySqlDatabases;
  readonly certificates: ServerCertificates;
  /** Name in the plan -> node, e.g. `gateway-1`. */
  readonly nodes: ReadonlyMap<string, ProductNode>;
  readonly loadBalancer: LoadBalancer;
  /** The administrator's password; secret. */
  readonly adminPassword: pulumi.Output<string>;
  /** The certificate that clients must trust, PEM. */
  readonly caCertificate: pulumi.Output<string>;
  /** The Publisher, through the load balancer. */
  readonly publisherUrl: pulumi.Output<string>;
  /** The Store, through the load balancer. */
  readonly storeUrl: pulumi.Output<string>;
  /** The Key Manager's console, through the load balancer. */
  readonly keyManagerUrl: pulumi.Output<string>;
  /** API calls over TLS to the first gateway environment, through the load balancer. */
  readonly gatewayUrl: pulumi.Output<string>;
  private readonly dependsOn: pulumi.Input<pulumi.Resource>[];
  /** The options of all children: this component is their parent and, on a swarm, a provider that may use the registry. */
  private readonly child: { readonly parent: pulumi.Resource; readonly provider?: docker.Provider };
  private readonly image: pulumi.Output<string>;
  private readonly volumes: ReadonlyMap<string, Volume>;

  constructor(
    private readonly name: string,
    private readonly args: ApiManagerArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("wso2:apim:ApiManager", name, {}, opts);
    const { prefix } = args.topology;
    const nameOpts = { parent: this, dependsOn: dependencies([], opts?.dependsOn) };
    const fixedName = new DeploymentName(`${name}-name`, { prefix }, nameOpts);
    this.dependsOn = dependencies([fixedName], opts?.dependsOn);
    this.child = { parent: this, ...(args.topology.platform === "swarm" && { provider: this.createProvider() }) };
    for (const warning of args.warnings) void pulumi.log.warn(warning, this);
    this.image = createImage(`${name}-node-image`, args.images.node, this, this.child.provider);
    if (args.topology.platform === "swarm") this.dependsOn.push(this.checkMachines());
    this.adminPassword = this.createAdminPassword();
    [this.network, this.databases] = this.createNetworkAndDatabases();
    this.certificates = new ServerCertificates(`${name}-certificates`, { plan: args }, { parent: this });
    this.caCertificate = this.certificates.caCertificate;
    this.volumes = this.createVolumes();
    [this.nodes, this.loadBalancer] = this.startServers();
    const url = (role: Role, entrance: "https" | "gatewayHttps", path: string) =>
      pulumi.output(routeUrl(publishedRoute(args.topology, role, entrance)) + path);
    this.publisherUrl = url("publisher", "https", "/publisher");
    this.storeUrl = url("store", "https", "/store");
    this.keyManagerUrl = url("keyManager", "https", "/carbon");
    this.gatewayUrl = url("gateway", "gatewayHttps", "");
    this.registerOutputs({
      publisherUrl: this.publisherUrl,
      storeUrl: this.storeUrl,
      keyManagerUrl: this.keyManagerUrl,
      gatewayUrl: this.gatewayUrl,
    });
  }

  /** A Docker provider that logs in to the registry: to push images, and for the machines that pull them. */
  private createProvider(): docker.Provider {
    const { imageRegistry, imageRegistryUser: username } = this.args.settings;
    const { scheme, host: registry } = parseImageRegistry(imageRegistry);
    // For the provider, a registry has TLS unless its address says otherwise.
    const address = scheme === "http://" ? `${scheme}${registry}` : registry;
    const password = this.args.secrets?.imageRegistryPassword;
    const host = new pulumi.Config("docker").get("host");
    return new docker.Provider(
      `${this.name}-docker`,
      {
        ...(host && { host }),
        registryAuth: [username === "" ? { address, authDisabled: true } : { address, username, password }],
      },
      { parent: this },
    );
  }

  private checkMachines(): MachineCheck {
    const { args: plan, image, dependsOn } = this;
    const registryPassword = plan.secrets?.imageRegistryPassword;
    const args = { plan, image, ...(registryPassword && { registryPassword }) };
    return new MachineCheck(`${this.name}-machines`, args, { parent: this, dependsOn: [...dependsOn] });
  }

  private createAdminPassword(): pulumi.Output<string> {
    const given = this.args.secrets?.adminPassword;
    return given === undefined ? createPassword(`${this.name}-admin-password`, this) : pulumi.secret(given);
  }

  /** On a server of the user's own, its names are checked before anything else is created, the network too. */
  private createNetworkAndDatabases(): [docker.Network, MySqlDatabases] {
    if (this.args.topology.databaseServer.external) {
      const databases = this.createDatabases();
      return [this.createNetwork([databases.ready]), databases];
    }
    const network = this.createNetwork([]);
    return [network, this.createDatabases(network)];
  }

  private createNetwork(dependsOn: pulumi.Resource[]): docker.Network {
    const { topology } = this.args;
    const { name, driver, subnet, gateway } = topology.network;
    return new docker.Network(
      `${this.name}-network`,
      {
        name,
        driver,
        ...(driver === "overlay" && { attachable: true }),
        ipamConfigs: [{ subnet, gateway }],
        labels: [stackLabel(topology)],
      },
      { ...this.child, dependsOn: [...dependsOn, ...this.dependsOn] },
    );
  }

  private createDatabases(network?: docker.Network): MySqlDatabases {
    const { adminPassword, databaseAdminPassword } = this.args.secrets ?? {};
    return new MySqlDatabases(
      `${this.name}-${this.args.topology.databaseServer.name}`,
      {
        plan: this.args,
        ...(network && { network }),
        ...(databaseAdminPassword && { databaseAdminPassword }),
        isNewAdministrator: adminPassword === undefined,
      },
      { ...this.child, dependsOn: this.dependsOn },
    );
  }

  /** By name; a volume that several nodes share exists once. */
  private createVolumes(): ReadonlyMap<string, Volume> {
    const { topology } = this.args;
    const names = new Set(topology.nodes.flatMap(({ volumes }) => volumes.map(({ name }) => name)));
    const opts = { parent: this, dependsOn: this.dependsOn };
    return new Map([...names].map((name) => [name, createVolume(`${this.name}-${name}`, topology, name, opts)]));
  }

  /** Nodes and load balancer, each after those that it waits for. */
  private startServers(): [ReadonlyMap<string, ProductNode>, LoadBalancer] {
    const { topology } = this.args;
    const nodes = new Map<string, ProductNode>();
    let balancer: LoadBalancer | undefined;
    let signUp: SelfSignUp | undefined;
    for (const name of topology.startOrder) {
      const node = topology.nodes.find((each) => each.name === name);
      const before = (node ?? topology.balancer).startsAfter;
      const servers = before.flatMap((each) => nodes.get(each)?.server ?? balancer?.files ?? []);
      const offersSignUp = node && roleRecords[node.role].selfSignUp === "offers";
      if (offersSignUp && this.args.signUpInRegistry) signUp ??= this.createSignUp(nodes);
      const opts = {
        ...this.child,
        dependsOn: [...servers, ...(offersSignUp && signUp ? [signUp] : []), ...this.dependsOn],
      };
      if (node) nodes.set(name, new nodeClasses[node.role](`${this.name}-${name}`, this.nodeArgs(name), opts));
      else balancer = this.createLoadBalancer(opts);
    }
    if (!balancer) throw new Error("topology: the start order does not contain the load balancer");
    return [nodes, balancer];
  }

  private createSignUp(nodes: ReadonlyMap<string, ProductNode>): SelfSignUp {
    const { certificates, adminPassword, args: plan } = this;
    const role = roleThat(({ selfSignUp }) => selfSignUp === "configures");
    const first = this.args.topology.nodes.find((node) => node.role === role);
    const publisher = nodes.get(first?.name ?? "");
    if (!publisher)
      throw new Error(`topology: the start order has no ${role} before the nodes that offer self sign-up`);
    return new SelfSignUp(
      `${this.name}-self-sign-up`,
      { plan, certificates, adminPassword, publisher },
      { parent: this, dependsOn: [publisher.server] },
    );
  }

  private nodeArgs(node: string): ProductNodeArgs {
    const { network, databases, certificates, adminPassword, image, volumes } = this;
    const { analyticsPassword, svnPassword } = this.args.secrets ?? {};
    return {
      plan: this.args,
      network,
      databases,
      certificates,
      adminPassword,
      node,
      image,
      volumes,
      ...(analyticsPassword && { analyticsPassword }),
      ...(svnPassword && { svnPassword }),
    };
  }

  private createLoadBalancer(opts: pulumi.ComponentResourceOptions): LoadBalancer {
    const { network, certificates } = this;
    return new LoadBalancer(
      `${this.name}-${this.args.topology.balancer.name}`,
      { plan: this.args, network, certificates },
      opts,
    );
  }
}
