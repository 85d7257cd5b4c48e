import type { XmlElement } from "@rgrove/parse-xml";
import { type DatabaseName, type DatabaseRecord, databaseNames, databaseRecord } from "../product/databases";
import { jdbcDriver } from "../product/mysql";
import type { Node } from "../topology";
import type { NewElement, XmlEdit } from "../xml/edit";
import { children, find, type Value } from "../xml/parse";
import type { Deployment } from "./deployment";
import { accountOf, jdbcUrl } from "./values";

/** The data sources of the databases that the node uses. All others stay as they are, WSO2_CARBON_DB too. */
export function renderMasterDatasources(edit: XmlEdit, node: Node, deployment: Deployment): void {
  const parent = edit.need("datasources");
  const existing = children(parent, "datasource");
  const stock = databaseNames.map(databaseRecord).find(({ isStock }) => isStock);
  const anchor = existing.find((element) => stock && isNamed(element, stock.dataSource)) ?? existing.at(-1);
  const created: NewElement[] = [];
  for (const name of databaseNames) {
    if (!node.databases.includes(name)) continue;
    const record = databaseRecord(name);
    const values = configuration(name, node, deployment);
    const found = existing.find((element) => isNamed(element, record.dataSource));
    if (found) setConfiguration(edit, found, values);
    else if (record.isStock)
      throw edit.missing(`datasources-configuration/datasources/datasource ${record.dataSource}`);
    else created.push(newDataSource(record, values));
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

/** Child of `configuration` -> value, in the order of the WSO2 guide. */
function configuration(database: DatabaseName, node: Node, { settings, topology }: Deployment): [string, Value][] {
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

function setConfiguration(edit: XmlEdit, dataSource: XmlElement, values: readonly [string, Value][]): void {
  const parent = edit.need("definition/configuration", dataSource);
  values.forEach(([name, value], index) => {
    const before = values.slice(0, index).map(([earlier]) => earlier);
    edit.ensure(parent, name, value, { after: before.reverse() });
  });
}

function newDataSource(
  { dataSource: name, description }: DatabaseRecord,
  values: readonly [string, Value][],
): NewElement {
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
