import type { XmlElement } from "@rgrove/parse-xml";
import type { KeyStores } from "../distribution";
import { basePorts } from "../product/ports";
import { type Node, publishedRoute } from "../topology";
import type { XmlEdit } from "../xml/edit";
import { children } from "../xml/parse";
import type { Deployment } from "./deployment";
import { isSameLocation, locationLike } from "./keyStores";

/**
 * The management ports, and the published port in front of the HTTPS port: redirects name this port, and the host name
 * by which the server was called.
 */
export function renderCatalinaServer(edit: XmlEdit, node: Node, { topology }: Deployment, stores: KeyStores): void {
  const connectors = children(edit.need("Service"), "Connector").filter(
    ({ attributes: { protocol = "" } }) => !/ajp/i.test(protocol),
  );
  const isSecure = ({ attributes: { SSLEnabled = "", scheme } }: XmlElement) =>
    SSLEnabled.toLowerCase() === "true" || scheme === "https";
  const https = edit.single(connectors.filter(isSecure));
  if (!https) throw edit.missing('Server/Service/Connector[@SSLEnabled="true"]');
  const http = edit.single(connectors.filter((connector) => !isSecure(connector)));
  renderConnector(edit, https, "Connector of the HTTPS port", basePorts.managementHttps);
  edit.setAttribute(https, "proxyPort", publishedRoute(topology, node.role, "https").published.port, { after: "port" });
  renderStores(edit, https, stores);
  if (!http) return;
  renderConnector(edit, http, "Connector of the HTTP port", basePorts.managementHttp);
  // The load balancer publishes no HTTP port for management.
  drop(edit, http, "Connector of the HTTP port", "proxyPort");
  if (http.attributes.redirectPort !== undefined) edit.setAttribute(http, "redirectPort", basePorts.managementHttps);
}

/** The port without the offset, and neither an address nor a name of a former machine. */
function renderConnector(edit: XmlEdit, connector: XmlElement, what: string, port: number): void {
  const { port: found } = connector.attributes;
  if (found !== undefined && found !== String(port))
    edit.warn(
      `Server/Service/${what}`,
      `port "${found}" is replaced by ${port}; wso2-apim:portOffsets shifts the ports`,
    );
  edit.setAttribute(connector, "port", port);
  for (const name of ["proxyName", "address"]) drop(edit, connector, what, name);
}

function drop(edit: XmlEdit, connector: XmlElement, what: string, name: string): void {
  const found = connector.attributes[name];
  if (found === undefined) return;
  edit.warn(`Server/Service/${what}`, `${name} "${found}" is removed; it would lead past the load balancer`);
  edit.removeAttribute(connector, name);
}

/** A keystore of the connector's own: without these attributes, it takes that of carbon.xml. */
function renderStores(edit: XmlEdit, connector: XmlElement, { keyStore, trustStore }: KeyStores): void {
  const wanted: Readonly<Record<string, string>> = {
    keystoreFile: keyStore.location,
    keystorePass: keyStore.password,
    keystoreType: "JKS",
    keyAlias: keyStore.keyAlias,
    keyPass: keyStore.keyPassword,
    truststoreFile: trustStore.location,
    truststorePass: trustStore.password,
    truststoreType: "JKS",
  };
  const has = (name: string) => connector.attributes[name] !== undefined;
  // With a file, Tomcat's default password is "changeit", and that of the key is the keystore's.
  const needed = new Set([
    ...(has("keystoreFile") ? ["keystorePass"] : []),
    ...(has("keystoreFile") && keyStore.keyPassword !== keyStore.password ? ["keyPass"] : []),
    ...(has("truststoreFile") ? ["truststorePass"] : []),
  ]);
  const differing = Object.entries(wanted).filter(([name, value]) => {
    const found = connector.attributes[name];
    if (found === undefined) return needed.has(name);
    return found !== value && !(name.endsWith("File") && isSameLocation(found, value));
  });
  if (differing.length === 0) return;
  const names = differing.map(([name]) => name).join(", ");
  edit.warn(
    "Server/Service/Connector of the HTTPS port",
    `${names}: replaced by the keystores of carbon.xml, which this deployment writes`,
  );
  for (const [name, value] of differing)
    edit.setAttribute(connector, name, name.endsWith("File") ? locationLike(connector.attributes[name], value) : value);
}
