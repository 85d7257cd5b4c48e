import { configurationFiles } from "../../product/files";
import { type KeyStoreReference, locate } from "./carbon";
import { resolve } from "./properties";
import { childrenOf, find, numberAttribute, readXml } from "./xml";

const catalinaFile = configurationFiles.catalina.path;

/** A Tomcat connector. */
export interface Connector {
  /** Without the offset. */
  readonly port: number;
  /** The load balancer's port, for redirects. */
  readonly proxyPort?: number;
  /** The load balancer's host name, for redirects. */
  readonly proxyName?: string;
  /** A keystore of the connector's own. @default that of carbon.xml */
  readonly keyStore?: KeyStoreReference;
}

/** The connectors of the management ports. */
export interface ManagementConnectors {
  readonly http: Connector;
  readonly https: Connector;
}

/** Reads catalina-server.xml. @throws naming the file when a connector is missing */
export function readManagementConnectors(carbonHome: string): ManagementConnectors {
  const file = readXml(carbonHome, catalinaFile);
  const service = find(file.root, "Service");
  const connectors = service === undefined ? [] : childrenOf(service, "Connector");
  const connector = (secure: boolean): Connector => {
    const element = connectors.find((one) => (one.attributes.SSLEnabled === "true") === secure);
    if (element === undefined) {
      throw new Error(
        `${catalinaFile}: expected a Connector ${secure ? "with" : "without"} SSLEnabled="true", found none; restore it from the distribution`,
      );
    }
    const { proxyPort, proxyName, keystoreFile, keystorePass = "changeit", keyAlias, keyPass } = element.attributes;
    return {
      port: numberAttribute(file, element, "port"),
      ...(proxyPort !== undefined && { proxyPort: numberAttribute(file, element, "proxyPort") }),
      ...(proxyName !== undefined && { proxyName }),
      ...(keystoreFile !== undefined && {
        keyStore: {
          location: locate(carbonHome, resolve(keystoreFile, { "carbon.home": carbonHome })),
          password: keystorePass,
          ...(keyAlias !== undefined && { alias: keyAlias }),
          keyPassword: keyPass ?? keystorePass,
        },
      }),
    };
  };
  return { http: connector(false), https: connector(true) };
}
