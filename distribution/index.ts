import { assemble, type Distribution, type ReadOptions } from "./assemble";
import { openDirectory, sourceKind } from "./directory";
import { openZip } from "./zip";

export type { Distribution, KeyStoreFacts, KeyStores, ReadOptions, TrustStoreFacts } from "./assemble";
export { type CopiedFile, checksumLine } from "./bundles";
export { type KnownPack, type Pack, readPack } from "./pack";

/**
 * Reads the configuration files and dbscripts of a distribution, and nothing else: a pack has 300 MB.
 *
 * @param path an APIM_HOME directory, a directory or a zip that contains one `wso2am-<version>` directory, or a zip
 *   whose root is the APIM_HOME
 * @throws naming the path, what was expected and the remedy, when it is not a distribution or its version is not supported
 */
export async function readDistribution(path: string, options?: ReadOptions): Promise<Distribution> {
  if (sourceKind(path) === "directory") return readDistributionDirectory(path, options);
  const archive = await openZip(path);
  return assemble(path, archive, options);
}

/** {@link readDistribution} for directories only, synchronously. @throws also for a zip */
export function readDistributionDirectory(path: string, options?: ReadOptions): Distribution {
  if (sourceKind(path) === "file")
    throw new Error(`distribution ${path}: expected a directory, found a file; unpack it, or read it as a zip`);
  return assemble(path, openDirectory(path), options);
}
