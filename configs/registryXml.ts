import type { XmlElement } from "@rgrove/parse-xml";
import { databaseRecord } from "../product/databases";
import type { Node, Topology } from "../topology";
import type { NewElement, XmlEdit } from "../xml/edit";
import { children, find, type Value } from "../xml/parse";
import type { Deployment } from "./deployment";
import { accountOf, jdbcUrl } from "./values";

/** Name of the shared database in registry.xml, and of the instance that is mounted from it. */
const database = "govregistry";
const instance = "gov";
const mounts = ["/_system/governance", "/_system/config"] as const;

/** On nodes that use regdb, mounts the shared registry beside the node's own (`wso2registry`), which stays as it is. */
export function renderRegistryXml(edit: XmlEdit, node: Node, { topology }: Deployment): void {
  if (!node.databases.includes("regdb")) return;
  const own = children(edit.root, "dbConfig").find((element) => element.attributes.name === "wso2registry");
  if (!own) throw edit.missing('wso2registry/dbConfig[@name="wso2registry"]');
  // A missing element goes behind its predecessor in the order of the WSO2 guide.
  let anchor: XmlElement = own;
  let created: NewElement[] = [];
  const place = (found: XmlElement | undefined, element: NewElement) => {
    if (!found) {
      created.push(element);
      return;
    }
    setAll(edit, found, element);
    edit.insertAfter(anchor, created);
    created = [];
    anchor = found;
  };
  place(
    children(edit.root, "dbConfig").find((element) => element.attributes.name === database),
    {
      name: "dbConfig",
      attributes: { name: database },
      content: [{ name: "dataSource", content: `jdbc/${databaseRecord("regdb").dataSource}` }],
    },
  );
  place(
    children(edit.root, "remoteInstance").find((element) => find(element, "id")?.text.trim() === instance),
    remoteInstance(node, topology),
  );
  for (const path of mounts)
    place(
      children(edit.root, "mount").find((element) => element.attributes.path === path),
      mount(path),
    );
  edit.insertAfter(anchor, created);
}

function remoteInstance(node: Node, topology: Topology): NewElement {
  return {
    name: "remoteInstance",
    attributes: { url: `https://${node.hostName}` },
    content: [
      { name: "id", content: instance },
      // Two nodes share a cache when account and URL of their databases are the same.
      { name: "cacheId", content: `${accountOf(node, "regdb").name}@${jdbcUrl(topology, "regdb")}` },
      { name: "dbConfig", content: database },
      { name: "readOnly", content: false },
      { name: "enableCache", content: true },
      { name: "registryRoot", content: "/" },
    ],
  };
}

function mount(path: string): NewElement {
  return {
    name: "mount",
    attributes: { path, overwrite: true },
    content: [
      { name: "instanceId", content: instance },
      { name: "targetPath", content: path },
    ],
  };
}

/** Gives an existing element the attributes and children of `wanted`. */
function setAll(edit: XmlEdit, element: XmlElement, wanted: NewElement): void {
  for (const [name, value] of Object.entries(wanted.attributes ?? {})) edit.setAttribute(element, name, value);
  const content = Array.isArray(wanted.content) ? (wanted.content as readonly NewElement[]) : [];
  content.forEach((child, index) => {
    const after = content.slice(0, index).map(({ name }) => name);
    edit.ensure(element, child.name, child.content as Value, { after: after.reverse() });
  });
}
