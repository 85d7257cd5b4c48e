import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { fillSecrets, type RenderedFile } from "../configs";
import { type CopiedFile, checksumLine } from "../distribution";
import type { DeploymentPlan } from "../plan";
import type { SecretName } from "../product/databases";
import { type Role, roleRecords } from "../product/roles";
import { selfSignUp } from "../product/selfSignUp";
import { hostsOf, managementUrl, type Node } from "../topology";
import type { MySqlDatabases } from "./mySqlDatabases";
import { createRevision } from "./revision";
import { runServer } from "./server";
import type { ServerCertificates } from "./serverCertificates";
import type { Server, ServerDescription, ServerFile, Volume } from "./serverDescription";
import { createImage, type DependsOn, dependencies } from "./shared";
import { createVolume } from "./volumes";

/** Arguments of a product node: the plan, and the resources that the node is wired to. */
export interface ProductNodeArgs {
  readonly plan: DeploymentPlan;
  readonly network: docker.Network;
  readonly databases: MySqlDatabases;
  readonly certificates: ServerCertificates;
  /** The administrator's password, the same for all nodes of a deployment. */
  readonly adminPassword: pulumi.Input<string>;
  /** Name of the node in the plan, e.g. `gateway-2`. @default the first node of the role */
  readonly node?: string;
  /** With the setting `analytics`: the password for the analytics server. */
  readonly analyticsPassword?: pulumi.Input<string>;
  /** With the setting `deploymentSynchronizer: svn`: the password for the repository. */
  readonly svnPassword?: pulumi.Input<string>;
  /** Id or name of the image. @default the image of the plan, pulled or built by this component */
  readonly image?: pulumi.Input<string>;
  /**
   * The volumes of the node, by their names in the plan. Nodes that share a volume need the same resource.
   * @default the component creates them
   */
  readonly volumes?: ReadonlyMap<string, Volume>;
}

/** A product server: the revision of its files and its container. Resources that depend on it wait until it is healthy. */
export abstract class ProductNode extends pulumi.ComponentResource {
  /** Name of the container or service in Docker. */
  readonly serverName: pulumi.Output<string>;
  /** Where a client reaches the management port, e.g. `https://127.0.0.1:9443`. */
  readonly managementUrl: pulumi.Output<string>;
  readonly server: Server;
  /** Name of the node in the plan, e.g. `gateway-2`. */
  readonly nodeName: string;

  protected constructor(
    type: string,
    role: Role,
    private readonly name: string,
    args: ProductNodeArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(type, name, {}, opts);
    const node = nodeOf(args.plan, role, args.node);
    this.nodeName = node.name;
    this.server = this.createServer(node, args, opts?.dependsOn);
    this.serverName = this.server.name;
    this.managementUrl = pulumi.output(managementUrl(args.plan.topology, node));
  }

  private createServer(node: Node, args: ProductNodeArgs, dependsOn: DependsOn): Server {
    const { plan, network, databases, certificates } = args;
    const { settings, topology, images } = plan;
    const files = plan.files.get(node.name) ?? [];
    const copies = plan.bundles.get(node.profile) ?? [];
    const shown = Object.fromEntries([
      ...files.map(({ path, text }) => [path, text]),
      ...signUpKeeper(node, plan),
      ...copies.map(({ path, base64 }) => [path, checksumLine(base64)]),
    ]);
    return runServer(
      this.name,
      {
        name: node.name,
        topology,
        network,
        address: node.address,
        aliases: node.aliases,
        image: args.image ?? createImage(`${this.name}-image`, images.node, this),
        command: [`-Dprofile=${node.profile}`],
        environment: {
          NODE_NAME: node.name,
          MANAGEMENT_PORT: String(node.ports.managementHttps),
          START_LIMIT_SECONDS: String(settings.startTimeout),
          ...heapOptions(settings.nodeHeap),
        },
        files: this.filesOf(node, files, copies, args),
        hosts: hostsOf(topology, node),
        volumes: this.volumesOf(node, args, dependsOn),
        healthcheck: ["healthcheck", String(node.ports.managementHttps), ...apiPort(node, plan)],
        ports: publishedPorts(node),
        publishedOn: topology.managementAddress,
        memory: settings.nodeMemory,
        startTimeout: settings.startTimeout,
        stopTimeout: 30,
        constraints: node.constraints,
        ...(settings.sharedDirectory !== "" && { sharedDirectory: settings.sharedDirectory }),
        labels: { role: node.role, configuration: createRevision(this.name, shown, certificates, this).hex },
      },
      { parent: this, dependsOn: dependencies(databases.readyFor(node), dependsOn) },
    );
  }

  private volumesOf(node: Node, { plan, volumes }: ProductNodeArgs, dependsOn: DependsOn): ReadonlyMap<string, Volume> {
    const create = (name: string) =>
      createVolume(`${this.name}-${name}`, plan.topology, name, { parent: this, dependsOn });
    return new Map(
      node.volumes.map(({ name, path }) => {
        const volume = volumes ? volumes.get(name) : create(name);
        if (!volume) throw new Error(`${this.name}: volumes: expected the volume ${name}, found none`);
        return [`${plan.settings.apimHome}/${path}`, volume];
      }),
    );
  }

  private filesOf(
    node: Node,
    files: readonly RenderedFile[],
    copies: readonly CopiedFile[],
    { plan, databases, certificates, ...args }: ProductNodeArgs,
  ): readonly ServerFile[] {
    const under = (path: string) => `${plan.settings.apimHome}/${path}`;
    const { analyticsPassword, svnPassword } = args;
    const secrets: Partial<Record<SecretName, pulumi.Input<string>>> = {
      ...databases.secretsOf(node),
      ...(analyticsPassword && { "analytics-password": analyticsPassword }),
      ...(svnPassword && { "svn-password": svnPassword }),
      "admin-password": args.adminPassword,
    };
    const values = pulumi.output(secrets);
    return [
      ...files.map((file) => ({
        path: under(file.path),
        content: values.apply((known) => fillSecrets(file, known).toString("base64")),
        isBase64: true,
      })),
      ...copies.map(({ path, base64 }) => ({ path: under(path), content: base64, isBase64: true, isPublic: true })),
      { path: under(plan.stores.keyStore.location), content: certificates.keystore, isBase64: true },
      { path: under(plan.stores.trustStore.location), content: certificates.truststore, isBase64: true },
    ];
  }
}

function nodeOf({ topology }: DeploymentPlan, role: Role, name?: string): Node {
  const own = topology.nodes.filter((node) => node.role === role);
  const found = own.find((node) => name === undefined || node.name === name);
  if (found) return found;
  throw new Error(`node: expected one of ${own.map((node) => node.name).join(", ")}, found "${name}"`);
}

function publishedPorts({ ports, publishedPort: published }: Node): ServerDescription["ports"] {
  return published === undefined ? [] : [{ internal: ports.managementHttps, published }];
}

/** A Store keeps what it has read in the registry for 15 minutes, so that a change restarts it. */
function signUpKeeper({ role }: Node, { settings, signUpInRegistry }: DeploymentPlan): [string, string][] {
  const reads = signUpInRegistry && roleRecords[role].selfSignUp === "offers";
  return reads ? [[`registry ${selfSignUp.resource}`, `${selfSignUp.enabled}: ${settings.selfSignUp}\n`]] : [];
}

/** The API port that must answer too; none on nodes that serve no APIs. */
function apiPort({ role, ports }: Node, { servesHttp }: DeploymentPlan): string[] {
  if (!roleRecords[role].servesApis) return [];
  return servesHttp ? ["http", String(ports.apiHttp)] : ["https", String(ports.apiHttps)];
}

/** wso2server.sh puts JAVA_OPTS behind its own -Xms and -Xmx, and the JVM uses the last ones. @param heap MiB; undefined: no JVM */
function heapOptions(heap: number | undefined): Record<string, string> {
  return heap === undefined ? {} : { JAVA_OPTS: `-Xms256m -Xmx${heap}m` };
}
