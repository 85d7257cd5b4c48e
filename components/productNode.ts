import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { fillSecrets, type RenderedFile } from "../configs";
import type { SecretName } from "../product/databases";
import { managementUrl, type Node, type Topology } from "../topology";
import type { ServerCertificates } from "./serverCertificates";
import { containerDefaults, hostAliases } from "./shared";

/** What a product server needs besides its own settings; the same for all four roles. */
export interface ProductNodeArgs {
  readonly node: Node;
  readonly topology: Topology;
  /** Its configuration, secrets still placeholders. */
  readonly files: readonly RenderedFile[];
  readonly secrets: Readonly<Partial<Record<SecretName, pulumi.Input<string>>>>;
  readonly certificates: ServerCertificates;
  /** Image id or name. */
  readonly image: pulumi.Input<string>;
  /** Where the pack lies in the image. */
  readonly apimHome: string;
  readonly network: docker.Network;
  /** MiB. */
  readonly memory: number;
  /** MiB of the JVM's heap at most, from 256; 0: there is no JVM. */
  readonly heap: number;
  /** Seconds until the management port must answer. */
  readonly startTimeout: number;
  /** By the names in `Node.volumes`; shared by the nodes that name the same one. */
  readonly volumes: ReadonlyMap<string, docker.Volume>;
  /** What must be up before this node starts: the databases, those before it in the start order. */
  readonly startsAfter: readonly pulumi.Resource[];
}

/** One product server: its configuration revision and its container, up when its management port answers. */
export abstract class ProductNode extends pulumi.ComponentResource {
  /** Docker's name of the container. */
  readonly containerName: pulumi.Output<string>;
  /** Management URL as published on the host, e.g. `https://127.0.0.1:9443`. */
  readonly managementUrl: string;
  /** Up once the node is healthy. */
  readonly container: docker.Container;

  protected constructor(type: string, args: ProductNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super(type, args.node.name, {}, opts);
    const revision = this.createRevision(args);
    this.container = this.createContainer(args, revision);
    this.containerName = this.container.name;
    this.managementUrl = managementUrl(args.topology, args.node);
  }

  /** Its keepers are the files, so that a preview shows a line diff per file; its id in a label replaces the container. */
  private createRevision({ node, files, certificates }: ProductNodeArgs): random.RandomId {
    const keepers: Record<string, pulumi.Input<string>> = { ...certificates.keepers };
    for (const file of files) keepers[file.path] = file.text;
    return new random.RandomId(`${node.name}-config`, { byteLength: 8, keepers }, { parent: this });
  }

  private createContainer(args: ProductNodeArgs, revision: random.RandomId): docker.Container {
    const { node, topology, startTimeout } = args;
    return new docker.Container(
      `${node.name}-container`,
      {
        ...containerDefaults({
          ...args,
          name: node.name,
          address: node.address,
          healthcheck: ["healthcheck", String(node.ports.managementHttps)],
          ports: [{ internal: node.ports.managementHttps, published: node.publishedPort }],
          publishedOn: topology.managementAddress,
          stopTimeout: 30,
          labels: { role: node.role, configuration: revision.hex },
        }),
        image: args.image,
        command: [`-Dprofile=${node.profile}`],
        envs: [
          `NODE_NAME=${node.name}`,
          `MANAGEMENT_PORT=${node.ports.managementHttps}`,
          `START_LIMIT_SECONDS=${startTimeout}`,
          ...heapOptions(args.heap),
        ],
        hosts: hostAliases(topology, node),
        uploads: pulumi.secret(this.uploads(args)),
        mounts: this.mounts(args),
      },
      { parent: this, dependsOn: [...args.startsAfter], deleteBeforeReplace: true },
    );
  }

  /** What a node keeps as files outlives its container; Docker fills a new volume from the image first. */
  private mounts({ node, volumes, apimHome }: ProductNodeArgs): docker.types.input.ContainerMount[] {
    return node.volumes.map(({ name, path }) => {
      const source = volumes.get(name)?.name;
      if (!source) throw new Error(`${node.name}: there is no volume ${name}`);
      return { type: "volume", source, target: `${apimHome}/${path}` };
    });
  }

  private uploads(args: ProductNodeArgs): pulumi.Output<{ file: string; contentBase64: string }[]> {
    const { certificates, apimHome } = args;
    const under = (path: string) => `${apimHome}/${path}`;
    return pulumi
      .all([pulumi.output(args.secrets), certificates.keystore, certificates.truststore])
      .apply(([secrets, keystore, truststore]) => [
        ...args.files.map((file) => ({
          file: under(file.path),
          contentBase64: fillSecrets(file, secrets).toString("base64"),
        })),
        { file: under(certificates.keystorePath), contentBase64: keystore },
        { file: under(certificates.truststorePath), contentBase64: truststore },
      ]);
  }
}

/** wso2server.sh puts JAVA_OPTS behind its own -Xms and -Xmx, and the JVM takes the last. */
function heapOptions(heap: number): string[] {
  return heap === 0 ? [] : [`JAVA_OPTS=-Xms256m -Xmx${heap}m`];
}
