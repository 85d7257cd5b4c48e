import type { XmlElement } from "@rgrove/parse-xml";
import { jndiNameOf, localDataSources } from "../product/databases";
import type { Settings } from "../settings";
import type { Node } from "../topology";
import type { XmlEdit } from "../xml/edit";
import { children } from "../xml/parse";
import type { Deployment } from "./deployment";
import { adminPassword, drop, warnOverruled } from "./values";

/**
 * The administrator, and the database of users: userdb on nodes that use it, else the node's own. The user store's regular
 * expressions stay stock.
 */
export function renderUserMgtXml(edit: XmlEdit, node: Node, { settings }: Deployment): void {
  const configuration = edit.need("Realm/Configuration");
  renderAdministrator(edit, configuration, settings);
  removeConnections(edit, configuration, connection);
  const dataSource = node.databases.includes("userdb") ? jndiNameOf("userdb") : localDataSources.carbon.jndiName;
  // The WSO2 guide: "add or modify the dataSource property of the <configuration> element"
  const last = children(configuration).at(-1)?.name ?? "AdminUser";
  edit.ensure(configuration, "Property", dataSource, {
    attributes: { name: "dataSource" },
    after: ["Property", last],
  });
  for (const store of children(edit.need("Realm"), "UserStoreManager")) renderUserStore(edit, store);
}

function renderAdministrator(edit: XmlEdit, configuration: XmlElement, { adminUser }: Settings): void {
  const admin = edit.need("AdminUser", configuration);
  const name = edit.need("UserName", admin);
  warnOverruled(edit, name, { product: "admin", value: adminUser, setting: "adminUser" });
  edit.setText(name, adminUser);
  edit.setChild(admin, "Password", adminPassword);
  // Otherwise an empty user database stays without an administrator.
  edit.setIfPresent(configuration, "AddAdmin", true);
}

/** Properties with which users come from a database other than the realm's. */
const connection = ["url", "driverName", "userName", "password"];

function renderUserStore(edit: XmlEdit, store: XmlElement): void {
  const { class: implementation = "" } = store.attributes;
  if (/\.jdbc\./.test(implementation)) removeConnections(edit, store, ["dataSource", ...connection]);
  else
    edit.warn(store, `${implementation} stays; all nodes look up users there, and the administrator must exist there`);
}

function removeConnections(edit: XmlEdit, parent: XmlElement, names: readonly string[]): void {
  for (const property of children(parent, "Property")) {
    if (!names.includes(property.attributes.name ?? "")) continue;
    drop(edit, property, "removed; the users of this deployment are in userdb, and local on nodes that do not use it");
  }
}
