import { configurationFiles } from "../../product/files";
import { childrenOf, readXml, requiredText, textAt } from "./xml";

export const registryFile = configurationFiles.registry.path;

/** A path of the registry that is stored in another database. */
export interface Mount {
  /** e.g. `/_system/governance`. */
  readonly path: string;
  /** The path in that database. */
  readonly targetPath: string;
  /** JNDI name of the data source. */
  readonly dataSource: string;
  /** Whether reads are cached until a cluster message clears the cache. */
  readonly cached: boolean;
  readonly readOnly: boolean;
}

export interface RegistryConfiguration {
  /** JNDI name of the data source of the node's own registry. */
  readonly localDataSource: string;
  readonly mounts: readonly Mount[];
  /** The host names in the URLs of `remoteInstance`. */
  readonly instanceHosts: readonly string[];
}

/** Reads registry.xml. @throws naming the missing mount, instance or dbConfig */
export function readRegistry(carbonHome: string): RegistryConfiguration {
  const file = readXml(carbonHome, registryFile);
  const dataSourceOf = (name: string): string => {
    const config = childrenOf(file.root, "dbConfig").find((one) => one.attributes.name === name);
    if (config === undefined) {
      throw new Error(`${registryFile}: dbConfig "${name}" is used but missing; add it`);
    }
    return requiredText(file, "dataSource", config);
  };
  const instances = childrenOf(file.root, "remoteInstance");
  const mounts = childrenOf(file.root, "mount").map((mount): Mount => {
    const id = requiredText(file, "instanceId", mount);
    const instance = instances.find((one) => textAt(one, "id") === id);
    if (instance === undefined) {
      throw new Error(
        `${registryFile}: mount of ${mount.attributes.path} names remoteInstance "${id}", which is missing`,
      );
    }
    return {
      path: mount.attributes.path ?? "",
      targetPath: requiredText(file, "targetPath", mount),
      dataSource: dataSourceOf(requiredText(file, "dbConfig", instance)),
      cached: textAt(instance, "enableCache") === "true",
      readOnly: textAt(instance, "readOnly") === "true",
    };
  });
  return {
    localDataSource: dataSourceOf(requiredText(file, "currentDBConfig")),
    mounts,
    instanceHosts: instances.flatMap((one) => {
      const host = /^https?:\/\/([^:/]+)/.exec(one.attributes.url ?? "")?.[1];
      return host === undefined ? [] : [host];
    }),
  };
}
