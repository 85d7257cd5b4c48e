import type { Node } from "../topology";
import type { XmlEdit } from "./xmlEdit";

/** Port offset, and the host names that the server gives itself: it redirects browsers to them. */
export function renderCarbonXml(edit: XmlEdit, node: Node): void {
  const { root } = edit;
  edit.ensure(root, "HostName", node.hostName, { after: ["ServerKey", "Version"] });
  edit.ensure(root, "MgtHostName", node.hostName, { after: ["HostName", "ServerKey", "Version"] });
  edit.setChild(edit.need("Ports"), "Offset", node.offset);
}
