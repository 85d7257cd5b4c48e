import type { XmlElement } from "@rgrove/parse-xml";
import type { XmlEdit } from "../xml/edit";

/**
 * The addresses that the stock api-manager.xml has: the server itself. A node that does not call somebody there gets them,
 * so that no address of a former deployment stays.
 */
export const localAddresses = {
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: the product's own notation
  services: "https://${carbon.local.ip}:${mgt.transport.https.port}${carbon.context}/services/",
  web: "https://${carbon.local.ip}:${mgt.transport.https.port}",
  apis: "http://${carbon.local.ip}:${http.nio.port},https://${carbon.local.ip}:${https.nio.port}",
  apisOverTls: "https://${carbon.local.ip}:${https.nio.port}",
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: the product's own notation
} as const;

/** A URL that names this server: by the product's variables, or as localhost. */
const local = /^\{?\s*\w+:\/\/(\$\{carbon\.[\w.]+\}|localhost|127(\.\d+){3}|\[::1\])(?=[:/}\s]|$)/i;

/** Whether a URL, or each URL of a list, names this server. */
export function isLocalAddress(text: string): boolean {
  return text.split(",").every((url) => local.test(url.trim()));
}

/** Gives a child the product's own address, unless it names this server already. */
export function setLocal(edit: XmlEdit, parent: XmlElement, name: string, address: string): void {
  const element = edit.only(parent, name);
  if (element && !isLocalAddress(element.text)) edit.setText(element, address);
}
