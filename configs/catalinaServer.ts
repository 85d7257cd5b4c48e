import type { Node, Topology } from "../topology";
import type { XmlEdit } from "../xml/edit";
import { children } from "../xml/parse";
import { browserPort } from "./values";

/** The port that browsers know, in front of the management port: redirects lead there. */
export function renderCatalinaServer(edit: XmlEdit, node: Node, topology: Topology): void {
  const connectors = children(edit.need("Service"), "Connector").filter(
    ({ attributes }) => attributes.SSLEnabled === "true" || attributes.scheme === "https",
  );
  if (connectors.length === 0) throw edit.missing('Server/Service/Connector[@SSLEnabled="true"]');
  for (const connector of connectors)
    edit.setAttribute(connector, "proxyPort", browserPort(topology, node.role), { after: "port" });
}
