import type { XmlElement } from "@rgrove/parse-xml";
import type { Settings } from "../settings";
import type { GatewayEnvironment, Node, Topology } from "../topology";
import type { XmlEdit } from "../xml/edit";
import { children } from "../xml/parse";
import type { Deployment } from "./deployment";
import { localAddresses, setLocal } from "./local";
import { drop, linkOf, servicesUrl, setAdministrator } from "./values";

/** The environment of the stock files. */
const stockName = "Production and Sandbox";

/**
 * The gateways that APIs are published to. Each environment of the topology uses the stock element of its name, otherwise
 * the next one, otherwise a copy of the last. On nodes that call no gateway, the addresses are the product's own.
 *
 * @param withHttp whether gateways serve API calls over HTTP too
 */
export function renderEnvironments(
  edit: XmlEdit,
  node: Node,
  { settings, topology }: Deployment,
  withHttp: boolean,
): void {
  const parent = edit.need("APIGateway/Environments");
  const existing = children(parent, "Environment");
  const template = existing.at(-1);
  if (!template) throw edit.missing("APIManager/APIGateway/Environments/Environment");
  const wanted = topology.environments.filter((environment) => hasLink(edit, topology, node, environment));
  if (wanted.length === 0) {
    for (const element of existing) {
      setAdministrator(edit, element, settings);
      setLocal(edit, element, "ServerURL", localAddresses.services);
      setLocal(edit, element, "GatewayEndpoint", localAddresses.apis);
    }
    return;
  }
  const pairs = pair(edit, existing, wanted);
  for (const element of existing) {
    if (pairs.some(([, taken]) => taken === element)) continue;
    const name = edit.only(element, "Name")?.text.trim() ?? "";
    drop(edit, element, `"${name}" is removed; wso2-apim:gatewayEnvironments decides which environments there are`);
  }
  const last = pairs.flatMap(([, element]) => element ?? []).at(-1) ?? template;
  for (const [environment, element] of pairs) {
    const set = (at: XmlEdit, parent: XmlElement) => setEnvironment(at, parent, environment, settings, withHttp);
    if (element) warnRenamed(edit, element, environment);
    if (element) set(edit, element);
    else edit.insertCopyAfter(last, template, (copy) => set(copy, copy.root));
  }
}

function hasLink(edit: XmlEdit, topology: Topology, node: Node, { name }: GatewayEnvironment): boolean {
  return linkOf(topology, node, edit, `Environment[${name}]/ServerURL`) !== undefined;
}

function pair(
  edit: XmlEdit,
  existing: readonly XmlElement[],
  wanted: readonly GatewayEnvironment[],
): [GatewayEnvironment, XmlElement | undefined][] {
  const nameOf = (element: XmlElement) => children(element, "Name")[0]?.text.trim();
  const named = (name: string) => edit.single(existing.filter((element) => nameOf(element) === name));
  const byName = new Map(wanted.map(({ name }) => [name, named(name)]));
  const rest = existing.filter((element) => ![...byName.values()].includes(element));
  return wanted.map((environment) => [environment, byName.get(environment.name) ?? rest.shift()]);
}

/** Reports an environment of somebody's own that becomes another one. */
function warnRenamed(edit: XmlEdit, element: XmlElement, { name, type }: GatewayEnvironment): void {
  const found = edit.only(element, "Name")?.text.trim() ?? "";
  if (found !== name && found !== stockName)
    edit.warn(element, `"${found}" becomes "${name}", ${type}; wso2-apim:gatewayEnvironments decides the environments`);
}

function setEnvironment(
  edit: XmlEdit,
  element: XmlElement,
  environment: GatewayEnvironment,
  settings: Settings,
  withHttp: boolean,
): void {
  const { apiHost, apiHttpPort, apiHttpsPort, managementHost, managementPort } = environment;
  edit.setAttribute(element, "type", environment.type);
  edit.setChild(element, "Name", environment.name);
  edit.setChild(element, "ServerURL", servicesUrl({ host: managementHost, port: managementPort }));
  setAdministrator(edit, element, settings);
  const https = `https://${apiHost}:${apiHttpsPort}`;
  edit.setChild(element, "GatewayEndpoint", withHttp ? `http://${apiHost}:${apiHttpPort},${https}` : https);
}
