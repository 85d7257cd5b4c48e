import type { XmlElement } from "@rgrove/parse-xml";
import type { ClusterMembership, Node } from "../topology";
import { children, type Value } from "./xml";
import type { NewElement, XmlEdit } from "./xmlEdit";

type Member = ClusterMembership["members"][number];

/** Hazelcast clustering by well-known addresses, on the nodes that are members of a cluster. */
export function renderAxis2Xml(edit: XmlEdit, node: Node): void {
  const clustering = edit.need("clustering");
  const { cluster } = node;
  if (!cluster) {
    // A cluster that the topology does not know would keep the node from starting, without a word.
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
  if (node.role === "gateway") renderSubDomain(edit, clustering, node);
  renderMembers(edit, clustering, cluster.members);
}

/** The stock file has `worker` on every node; gateways tell their manager from their workers by it. */
function renderSubDomain(edit: XmlEdit, clustering: XmlElement, node: Node): void {
  const properties = children(clustering, "parameter")
    .filter((element) => element.attributes.name === "properties")
    .flatMap((element) => children(element, "property"))
    .filter((element) => element.attributes.name === "subDomain");
  if (properties.length === 0)
    throw edit.missing('axisconfig/clustering/parameter[@name="properties"]/property[@name="subDomain"]');
  for (const property of properties)
    edit.setAttribute(property, "value", node.profile === "gateway-worker" ? "worker" : "mgt");
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
  if (missing.length === 0) return;
  if (!last) throw edit.missing("axisconfig/clustering/members/member");
  edit.insertAfter(last, missing);
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
