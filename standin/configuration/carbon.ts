import { isAbsolute, join } from "node:path";
import { configurationFiles } from "../../product/files";
import { type Properties, resolve } from "./properties";
import { numberAt, readXml, requiredText, textAt } from "./xml";

export const carbonFile = configurationFiles.carbon.path;

/** A Java keystore in a configuration file. */
export interface KeyStoreReference {
  /** An absolute path. */
  readonly location: string;
  readonly password: string;
  /** @default the first key in the keystore */
  readonly alias?: string;
  readonly keyPassword: string;
}

export interface CarbonConfiguration {
  readonly name: string;
  readonly version: string;
  /** Added to each port, except those of Thrift and clustering. */
  readonly offset: number;
  /** In front of the path of every page and service, e.g. `/apim`; empty for none. */
  readonly contextRoot: string;
  /** Whether a user name may be an e-mail address; otherwise what stands behind @ is a tenant's domain. */
  readonly emailUserNames: boolean;
  readonly hostName?: string;
  readonly managementHostName?: string;
  readonly keyStore: KeyStoreReference;
  readonly trustStore: Pick<KeyStoreReference, "location" | "password">;
}

/** Reads carbon.xml. @throws naming the wrong element */
export function readCarbon(carbonHome: string): CarbonConfiguration {
  const file = readXml(carbonHome, carbonFile);
  const properties: Properties = { "carbon.home": carbonHome };
  const hostName = textAt(file.root, "HostName");
  const managementHostName = textAt(file.root, "MgtHostName");
  return {
    name: requiredText(file, "Name"),
    version: requiredText(file, "Version"),
    offset: numberAt(file, "Ports/Offset"),
    contextRoot: (textAt(file.root, "WebContextRoot") ?? "").replace(/\/$/, ""),
    emailUserNames: textAt(file.root, "EnableEmailUserName") === "true",
    ...(hostName && { hostName }),
    ...(managementHostName && { managementHostName }),
    keyStore: {
      location: locate(carbonHome, resolve(requiredText(file, "Security/KeyStore/Location"), properties)),
      password: requiredText(file, "Security/KeyStore/Password"),
      alias: requiredText(file, "Security/KeyStore/KeyAlias"),
      keyPassword: requiredText(file, "Security/KeyStore/KeyPassword"),
    },
    trustStore: {
      location: locate(carbonHome, resolve(requiredText(file, "Security/TrustStore/Location"), properties)),
      password: requiredText(file, "Security/TrustStore/Password"),
    },
  };
}

/** Resolves a path in a file; a relative path begins at CARBON_HOME. */
export function locate(carbonHome: string, path: string): string {
  return isAbsolute(path) ? path : join(carbonHome, path);
}
