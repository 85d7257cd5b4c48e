import type { Node } from "../topology";
import type { XmlEdit } from "../xml/edit";
import { children } from "../xml/parse";
import type { Deployment } from "./deployment";
import { browserRoute } from "./values";

/** The published port in front of the management port: redirects name this port. */
export function renderCatalinaServer(edit: XmlEdit, node: Node, { topology }: Deployment): void {
  const connectors = children(edit.need("Service"), "Connector").filter(
    ({ attributes }) => attributes.SSLEnabled === "true" || attributes.scheme === "https",
  );
  if (connectors.length === 0) throw edit.missing('Server/Service/Connector[@SSLEnabled="true"]');
  for (const connector of connectors)
    edit.setAttribute(connector, "proxyPort", browserRoute(topology, node.role).published.port, { after: "port" });
}
