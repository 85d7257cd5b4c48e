import type { XmlElement } from "@rgrove/parse-xml";
import type { KeyStores } from "../distribution";
import { basePorts } from "../product/ports";
import { roleRecords } from "../product/roles";
import { type ClusterMembership, isWorker, type Node, type Topology } from "../topology";
import type { NewElement, XmlEdit } from "../xml/edit";
import { children, pathOf, type Value } from "../xml/parse";
import type { Deployment } from "./deployment";
import { renderKeyStores } from "./keyStores";
import { drop } from "./values";

type Member = ClusterMembership["members"][number];

/** Clustering on members of a cluster; the API ports, and on nodes that serve APIs the published ports in front of them. */
export function renderAxis2Xml(edit: XmlEdit, node: Node, { topology }: Deployment, stores: KeyStores): void {
  renderClustering(edit, node);
  dropParameter(edit, edit.root, "httpFrontendHostUrl");
  for (const receiver of receivers) renderReceiver(edit, node, topology, receiver);
  for (const name of ["transportReceiver", "transportSender"])
    for (const transport of children(edit.root, name)) renderKeyStores(edit, transport, stores);
}

/** The receivers of API calls. Without the HTTP receiver, a gateway serves HTTPS only. */
const receivers = [
  { name: "http", port: "apiHttp", isNeeded: false },
  { name: "https", port: "apiHttps", isNeeded: true },
] as const;

/** Parameters with addresses of a former machine, or of what was in front of it. */
const formerFront = ["bind-address", "hostname", "WSDLEPRPrefix"] as const;

/** Parameters of a cluster with other means: bind addresses of a machine, and an account of a cloud. */
const formerCluster = ["localMemberBindAddress", "localMemberBindPort", "accessKey", "secretKey"] as const;

function renderReceiver(edit: XmlEdit, node: Node, topology: Topology, receiver: (typeof receivers)[number]): void {
  const { servesApis } = roleRecords[node.role];
  const place = `axisconfig/transportReceiver[@name="${receiver.name}"]`;
  const element = edit.only(edit.root, "transportReceiver", { name: receiver.name });
  if (!element) {
    if (servesApis && receiver.isNeeded) throw edit.missing(place);
    if (servesApis) edit.warn(place, "there is none; nothing answers at the port wso2-apim:gatewayHttpPort");
    return;
  }
  renderPort(edit, element, basePorts[receiver.port]);
  for (const name of formerFront) dropParameter(edit, element, name);
  const published = servesApis && publishedPort(topology, node, node.ports[receiver.port]);
  if (published)
    edit.ensure(element, "parameter", published, { attributes: { name: "proxyPort" }, after: ["parameter"] });
  else dropParameter(edit, element, "proxyPort");
}

/** The port without the offset. */
function renderPort(edit: XmlEdit, receiver: XmlElement, port: number): void {
  const element = edit.only(receiver, "parameter", { name: "port" });
  if (!element) throw edit.missing(`${pathOf(receiver)}[@name="${receiver.attributes.name}"]/parameter[@name="port"]`);
  const found = element.text.trim();
  if (found !== String(port))
    edit.warn(element, `"${found}" is replaced by ${port}; wso2-apim:portOffsets shifts the ports`);
  edit.setText(element, port);
}

function dropParameter(edit: XmlEdit, parent: XmlElement, name: string): void {
  const element = edit.only(parent, "parameter", { name });
  if (!element) return;
  const found = /secret|key/i.test(name) ? "" : `"${element.text.trim()}" is `;
  drop(edit, element, `${found}removed; it belongs to a former deployment`);
}

/** The port in front of a node's API port: the URLs that the node writes must name it. */
function publishedPort({ balancer }: Topology, node: Node, own: number): number | undefined {
  return balancer.routes.find(({ targets }) =>
    targets.some((target) => target.node === node.name && target.port === own),
  )?.published?.port;
}

/** Hazelcast with well-known addresses. */
function renderClustering(edit: XmlEdit, node: Node): void {
  const clustering = edit.need("clustering");
  const { cluster } = node;
  if (!cluster) {
    // With clustering that the topology does not know, the node would not start, and would log nothing about it.
    // Axis2 takes a missing attribute for true.
    const { enable = "true" } = clustering.attributes;
    if (enable.trim().toLowerCase() !== "true") return;
    const setting = `${node.role}Replicas`;
    edit.warn(clustering, `switched off on nodes that are alone; wso2-apim:${setting} gives the role several nodes`);
    edit.setAttribute(clustering, "enable", false);
    return;
  }
  edit.setAttribute(clustering, "enable", true);
  const parameter = (name: string, value: Value) =>
    edit.ensure(clustering, "parameter", value, { attributes: { name }, after: ["parameter"] });
  parameter("membershipScheme", "wka");
  parameter("domain", cluster.domain);
  parameter("localMemberHost", cluster.localHost);
  parameter("localMemberPort", cluster.localPort);
  for (const name of formerCluster) dropParameter(edit, clustering, name);
  if (roleRecords[node.role].servesApis) renderSubDomain(edit, clustering, node);
  renderMembers(edit, clustering, cluster.members);
}

/** By its sub-domain a node is a manager or a worker; the stock file has `worker` on every node. */
function renderSubDomain(edit: XmlEdit, clustering: XmlElement, node: Node): void {
  const properties = edit.only(clustering, "parameter", { name: "properties" });
  const property = properties && edit.only(properties, "property", { name: "subDomain" });
  if (!property) throw edit.missing('axisconfig/clustering/parameter[@name="properties"]/property[@name="subDomain"]');
  edit.setAttribute(property, "value", isWorker(node) ? "worker" : "mgt");
}

function renderMembers(edit: XmlEdit, clustering: XmlElement, wanted: readonly Member[]): void {
  const parent = edit.only(clustering, "members");
  if (!parent) {
    // A file for multicast can do without.
    const last = children(clustering, "parameter").at(-1);
    if (!last) throw edit.missing("axisconfig/clustering/members");
    edit.insertAfter(last, [{ name: "members", content: wanted.map(newMember) }]);
    return;
  }
  const existing = children(parent, "member");
  existing.forEach((element, index) => {
    const member = wanted[index];
    if (member) setMember(edit, element, member);
    else edit.remove(element);
  });
  const missing = wanted.slice(existing.length).map(newMember);
  const last = existing.at(-1);
  if (last) edit.insertAfter(last, missing);
  else edit.insertFirst(parent, missing);
}

function setMember(edit: XmlEdit, element: XmlElement, { host, port }: Member): void {
  edit.setChild(element, "hostName", host);
  edit.setChild(element, "port", port);
}

function newMember({ host, port }: Member): NewElement {
  return {
    name: "member",
    content: [
      { name: "hostName", content: host },
      { name: "port", content: port },
    ],
  };
}
