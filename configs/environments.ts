import type { XmlElement } from "@rgrove/parse-xml";
import { configurationFiles } from "../product/files";
import type { GatewayEnvironment, Node, Topology } from "../topology";
import type { XmlEdit } from "../xml/edit";
import { children } from "../xml/parse";
import { adminPassword, linkOf, servicesUrl } from "./values";

/**
 * The gateways that APIs are published to: each environment of the topology takes the stock element of its name, else
 * the next one, else a copy of the last. Nodes that call no gateway only get the credentials.
 */
export function renderEnvironments(edit: XmlEdit, node: Node, topology: Topology): void {
  const parent = edit.need("APIGateway/Environments");
  const existing = children(parent, "Environment");
  const template = existing.at(-1);
  if (!template) throw edit.missing("APIManager/APIGateway/Environments/Environment");
  const wanted = topology.environments.filter((environment) => linkOfEnvironment(topology, node, environment));
  if (wanted.length === 0) {
    for (const element of existing) setCredentials(edit, element, topology);
    return;
  }
  const pairs = pair(existing, wanted);
  for (const element of existing) if (!pairs.some(([, taken]) => taken === element)) edit.remove(element);
  const last = pairs.flatMap(([, element]) => element ?? []).at(-1) ?? template;
  for (const [environment, element] of pairs) {
    if (element) setEnvironment(edit, element, environment, topology);
    else edit.insertCopyAfter(last, template, (copy) => setEnvironment(copy, copy.root, environment, topology));
  }
}

function linkOfEnvironment(topology: Topology, node: Node, { name }: GatewayEnvironment): boolean {
  return linkOf(topology, node, configurationFiles.apiManager.path, `Environment[${name}]/ServerURL`) !== undefined;
}

function pair(
  existing: readonly XmlElement[],
  wanted: readonly GatewayEnvironment[],
): [GatewayEnvironment, XmlElement | undefined][] {
  const nameOf = (element: XmlElement) => children(element, "Name")[0]?.text.trim();
  const byName = new Map(wanted.map(({ name }) => [name, existing.find((element) => nameOf(element) === name)]));
  const rest = existing.filter((element) => ![...byName.values()].includes(element));
  return wanted.map((environment) => [environment, byName.get(environment.name) ?? rest.shift()]);
}

function setEnvironment(edit: XmlEdit, element: XmlElement, environment: GatewayEnvironment, topology: Topology): void {
  const { apiHost, apiHttpPort, apiHttpsPort, managementHost, managementPort } = environment;
  edit.setAttribute(element, "type", environment.type);
  edit.setChild(element, "Name", environment.name);
  edit.setChild(element, "ServerURL", servicesUrl({ host: managementHost, port: managementPort }));
  setCredentials(edit, element, topology);
  edit.setChild(element, "GatewayEndpoint", `http://${apiHost}:${apiHttpPort},https://${apiHost}:${apiHttpsPort}`);
}

function setCredentials(edit: XmlEdit, element: XmlElement, topology: Topology): void {
  edit.setChild(element, "Username", topology.features.adminUser);
  edit.setChild(element, "Password", adminPassword);
}
