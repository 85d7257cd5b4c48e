import type { XmlElement } from "@rgrove/parse-xml";
import { configurationFiles } from "../distribution/files";
import type { Link, Node, Role, Topology } from "../topology";
import { renderEnvironments } from "./environments";
import { adminPassword, browserUrl, linkOf, servicesUrl } from "./values";
import { children, find } from "./xml";
import type { XmlEdit } from "./xmlEdit";

/** Roles that make JSON Web Tokens when they are switched on. */
const jwtRoles: readonly Role[] = ["keyManager", "publisher"];

/** How the components find and authenticate to each other; which of it a role has, the topology's links say. */
export function renderApiManagerXml(edit: XmlEdit, node: Node, topology: Topology): void {
  renderDataSourceName(edit);
  const login = edit.need("AuthManager");
  const loginLink = apiManagerLink(topology, node, "AuthManager/ServerURL");
  if (loginLink) edit.setChild(login, "ServerURL", servicesUrl(loginLink));
  setCredentials(edit, login, topology);
  renderJwt(edit, node, topology);
  renderEnvironments(edit, node, topology);
  renderKeyValidation(edit, node, topology);
  renderStoreUrls(edit, node, topology);
  renderCors(edit, topology);
}

/** "add the following line as the first child node of the root element (if it is not already there)" */
function renderDataSourceName(edit: XmlEdit): void {
  const name = "DataSourceName";
  const value = "jdbc/WSO2AM_DB";
  if (find(edit.root, name)) edit.setChild(edit.root, name, value);
  else edit.insertFirst(edit.root, { name, content: value });
}

function setCredentials(edit: XmlEdit, parent: XmlElement, topology: Topology): void {
  edit.setChild(parent, "Username", topology.features.adminUser);
  edit.setChild(parent, "Password", adminPassword);
}

function renderJwt(edit: XmlEdit, node: Node, topology: Topology): void {
  const name = "EnableTokenGeneration";
  const parent = edit.need("APIConsumerAuthentication");
  if (!topology.features.jwt) edit.setIfPresent(parent, name, false);
  else if (jwtRoles.includes(node.role))
    edit.ensure(parent, name, true, { after: ["SecurityContextHeader", "TokenGeneratorImpl"] });
}

/** From 1.9 on the element is APIKeyValidator, and APIKeyManager means a key manager of another make. */
function keyValidationOf(edit: XmlEdit): XmlElement {
  const validator = find(edit.root, "APIKeyValidator");
  if (validator) return validator;
  const manager = find(edit.root, "APIKeyManager");
  if (manager && find(manager, "KeyValidatorClientType")) return manager;
  throw edit.missing(
    "APIManager/APIKeyValidator (1.9 and newer) or APIManager/APIKeyManager with its KeyValidatorClientType",
  );
}

function renderKeyValidation(edit: XmlEdit, node: Node, topology: Topology): void {
  const parent = keyValidationOf(edit);
  const client = topology.features.keyValidatorClient;
  const keyManagers = topology.nodes.filter(({ role }) => role === "keyManager");
  const [keyManager] = keyManagers;
  if (!keyManager) throw new Error("topology: has no Key Manager");
  const link = apiManagerLink(topology, node, "APIKeyValidator/ServerURL");
  if (link) edit.setChild(parent, "ServerURL", servicesUrl(link));
  setCredentials(edit, parent, topology);
  edit.setChild(parent, "KeyValidatorClientType", client);
  edit.setChild(parent, "ThriftClientPort", keyManager.ports.thrift);
  edit.setChild(parent, "ThriftServerPort", node.ports.thrift);
  // Its default is the node's own name, where only a Key Manager has a Thrift server.
  edit.ensure(parent, "ThriftServerHost", keyManager.hostName, { after: ["ThriftServerPort"] });
  edit.setChild(parent, "EnableThriftServer", client === "ThriftClient" && node.role === "keyManager");
  const revoke = apiManagerLink(topology, node, "RevokeAPIURL");
  // 1.5 and 1.6 have no such element.
  if (revoke) edit.setIfPresent(parent, "RevokeAPIURL", `https://${revoke.host}:${revoke.port}/revoke`);
}

/** Where the Publisher sends its users to: seen by browsers, so through the balancer. */
function renderStoreUrls(edit: XmlEdit, node: Node, topology: Topology): void {
  if (node.role !== "publisher") return;
  // 1.5 and 1.6 have no such elements.
  for (const [parent, role, path] of [
    ["APIStore", "store", "/store"],
    ["APIPublisher", "publisher", "/publisher"],
  ] as const)
    for (const element of children(edit.root, parent))
      edit.setIfPresent(element, "URL", `${browserUrl(topology, role)}${path}`);
}

/** Up to 1.8 the stock file allows the Store of the same machine only. */
function renderCors(edit: XmlEdit, topology: Topology): void {
  for (const cors of children(edit.root, "CORSConfiguration"))
    for (const origin of children(cors, "Access-Control-Allow-Origin"))
      if (origin.text.includes("//localhost")) edit.setText(origin, browserUrl(topology, "store"));
}

function apiManagerLink(topology: Topology, node: Node, element: string): Link | undefined {
  return linkOf(topology, node, configurationFiles.apiManager.path, element);
}
