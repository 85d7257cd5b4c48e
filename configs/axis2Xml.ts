import type { XmlElement } from "@rgrove/parse-xml";
import { roleRecords } from "../product/roles";
import { type ClusterMembership, isWorker, type Node, type Topology } from "../topology";
import type { NewElement, XmlEdit } from "../xml/edit";
import { children, type Value } from "../xml/parse";
import type { Deployment } from "./deployment";

type Member = ClusterMembership["members"][number];

/** Clustering on members of a cluster, and on nodes that serve APIs the published ports. */
export function renderAxis2Xml(edit: XmlEdit, node: Node, { topology }: Deployment): void {
  renderClustering(edit, node);
  if (roleRecords[node.role].servesApis) renderProxyPorts(edit, node, topology);
}

/** The published ports in front of the node's API ports: the URLs that the node writes must name them. */
function renderProxyPorts(edit: XmlEdit, node: Node, topology: Topology): void {
  for (const [name, own] of [
    ["http", node.ports.apiHttp],
    ["https", node.ports.apiHttps],
  ] as const) {
    const receiver = children(edit.root, "transportReceiver").find((element) => element.attributes.name === name);
    if (!receiver) throw edit.missing(`axisconfig/transportReceiver[@name="${name}"]`);
    const route = topology.balancer.routes.find(({ targets }) =>
      targets.some((target) => target.node === node.name && target.port === own),
    );
    if (!route?.published) continue;
    edit.ensure(receiver, "parameter", route.published.port, {
      attributes: { name: "proxyPort" },
      after: ["parameter"],
    });
  }
}

/** Hazelcast with well-known addresses. */
function renderClustering(edit: XmlEdit, node: Node): void {
  const clustering = edit.need("clustering");
  const { cluster } = node;
  if (!cluster) {
    // With clustering that the topology does not know, the node would not start, and would log nothing about it.
    if (clustering.attributes.enable === "true") edit.setAttribute(clustering, "enable", false);
    return;
  }
  edit.setAttribute(clustering, "enable", true);
  const parameter = (name: string, value: Value) =>
    edit.ensure(clustering, "parameter", value, { attributes: { name }, after: ["parameter"] });
  parameter("membershipScheme", "wka");
  parameter("domain", cluster.domain);
  parameter("localMemberHost", cluster.localHost);
  parameter("localMemberPort", cluster.localPort);
  if (roleRecords[node.role].servesApis) renderSubDomain(edit, clustering, node);
  renderMembers(edit, clustering, cluster.members);
}

/** By its sub-domain a node is a manager or a worker; the stock file has `worker` on every node. */
function renderSubDomain(edit: XmlEdit, clustering: XmlElement, node: Node): void {
  const properties = children(clustering, "parameter")
    .filter((element) => element.attributes.name === "properties")
    .flatMap((element) => children(element, "property"))
    .filter((element) => element.attributes.name === "subDomain");
  if (properties.length === 0)
    throw edit.missing('axisconfig/clustering/parameter[@name="properties"]/property[@name="subDomain"]');
  for (const property of properties) edit.setAttribute(property, "value", isWorker(node) ? "worker" : "mgt");
}

function renderMembers(edit: XmlEdit, clustering: XmlElement, wanted: readonly Member[]): void {
  const parent = edit.need("members", clustering);
  const existing = children(parent, "member");
  existing.forEach((element, index) => {
    const member = wanted[index];
    if (member) setMember(edit, element, member);
    else edit.remove(element);
  });
  const missing = wanted.slice(existing.length).map(newMember);
  const last = existing.at(-1);
  if (last) edit.insertAfter(last, missing);
  else for (const member of missing) edit.insertFirst(parent, member);
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
