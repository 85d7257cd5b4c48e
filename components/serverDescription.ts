import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type * as random from "@pulumi/random";
import type { Topology } from "../topology";

/** A file in a server's container. */
export interface ServerFile {
  /** Absolute path in the container. */
  readonly path: string;
  /** Base64 if `isBase64`, otherwise text. */
  readonly content: pulumi.Input<string>;
  readonly isBase64?: boolean;
  /** Octal, e.g. `0600`. @default 0644 */
  readonly mode?: string;
  /** True: a copy of a file of the pack, which everybody may read. @default false */
  readonly isPublic?: boolean;
}

/** What runs a server: a container on one Docker engine, a service on a swarm. */
export type Server = docker.Container | docker.Service;

/** A directory that outlives a server. On a swarm, Docker creates it on the machine of the server: the resource is its name. */
export type Volume = docker.Volume | random.RandomId;

/** What a server is: MySQL, the product's nodes and the load balancer are all described like this. */
export interface ServerDescription {
  /** Names the server within the deployment: the end of its container's or service's name. */
  readonly name: string;
  readonly topology: Topology;
  readonly network: docker.Network;
  /** How others on the network reach it: an IPv4 address, or a host name on a swarm. */
  readonly address: string;
  /** Further host names by which others on a swarm reach it. @default none */
  readonly aliases?: readonly string[];
  /** Id or name. */
  readonly image: pulumi.Input<string>;
  /** Arguments of the image's entrypoint. @default none */
  readonly command?: readonly string[];
  /** Name -> value of environment variables. @default none */
  readonly environment?: Readonly<Record<string, string>>;
  /** In their places before the start; secret as a whole. @default none */
  readonly files?: readonly ServerFile[];
  /** Entries of /etc/hosts. @default none */
  readonly hosts?: readonly { readonly host: string; readonly ip: string }[];
  /** Directories that outlive the container: volume by absolute path. @default none */
  readonly volumes?: ReadonlyMap<string, Volume>;
  /** On a swarm: a directory of all machines in which the volumes are directories. @default they are Docker's own volumes */
  readonly sharedDirectory?: string;
  /** Command in the image that succeeds when the server may be used, and its arguments. */
  readonly healthcheck: readonly string[];
  readonly ports: readonly { readonly internal: number; readonly published: number }[];
  /** The host's address on which the ports are published. */
  readonly publishedOn: string;
  /** Memory limit in MiB. */
  readonly memory: number;
  /** Seconds until it must be healthy. */
  readonly startTimeout: number;
  /** Seconds that a stop may take. */
  readonly stopTimeout: number;
  /** Labels besides the common ones, without their common prefix. @default none */
  readonly labels?: Readonly<Record<string, pulumi.Input<string>>>;
  /** On a swarm: which machines it may run on. @default any */
  readonly constraints?: readonly string[];
  /** On a swarm: how many there are, each on a machine of its own. @default 1, on any machine */
  readonly replicas?: number;
}
