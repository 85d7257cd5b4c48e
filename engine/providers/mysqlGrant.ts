import { escape as quote } from "mysql2";
import type { CheckFailure, Properties } from "../provider";
import type { Kind } from "./kind";
import { identifier, unless } from "./mysql";
import { MysqlError, type MysqlServer } from "./mysqlConnection";
import { bool, list, set, str } from "./schema";
import { flag, isEmpty, same, text, texts } from "./values";

/** Access denied for the grants asked about: there is no such account, or no such grant. */
const noSuchGrant = 1141;
const noSuchUser = 1269;

/** mysql.Grant for users; privileges change in place. Giving what is given already changes nothing. */
export function grantKind(server: MysqlServer): Kind {
  const accountOf = (inputs: Properties) =>
    `${quote(text(inputs, "user") ?? "")}@${quote(text(inputs, "host") ?? "localhost")}`;
  const give = (inputs: Properties, privileges: readonly string[]): string => {
    const option = flag(inputs, "grant") ? " WITH GRANT OPTION" : "";
    return `GRANT ${privileges.join(", ")} ON ${objectOf(inputs)} TO ${accountOf(inputs)}${option}`;
  };
  return {
    type: "mysql:index/grant:Grant",
    marksDefaults: true,
    fields: {
      user: str({ required: true }),
      host: str({ default: "localhost" }),
      database: str({ required: true }),
      table: str({ default: "*" }),
      privileges: set({ inPlace: true }),
      grant: bool(),
      tlsOption: str({ default: "NONE" }),
      role: str({ unsupported: true }),
      roles: list({ unsupported: true }),
    },
    validate: checkPrivileges,
    async create(inputs, context) {
      await server.query(`grant to ${idOf(inputs)}`, give(inputs, texts(inputs, "privileges")), [], context);
      return { id: idOf(inputs), outputs: outputsOf(inputs, texts(inputs, "privileges")) };
    },
    async read(existing) {
      const inputs = isEmpty(existing.inputs) ? parseId(existing.id) : existing.inputs;
      const found = await currentPrivileges(server, inputs, accountOf(inputs));
      if (!found) {
        return undefined;
      }
      const said = texts(inputs, "privileges");
      const privileges = same(normal(said), normal(found)) ? said : found;
      return { inputs: { ...inputs, privileges }, outputs: outputsOf(inputs, privileges) };
    },
    async update(existing, news, context) {
      const wanted = normal(texts(news, "privileges"));
      const surplus = normal(texts(existing.inputs, "privileges")).filter((one) => !wanted.includes(one));
      if (surplus.length > 0) {
        await revoke(server, news, surplus, accountOf(news));
      }
      await server.query(`grant to ${existing.id}`, give(news, wanted), [], context);
      return outputsOf(news, texts(news, "privileges"));
    },
    async delete(existing) {
      const option = flag(existing.inputs, "grant") ? ["GRANT OPTION"] : [];
      const account = accountOf(existing.inputs);
      await revoke(server, existing.inputs, normal(texts(existing.inputs, "privileges")), account);
      await revoke(server, existing.inputs, option, account);
    },
  };
}

async function revoke(
  server: MysqlServer,
  inputs: Properties,
  privileges: readonly string[],
  account: string,
): Promise<void> {
  if (privileges.length > 0) {
    const sql = `REVOKE ${privileges.join(", ")} ON ${objectOf(inputs)} FROM ${account}`;
    await unless(noSuchGrant, unless(noSuchUser, server.query(`revoke from ${idOf(inputs)}`, sql)));
  }
}

const objectOf = (inputs: Properties): string => `${databaseOf(inputs)}.${starOr(text(inputs, "table") ?? "*")}`;
const starOr = (name: string): string => (name === "*" ? "*" : identifier(name));
const databaseOf = (inputs: Properties): string => starOr(text(inputs, "database") ?? "");
const idOf = (inputs: Properties): string =>
  `${text(inputs, "user")}@${text(inputs, "host") ?? "localhost"}:${databaseOf(inputs)}`;

/** Upper case, one name for all privileges, sorted. */
function normal(privileges: readonly string[]): string[] {
  return privileges
    .map((one) =>
      one
        .trim()
        .toUpperCase()
        .replace(/^ALL PRIVILEGES$/, "ALL"),
    )
    .sort();
}

function parseId(id: string): Properties {
  const [, user = "", host = "", database = ""] = /^(.*)@(.*):`?(.*?)`?$/.exec(id) ?? [];
  return { user, host, database, table: "*", tlsOption: "NONE" };
}

/** Privileges are words of SQL and cannot be quoted: only words pass. */
function checkPrivileges(inputs: Properties): CheckFailure[] {
  const privileges = texts(inputs, "privileges");
  const failures = privileges
    .filter((one) => !/^[A-Za-z_ ]+(\([A-Za-z0-9_$, `]+\))?$/.test(one))
    .map((one) => ({ property: "privileges", reason: `privileges: expected e.g. SELECT, found ${one}` }));
  if (Array.isArray(inputs.privileges) ? inputs.privileges.length === 0 : inputs.privileges === undefined) {
    failures.push({ property: "privileges", reason: "privileges: expected at least one, e.g. ALL; found none" });
  }
  const tls = text(inputs, "tlsOption") ?? "NONE";
  if (tls !== "NONE") {
    failures.push({ property: "tlsOption", reason: `tlsOption: expected NONE, found ${tls}; set it on the User` });
  }
  return failures;
}

async function currentPrivileges(
  server: MysqlServer,
  inputs: Properties,
  account: string,
): Promise<string[] | undefined> {
  const rows = await server
    .query<Record<string, string>>(`read grants of ${idOf(inputs)}`, `SHOW GRANTS FOR ${account}`)
    .catch((error) => {
      if (error instanceof MysqlError && error.errno === noSuchGrant) {
        return [];
      }
      throw error;
    });
  for (const row of rows) {
    const [, privileges, object] = /^GRANT (.+?) ON (.+?) TO /.exec(Object.values(row)[0] ?? "") ?? [];
    if (privileges && object === objectOf(inputs)) {
      return normal(privileges.split(/,\s*(?![^(]*\))/));
    }
  }
  return undefined;
}

function outputsOf(inputs: Properties, privileges: readonly string[]): Properties {
  const { user, host, database, table, tlsOption } = inputs;
  return {
    database: database ?? null,
    grant: flag(inputs, "grant") ?? false,
    host: host ?? null,
    id: idOf(inputs),
    privileges: [...privileges],
    roles: [],
    table: table ?? "*",
    tlsOption: tlsOption ?? "NONE",
    user: user ?? null,
  };
}
