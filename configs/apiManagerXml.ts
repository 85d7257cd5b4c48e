import type { XmlElement } from "@rgrove/parse-xml";
import type { Distribution } from "../distribution";
import { jndiNameOf } from "../product/databases";
import { roleRecords, roles, roleThat } from "../product/roles";
import { selfSignUp } from "../product/selfSignUp";
import { traitsOf } from "../product/versions";
import type { Settings } from "../settings";
import type { Link, Node, Topology } from "../topology";
import type { XmlEdit } from "../xml/edit";
import type { Value } from "../xml/parse";
import { renderAnalytics } from "./analytics";
import type { Deployment } from "./deployment";
import { renderEnvironments } from "./environments";
import { isLocalAddress, localAddresses, setLocal } from "./local";
import { servesHttp } from "./stockFiles";
import { browserUrl, drop, linkOf, servicesUrl, setAdministrator, warnOverruled, warnSwitchedOff } from "./values";
import { keyValidationOf } from "./versions";

/** How the components reach each other and log in. The links of the topology say which of it a node has. */
export function renderApiManagerXml(
  edit: XmlEdit,
  node: Node,
  deployment: Deployment,
  distribution: Distribution,
): void {
  const { settings, topology } = deployment;
  renderDataSourceName(edit);
  const database = edit.only(edit.root, "Database");
  if (database) drop(edit, database, "removed; the database is that of DataSourceName");
  const login = edit.need("AuthManager");
  renderServices(edit, login, linkOf(topology, node, edit, "AuthManager/ServerURL"), settings);
  renderJwt(edit, node, settings);
  renderSelfSignUp(edit, settings);
  renderEnvironments(edit, node, deployment, servesHttp(distribution));
  renderKeyValidation(edit, node, deployment);
  renderKeyManagerClient(edit, node, deployment);
  renderPortals(edit, node, deployment);
  renderCors(edit, topology);
  renderAnalytics(edit, node, deployment);
}

/** The management services that a node calls with the administrator's account; its own when it calls nobody there. */
function renderServices(edit: XmlEdit, parent: XmlElement, link: Link | undefined, settings: Settings): void {
  if (link) edit.setChild(parent, "ServerURL", servicesUrl(link));
  else setLocal(edit, parent, "ServerURL", localAddresses.services);
  setAdministrator(edit, parent, settings);
}

/** @see the WSO2 guide: "add the following line as the first child node of the root element (if it is not already there)" */
function renderDataSourceName(edit: XmlEdit): void {
  const name = "DataSourceName";
  const value = jndiNameOf("apimgtdb");
  const found = edit.only(edit.root, name);
  if (found) edit.setText(found, value);
  else edit.insertFirst(edit.root, [{ name, content: value }]);
}

function renderJwt(edit: XmlEdit, node: Node, settings: Settings): void {
  const parent = edit.need("APIConsumerAuthentication");
  const { jwt } = roleRecords[node.role];
  if (!settings.jwt) {
    const enabled = edit.only(parent, "EnableTokenGeneration");
    warnSwitchedOff(edit, enabled, "jwt");
    if (enabled) edit.setText(enabled, false);
    return;
  }
  const after = ["SecurityContextHeader", "TokenGeneratorImpl"];
  // Gateways put the token into the header.
  if (jwt) {
    const header = { product: "X-JWT-Assertion", value: settings.jwtHeader, setting: "jwtHeader" } as const;
    warnOverruled(edit, edit.only(parent, "SecurityContextHeader"), header);
    edit.ensure(parent, "SecurityContextHeader", settings.jwtHeader, { after: ["TokenGeneratorImpl"] });
  }
  if (jwt !== "issues") return;
  const details = [
    ["ClaimsRetrieverImplClass", "jwtClaimsRetriever", ""],
    ["ConsumerDialectURI", "jwtDialect", "http://wso2.org/claims"],
    ["SignatureAlgorithm", "jwtSignature", "SHA256withRSA"],
  ] as const;
  for (const [name, setting, productDefault] of details) {
    const value = settings[setting];
    // A class of the user's own stays without the setting.
    if (value !== "") warnOverruled(edit, edit.only(parent, name), { product: productDefault, value, setting });
    if (value !== productDefault) edit.ensure(parent, name, value, { after });
    else if (value !== "") edit.setIfPresent(parent, name, value);
  }
  edit.ensure(parent, "EnableTokenGeneration", true, { after });
}

/** Only up to 1.8: later, self sign-up is configured in the registry. */
function renderSelfSignUp(edit: XmlEdit, settings: Settings): void {
  const enabled = edit.find(`${selfSignUp.element}/Enabled`);
  if (!enabled) return;
  const value = settings.selfSignUp === "on";
  warnOverruled(edit, enabled, { product: "true", value: String(value), setting: "selfSignUp" });
  edit.setText(enabled, value);
}

function renderKeyValidation(edit: XmlEdit, node: Node, { settings, topology }: Deployment): void {
  const parent = keyValidationOf(edit);
  renderServices(edit, parent, linkOf(topology, node, edit, "APIKeyValidator/ServerURL"), settings);
  renderThrift(edit, parent, node, topology);
  const revoke = linkOf(topology, node, edit, "RevokeAPIURL");
  if (revoke) edit.setChild(parent, "RevokeAPIURL", `https://${revoke.host}:${revoke.port}/revoke`);
  else setLocal(edit, parent, "RevokeAPIURL", `${localAddresses.apisOverTls}/revoke`);
}

/** The product's own client of the Key Manager, under the names of all versions from 1.9 on. */
const ownClient = /\.AMDefaultKeyManagerImpl$/;

/**
 * From 1.9 on, the client of the Key Manager can be configured. The product's own client is this deployment's; that of
 * another vendor's key manager stays as it is.
 */
function renderKeyManagerClient(edit: XmlEdit, node: Node, { settings, topology }: Deployment): void {
  if (traitsOf(edit.file.version).keyValidation === "APIKeyManager") return;
  const client = edit.find("APIKeyManager/KeyManagerClientImpl");
  const configuration = edit.find("APIKeyManager/Configuration");
  if (!configuration) return;
  if (client && !ownClient.test(client.text.trim())) {
    edit.warn(
      client,
      `${client.text.trim()} stays, with its addresses and accounts; it is another vendor's key manager`,
    );
    return;
  }
  renderServices(edit, configuration, linkOf(topology, node, edit, "APIKeyValidator/ServerURL"), settings);
  // As the stock comment has it, tokens are requested and revoked at the gateway.
  const gateway = topology.links.find(({ element }) => element === "RevokeAPIURL");
  const calls = roleRecords[node.role].servesApis === undefined && gateway;
  for (const [name, path] of [
    ["TokenURL", "/token"],
    ["RevokeURL", "/revoke"],
  ] as const) {
    if (calls) edit.setIfPresent(configuration, name, `https://${gateway.host}:${gateway.port}${path}`);
    else setLocal(edit, configuration, name, `${localAddresses.apisOverTls}${path}`);
  }
}

/** Client and server of Thrift. With WSClient, elements that the file has are set too, but none is required. */
function renderThrift(edit: XmlEdit, parent: XmlElement, node: Node, topology: Topology): void {
  const server = topology.nodes.find(({ role }) => roleRecords[role].servesThrift);
  if (!server) throw new Error("topology: no node serves Thrift");
  const client = topology.keyValidatorClient;
  const isThrift = client === "ThriftClient";
  const type = edit.need("KeyValidatorClientType", parent);
  warnOverruled(edit, type, { product: "ThriftClient", value: client, setting: "keyValidatorClient" });
  edit.setText(type, client);
  const settings: [string, Value][] = [
    ["ThriftClientPort", server.ports.thrift],
    ["ThriftServerPort", node.ports.thrift],
    // On the server itself, the address on which it listens; elsewhere, the host that is called.
    ["ThriftServerHost", roleRecords[node.role].servesThrift ? node.nodeHostName : server.hostName],
  ];
  for (const [name, value] of settings) {
    if (isThrift) edit.ensure(parent, name, value, { after: ["ThriftServerPort", "KeyValidatorClientType"] });
    else edit.setIfPresent(parent, name, value);
  }
  edit.ensure(parent, "EnableThriftServer", isThrift && roleRecords[node.role].servesThrift === true, {
    after: ["ThriftServerPort", "KeyValidatorClientType"],
  });
}

/** The web applications: browsers reach those that the node's pages link to through the load balancer. */
function renderPortals(edit: XmlEdit, node: Node, { settings, topology }: Deployment): void {
  if (!traitsOf(edit.file.version).hasPortalUrls) return;
  for (const { element, path } of portals) {
    const parent = edit.find(element);
    const link = roleRecords[node.role].linksTo?.find((each) => each.element === element);
    if (link) edit.setChild(edit.need(element), "URL", `${browserUrl(topology, link.to)}${path}`);
    else if (parent) setLocal(edit, parent, "URL", `${localAddresses.web}${path}`);
    // In 1.10, the Publisher logs in to the Store.
    const services = linkOf(topology, node, edit, `${element}/ServerURL`);
    if (services || (parent && edit.only(parent, "ServerURL")))
      renderServices(edit, edit.need(element), services, settings);
  }
}

/** The elements of the web applications, as any role's record names them. */
const portals = [
  ...new Map(
    roles.flatMap((role) => roleRecords[role].linksTo ?? []).map(({ element, path }) => [element, { element, path }]),
  ).values(),
];

/**
 * Up to 1.8, the stock file allows API calls only from pages on localhost. API consumers try APIs on the Store's pages, so
 * these entries become the Store's address; the user's own entries stay.
 */
function renderCors(edit: XmlEdit, topology: Topology): void {
  const store = browserUrl(
    topology,
    roleThat(({ callsApis }) => callsApis),
  );
  const allowed = edit.find("CORSConfiguration/Access-Control-Allow-Origin");
  const entries = allowed?.text.split(",").map((entry) => entry.trim()) ?? [];
  if (!allowed || !entries.some(isLocalAddress)) return;
  const kept = entries.map((entry) => (isLocalAddress(entry) ? store : entry));
  edit.setText(allowed, [...new Set(kept)].join(","));
}
