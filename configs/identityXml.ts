import type { XmlElement } from "@rgrove/parse-xml";
import type { Node, Topology } from "../topology";
import type { XmlEdit } from "../xml/edit";
import { children } from "../xml/parse";
import { browserUrl } from "./values";

const stockAuthority = /^https:\/\/localhost:9443(?=\/)/;

/**
 * The addresses that the Key Manager's identity services give of themselves, as issuer of ID tokens among others: in the
 * stock file they are of the machine itself, where no client finds anything.
 */
export function renderIdentityXml(edit: XmlEdit, _: Node, topology: Topology): void {
  const known = browserUrl(topology, "keyManager");
  for (const element of leaves(edit.root)) {
    const text = element.text.trim();
    if (stockAuthority.test(text)) edit.setText(element, text.replace(stockAuthority, known));
  }
}

function leaves(element: XmlElement): XmlElement[] {
  const inner = children(element);
  return inner.length === 0 ? [element] : inner.flatMap(leaves);
}
