import type { XmlElement } from "@rgrove/parse-xml";
import type { DatabaseName } from "../product/databases";
import { jdbcDriver } from "../product/mysql";
import type { Node, Topology } from "../topology";
import type { NewElement, XmlEdit } from "../xml/edit";
import { children, find, type Value } from "../xml/parse";
import { accountOf, jdbcUrl } from "./values";

interface DataSource {
  readonly name: string;
  readonly database: DatabaseName;
  readonly description: string;
  /** Only the API Manager's own data source switches it off. */
  readonly autoCommit?: false;
}

/** The document's three data sources. */
const dataSources: readonly DataSource[] = [
  {
    name: "WSO2AM_DB",
    database: "apimgtdb",
    description: "The datasource used for the API Manager database",
    autoCommit: false,
  },
  { name: "WSO2UM_DB", database: "userdb", description: "The datasource used by user manager" },
  { name: "WSO2REG_DB", database: "regdb", description: "The datasource used by the registry" },
];

/** The data sources of the databases that the node uses; all others, WSO2_CARBON_DB too, stay as they are. */
export function renderMasterDatasources(edit: XmlEdit, node: Node, topology: Topology): void {
  const parent = edit.need("datasources");
  const existing = children(parent, "datasource");
  const anchor = existing.find((element) => isNamed(element, "WSO2AM_DB")) ?? existing.at(-1);
  const created: NewElement[] = [];
  for (const dataSource of dataSources) {
    if (!node.databases.includes(dataSource.database)) continue;
    const values = configuration(dataSource, node, topology);
    const found = existing.find((element) => isNamed(element, dataSource.name));
    if (found) setConfiguration(edit, found, values);
    else if (dataSource.database === "apimgtdb")
      throw edit.missing(`datasources-configuration/datasources/datasource ${dataSource.name}`);
    else created.push(newDataSource(dataSource, values));
  }
  if (created.length === 0) return;
  if (!anchor) throw edit.missing("datasources-configuration/datasources/datasource");
  edit.insertAfter(anchor, created);
}

function isNamed(element: XmlElement, name: string): boolean {
  return (
    find(element, "name")?.text.trim() === name || find(element, "jndiConfig/name")?.text.trim() === `jdbc/${name}`
  );
}

/** Child of `configuration` -> value, in the document's order. */
function configuration({ database, autoCommit }: DataSource, node: Node, topology: Topology): [string, Value][] {
  const { maxActive, maxWait } = topology.features.dataSourcePool;
  const account = accountOf(node, database);
  return [
    ["url", jdbcUrl(topology, database)],
    ["username", account.name],
    ["password", { secret: account.secret }],
    ...(autoCommit === undefined ? [] : [["defaultAutoCommit", autoCommit] as [string, Value]]),
    ["driverClassName", jdbcDriver.className],
    ["maxActive", maxActive],
    ["maxWait", maxWait],
    ["testOnBorrow", true],
    ["validationQuery", "SELECT 1"],
    ["validationInterval", 30000],
  ];
}

function setConfiguration(edit: XmlEdit, dataSource: XmlElement, values: readonly [string, Value][]): void {
  const parent = edit.need("definition/configuration", dataSource);
  values.forEach(([name, value], index) => {
    const before = values.slice(0, index).map(([earlier]) => earlier);
    edit.ensure(parent, name, value, { after: before.reverse() });
  });
}

function newDataSource({ name, description }: DataSource, values: readonly [string, Value][]): NewElement {
  return {
    name: "datasource",
    content: [
      { name: "name", content: name },
      { name: "description", content: description },
      { name: "jndiConfig", content: [{ name: "name", content: `jdbc/${name}` }] },
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
