import { configurationFiles, type ProductFile } from "../product/files";
import { databaseScripts } from "../product/mysql";
import { isSince, supportedVersions } from "../product/versions";
import { findAll, need, parseFile, type XmlFile } from "../xml/parse";

/** What carbon.xml configures about the keystore with the product's own key. */
export interface KeyStoreFacts {
  /** Below APIM_HOME, e.g. `repository/resources/security/wso2carbon.jks`. */
  readonly location: string;
  readonly password: string;
  readonly keyAlias: string;
  readonly keyPassword: string;
}

export interface TrustStoreFacts extends Pick<KeyStoreFacts, "location" | "password"> {
  /** The bytes of that file; undefined when the distribution does not contain it. */
  readonly stock?: Buffer;
}

/** The part of a product pack that a deployment needs: plain data, which tests can build by hand. */
export interface Distribution {
  /** Path of the directory or zip that it was read from, for messages. */
  readonly source: string;
  /** `<Version>` of carbon.xml, e.g. `1.9.0`. */
  readonly version: string;
  /** Stock configuration files, by their path below APIM_HOME. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly keyStore: KeyStoreFacts;
  readonly trustStore: TrustStoreFacts;
  /** SQL scripts, by their path below APIM_HOME. */
  readonly dbscripts: ReadonlyMap<string, string>;
  /** Paths of required files that are missing; always empty without {@link ReadOptions.incomplete}. */
  readonly missing: readonly string[];
  /** What will not work because optional files are missing, one sentence each. */
  readonly warnings: readonly string[];
}

/** An opened APIM_HOME. */
export interface Home {
  /** The bytes of a file; undefined when it is missing. @param path below APIM_HOME, with forward slashes */
  read(path: string): Buffer | undefined;
}

export interface ReadOptions {
  /** List missing files instead of failing: enough to show a distribution, not to deploy it. @default false */
  readonly incomplete?: boolean;
}

/** Reads and checks the files that a deployment needs. @throws naming source, file and remedy */
export function assemble(source: string, home: Home, { incomplete = false }: ReadOptions = {}): Distribution {
  const carbonPath = configurationFiles.carbon.path;
  const carbon = parseFile(carbonPath, required(source, home, carbonPath, "the product's"), "version unknown");
  const version = versionOf(source, carbon);
  const missing: string[] = [];
  const warnings: string[] = [];
  const wanted = (path: string): Buffer | undefined => {
    if (!incomplete) return required(source, home, path, `wso2am-${version}'s`);
    const bytes = home.read(path);
    if (!bytes) missing.push(path);
    return bytes;
  };
  const files = new Map<string, Buffer>();
  for (const file of Object.values<ProductFile>(configurationFiles)) {
    const mayMiss = file.optional === true || (file.since !== undefined && !isSince(version, file.since));
    const bytes = mayMiss ? home.read(file.path) : wanted(file.path);
    if (bytes) files.set(file.path, bytes);
    else if (file.withoutIt) warnings.push(`${file.path}: not in ${source}; ${file.withoutIt}`);
  }
  const dbscripts = new Map<string, string>();
  for (const path of databaseScripts) {
    const bytes = wanted(path);
    if (bytes) dbscripts.set(path, bytes.toString("utf8"));
  }
  const { keyStore, trustStore } = keyStores({ ...carbon, version });
  const stock = home.read(trustStore.location);
  return {
    source,
    version,
    files,
    dbscripts,
    missing,
    warnings,
    keyStore,
    trustStore: { ...trustStore, ...(stock && { stock }) },
  };
}

function required(source: string, home: Home, path: string, whose: string): Buffer {
  const bytes = home.read(path);
  if (bytes) return bytes;
  throw new Error(
    `distribution ${source}: found no ${path}; expected an APIM_HOME with ${whose} own files: ` +
      `name the unpacked wso2am-<version> directory or its zip, or copy the missing file from the pack`,
  );
}

function versionOf(source: string, carbon: XmlFile): string {
  const version = need(carbon, carbon.root, "Version").text.trim();
  if (!supportedVersions.some((supported) => supported === version))
    throw new Error(
      `distribution ${source}: ${carbon.path} has version "${version}"; supported versions are ${supportedVersions.join(", ")}; ` +
        `use a pack of one of these`,
    );
  return version;
}

function keyStores(carbon: XmlFile): { keyStore: KeyStoreFacts; trustStore: TrustStoreFacts } {
  const text = (path: string) => need(carbon, carbon.root, path).text.trim();
  // The keystores that the deployment writes for the nodes are of this type.
  for (const store of ["KeyStore", "TrustStore"] as const) {
    const type = findAll(carbon.root, `Security/${store}/Type`)[0]?.text.trim() ?? "JKS";
    if (type !== "JKS")
      throw new Error(
        `${carbon.path} (${carbon.version}): Security/${store}/Type: expected JKS, as in the product's own file, found "${type}"; ` +
          `put JKS there; a keystore and truststore of your own, of either type, are set by wso2-apim:keystore and wso2-apim:truststore`,
      );
  }
  return {
    keyStore: {
      location: belowHome(carbon, text("Security/KeyStore/Location")),
      password: text("Security/KeyStore/Password"),
      keyAlias: text("Security/KeyStore/KeyAlias"),
      keyPassword: text("Security/KeyStore/KeyPassword"),
    },
    trustStore: {
      location: belowHome(carbon, text("Security/TrustStore/Location")),
      password: text("Security/TrustStore/Password"),
    },
  };
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: the product's own notation in carbon.xml
const carbonHome = "${carbon.home}/";

function belowHome(carbon: XmlFile, location: string): string {
  const path = location.startsWith(carbonHome) ? location.slice(carbonHome.length) : location;
  if (path.startsWith("/") || path.includes("..") || path.includes("$"))
    throw new Error(
      `${carbon.path} (${carbon.version}): the keystore location "${location}" is outside the product; ` +
        `expected ${carbonHome}..., as in the product's own file`,
    );
  return path;
}
