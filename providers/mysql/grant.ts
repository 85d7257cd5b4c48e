import type { GrantArgs } from "@pulumi/mysql";
import type { Unwrap } from "@pulumi/pulumi";
import { isEmpty, same } from "../../engine/values";
import type { Kind } from "../kind";
import { bool, list, set, str } from "../schema";
import type { MysqlServer } from "./connection";
import { accountId, accountSql, goneIf, identifier } from "./names";

type Inputs = Unwrap<GrantArgs>;

/** Access denied for the grants asked about: there is no such account, or no such grant. */
const NO_GRANT = 1141;
const NO_USER = 1269;

const starOr = (name: string): string => (name === "*" ? "*" : identifier(name));
const objectOf = ({ database, table = "*" }: Inputs): string => `${starOr(database)}.${starOr(table)}`;
const idOf = (inputs: Inputs): string => `${accountId(inputs)}:${starOr(inputs.database)}`;
/** Upper case, one name for all privileges, sorted. */
const normal = (privileges: readonly string[] = []): string[] =>
  privileges
    .map((one) =>
      one
        .trim()
        .toUpperCase()
        .replace(/^ALL PRIVILEGES$/, "ALL"),
    )
    .sort();

/** mysql.Grant for users; privileges change in place. Giving what is given already changes nothing. */
export function grantKind(server: MysqlServer): Kind<Inputs> {
  const give = (inputs: Inputs, privileges: readonly string[] = []): string => {
    const option = inputs.grant ? " WITH GRANT OPTION" : "";
    return `GRANT ${privileges.join(", ")} ON ${objectOf(inputs)} TO ${accountSql(inputs)}${option}`;
  };
  const revoke = async (inputs: Inputs, privileges: readonly string[]): Promise<void> => {
    if (privileges.length === 0) return;
    const sql = `REVOKE ${privileges.join(", ")} ON ${objectOf(inputs)} FROM ${accountSql(inputs)}`;
    await server.query(`revoke from ${idOf(inputs)}`, sql).catch(goneIf(NO_GRANT, NO_USER));
  };
  const find = async (inputs: Inputs): Promise<string[] | undefined> => {
    const shown = server.query<Record<string, string>>(`read ${idOf(inputs)}`, `SHOW GRANTS FOR ${accountSql(inputs)}`);
    for (const row of await shown.catch(goneIf(NO_GRANT))) {
      const [, privileges, object] = /^GRANT (.+?) ON (.+?) TO /.exec(Object.values(row)[0] ?? "") ?? [];
      if (privileges && object === objectOf(inputs)) return normal(privileges.split(/,\s*(?![^(]*\))/));
    }
    return undefined;
  };
  return {
    type: "mysql:index/grant:Grant",
    marksDefaults: true,
    fields: {
      user: str({ required: true }),
      host: str({ default: "localhost" }),
      database: str({ required: true }),
      table: str({ default: "*" }),
      privileges: set({ required: true, inPlace: true }),
      grant: bool(),
      tlsOption: str({ default: "NONE" }),
      role: str({ unsupported: true }),
      roles: list({ unsupported: true }),
    },
    validate({ privileges, tlsOption = "NONE" }) {
      // Privileges are words of SQL and cannot be quoted: only words pass.
      const odd = privileges?.filter((one) => !/^[A-Za-z_ ]+(\([A-Za-z0-9_$, `]+\))?$/.test(one)) ?? [];
      return [
        ...odd.map((one) => ["privileges", `expected e.g. SELECT, found ${one}`] as const),
        ...(privileges?.length === 0 ? [["privileges", "expected at least one, e.g. ALL; found none"] as const] : []),
        ...(tlsOption === "NONE"
          ? []
          : [["tlsOption", `expected NONE, found ${tlsOption}; set it on the User`] as const]),
      ];
    },
    async create(inputs, context) {
      await server.query(`grant to ${idOf(inputs)}`, give(inputs, inputs.privileges), [], context);
      return { id: idOf(inputs), outputs: outputsOf(inputs, inputs.privileges) };
    },
    async read({ id, inputs: olds }) {
      const inputs = isEmpty(olds) ? parseId(id) : olds;
      const found = await find(inputs);
      if (!found) return undefined;
      const privileges = same(normal(inputs.privileges), found) ? (inputs.privileges ?? []) : found;
      return { inputs: { ...inputs, privileges }, outputs: { ...outputsOf(inputs, privileges), roles: [] } };
    },
    async update({ id, inputs: olds }, news, context) {
      const wanted = normal(news.privileges);
      await revoke(
        news,
        normal(olds.privileges).filter((one) => !wanted.includes(one)),
      );
      await server.query(`grant to ${id}`, give(news, wanted), [], context);
      return outputsOf(news, news.privileges);
    },
    async delete({ inputs }) {
      await revoke(inputs, normal(inputs.privileges));
      await revoke(inputs, inputs.grant ? ["GRANT OPTION"] : []);
    },
  };
}

function parseId(id: string): Inputs {
  const [, user = "", host = "", database = ""] = /^(.*)@(.*):`?(.*?)`?$/.exec(id) ?? [];
  return { user, host, database, table: "*", tlsOption: "NONE" };
}

function outputsOf(inputs: Inputs, privileges: readonly string[] = []) {
  const { user, host, database, table = "*", tlsOption = "NONE", grant = false } = inputs;
  return { database, grant, host, id: idOf(inputs), privileges: [...privileges], table, tlsOption, user };
}
