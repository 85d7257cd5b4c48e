import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { ImageSource } from "../images/contexts";

/** A password that is generated once and kept in the state. */
export function createPassword(name: string, parent: pulumi.Resource | undefined): pulumi.Output<string> {
  return new random.RandomPassword(name, { length: 24, special: false }, { parent }).result;
}

/**
 * An image for servers. An image that exists on the Docker engine is neither pulled nor built.
 *
 * @returns for an image that is built, its tag, which is a hash of its contents: containers stay the same when an equal image
 *   was built again, by the other engine or for another stack. On a swarm, the image in the registry with its digest. For
 *   any other image, its id: its tag may come to mean another.
 */
export function createImage(
  name: string,
  source: ImageSource,
  parent: pulumi.Resource,
  provider?: docker.Provider,
): pulumi.Output<string> {
  const opts = { parent, ...(provider && { provider }) };
  const args = { name: source.name, keepLocally: true };
  if (source.context === undefined) {
    if (source.inRegistry) return inRegistry(source.name, opts);
    return new docker.RemoteImage(name, args, opts).imageId;
  }
  const build = buildIfMissing(source.name, source.context, opts);
  // Whether the image exists must not count as a change, so `build` is ignored once the resource exists. Another image is
  // another resource, because ignoreChanges would keep the former `build` in a replacement.
  const tag = source.name.slice(source.name.lastIndexOf(":") + 1);
  const image = new docker.RemoteImage(`${name}-${tag}`, { ...args, build }, { ...opts, ignoreChanges: ["build"] });
  if (!source.inRegistry) return image.name;
  const pushed = new docker.RegistryImage(`${name}-${tag}-pushed`, { name: image.name, keepRemotely: true }, opts);
  return pulumi.interpolate`${pushed.name}@${pushed.sha256Digest}`;
}

/** An image of the user's own, with its digest, so that all machines run the same one. */
function inRegistry(name: string, opts: pulumi.InvokeOutputOptions): pulumi.Output<string> {
  if (name.includes("@")) return pulumi.output(name);
  return pulumi.interpolate`${name}@${docker.getRegistryImageOutput({ name }, opts).sha256Digest}`;
}

async function buildIfMissing(
  name: string,
  context: string,
  opts: pulumi.InvokeOptions,
): Promise<docker.types.input.RemoteImageBuild | undefined> {
  try {
    await docker.getRemoteImage({ name }, opts);
    return undefined;
  } catch {
    // The provider reports an image that does not exist as an error. It reports other errors again when it creates.
    return { context };
  }
}

/** What a component waits for, as its user gives it. */
export type DependsOn = pulumi.ComponentResourceOptions["dependsOn"];

/**
 * The dependencies of a component's server: its own, and those of the component, which Pulumi does not pass on to the
 * children of a component.
 */
export function dependencies(own: readonly pulumi.Resource[], ofComponent: DependsOn): pulumi.Input<pulumi.Resource>[] {
  if (ofComponent === undefined) return [...own];
  return [...own, ...([ofComponent].flat() as pulumi.Input<pulumi.Resource>[])];
}
