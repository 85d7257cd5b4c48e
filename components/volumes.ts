import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Topology } from "../topology";
import { stackLabel } from "./labels";
import type { Volume } from "./serverDescription";
import { type DependsOn, dependencies } from "./shared";

/**
 * A volume of the deployment. No later change of its labels or driver replaces it: that would delete its data. When it is
 * replaced all the same, for example by `pulumi up --replace`, both engines delete it first, and then make again what is
 * `deletedWith` it.
 *
 * On a swarm, Docker creates the volume on the machine of the first task that mounts it, and leaves it there. Its name has
 * a random end, so that no later deployment finds the data of an earlier one.
 *
 * @param suffix ends its name in Docker
 */
export function createVolume(
  name: string,
  topology: Topology,
  suffix: string,
  { parent, dependsOn }: { readonly parent: pulumi.Resource; readonly dependsOn: DependsOn },
): Volume {
  const nameInDocker = `${topology.prefix}-${suffix}`;
  const opts = { parent, dependsOn: dependencies([], dependsOn), deleteBeforeReplace: true };
  if (topology.platform === "swarm")
    return new random.RandomId(name, { byteLength: 4, prefix: `${nameInDocker}-` }, opts);
  return new docker.Volume(
    name,
    { name: nameInDocker, labels: [stackLabel(topology)] },
    { ...opts, ignoreChanges: ["labels", "driver", "driverOpts"] },
  );
}

/** The volume's name in Docker. */
export function volumeName(volume: Volume): pulumi.Output<string> {
  return "hex" in volume ? volume.hex : volume.name;
}
