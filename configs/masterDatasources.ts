import type { XmlElement } from "@rgrove/parse-xml";
import {
  type DatabaseName,
  databaseNames,
  databaseRecord,
  jndiNameOf,
  type LocalDataSource,
  localDataSources,
} from "../product/databases";
import { jdbcDriver } from "../product/mysql";
import { carbonHomeOf, type Node } from "../topology";
import type { NewElement, XmlEdit } from "../xml/edit";
import { children, find, type Value } from "../xml/parse";
import type { Deployment } from "./deployment";
import { accountOf, drop, ensureAll, jdbcUrl, warnOverruled } from "./values";

/**
 * The data sources of the databases that the node uses; those that it does not use are the product's own again, or are
 * removed. WSO2_CARBON_DB is always local. All others stay as they are.
 */
export function renderMasterDatasources(edit: XmlEdit, node: Node, deployment: Deployment): void {
  const existing = children(edit.need("datasources"), "datasource");
  const named = (name: string, jndiName: string) => edit.single(existing.filter(isNamed(name, jndiName)));
  const { carbon, apiManager } = localDataSources;
  const stock = {
    carbon: named(carbon.dataSource, carbon.jndiName),
    apimgtdb: named(apiManager.dataSource, apiManager.jndiName),
  };
  if (!stock.carbon) throw edit.missing(describe(carbon.dataSource));
  if (!stock.apimgtdb) throw edit.missing(describe(apiManager.dataSource));
  renderLocal(edit, stock.carbon, carbon, (url) => inHome(url, node));
  const created: NewElement[] = [];
  for (const name of databaseNames) {
    const { dataSource } = databaseRecord(name);
    const found = named(dataSource, jndiNameOf(name));
    if (node.databases.includes(name)) {
      if (found) renderShared(edit, found, name, node, deployment);
      else created.push(newDataSource(name, node, deployment));
    } else if (found === stock.apimgtdb) renderLocal(edit, stock.apimgtdb, apiManager);
    else if (found) drop(edit, found, "removed on nodes that do not use this database", describe(dataSource));
  }
  edit.insertAfter(stock.apimgtdb, created);
}

function isNamed(name: string, jndiName: string): (element: XmlElement) => boolean {
  return (element) =>
    find(element, "name")?.text.trim() === name || find(element, "jndiConfig/name")?.text.trim() === jndiName;
}

function describe(dataSource: string): string {
  return `datasources-configuration/datasources/datasource ${dataSource}`;
}

/**
 * A URL of the local registry with the node's own directory in it. The members of a cluster share the caches of the
 * registry by account and URL: with the product's relative URL, nodes read what is in the local registries of others.
 */
function inHome(url: string, { carbonHome }: Node): string {
  const relative = /^jdbc:h2:(\.\/)?(?=repository\/)/;
  if (url.startsWith(`jdbc:h2:${carbonHome}/`)) return url;
  const own = relative.test(url) ? url : localDataSources.carbon.url;
  return own.replace(relative, `jdbc:h2:${carbonHome}/`);
}

/** A URL below the directory of a server. Another local path may be a directory that machines shared. */
const isInHome = new RegExp(`^jdbc:h2:(\\./|${carbonHomeOf("[^/]+")}/)?repository/`);

/**
 * A database in the server's own process; one that is local already keeps its URL.
 * @param place where the database of a URL must be. @default where it is
 */
function renderLocal(
  edit: XmlEdit,
  element: XmlElement,
  local: LocalDataSource,
  place: (url: string) => string = (url) => url,
): void {
  const { jndiName, url, username, password, driverClassName } = local;
  const configuration = renderDefinition(edit, element, local.dataSource, jndiName);
  const found = edit.need("url", configuration);
  const text = found.text.trim();
  if (isInHome.test(text)) {
    if (place(text) !== text) edit.setText(found, place(text));
    edit.setIfPresent(configuration, "driverClassName", driverClassName);
    return;
  }
  edit.warn(
    describe(local.dataSource),
    `${withoutOptions(text)} is replaced by the product's own database, in the directory of the node`,
  );
  ensureAll(edit, configuration, [
    ["url", place(url)],
    ["username", username],
    ["password", password],
    ["driverClassName", driverClassName],
    ["validationQuery", "SELECT 1"],
  ]);
}

/** A database of the deployment. */
function renderShared(
  edit: XmlEdit,
  element: XmlElement,
  name: DatabaseName,
  node: Node,
  deployment: Deployment,
): void {
  const { poolMaxActive, poolMaxWait } = deployment.settings;
  const configuration = renderDefinition(edit, element, databaseRecord(name).dataSource, jndiNameOf(name));
  for (const [child, product, value, setting] of [
    ["maxActive", "50", poolMaxActive, "poolMaxActive"],
    ["maxWait", "60000", poolMaxWait, "poolMaxWait"],
  ] as const)
    warnOverruled(edit, edit.only(configuration, child), { product, value, setting });
  ensureAll(edit, configuration, configurationOf(name, node, deployment));
}

/** Elements that choose another database than `url` does, or another schema in it. */
const overriding = [
  "dataSourceClassName",
  "dataSourceProps",
  "connectionProperties",
  "defaultCatalog",
  "defaultReadOnly",
  "initSQL",
];

/** @returns the element with the connection */
function renderDefinition(edit: XmlEdit, element: XmlElement, dataSource: string, jndiName: string): XmlElement {
  const definition = edit.need("definition", element);
  const { type = "RDBMS" } = definition.attributes;
  if (type !== "RDBMS")
    throw edit.refuse(
      describe(dataSource),
      `definition/@type: expected RDBMS, found "${type}"; take the data source from the original file`,
    );
  edit.setText(edit.need("jndiConfig/name", element), jndiName);
  for (const environment of children(edit.need("jndiConfig", element), "environment")) {
    const place = `${describe(dataSource)}/jndiConfig/environment`;
    drop(edit, environment, "removed; the server's own JNDI has the data source", place);
  }
  const configuration = edit.need("configuration", definition);
  for (const child of overriding.flatMap((name) => children(configuration, name))) {
    const place = `${describe(dataSource)}/definition/configuration/${child.name}`;
    drop(edit, child, "removed; url decides the database", place);
  }
  return configuration;
}

/** Child of `configuration` -> value, in the order of the WSO2 guide. */
function configurationOf(database: DatabaseName, node: Node, { settings, topology }: Deployment): [string, Value][] {
  const { autoCommit } = databaseRecord(database);
  const account = accountOf(node, database);
  return [
    ["url", jdbcUrl(topology, database)],
    ["username", account.name],
    ["password", { secret: account.secret }],
    ...(autoCommit === undefined ? [] : [["defaultAutoCommit", autoCommit] as [string, Value]]),
    ["driverClassName", jdbcDriver.className],
    ["maxActive", settings.poolMaxActive],
    ["maxWait", settings.poolMaxWait],
    ["testOnBorrow", true],
    ["validationQuery", "SELECT 1"],
    ["validationInterval", 30000],
  ];
}

function newDataSource(database: DatabaseName, node: Node, deployment: Deployment): NewElement {
  const { dataSource: name, description } = databaseRecord(database);
  const values = configurationOf(database, node, deployment);
  return {
    name: "datasource",
    content: [
      { name: "name", content: name },
      { name: "description", content: description },
      { name: "jndiConfig", content: [{ name: "name", content: jndiNameOf(database) }] },
      {
        name: "definition",
        attributes: { type: "RDBMS" },
        content: [
          { name: "configuration", content: values.map(([child, content]): NewElement => ({ name: child, content })) },
        ],
      },
    ],
  };
}

/** A JDBC URL without its options, which can hold a password. */
function withoutOptions(url: string): string {
  return url.trim().replace(/[?;].*/s, "");
}
