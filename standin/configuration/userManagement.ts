import type { XmlElement } from "@rgrove/parse-xml";
import { configurationFiles } from "../../product/files";
import { childrenOf, find, readXml, requiredText } from "./xml";

export const userManagementFile = configurationFiles.userManagement.path;

export interface UserManagement {
  readonly adminUser: string;
  readonly adminPassword: string;
  readonly adminRole: string;
  readonly everyoneRole: string;
  /** JNDI name of the data source of the user store. */
  readonly dataSource: string;
}

/** A data source of the user store's own, which overrides that of the realm. */
function ownDataSource(root: XmlElement): XmlElement | undefined {
  const store = find(root, "Realm/UserStoreManager");
  return store && childrenOf(store, "Property").find((one) => one.attributes.name === "dataSource");
}

/** Reads user-mgt.xml. @throws naming the wrong element */
export function readUserManagement(carbonHome: string): UserManagement {
  const file = readXml(carbonHome, userManagementFile);
  const configuration = find(file.root, "Realm/Configuration");
  if (configuration === undefined) {
    throw new Error(`${userManagementFile}: Realm/Configuration is missing`);
  }
  const dataSource = childrenOf(configuration, "Property").find((one) => one.attributes.name === "dataSource");
  if (dataSource === undefined) {
    throw new Error(`${userManagementFile}: Property dataSource is missing in Realm/Configuration`);
  }
  return {
    adminUser: requiredText(file, "AdminUser/UserName", configuration),
    adminPassword: requiredText(file, "AdminUser/Password", configuration),
    adminRole: requiredText(file, "AdminRole", configuration),
    everyoneRole: requiredText(file, "EveryOneRoleName", configuration),
    dataSource: (ownDataSource(file.root) ?? dataSource).text.trim(),
  };
}
