import type { XmlElement } from "@rgrove/parse-xml";
import { configurationFiles } from "../product/files";
import { roleRecords, roleThat } from "../product/roles";
import { traitsOf } from "../product/versions";
import type { Settings } from "../settings";
import type { Link, Node, Topology } from "../topology";
import type { XmlEdit } from "../xml/edit";
import { find, findAll, type Value } from "../xml/parse";
import { renderAnalytics } from "./analytics";
import type { Deployment } from "./deployment";
import { renderEnvironments } from "./environments";
import { browserUrl, linkOf, servicesUrl, setAdministrator } from "./values";
import { keyValidationOf } from "./versions";

/** How the components reach each other and log in. The links of the topology say which of it a node has. */
export function renderApiManagerXml(edit: XmlEdit, node: Node, deployment: Deployment): void {
  const { settings, topology } = deployment;
  renderDataSourceName(edit);
  const login = edit.need("AuthManager");
  const loginLink = apiManagerLink(topology, node, "AuthManager/ServerURL");
  if (loginLink) edit.setChild(login, "ServerURL", servicesUrl(loginLink));
  setAdministrator(edit, login, settings);
  renderJwt(edit, node, settings);
  renderEnvironments(edit, node, deployment);
  renderKeyValidation(edit, node, deployment);
  renderPortalUrls(edit, node, topology);
  renderCors(edit, topology);
  renderAnalytics(edit, node, deployment);
}

/** @see the WSO2 guide: "add the following line as the first child node of the root element (if it is not already there)" */
function renderDataSourceName(edit: XmlEdit): void {
  const name = "DataSourceName";
  const value = "jdbc/WSO2AM_DB";
  if (find(edit.root, name)) edit.setChild(edit.root, name, value);
  else edit.insertFirst(edit.root, { name, content: value });
}

function renderJwt(edit: XmlEdit, node: Node, settings: Settings): void {
  const parent = edit.need("APIConsumerAuthentication");
  const { jwt } = roleRecords[node.role];
  if (!settings.jwt) {
    edit.setIfPresent(parent, "EnableTokenGeneration", false);
    return;
  }
  const after = ["SecurityContextHeader", "TokenGeneratorImpl"];
  // Gateways put the token into the header.
  if (jwt) edit.ensure(parent, "SecurityContextHeader", settings.jwtHeader, { after: ["TokenGeneratorImpl"] });
  if (jwt !== "issues") return;
  const details: [name: string, value: string, productDefault: string][] = [
    ["ClaimsRetrieverImplClass", settings.jwtClaimsRetriever, ""],
    ["ConsumerDialectURI", settings.jwtDialect, "http://wso2.org/claims"],
    ["SignatureAlgorithm", settings.jwtSignature, "SHA256withRSA"],
  ];
  for (const [name, value, productDefault] of details) {
    if (value !== productDefault) edit.ensure(parent, name, value, { after });
    else if (value !== "") edit.setIfPresent(parent, name, value);
  }
  edit.ensure(parent, "EnableTokenGeneration", true, { after });
}

function renderKeyValidation(edit: XmlEdit, node: Node, { settings, topology }: Deployment): void {
  const parent = keyValidationOf(edit);
  const link = apiManagerLink(topology, node, "APIKeyValidator/ServerURL");
  if (link) edit.setChild(parent, "ServerURL", servicesUrl(link));
  setAdministrator(edit, parent, settings);
  renderThrift(edit, parent, node, topology);
  const revoke = apiManagerLink(topology, node, "RevokeAPIURL");
  if (revoke && traitsOf(edit.file.version).hasRevokeApiUrl)
    edit.setChild(parent, "RevokeAPIURL", `https://${revoke.host}:${revoke.port}/revoke`);
}

/** Client and server of Thrift. With WSClient, elements that the file has are set too, but none is required. */
function renderThrift(edit: XmlEdit, parent: XmlElement, node: Node, topology: Topology): void {
  const server = topology.nodes.find(({ role }) => roleRecords[role].servesThrift);
  if (!server) throw new Error("topology: no node serves Thrift");
  const client = topology.keyValidatorClient;
  const isThrift = client === "ThriftClient";
  edit.setChild(parent, "KeyValidatorClientType", client);
  const settings: [string, Value][] = [
    ["ThriftClientPort", server.ports.thrift],
    ["ThriftServerPort", node.ports.thrift],
    // By default it is the node's own name, but only Key Managers have a Thrift server.
    ["ThriftServerHost", server.hostName],
  ];
  for (const [name, value] of settings) {
    if (isThrift) edit.ensure(parent, name, value, { after: ["ThriftServerPort", "KeyValidatorClientType"] });
    else edit.setIfPresent(parent, name, value);
  }
  edit.ensure(parent, "EnableThriftServer", isThrift && roleRecords[node.role].servesThrift === true, {
    after: ["ThriftServerPort", "KeyValidatorClientType"],
  });
}

/** The web applications that the pages of a node link to: browsers reach them through the load balancer. */
function renderPortalUrls(edit: XmlEdit, node: Node, topology: Topology): void {
  if (!traitsOf(edit.file.version).hasPortalUrls) return;
  for (const { to, element, path } of roleRecords[node.role].linksTo ?? [])
    edit.setChild(edit.need(element), "URL", `${browserUrl(topology, to)}${path}`);
}

/** Up to 1.8, the stock file allows API calls only from pages on localhost. API consumers try APIs on the Store's pages. */
function renderCors(edit: XmlEdit, topology: Topology): void {
  const store = browserUrl(
    topology,
    roleThat(({ callsApis }) => callsApis),
  );
  for (const origin of findAll(edit.root, "CORSConfiguration/Access-Control-Allow-Origin"))
    if (origin.text.includes("//localhost")) edit.setText(origin, store);
}

function apiManagerLink(topology: Topology, node: Node, element: string): Link | undefined {
  return linkOf(topology, node, configurationFiles.apiManager.path, element);
}
