import type { RenderedFile } from "../configs";
import type { Distribution } from "../distribution";
import { SettingsError } from "../settings/parse";
import type { Topology } from "../topology";

/** What Swarm takes, bytes: a secret, in which a rendered file is kept, and a config, in which a copied one is. */
const limits = { rendered: 511_999, copied: 1_023_999 } as const;
/** What Docker takes for the name of a service, characters. */
const serviceNameLimit = 63;

/**
 * Checks that a swarm can keep the files of all nodes, and that the names are short enough.
 *
 * @param files name of a node -> its files, with placeholders for secrets
 * @param balancerConfiguration text of haproxy.cfg
 * @throws {SettingsError} with every fault
 */
export function checkSwarmLimits(
  topology: Topology,
  files: ReadonlyMap<string, readonly RenderedFile[]>,
  bundles: Distribution["bundles"],
  balancerConfiguration = "",
): void {
  if (topology.platform !== "swarm") return;
  const rendered = [...files.values()].flat().map(({ path, text }) => ({
    path,
    bytes: Buffer.byteLength(text),
    limit: limits.rendered,
  }));
  const copied = [...bundles.values()].flat().map(({ path, base64 }) => ({
    path,
    bytes: Buffer.byteLength(base64, "base64"),
    limit: limits.copied,
  }));
  const large = [...rendered, ...copied].filter(({ bytes, limit }) => bytes > limit);
  const faults = large.map(
    ({ path, bytes, limit }) =>
      `${path}: expected at most ${limit} bytes on a swarm, which keeps the file, found ${bytes}; shorten it in the pack`,
  );
  const balancerBytes = Buffer.byteLength(balancerConfiguration);
  if (balancerBytes > limits.rendered)
    faults.push(
      `haproxy.cfg: expected at most ${limits.rendered} bytes on a swarm, which keeps the file, found ${balancerBytes} for ${topology.nodes.length} nodes; set fewer replicas or workers`,
    );
  const longest = Math.max(...topology.nodes.map(({ name }) => topology.prefix.length + 1 + name.length));
  if (longest > serviceNameLimit)
    faults.push(
      `namePrefix: expected a shorter one on a swarm, where names of services have at most ${serviceNameLimit} characters, found ${topology.prefix}; set wso2-apim:namePrefix`,
    );
  if (faults.length > 0) throw new SettingsError([...new Set(faults)]);
}
