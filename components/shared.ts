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
 * A volume of the deployment. No later change of its labels or driver replaces it: that would delete its data.
 *
 * @param suffix ends its name in Docker
 */
export function createVolume(name: string, topology: Topology, suffix: string, parent: pulumi.Resource): docker.Volume {
  return new docker.Volume(
    name,
    { name: `${topology.prefix}-${suffix}`, labels: [stackLabel(topology)] },
    { parent, ignoreChanges: ["labels", "driver", "driverOpts"] },
  );
}

/** Pulls or builds an image; its id. */
export function createImage(
  name: string,
  { name: tag, context }: ImageSource,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const build = context === undefined ? {} : { build: { context } };
  return new docker.RemoteImage(name, { name: tag, ...build, keepLocally: true }, { parent }).imageId;
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
