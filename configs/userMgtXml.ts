import { databaseRecord } from "../product/databases";
import type { Node } from "../topology";
import type { XmlEdit } from "../xml/edit";
import { children } from "../xml/parse";
import type { Deployment } from "./deployment";
import { adminPassword } from "./values";

/** The administrator, and on nodes that use userdb the shared user store. The user store's regular expressions stay stock. */
export function renderUserMgtXml(edit: XmlEdit, node: Node, { settings }: Deployment): void {
  const configuration = edit.need("Realm/Configuration");
  const admin = edit.need("AdminUser", configuration);
  edit.setChild(admin, "UserName", settings.adminUser);
  edit.setChild(admin, "Password", adminPassword);
  if (!node.databases.includes("userdb")) return;
  // The WSO2 guide: "add or modify the dataSource property of the <configuration> element"
  const last = children(configuration).at(-1)?.name ?? "AdminUser";
  edit.ensure(configuration, "Property", `jdbc/${databaseRecord("userdb").dataSource}`, {
    attributes: { name: "dataSource" },
    after: ["Property", last],
  });
}
