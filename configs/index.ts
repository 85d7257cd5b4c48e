import type { Distribution } from "../distribution/assemble";
import { type ConfigurationFile, configurationFiles, type ProductFile, vaultAttribute } from "../product/files";
import { roleRecords } from "../product/roles";
import type { Node } from "../topology";
import { XmlEdit } from "../xml/edit";
import { parseFile, type XmlFile } from "../xml/parse";
import { renderApiManagerXml } from "./apiManagerXml";
import { renderAxis2Xml } from "./axis2Xml";
import { renderCarbonXml } from "./carbonXml";
import { renderCatalinaServer } from "./catalinaServer";
import type { Deployment } from "./deployment";
import { renderIdentityXml } from "./identityXml";
import { renderMasterDatasources } from "./masterDatasources";
import { renderRegistryXml } from "./registryXml";
import type { RenderedFile } from "./renderedFile";
import { renderSynapseApi } from "./synapseApis";
import { renderUserMgtXml } from "./userMgtXml";

export { renderBalancer } from "./balancer";
export type { Deployment } from "./deployment";
export type { RenderedFile } from "./renderedFile";
export { fillSecrets, placeholdersIn } from "./secrets";

type Renderer = (edit: XmlEdit, node: Node, deployment: Deployment) => void;

const renderers: Readonly<Record<ConfigurationFile, Renderer>> = {
  carbon: renderCarbonXml,
  dataSources: renderMasterDatasources,
  apiManager: renderApiManagerXml,
  userManagement: renderUserMgtXml,
  registry: renderRegistryXml,
  axis2: renderAxis2Xml,
  catalina: renderCatalinaServer,
  identity: renderIdentityXml,
  identityOfLater: renderIdentityXml,
  tokenApi: renderSynapseApi,
  authorizeApi: renderSynapseApi,
  revokeApi: renderSynapseApi,
};

/**
 * All configuration files of one node: the stock text with the values that the deployment decides. Pure.
 *
 * @throws naming file, element and version when a stock file lacks a required element
 */
export function renderNode(node: Node, deployment: Deployment, distribution: Distribution): RenderedFile[] {
  const kinds = Object.keys(configurationFiles) as ConfigurationFile[];
  return kinds.flatMap((kind) => {
    const file: ProductFile = configurationFiles[kind];
    const stock = distribution.files.get(file.path);
    if (!stock || !roleRecords[node.role].files.includes(kind)) return [];
    const edit = new XmlEdit(parsed(file.path, stock, distribution.version), vaultAttribute);
    renderers[kind](edit, node, deployment);
    return [{ path: file.path, text: edit.apply(), encoding: edit.file.encoding }];
  });
}

/** The stock text of a file, from which {@link renderNode} starts. */
export function stockText(path: string, distribution: Distribution): string {
  const stock = distribution.files.get(path);
  if (!stock) throw new Error(`distribution ${distribution.source}: holds no ${path}`);
  return parsed(path, stock, distribution.version).text;
}

/** All nodes start from the same stock file, so it is parsed once. */
const parsedFiles = new WeakMap<Buffer, XmlFile>();

function parsed(path: string, stock: Buffer, version: string): XmlFile {
  const known = parsedFiles.get(stock);
  if (known?.path === path && known.version === version) return known;
  const file = parseFile(path, stock, version);
  parsedFiles.set(stock, file);
  return file;
}
