import { createHash } from "node:crypto";
import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { hostsOf, type Node, type Topology } from "../topology";

type Label = { label: string; value: pulumi.Input<string> };

/** The label that tells whose a Docker object is; every object of the deployment has it. */
export function stackLabel(topology: Topology): Label {
  return { label: "wso2.apim.stack", value: topology.prefix };
}

/** A container's labels, sorted by name as Docker gives them back. */
export function containerLabels(
  topology: Topology,
  name: string,
  more: Readonly<Record<string, pulumi.Input<string>>>,
): Label[] {
  const labels = [
    stackLabel(topology),
    { label: "wso2.apim.name", value: name },
    ...Object.entries(more).map(([label, value]) => ({ label: `wso2.apim.${label}`, value })),
  ];
  return labels.sort((a, b) => (a.label < b.label ? -1 : 1));
}

/** The host aliases of a node's container, or all of them. */
export function hostAliases(topology: Topology, node?: Node): docker.types.input.ContainerHost[] {
  return (node ? hostsOf(topology, node) : topology.hosts).map(({ host, ip }) => ({ host, ip }));
}

/**
 * Label value that changes with the health check: the Docker provider reports a changed health check as an update in
 * place but applies nothing, a changed label replaces the container.
 */
export function replacedByHealthcheck(healthcheck: { readonly tests: readonly string[] }): string {
  return createHash("sha256").update(JSON.stringify(healthcheck)).digest("hex").slice(0, 12);
}
