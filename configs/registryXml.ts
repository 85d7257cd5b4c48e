import type { XmlElement } from "@rgrove/parse-xml";
import { jndiNameOf, localDataSources } from "../product/databases";
import type { Node, Topology } from "../topology";
import type { NewElement, XmlEdit } from "../xml/edit";
import { children, find, type Value } from "../xml/parse";
import type { Deployment } from "./deployment";
import { accountOf, drop, ensureAll, jdbcUrl } from "./values";

/** Name of the node's own database in registry.xml. */
const own = "wso2registry";
/** Name of the shared database in registry.xml, and of the instance that is mounted from it. */
const shared = "govregistry";
const instance = "gov";
const mounts = ["/_system/governance", "/_system/config"] as const;

/**
 * The node's own registry in its local database, and on nodes that use regdb the shared registry mounted beside it. No
 * other database, instance or mount stays: the server would log in there.
 */
export function renderRegistryXml(edit: XmlEdit, node: Node, { topology }: Deployment): void {
  const database = renderOwnRegistry(edit);
  for (const list of children(edit.root, "workList")) drop(edit, list, "removed; it belongs to a former deployment");
  const wanted = node.databases.includes("regdb") ? sharedRegistry(node, topology) : [];
  const found = wanted.map((element) => edit.single(children(edit.root, element.name).filter(isSame(element))));
  removeOthers(edit, [database, ...found]);
  // A missing element goes behind its predecessor in the order of the WSO2 guide.
  let anchor = database;
  let created: NewElement[] = [];
  wanted.forEach((element, index) => {
    const existing = found[index];
    if (!existing) {
      created.push(element);
      return;
    }
    setAll(edit, existing, element);
    edit.insertAfter(anchor, created);
    created = [];
    anchor = existing;
  });
  edit.insertAfter(anchor, created);
}

/** @returns its dbConfig */
function renderOwnRegistry(edit: XmlEdit): XmlElement {
  const database = edit.only(edit.root, "dbConfig", { name: own });
  if (!database) throw edit.missing(`${edit.root.name}/dbConfig[@name="${own}"]`);
  edit.setIfPresent(edit.root, "currentDBConfig", own);
  edit.setIfPresent(edit.root, "readOnly", false);
  edit.setIfPresent(edit.root, "registryRoot", "/");
  setDataSource(edit, database, localDataSources.carbon.jndiName);
  return database;
}

/** Sets the data source of a dbConfig, and removes a connection of its own. */
function setDataSource(edit: XmlEdit, database: XmlElement, jndiName: string): void {
  for (const child of children(database)) {
    if (child.name.endsWith("dataSource")) continue;
    drop(edit, child, "removed; the database is that of the data source");
  }
  const element = edit.only(database, "dataSource");
  if (element) edit.setText(element, jndiName);
  else edit.insertFirst(database, [{ name: "dataSource", content: jndiName }]);
}

/** dbConfig, remoteInstance and mounts, in the order of the WSO2 guide. */
function sharedRegistry(node: Node, topology: Topology): NewElement[] {
  return [
    {
      name: "dbConfig",
      attributes: { name: shared },
      content: [{ name: "dataSource", content: jndiNameOf("regdb") }],
    },
    remoteInstance(node, topology),
    ...mounts.map(mount),
  ];
}

function remoteInstance(node: Node, topology: Topology): NewElement {
  return {
    name: "remoteInstance",
    attributes: { url: `https://${node.hostName}` },
    content: [
      { name: "id", content: instance },
      // Two nodes share a cache when account and URL of their databases are the same.
      { name: "cacheId", content: `${accountOf(node, "regdb").name}@${jdbcUrl(topology, "regdb")}` },
      { name: "dbConfig", content: shared },
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

/** Whether an element of a file is the one that `wanted` describes: by its name, its path, or its id. */
function isSame({ name, attributes = {} }: NewElement): (element: XmlElement) => boolean {
  if (name === "remoteInstance") return (element) => find(element, "id")?.text.trim() === instance;
  const key = name === "mount" ? "path" : "name";
  return (element) => element.attributes[key] === attributes[key];
}

/** Removes databases, instances and mounts that the deployment does not know. */
function removeOthers(edit: XmlEdit, kept: readonly (XmlElement | undefined)[]): void {
  for (const name of ["dbConfig", "remoteInstance", "mount"])
    for (const element of children(edit.root, name)) {
      if (kept.includes(element)) continue;
      const id = find(element, "id") ?? find(element, "instanceId");
      drop(
        edit,
        element,
        `removed${id ? ` (instance ${id.text.trim()})` : ""}; the registry of this deployment is in regdb, and local on nodes that do not use it`,
      );
    }
}

/** Gives an existing element the attributes and children of `wanted`, and no other child. */
function setAll(edit: XmlEdit, element: XmlElement, wanted: NewElement): void {
  for (const [name, value] of Object.entries(wanted.attributes ?? {})) edit.setAttribute(element, name, value);
  if (wanted.name === "dbConfig") {
    setDataSource(edit, element, jndiNameOf("regdb"));
    return;
  }
  const content = Array.isArray(wanted.content) ? (wanted.content as readonly NewElement[]) : [];
  for (const child of children(element)) {
    if (content.some(({ name }) => child.name.endsWith(name))) continue;
    drop(edit, child, "removed; this instance is reached through its database");
  }
  ensureAll(
    edit,
    element,
    content.map(({ name, content: value }) => [name, value as Value]),
  );
}
