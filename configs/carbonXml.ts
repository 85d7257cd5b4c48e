import { roleRecords } from "../product/roles";
import { isWorker, type Node } from "../topology";
import type { XmlEdit } from "../xml/edit";
import { children, type Placeholder, type Value } from "../xml/parse";
import type { Deployment } from "./deployment";

const svnPassword: Placeholder = { secret: "svn-password" };

/** Port offset, the server's own host names (it redirects browsers to them), and the deployment synchronizer. */
export function renderCarbonXml(edit: XmlEdit, node: Node, deployment: Deployment): void {
  const { root } = edit;
  edit.ensure(root, "HostName", node.hostName, { after: ["ServerKey", "Version"] });
  edit.ensure(root, "MgtHostName", node.hostName, { after: ["HostName", "ServerKey", "Version"] });
  edit.setChild(edit.need("Ports"), "Offset", node.offset);
  renderDeploymentSynchronizer(edit, node, deployment);
}

/** @see the WSO2 guide: "In master nodes you need to set both AutoCommit and AutoCheckout to true and in worker nodes set only AutoCheckout" */
function renderDeploymentSynchronizer(edit: XmlEdit, node: Node, { settings }: Deployment): void {
  const name = "DeploymentSynchronizer";
  const existing = children(edit.root, name);
  const { deploymentSynchronizer, svnUrl, svnUser } = settings;
  const deploys = roleRecords[node.role].servesApis !== undefined && node.cluster !== undefined;
  if (deploymentSynchronizer === "off" || !deploys) {
    for (const element of existing) edit.setIfPresent(element, "Enabled", false);
    return;
  }
  const values: [string, Value][] = [
    ["Enabled", true],
    ["AutoCommit", !isWorker(node)],
    ["AutoCheckout", true],
    ["RepositoryType", deploymentSynchronizer],
    ["SvnUrl", svnUrl],
    ["SvnUser", svnUser],
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
