/** What `GRANT ALL` on a database gives, and so what its giver must have. */
const onDatabase = [
  "SELECT",
  "INSERT",
  "UPDATE",
  "DELETE",
  "CREATE",
  "DROP",
  "REFERENCES",
  "INDEX",
  "ALTER",
  "CREATE TEMPORARY TABLES",
  "LOCK TABLES",
  "CREATE VIEW",
  "SHOW VIEW",
  "CREATE ROUTINE",
  "ALTER ROUTINE",
  "EXECUTE",
  "EVENT",
  "TRIGGER",
];
const grantOption = "GRANT OPTION";

interface Given {
  /** A database's name, or a pattern as in LIKE; `*`: all. */
  readonly database: string;
  readonly privileges: readonly string[];
}

/**
 * The statements that would give an account what it lacks to make databases, accounts and their grants.
 *
 * @param grants lines of SHOW GRANTS, those of active roles included
 * @param account quoted, as the statements need it
 * @param schemas names of the databases
 */
export function missingGrants(grants: readonly string[], account: string, schemas: readonly string[]): string[] {
  const given = grants.flatMap(parseGrant);
  const lacks = (database: string, privileges: readonly string[]) =>
    privileges.some(
      (privilege) => !given.some((one) => covers(one.database, database) && holds(one.privileges, privilege, database)),
    );
  return [
    ...(lacks("*", ["CREATE USER"]) ? [`GRANT CREATE USER ON *.* TO ${account}`] : []),
    // Accounts and their grants are looked up.
    ...(lacks("mysql", ["SELECT"]) ? [`GRANT SELECT ON mysql.* TO ${account}`] : []),
    ...schemas
      .filter((schema) => lacks(schema, [...onDatabase, grantOption]))
      .map((schema) => `GRANT ALL ON \`${schema}\`.* TO ${account} WITH GRANT OPTION`),
  ];
}

/** Of roles and of tables nothing: neither gives a database. */
function parseGrant(line: string): Given[] {
  const [, privileges, object, rest = ""] = /^GRANT (.+?) ON (\*|[`"].+?[`"])\.\* TO (.*)$/.exec(line) ?? [];
  if (privileges === undefined || object === undefined) return [];
  const names = privileges.split(",").map((name) => name.trim().toUpperCase());
  const option = / WITH (?:.* )?GRANT OPTION/i.test(rest) ? [grantOption] : [];
  return [{ database: object.replace(/^[`"]|[`"]$/g, ""), privileges: [...names, ...option] }];
}

function holds(privileges: readonly string[], wanted: string, database: string): boolean {
  if (privileges.includes(wanted)) return true;
  const all = privileges.includes("ALL PRIVILEGES") || privileges.includes("ALL");
  return all && wanted !== grantOption && (database === "*" || wanted !== "CREATE USER");
}

/** `_` and `%` stand for any letter and any text, unless behind a backslash. */
function covers(pattern: string, database: string): boolean {
  if (pattern === "*" || pattern === database) return true;
  const source = pattern.replace(/\\?[\s\S]/g, (part) => {
    if (part === "_") return ".";
    if (part === "%") return ".*";
    return part.replace(/^\\/, "").replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return database !== "*" && new RegExp(`^${source}$`, "i").test(database);
}
