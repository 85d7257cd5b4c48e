import type * as pulumi from "@pulumi/pulumi";
import { stackLabelName, type Topology } from "../topology";
import type { ServerDescription } from "./serverDescription";

export type Label = { label: string; value: pulumi.Input<string> };

/** The label that tells to which deployment a Docker object belongs; every object of the deployment has it. */
export function stackLabel(topology: Topology): Label {
  return { label: stackLabelName, value: topology.prefix };
}

/** The labels of a server, sorted by name, as Docker returns them. @param further label -> value, without the common prefix */
export function serverLabels(
  { topology, name, labels }: Pick<ServerDescription, "topology" | "name" | "labels">,
  further: Readonly<Record<string, string>> = {},
): Label[] {
  const all = [
    stackLabel(topology),
    ...Object.entries({ name, ...further, ...labels }).map(([label, value]) => ({
      label: `wso2.apim.${label}`,
      value,
    })),
  ];
  return all.sort((a, b) => (a.label < b.label ? -1 : 1));
}
