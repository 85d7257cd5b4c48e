import type { XmlElement } from "@rgrove/parse-xml";
import { configurationFiles, homeVariable, type ProductFile } from "../product/files";
import { databaseScripts } from "../product/mysql";
import { isSince, supportedVersions } from "../product/versions";
import { findAll, need, parseFile, type XmlFile } from "../xml/parse";
import { type MissingBundles, missingBundles } from "./bundles";
import { checkDataSourceFiles } from "./dataSourceFiles";
import type { Home } from "./home";
import { checkVault } from "./vault";

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

/** Where the product looks for its keystores, and how they open (carbon.xml `Security`). */
export interface KeyStores {
  readonly keyStore: KeyStoreFacts;
  readonly trustStore: TrustStoreFacts;
}

/** The part of a product pack that a deployment needs: plain data, which tests can build by hand. */
export interface Distribution extends KeyStores {
  /** Path of the directory or zip that it was read from, for messages. */
  readonly source: string;
  /** `<Version>` of carbon.xml, e.g. `1.9.0`. */
  readonly version: string;
  /** Stock configuration files, by their path below APIM_HOME. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** SQL scripts, by their path below APIM_HOME. */
  readonly dbscripts: ReadonlyMap<string, string>;
  /** What nodes need besides the bundles of their profile: value of `-Dprofile` -> copies of files of the pack. */
  readonly bundles: MissingBundles["copies"];
  /** Paths of required files that are missing; always empty without {@link ReadOptions.incomplete}. */
  readonly missing: readonly string[];
  /** What will not work because optional files are missing, one sentence each. */
  readonly warnings: readonly string[];
}

export interface ReadOptions {
  /** List missing files instead of failing: enough to show a distribution, not to deploy it. @default false */
  readonly incomplete?: boolean;
}

/** Reads and checks the files that a deployment needs. @throws naming source, file and remedy */
export function assemble(source: string, home: Home, { incomplete = false }: ReadOptions = {}): Distribution {
  const carbonPath = configurationFiles.carbon.path;
  const bytes = home.read(carbonPath);
  if (!bytes) throw missingFiles(source, "the product's", [carbonPath]);
  const carbon = parseFile(carbonPath, bytes, "");
  const version = versionOf(source, carbon);
  const { files, dbscripts, missing, warnings } = readFiles(source, home, version);
  if (missing.length > 0 && !incomplete) throw missingFiles(source, `wso2am-${version}'s`, missing);
  checkVault(home, version);
  checkDataSourceFiles(home, version);
  const { keyStore, trustStore } = keyStores({ ...carbon, version });
  const stock = home.read(trustStore.location);
  const bundles = missingBundles(source, home);
  return {
    source,
    version,
    files,
    dbscripts,
    bundles: bundles.copies,
    missing,
    warnings: [...warnings, ...bundles.warnings],
    keyStore,
    trustStore: { ...trustStore, ...(stock && { stock }) },
  };
}

function readFiles(source: string, home: Home, version: string) {
  const files = new Map<string, Buffer>();
  const dbscripts = new Map<string, string>();
  const missing: string[] = [];
  const warnings: string[] = [];
  for (const file of Object.values<ProductFile>(configurationFiles)) {
    const mayMiss = file.optional === true || (file.since !== undefined && !isSince(version, file.since));
    const bytes = home.read(file.path);
    if (bytes) files.set(file.path, bytes);
    else if (!mayMiss) missing.push(file.path);
    else if (file.withoutIt) warnings.push(`${file.path}: not in ${source}; ${file.withoutIt}`);
  }
  for (const path of databaseScripts) {
    const bytes = home.read(path);
    if (bytes) dbscripts.set(path, bytes.toString("utf8"));
    else missing.push(path);
  }
  return { files, dbscripts, missing, warnings };
}

function missingFiles(source: string, whose: string, paths: readonly string[]): Error {
  const files = paths.length === 1 ? "the missing file" : `the ${paths.length} missing files`;
  return new Error(
    `distribution ${source}: found no ${paths.join(", ")}; expected an APIM_HOME with ${whose} own files: ` +
      `name the unpacked wso2am-<version> directory or its zip, or copy ${files} from the pack`,
  );
}

/** The product's name begins with this, also in the stand-in. */
const productName = "WSO2 API Manager";

function versionOf(source: string, carbon: XmlFile): string {
  const text = (path: string) => single(carbon, path)?.text.trim() ?? "";
  const [name, version] = [text("Name"), text("Version")];
  // A name that somebody changed is no hindrance, as long as the server says that it is the API Manager.
  if (!name.startsWith(productName) && text("ServerKey") !== "AM")
    throw new Error(
      `distribution ${source}: ${carbon.path}: this is ${[name, version].filter(Boolean).join(" ") || "another product"}; expected ${productName}: name its directory or zip`,
    );
  if (version === "")
    throw new Error(
      `distribution ${source}: ${carbon.path}: Server/Version: expected the version of the pack, found nothing; put it there, e.g. <Version>1.9.0</Version> behind <Name>`,
    );
  if (!supportedVersions.some((supported) => supported === version))
    throw new Error(
      `distribution ${source}: ${carbon.path} has version "${version}"; supported versions are ${supportedVersions.join(", ")}; ` +
        `use a pack of one of these`,
    );
  return version;
}

/** The element at a path. @throws when there are several: the readers of the file differ in which one they take */
function single(file: XmlFile, path: string): XmlElement | undefined {
  const found = findAll(file.root, path);
  if (found.length > 1)
    throw new Error(`${file.path}: Server/${path}: is there ${found.length} times; keep one of them`);
  return found[0];
}

function keyStores(carbon: XmlFile): { keyStore: KeyStoreFacts; trustStore: TrustStoreFacts } {
  for (const path of ["Security", "Security/KeyStore", "Security/TrustStore"]) single(carbon, path);
  const text = (path: string) => (single(carbon, path) ?? need(carbon, carbon.root, path)).text.trim();
  // The keystores that the deployment writes for the nodes are of this type.
  for (const store of ["KeyStore", "TrustStore"] as const) {
    const type = findAll(carbon.root, `Security/${store}/Type`)[0]?.text.trim() ?? "JKS";
    if (type.toUpperCase() !== "JKS")
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

function belowHome(carbon: XmlFile, location: string): string {
  const path = location.startsWith(homeVariable) ? location.slice(homeVariable.length) : location;
  if (path.startsWith("/") || path.includes("..") || path.includes("$"))
    throw new Error(
      `${carbon.path} (${carbon.version}): the keystore location "${location}" is outside the product; ` +
        `expected ${homeVariable}..., as in the product's own file`,
    );
  return path;
}
