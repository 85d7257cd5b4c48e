import { configurationFiles } from "../../product/files";
import { childrenOf, find, numberAttribute, readXml } from "./xml";

const catalinaFile = configurationFiles.catalina.path;

/** A Tomcat connector: where it listens before the offset, and where browsers reach it. */
export interface Connector {
  readonly port: number;
  /** The balancer's port, for redirects. */
  readonly proxyPort?: number;
}

/** The management ports, from catalina-server.xml. */
export interface ManagementConnectors {
  readonly http: Connector;
  readonly https: Connector;
}

/** Reads catalina-server.xml. @throws naming the file when a connector is missing. */
export function readManagementConnectors(carbonHome: string): ManagementConnectors {
  const file = readXml(carbonHome, catalinaFile);
  const service = find(file.root, "Service");
  const connectors = service === undefined ? [] : childrenOf(service, "Connector");
  const connector = (secure: boolean): Connector => {
    const element = connectors.find((one) => (one.attributes.SSLEnabled === "true") === secure);
    if (element === undefined) {
      throw new Error(`${catalinaFile}: no Connector ${secure ? "with" : "without"} SSLEnabled="true"; restore it`);
    }
    const proxyPort = element.attributes.proxyPort;
    return {
      port: numberAttribute(file, element, "port"),
      ...(proxyPort !== undefined && { proxyPort: numberAttribute(file, element, "proxyPort") }),
    };
  };
  return { http: connector(false), https: connector(true) };
}
