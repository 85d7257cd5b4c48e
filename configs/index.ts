import type { Distribution } from "../distribution";
import { errorMessage } from "../errors";
import {
  type ConfigurationFile,
  configurationFiles,
  type PropertyFileName,
  vaultAttribute,
  type XmlFileName,
} from "../product/files";
import { roleRecords } from "../product/roles";
import type { Node } from "../topology";
import { XmlEdit } from "../xml/edit";
import { renderApiManagerXml } from "./apiManagerXml";
import { renderAxis2Xml } from "./axis2Xml";
import { renderCarbonXml } from "./carbonXml";
import { renderCatalinaServer } from "./catalinaServer";
import type { Deployment } from "./deployment";
import { renderHazelcastProperties } from "./hazelcastProperties";
import { renderIdentityXml } from "./identityXml";
import { renderMasterDatasources } from "./masterDatasources";
import { renderRegistryXml } from "./registryXml";
import type { RenderedFile } from "./renderedFile";
import { parsed, propertyEncoding } from "./stockFiles";
import { renderSynapseApi } from "./synapseApis";
import { renderUserMgtXml } from "./userMgtXml";

export { renderBalancer } from "./balancer";
export type { Deployment } from "./deployment";
export type { RenderedFile } from "./renderedFile";
export { fillSecrets, placeholdersIn } from "./secrets";
export { keepsSignUpInRegistry, servesHttp, stockText } from "./stockFiles";

type Renderer = (edit: XmlEdit, node: Node, deployment: Deployment, distribution: Distribution) => void;

const renderers: Readonly<Record<XmlFileName, Renderer>> = {
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
  userInfoApi: renderSynapseApi,
};

/** Renders a file of properties. @param stock empty when the pack has none @returns undefined: the node gets no such file */
type PropertyRenderer = (stock: string, node: Node, deployment: Deployment) => string | undefined;

const propertyRenderers: Readonly<Record<PropertyFileName, PropertyRenderer>> = {
  hazelcast: renderHazelcastProperties,
};

/** The configuration files of all nodes. */
export interface Rendering {
  /** Name of a node -> its files. */
  readonly files: ReadonlyMap<string, readonly RenderedFile[]>;
  /** What was written by hand and is changed, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * The configuration files of all nodes: the stock text with the values that the deployment decides. Pure.
 *
 * @throws naming file, element and version for each value that cannot be used: one line for each
 */
export function renderNodes(nodes: readonly Node[], deployment: Deployment, distribution: Distribution): Rendering {
  const files = new Map<string, readonly RenderedFile[]>();
  const faults = new Set<string>();
  const warned = new Map<string, string[]>();
  for (const node of nodes) {
    const warn = (text: string) => warned.set(text, [...(warned.get(text) ?? []), node.name]);
    const rendered = filesOf(node, distribution).flatMap((file) => {
      try {
        return renderFile(file, node, deployment, distribution, warn);
      } catch (fault) {
        faults.add(errorMessage(fault));
        return [];
      }
    });
    files.set(node.name, rendered);
  }
  if (faults.size > 0) throw new Error([...faults].join("\n"));
  const warnings = [...warned].map(([text, names]) => {
    const where = [...new Set(names)];
    return where.length === nodes.length ? text : `${text} (${where.join(", ")})`;
  });
  return { files, warnings };
}

/** The configuration files of one node, as {@link renderNodes} renders them. */
export function renderNode(node: Node, deployment: Deployment, distribution: Distribution): readonly RenderedFile[] {
  return renderNodes([node], deployment, distribution).files.get(node.name) ?? [];
}

interface StockFile {
  readonly kind: ConfigurationFile;
  readonly path: string;
  /** Undefined: the pack does not have it. */
  readonly bytes: Buffer | undefined;
}

function filesOf({ role }: Node, { files }: Distribution): StockFile[] {
  const kinds = Object.keys(configurationFiles) as ConfigurationFile[];
  return kinds
    .filter((kind) => roleRecords[role].files.includes(kind))
    .map((kind) => ({ kind, path: configurationFiles[kind].path, bytes: files.get(configurationFiles[kind].path) }));
}

function renderFile(
  { kind, path, bytes }: StockFile,
  node: Node,
  deployment: Deployment,
  distribution: Distribution,
  warn: (text: string) => void,
): RenderedFile[] {
  if (isPropertyFile(kind)) {
    const text = propertyRenderers[kind](bytes?.toString(propertyEncoding) ?? "", node, deployment);
    return text === undefined ? [] : [{ path, text, encoding: "iso-8859-1" }];
  }
  if (!bytes) return [];
  const edit = new XmlEdit(parsed(path, bytes, distribution.version), { staleAttribute: vaultAttribute, warn });
  renderers[kind](edit, node, deployment, distribution);
  const [secured] = edit.staleElements();
  if (secured)
    throw edit.refuse(
      secured,
      "takes its value from the product's vault (secretAlias), which the containers cannot open; write the value itself there, and remove the attribute",
    );
  return [{ path, text: edit.apply(), encoding: edit.file.encoding }];
}

function isPropertyFile(kind: ConfigurationFile): kind is PropertyFileName {
  return kind in propertyRenderers;
}
