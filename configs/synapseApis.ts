import type { XmlElement } from "@rgrove/parse-xml";
import type { Node } from "../topology";
import type { XmlEdit } from "../xml/edit";
import { children, localName, pathOf } from "../xml/parse";
import type { Deployment } from "./deployment";
import { isLocalAddress } from "./local";
import { linksFrom } from "./values";

/** Scheme, host and port of an address, before a path of the Key Manager. */
const keyManagerAuthority = /^(legacy-encoding:)?https?:\/\/[^/]*(?=\/oauth2\/)/i;

/** A path of the Key Manager, wherever it stands. */
const ownPath = /\/oauth2\/(token|authorize|revoke|userinfo)\b/;

/** An address in an attribute: of an endpoint (`address` up to 1.8, `http` from 1.9 on), a callout or a header. */
const url = /^\s*(legacy-encoding:)?\w+:\/\//;

/** Endpoints that choose among others. */
const groups = new Set(["loadbalance", "failover", "dynamicLoadbalance", "recipientlist"]);

/**
 * Points the gateway's token, authorize, revoke or user info API to the Key Manager; the rest of the address stays. An
 * endpoint of which it is not known whether it is the Key Manager's is refused or reported.
 */
export function renderSynapseApi(edit: XmlEdit, node: Node, { topology }: Deployment): void {
  const { path } = edit.file;
  const name = path.slice(path.lastIndexOf("/") + 1, -".xml".length);
  const link = linksFrom(topology, node).find(({ file, element }) => file === path && element === `${name} endpoint`);
  if (!link) throw new Error(`topology: ${node.name} has no link for ${path}`);
  const elements = descendants(edit.root);
  for (const element of elements) if (localName(element) === "endpoint") checkEndpoint(edit, element);
  const addresses = elements.flatMap(addressOf);
  if (!addresses.some(({ address }) => ownPath.test(address)))
    throw edit.missing(
      'api/resource/inSequence/send/endpoint/address/@uri or .../http/@uri-template that ends in "/oauth2/token", "/oauth2/authorize" or "/oauth2/revoke"',
    );
  for (const { element, attribute, address } of addresses) {
    if (keyManagerAuthority.test(address))
      edit.setAttribute(element, attribute, address.replace(keyManagerAuthority, `https://${link.host}:${link.port}`));
    else if (ownPath.test(address))
      throw edit.refuse(
        element,
        `expected https://HOST:PORT/oauth2/..., since the Key Manager has no further path, found "${address}"; correct it`,
      );
    else checkOther(edit, element, address);
  }
}

function checkEndpoint(edit: XmlEdit, endpoint: XmlElement): void {
  const { key, "key-expression": expression } = endpoint.attributes;
  if (key ?? expression)
    throw edit.refuse(
      `${pathOf(endpoint)}/@key`,
      `expected the address of the Key Manager, found the name of an endpoint elsewhere, "${key ?? expression}"; put the endpoint here, as the original file has it`,
    );
  const group = children(endpoint).find((child) => groups.has(localName(child)));
  if (group)
    throw edit.refuse(
      group,
      "expected one endpoint, since the load balancer chooses the Key Manager, found several; keep one of them",
    );
}

/** An address of this machine leads nowhere from a container; another one may be the user's own, or a former host. */
function checkOther(edit: XmlEdit, element: XmlElement, address: string): void {
  if (isLocalAddress(address.replace(/^legacy-encoding:/, "")))
    throw edit.refuse(
      element,
      `"${address}" is an address of the gateway itself; name the host that the gateway should call, or remove the endpoint`,
    );
  edit.warn(element, `"${address}" stays, since it is no address of the Key Manager; the gateway calls it`);
}

interface Address {
  readonly element: XmlElement;
  readonly attribute: string;
  readonly address: string;
}

function addressOf(element: XmlElement): Address[] {
  return Object.entries(element.attributes).flatMap(([attribute, value]) =>
    url.test(value) && !/^xmlns(:|$)/.test(attribute) ? [{ element, attribute, address: value.trim() }] : [],
  );
}

function descendants(element: XmlElement): XmlElement[] {
  return children(element).flatMap((child) => [child, ...descendants(child)]);
}
