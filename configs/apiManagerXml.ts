import type { XmlElement } from "@rgrove/parse-xml";
import { configurationFiles } from "../product/files";
import type { Role } from "../product/roles";
import type { Link, Node, Topology } from "../topology";
import type { XmlEdit } from "../xml/edit";
import { find, findAll, type Value } from "../xml/parse";
import { renderAnalytics } from "./analytics";
import { renderEnvironments } from "./environments";
import { adminPassword, browserUrl, linkOf, servicesUrl } from "./values";
import { keyValidationOf, traitsOf } from "./versions";

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
  renderPortalUrls(edit, node, topology);
  renderCors(edit, topology);
  renderAnalytics(edit, node, topology);
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
  const parent = edit.need("APIConsumerAuthentication");
  const { jwt, jwtDetails } = topology.features;
  if (!jwt) {
    edit.setIfPresent(parent, "EnableTokenGeneration", false);
    return;
  }
  const after = ["SecurityContextHeader", "TokenGeneratorImpl"];
  // The gateway is who puts the token into the header.
  if (jwtRoles.includes(node.role) || node.role === "gateway")
    edit.ensure(parent, "SecurityContextHeader", jwtDetails.header, { after: ["TokenGeneratorImpl"] });
  if (!jwtRoles.includes(node.role)) return;
  const details: [name: string, value: string, products: string][] = [
    ["ClaimsRetrieverImplClass", jwtDetails.claimsRetriever, ""],
    ["ConsumerDialectURI", jwtDetails.dialect, "http://wso2.org/claims"],
    ["SignatureAlgorithm", jwtDetails.signature, "SHA256withRSA"],
  ];
  for (const [name, value, products] of details) {
    // Without the element, the product takes its own value.
    if (value !== products) edit.ensure(parent, name, value, { after });
    else if (value !== "") edit.setIfPresent(parent, name, value);
  }
  edit.ensure(parent, "EnableTokenGeneration", true, { after });
}

function renderKeyValidation(edit: XmlEdit, node: Node, topology: Topology): void {
  const parent = keyValidationOf(edit);
  const link = apiManagerLink(topology, node, "APIKeyValidator/ServerURL");
  if (link) edit.setChild(parent, "ServerURL", servicesUrl(link));
  setCredentials(edit, parent, topology);
  renderThrift(edit, parent, node, topology);
  const revoke = apiManagerLink(topology, node, "RevokeAPIURL");
  if (revoke && traitsOf(edit.file.version).hasRevokeApiUrl)
    edit.setChild(parent, "RevokeAPIURL", `https://${revoke.host}:${revoke.port}/revoke`);
}

/** Both ends of Thrift. With WSClient what is there must be right as well, but nothing has to be. */
function renderThrift(edit: XmlEdit, parent: XmlElement, node: Node, topology: Topology): void {
  const keyManager = topology.nodes.find(({ role }) => role === "keyManager");
  if (!keyManager) throw new Error("topology: has no Key Manager");
  const client = topology.features.keyValidatorClient;
  const isThrift = client === "ThriftClient";
  edit.setChild(parent, "KeyValidatorClientType", client);
  const settings: [string, Value][] = [
    ["ThriftClientPort", keyManager.ports.thrift],
    ["ThriftServerPort", node.ports.thrift],
    // Its default is the node's own name, where only a Key Manager has a Thrift server.
    ["ThriftServerHost", keyManager.hostName],
  ];
  for (const [name, value] of settings) {
    if (isThrift) edit.ensure(parent, name, value, { after: ["ThriftServerPort", "KeyValidatorClientType"] });
    else edit.setIfPresent(parent, name, value);
  }
  edit.ensure(parent, "EnableThriftServer", isThrift && node.role === "keyManager", {
    after: ["ThriftServerPort", "KeyValidatorClientType"],
  });
}

/** Where the Publisher sends its users to: seen by browsers, so through the balancer. */
function renderPortalUrls(edit: XmlEdit, node: Node, topology: Topology): void {
  if (node.role !== "publisher" || !traitsOf(edit.file.version).hasPortalUrls) return;
  edit.setChild(edit.need("APIStore"), "URL", `${browserUrl(topology, "store")}/store`);
  edit.setChild(edit.need("APIPublisher"), "URL", `${browserUrl(topology, "publisher")}/publisher`);
}

/** Up to 1.8 the stock file allows calls from pages of this machine only, where the Store is not. */
function renderCors(edit: XmlEdit, topology: Topology): void {
  for (const origin of findAll(edit.root, "CORSConfiguration/Access-Control-Allow-Origin"))
    if (origin.text.includes("//localhost")) edit.setText(origin, browserUrl(topology, "store"));
}

function apiManagerLink(topology: Topology, node: Node, element: string): Link | undefined {
  return linkOf(topology, node, configurationFiles.apiManager.path, element);
}
