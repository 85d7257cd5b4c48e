import type { XmlElement } from "@rgrove/parse-xml";
import type { Node } from "../topology";
import type { XmlEdit } from "../xml/edit";
import { children } from "../xml/parse";
import type { Deployment } from "./deployment";
import { browserUrl } from "./values";

const stockAuthority = /^https:\/\/localhost:9443(?=\/)/;

/**
 * The URLs of the server's own identity services, for example the issuer of ID tokens. The stock file has localhost in
 * them, which no client can reach.
 */
export function renderIdentityXml(edit: XmlEdit, node: Node, { topology }: Deployment): void {
  const known = browserUrl(topology, node.role);
  for (const element of leaves(edit.root)) {
    const text = element.text.trim();
    if (stockAuthority.test(text)) edit.setText(element, text.replace(stockAuthority, known));
  }
}

function leaves(element: XmlElement): XmlElement[] {
  const inner = children(element);
  return inner.length === 0 ? [element] : inner.flatMap(leaves);
}
