import type { Node, Topology } from "../topology";
import type { XmlEdit } from "../xml/edit";
import { children, type Placeholder, type Value } from "../xml/parse";

const svnPassword: Placeholder = { secret: "svn-password" };

/** Port offset, the host names that the server gives itself (it redirects browsers to them), and what it synchronizes. */
export function renderCarbonXml(edit: XmlEdit, node: Node, topology: Topology): void {
  const { root } = edit;
  edit.ensure(root, "HostName", node.hostName, { after: ["ServerKey", "Version"] });
  edit.ensure(root, "MgtHostName", node.hostName, { after: ["HostName", "ServerKey", "Version"] });
  edit.setChild(edit.need("Ports"), "Offset", node.offset);
  renderDeploymentSynchronizer(edit, node, topology);
}

/** "In master nodes you need to set both AutoCommit and AutoCheckout to true and in worker nodes set only AutoCheckout" */
function renderDeploymentSynchronizer(edit: XmlEdit, node: Node, { features }: Topology): void {
  const name = "DeploymentSynchronizer";
  const existing = children(edit.root, name);
  const svn = features.deploymentSynchronizer;
  if (!svn || node.role !== "gateway" || !node.cluster) {
    for (const element of existing) edit.setIfPresent(element, "Enabled", false);
    return;
  }
  const values: [string, Value][] = [
    ["Enabled", true],
    ["AutoCommit", node.profile === "gateway-manager"],
    ["AutoCheckout", true],
    ["RepositoryType", "svn"],
    ["SvnUrl", svn.url],
    ["SvnUser", svn.user],
    ["SvnPassword", svnPassword],
    ["SvnUrlAppendTenantId", true],
  ];
  for (const element of existing)
    values.forEach(([child, value], index) => {
      const before = values.slice(0, index).map(([earlier]) => earlier);
      edit.ensure(element, child, value, { after: before.reverse() });
    });
  if (existing.length > 0) return;
  const created = { name, content: values.map(([child, content]) => ({ name: child, content })) };
  if (!edit.uncomment(edit.root, created)) throw edit.missing(`Server/${name}, commented out or not`);
}
