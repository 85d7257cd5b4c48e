import type { KeyStores } from "../distribution";
import { configurationFiles, homeVariable } from "../product/files";
import { roleRecords } from "../product/roles";
import type { Settings } from "../settings";
import { isWorker, type Node } from "../topology";
import type { XmlEdit } from "../xml/edit";
import type { Placeholder, Value } from "../xml/parse";
import type { Deployment } from "./deployment";
import { renderKeyStore } from "./keyStores";
import { ensureAll, warnSwitchedOff } from "./values";

const svnPassword: Placeholder = { secret: "svn-password" };

/** Port offset, the server's own host names (it redirects browsers to them), and the deployment synchronizer. */
export function renderCarbonXml(edit: XmlEdit, node: Node, deployment: Deployment, stores: KeyStores): void {
  checkPaths(edit);
  const registryStore = edit.find("Security/RegistryKeyStore");
  if (registryStore) renderKeyStore(edit, registryStore, stores);
  checkAxis2File(edit);
  checkAdminUser(edit, deployment.settings);
  renderNames(edit, node, deployment);
  renderOffset(edit, node);
  renderDeploymentSynchronizer(edit, node, deployment);
}

/** Paths that would become a part of every URL between the nodes. */
function checkPaths(edit: XmlEdit): void {
  for (const name of ["WebContextRoot", "ProxyContextPath"]) {
    const element = edit.only(edit.root, name);
    const found = element?.text.trim() ?? "";
    if (element && found !== "" && found !== "/")
      throw edit.refuse(
        element,
        `expected "/", since the URLs between the nodes have no further path, found "${found}"; put "/" there`,
      );
  }
}

/** The file that the server reads must be the one that is rendered. */
function checkAxis2File(edit: XmlEdit): void {
  const element = edit.find("Axis2Config/ConfigurationFile");
  const { path } = configurationFiles.axis2;
  if (element && !element.text.trim().endsWith(path))
    throw edit.refuse(
      element,
      `expected ${homeVariable}${path}, found "${element.text.trim()}"; put the original path there`,
    );
}

/** The product takes a user name with @ for that of a tenant, unless carbon.xml says otherwise. */
function checkAdminUser(edit: XmlEdit, { adminUser }: Settings): void {
  const isAllowed = edit.only(edit.root, "EnableEmailUserName")?.text.trim() === "true";
  if (!adminUser.includes("@") || isAllowed) return;
  throw edit.refuse(
    "Server/EnableEmailUserName",
    `expected true, since wso2-apim:adminUser is "${adminUser}", with an @; put it there, or choose a name without @`,
  );
}

function renderNames(edit: XmlEdit, node: Node, { topology }: Deployment): void {
  const known = topology.nodes.map(({ hostName }) => hostName);
  for (const [name, after] of [
    ["HostName", ["ServerKey", "Version"]],
    ["MgtHostName", ["HostName", "ServerKey", "Version"]],
  ] as const) {
    const element = edit.only(edit.root, name);
    const found = element?.text.trim() ?? "";
    if (element && found !== "" && !known.includes(found))
      edit.warn(element, `"${found}" is replaced; wso2-apim:keyManagerHost and its like decide the host names`);
    edit.ensure(edit.root, name, node.hostName, { after });
  }
  const services = edit.only(edit.root, "ServerURL");
  if (!services || services.text.trim().startsWith("local:")) return;
  edit.warn(services, `"${services.text.trim()}" is replaced; each node calls its own management services`);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the product's own notation
  edit.setText(services, "local:/${carbon.context}/services/");
}

function renderOffset(edit: XmlEdit, node: Node): void {
  const element = edit.need("Ports/Offset");
  const found = element.text.trim();
  if (!["", "0", String(node.offset)].includes(found))
    edit.warn(element, `"${found}" is replaced; wso2-apim:portOffsets decides the offset of each role`);
  edit.setText(element, node.offset);
}

/** What stock files have: no address and account of a former deployment stays in a synchronizer that is off. */
const unusedRepository = [
  ["SvnUrl", "http://svnrepo.example.com/repos/"],
  ["SvnUser", "username"],
  ["SvnPassword", "password"],
] as const;

/** @see the WSO2 guide: "In master nodes you need to set both AutoCommit and AutoCheckout to true and in worker nodes set only AutoCheckout" */
function renderDeploymentSynchronizer(edit: XmlEdit, node: Node, { settings }: Deployment): void {
  const name = "DeploymentSynchronizer";
  const existing = edit.only(edit.root, name);
  const { deploymentSynchronizer, svnUrl, svnUser } = settings;
  const deploys = roleRecords[node.role].servesApis !== undefined && node.cluster !== undefined;
  if (deploymentSynchronizer === "off" || !deploys) {
    const enabled = existing && edit.only(existing, "Enabled");
    if (deploymentSynchronizer === "off") warnSwitchedOff(edit, enabled, "deploymentSynchronizer");
    if (enabled) edit.setText(enabled, false);
    if (existing) for (const [child, value] of unusedRepository) edit.setIfPresent(existing, child, value);
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
  if (existing) {
    ensureAll(edit, existing, values);
    return;
  }
  const created = { name, content: values.map(([child, content]) => ({ name: child, content })) };
  if (!edit.uncomment(edit.root, created)) throw edit.missing(`Server/${name}, commented out or not`);
}
