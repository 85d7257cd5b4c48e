import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { ImageSource } from "../images/contexts";
import type { Topology } from "../topology";
import { stackLabel } from "./server";

/** A password that is generated once and kept in the state. */
export function createPassword(name: string, parent: pulumi.Resource): pulumi.Output<string> {
  return new random.RandomPassword(name, { length: 24, special: false }, { parent }).result;
}

/**
 * A volume of the deployment. No later change of its labels or driver replaces it: that would delete its data. When it is
 * replaced all the same, for example by `pulumi up --replace`, both engines delete it first, and then make again what is
 * `deletedWith` it.
 *
 * @param suffix ends its name in Docker
 */
export function createVolume(
  name: string,
  topology: Topology,
  suffix: string,
  { parent, dependsOn }: { readonly parent: pulumi.Resource; readonly dependsOn: DependsOn },
): docker.Volume {
  return new docker.Volume(
    name,
    { name: `${topology.prefix}-${suffix}`, labels: [stackLabel(topology)] },
    {
      parent,
      dependsOn: dependencies([], dependsOn),
      ignoreChanges: ["labels", "driver", "driverOpts"],
      deleteBeforeReplace: true,
    },
  );
}

/**
 * An image for containers. An image that exists on the Docker engine is neither pulled nor built.
 *
 * @returns for an image that is built, its tag, which is a hash of its contents: containers stay the same when an equal image
 *   was built again, by the other engine or for another stack. For any other image, its id: its tag may come to mean another.
 */
export function createImage(name: string, source: ImageSource, parent: pulumi.Resource): pulumi.Output<string> {
  const args = { name: source.name, keepLocally: true };
  if (source.context === undefined) return new docker.RemoteImage(name, args, { parent }).imageId;
  const build = buildIfMissing(source.name, source.context, parent);
  // Whether the image exists must not count as a change, so `build` is ignored once the resource exists. Another image is
  // another resource, because ignoreChanges would keep the former `build` in a replacement.
  const tag = source.name.slice(source.name.lastIndexOf(":") + 1);
  return new docker.RemoteImage(`${name}-${tag}`, { ...args, build }, { parent, ignoreChanges: ["build"] }).name;
}

async function buildIfMissing(
  name: string,
  context: string,
  parent: pulumi.Resource,
): Promise<docker.types.input.RemoteImageBuild | undefined> {
  try {
    await docker.getRemoteImage({ name }, { parent });
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
