import type { Node, Topology } from "../topology";
import type { XmlEdit } from "../xml/edit";
import { children } from "../xml/parse";
import { adminPassword } from "./values";

/** The administrator, and the shared user store where the node uses userdb; the user store's expressions stay stock. */
export function renderUserMgtXml(edit: XmlEdit, node: Node, topology: Topology): void {
  const configuration = edit.need("Realm/Configuration");
  const admin = edit.need("AdminUser", configuration);
  edit.setChild(admin, "UserName", topology.features.adminUser);
  edit.setChild(admin, "Password", adminPassword);
  if (!node.databases.includes("userdb")) return;
  // "add or modify the dataSource property of the <configuration> element"
  const last = children(configuration).at(-1)?.name ?? "AdminUser";
  edit.ensure(configuration, "Property", "jdbc/WSO2UM_DB", {
    attributes: { name: "dataSource" },
    after: ["Property", last],
  });
}
