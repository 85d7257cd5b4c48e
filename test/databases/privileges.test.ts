import assert from "node:assert/strict";
import { missingGrants } from "../../databases/privileges";

const account = "'boss'@'%'";
const each = (schema: string) => `GRANT ALL ON \`${schema}\`.* TO ${account} WITH GRANT OPTION`;
const createUser = `GRANT CREATE USER ON *.* TO ${account}`;
const lookUp = `GRANT SELECT ON mysql.* TO ${account}`;
const schemas = ["apimgtdb", "prod-userdb"];
const all = [createUser, lookUp, ...schemas.map(each)];
/** How MySQL 8 and later show ALL for an administrator. */
const spelledOut =
  "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, SHUTDOWN, PROCESS, FILE, REFERENCES, INDEX, ALTER, SHOW DATABASES, SUPER, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER, CREATE TABLESPACE, CREATE ROLE, DROP ROLE";
const limited = [
  "GRANT CREATE USER ON *.* TO `boss`@`%`",
  "GRANT SELECT ON `mysql`.* TO `boss`@`%`",
  "GRANT ALL PRIVILEGES ON `apimgtdb`.* TO `boss`@`%` WITH GRANT OPTION",
  "GRANT ALL PRIVILEGES ON `prod-userdb`.* TO `boss`@`%` WITH GRANT OPTION",
];

describe("missing privileges of the account that creates the databases", () => {
  const cases: [what: string, grants: string[], missing: string[]][] = [
    ["nothing granted", ["GRANT USAGE ON *.* TO `boss`@`%`"], all],
    ["an administrator of MySQL 5.7 and MariaDB", ["GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION"], []],
    [
      "an administrator of MariaDB, shown with a password hash",
      ["GRANT ALL PRIVILEGES ON *.* TO `root`@`%` IDENTIFIED BY PASSWORD '*2470' WITH GRANT OPTION"],
      [],
    ],
    [
      "an administrator of MySQL 9",
      [`GRANT ${spelledOut} ON *.* TO \`root\`@\`%\` WITH GRANT OPTION`, "GRANT PROXY ON ``@`` TO `root`@`%`"],
      [],
    ],
    ["no GRANT OPTION", [`GRANT ${spelledOut} ON *.* TO \`root\`@\`%\``], schemas.map(each)],
    ["exactly what is needed", limited, []],
    ["exactly what is needed, under sql_mode ANSI", limited.map((line) => line.replaceAll("`", '"')), []],
    ["one database only", limited.filter((line) => !line.includes("userdb")), [each("prod-userdb")]],
    ["no CREATE USER", limited.slice(1), [createUser]],
    ["no SELECT on the accounts", limited.filter((line) => !line.includes("mysql")), [lookUp]],
    [
      "one privilege missing",
      [`GRANT ${spelledOut.replace("TRIGGER, ", "")} ON *.* TO \`root\`@\`%\` WITH GRANT OPTION`],
      schemas.map(each),
    ],
    ["only a role", ["GRANT `boss_role`@`%` TO `boss`@`%`"], all],
    ["only a table", ["GRANT SELECT ON `mysql`.`user` TO `boss`@`%`"], all],
    [
      "a pattern for all databases of a team",
      [limited[0] ?? "", limited[1] ?? "", "GRANT ALL PRIVILEGES ON `%db`.* TO `boss`@`%` WITH GRANT OPTION"],
      [],
    ],
    [
      "an escaped pattern",
      [limited[0] ?? "", limited[1] ?? "", "GRANT ALL PRIVILEGES ON `\\%db`.* TO `boss`@`%` WITH GRANT OPTION"],
      schemas.map(each),
    ],
  ];
  for (const [what, grants, missing] of cases) {
    it(what, () => assert.deepEqual(missingGrants(grants, account, schemas), missing));
  }
});
