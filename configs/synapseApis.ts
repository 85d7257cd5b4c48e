import type { XmlElement } from "@rgrove/parse-xml";
import type { Node } from "../topology";
import type { XmlEdit } from "../xml/edit";
import { children, localName } from "../xml/parse";
import type { Deployment } from "./deployment";
import { linkOf } from "./values";
import { endpointAttributes } from "./versions";

/** Scheme, host and port of an address, before the Key Manager's path of the API. */
const authority = /^https?:\/\/[^/]*(?=\/.*oauth2\/(token|authorize|revoke)\b)/;

/** Points the gateway's token, authorize or revoke API to the Key Manager; the rest of the address stays. */
export function renderSynapseApi(edit: XmlEdit, node: Node, { topology }: Deployment): void {
  const { path } = edit.file;
  const name = path.slice(path.lastIndexOf("/") + 1, -".xml".length);
  const link = linkOf(topology, node, path, `${name} endpoint`);
  if (!link) throw new Error(`topology: ${node.name} has no link for ${path}`);
  const endpoints = endpointsIn(edit.root).filter(({ address }) => authority.test(address));
  if (endpoints.length === 0)
    throw edit.missing(
      'api/resource/inSequence/send/endpoint/address/@uri or .../http/@uri-template that ends in "/oauth2/token", "/oauth2/authorize" or "/oauth2/revoke"',
    );
  for (const { element, attribute, address } of endpoints)
    edit.setAttribute(element, attribute, address.replace(authority, `https://${link.host}:${link.port}`));
}

interface Endpoint {
  readonly element: XmlElement;
  readonly attribute: string;
  readonly address: string;
}

function endpointsIn(element: XmlElement): Endpoint[] {
  const attribute = endpointAttributes[localName(element)];
  const address = attribute === undefined ? undefined : element.attributes[attribute];
  const own = attribute !== undefined && address !== undefined ? [{ element, attribute, address }] : [];
  return [...own, ...children(element).flatMap(endpointsIn)];
}
