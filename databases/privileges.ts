/** The privileges that `GRANT ALL` on a database grants, which the granting account itself must have. */
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

interface Grant {
  /** Name of a database, a pattern as in LIKE, or `*` for all. */
  readonly database: string;
  readonly privileges: readonly string[];
}

/**
 * The statements that grant an account the privileges that it lacks for creating databases, accounts and grants.
 *
 * @param grants lines of SHOW GRANTS, including those of active roles
 * @param account quoted as in a statement
 * @param schemas names of the databases
 */
export function missingGrants(grants: readonly string[], account: string, schemas: readonly string[]): string[] {
  const held = grants.flatMap(parseGrant);
  const lacks = (database: string, privileges: readonly string[]) =>
    privileges.some(
      (privilege) =>
        !held.some((grant) => covers(grant.database, database) && includes(grant.privileges, privilege, database)),
    );
  return [
    ...(lacks("*", ["CREATE USER"]) ? [`GRANT CREATE USER ON *.* TO ${account}`] : []),
    // Needed to read existing accounts and grants.
    ...(lacks("mysql", ["SELECT"]) ? [`GRANT SELECT ON mysql.* TO ${account}`] : []),
    ...schemas
      .filter((schema) => lacks(schema, [...onDatabase, grantOption]))
      .map((schema) => `GRANT ALL ON \`${schema}\`.* TO ${account} WITH GRANT OPTION`),
  ];
}

/** Role and table grants are skipped: neither covers a whole database. */
function parseGrant(line: string): Grant[] {
  const [, privileges, object, rest = ""] = /^GRANT (.+?) ON (\*|[`"].+?[`"])\.\* TO (.*)$/.exec(line) ?? [];
  if (privileges === undefined || object === undefined) return [];
  const names = privileges.split(",").map((name) => name.trim().toUpperCase());
  const option = / WITH (?:.* )?GRANT OPTION/i.test(rest) ? [grantOption] : [];
  return [{ database: object.replace(/^[`"]|[`"]$/g, ""), privileges: [...names, ...option] }];
}

function includes(privileges: readonly string[], wanted: string, database: string): boolean {
  if (privileges.includes(wanted)) return true;
  const all = privileges.includes("ALL PRIVILEGES") || privileges.includes("ALL");
  return all && wanted !== grantOption && (database === "*" || wanted !== "CREATE USER");
}

/** Whether a pattern matches a database: `_` is any character and `%` any text, unless a backslash precedes. */
function covers(pattern: string, database: string): boolean {
  if (pattern === "*" || pattern === database) return true;
  const source = pattern.replace(/\\?[\s\S]/g, (part) => {
    if (part === "_") return ".";
    if (part === "%") return ".*";
    return part.replace(/^\\/, "").replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return database !== "*" && new RegExp(`^${source}$`, "i").test(database);
}
