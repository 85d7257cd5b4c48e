import { createHash } from "node:crypto";
import { posix } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { type Label, serverLabels } from "./labels";
import type { ServerDescription, ServerFile } from "./serverDescription";
import { volumeName } from "./volumes";

/** Where a service's container finds what it is given. */
const filesDirectory = "/run/apim/given";
export const startScript = `${filesDirectory}/start.sh`;

/** Where a service's container mounts the directory that all machines share. */
export const sharedMount = "/run/apim/shared";

/**
 * Puts files in their places, since Swarm's own mounts of secrets and configs can't be written, moved or deleted, which the
 * product wants to do. Then it runs the image's own entrypoint.
 */
const script = `#!/bin/bash
# Puts the files that this service is given in their places, sets its variables, and starts the image's own entrypoint.
set -euo pipefail
cd ${filesDirectory}

# Makes directory $2 one that all machines share; the first one fills it from the image.
share() {
  local shared=${sharedMount}/$1
  if [ ! -e "$shared" ]; then
    # Left by a container that ended before it was done.
    rm -rf "$shared.$HOSTNAME"
    cp -a "$2" "$shared.$HOSTNAME"
    mv -T "$shared.$HOSTNAME" "$shared" || rm -rf "$shared.$HOSTNAME"
  fi
  rm -rf "$2"
  ln -s "$shared" "$2"
}

while IFS=$'\\t' read -r kind first second third; do
  case $kind in
    file) install -D -m "$first" "$second" "$third" ;;
    share) share "$first" "$second" ;;
    variable) export "$first=$second" ;;
  esac
done <manifest
cd /
exec "$@"
`;

interface Given {
  readonly secrets: docker.types.input.ServiceTaskSpecContainerSpecSecret[];
  readonly configs: docker.types.input.ServiceTaskSpecContainerSpecConfig[];
}

/**
 * A server's files as secrets of the swarm, one each, public ones as configs, and the script and the list by which its
 * container puts them in their places. Pulumi generates their names, with a random end. Another content is therefore another
 * secret: it is created first, then the service moves to it, then the former one is deleted. A name that follows from the
 * content would still be in use when the user takes a failed update back.
 */
export function deliverFiles(name: string, server: ServerDescription, parent: pulumi.Resource | undefined): Given {
  const { files = [], environment = {}, volumes, sharedDirectory } = server;
  const shared = sharedDirectory === undefined ? [] : [...(volumes ?? [])];
  const given = new Deliveries(name, server, parent);
  const manifest = [
    // First: some of the files are in these directories.
    ...shared.map(([path, volume]) => ["share", volumeName(volume), path]),
    ...files.map((file) => {
      const target = targetOf(file.path, name);
      if (file.isPublic) given.addConfig(target, bytesOf(file));
      else given.addSecret(target, bytesOf(file));
      return ["file", file.mode ?? "0644", target, file.path];
    }),
    ...Object.entries(environment).map(([variable, value]) => ["variable", variable, value]),
  ];
  const lines = pulumi.all(manifest.map((fields) => pulumi.all(fields)));
  given.addConfig("start.sh", pulumi.output(toBase64(script)));
  given.addConfig(
    "manifest",
    lines.apply((all) => toBase64(all.map((fields) => `${fields.join("\t")}\n`).join(""))),
  );
  return given;
}

/** What Swarm permits for the name of a secret or config. */
const MAX_NAME_LENGTH = 64;
/** A hyphen and seven random hex digits, which Pulumi adds. */
const RANDOM_END_LENGTH = 8;

/**
 * The name of a file in the directory of the files: a hash of the path, which differs for each file, and the last part of
 * the path, which people recognise. The beginning of that part is cut off if the name of the secret would be too long.
 *
 * @param path in the container
 * @param server begins the name of the secret
 */
export function targetOf(path: string, server: string): string {
  const hash = createHash("sha256").update(path).digest("hex").slice(0, 6);
  const room = MAX_NAME_LENGTH - RANDOM_END_LENGTH - `${server}-${hash}-`.length;
  const last = posix.basename(path).replace(/[^A-Za-z0-9._-]+/g, "-");
  return `${hash}-${last.slice(-Math.max(room, 8))}`;
}

/** Base64. */
function bytesOf({ content, isBase64 }: ServerFile): pulumi.Output<string> {
  return pulumi.output(content).apply((text) => (isBase64 ? text : toBase64(text)));
}

function toBase64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** Secrets and configs of one server. */
class Deliveries implements Given {
  readonly secrets: docker.types.input.ServiceTaskSpecContainerSpecSecret[] = [];
  readonly configs: docker.types.input.ServiceTaskSpecContainerSpecConfig[] = [];
  /** Without the server's own labels: one of them changes with the files. */
  private readonly labels: Label[];
  /** Behind the network, the first thing that is created on the swarm. */
  private readonly opts: pulumi.CustomResourceOptions;

  constructor(
    private readonly name: string,
    { topology, name: ofServer, network }: ServerDescription,
    parent: pulumi.Resource | undefined,
  ) {
    this.opts = { parent, dependsOn: [network] };
    this.labels = serverLabels({ topology, name: ofServer });
  }

  /** @param target its name in the directory of the files */
  addSecret(target: string, data: pulumi.Output<string>): void {
    const args = { data: pulumi.secret(data), labels: this.labels };
    const { id, name } = new docker.Secret(`${this.name}-${target}`, args, this.opts);
    this.secrets.push({ secretId: id, secretName: name, fileName: `${filesDirectory}/${target}`, fileMode: 0o444 });
  }

  addConfig(target: string, data: pulumi.Output<string>): void {
    const args = { data, labels: this.labels };
    const { id, name } = new docker.ServiceConfig(`${this.name}-${target}`, args, this.opts);
    this.configs.push({ configId: id, configName: name, fileName: `${filesDirectory}/${target}`, fileMode: 0o444 });
  }
}
