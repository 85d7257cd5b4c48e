import type { GrantArgs } from "@pulumi/mysql";
import type { Unwrap } from "@pulumi/pulumi";
import { isEmpty, same } from "../../values";
import type { Kind } from "../kind";
import { bool, each, set, str, unsupported } from "../schema";
import type { MysqlServer } from "./connection";
import { type Account, accountId, accountSql, goneIf, identifier } from "./names";

type Inputs = Unwrap<GrantArgs> & Account & { readonly privileges: string[] };

/** The account or the grant does not exist. */
const NO_GRANT = 1141;
const NO_USER = 1269;

/** The privileges of an account on one object. */
interface Privileges {
  readonly privileges: string[];
  /** WITH GRANT OPTION. */
  readonly grant: boolean;
}

/** mysql.Grant for users: privileges and the grant option are changed in place. Repeating a grant has no effect. */
export function grantKind(server: MysqlServer): Kind<Inputs> {
  const grantSql = (inputs: Inputs, privileges: readonly string[]): string => {
    const option = inputs.grant ? " WITH GRANT OPTION" : "";
    return `GRANT ${privileges.join(", ")} ON ${objectOf(inputs)} TO ${accountSql(inputs)}${option}`;
  };
  const revoke = async (inputs: Inputs, privileges: readonly string[]): Promise<void> => {
    if (privileges.length === 0) return;
    const sql = `REVOKE ${privileges.join(", ")} ON ${objectOf(inputs)} FROM ${accountSql(inputs)}`;
    await server.query(`revoke from ${idOf(inputs)}`, sql).catch(goneIf(NO_GRANT, NO_USER));
  };
  const find = async (inputs: Inputs): Promise<Privileges | undefined> => {
    const shown = server.query<Record<string, string>>(`read ${idOf(inputs)}`, `SHOW GRANTS FOR ${accountSql(inputs)}`);
    for (const row of await shown.catch(goneIf(NO_GRANT))) {
      const statement = Object.values(row)[0] ?? "";
      const [, privileges, object] = /^GRANT (.+?) ON (.+?) TO /.exec(statement) ?? [];
      if (privileges && object === objectOf(inputs))
        return {
          privileges: normal(privileges.split(/,\s*(?![^(]*\))/)),
          grant: /[`'] WITH (.* )?GRANT OPTION\b/.test(statement),
        };
    }
    return undefined;
  };
  // Privileges are SQL keywords, which can't be quoted, so other characters are refused.
  const privilege = str({ pattern: [/^[A-Za-z_ ]+(\([A-Za-z0-9_$, `]+\))?$/, "e.g. SELECT"] });
  return {
    type: "mysql:index/grant:Grant",
    fields: {
      user: str({ required: true }),
      host: str({ default: "localhost" }),
      database: str({ required: true }),
      table: str({ default: "*" }),
      privileges: set({ required: true, inPlace: true, of: privilege }),
      // The official provider replaces the grant. Deleting the old one would then revoke the new one's privileges.
      grant: bool({ inPlace: true }),
      tlsOption: str({ default: "NONE", pattern: [/^NONE$/, "NONE (set it on the User)"] }),
      ...each(["role", "roles"], unsupported()),
    },
    *validate({ privileges }) {
      if (privileges?.length === 0) yield ["privileges", "expected at least one privilege, e.g. ALL, found none"];
    },
    async create(inputs, context) {
      await server.query(`grant to ${idOf(inputs)}`, grantSql(inputs, inputs.privileges), [], context);
      return { id: idOf(inputs), outputs: outputsOf(inputs) };
    },
    async read({ id, inputs: olds }) {
      const recorded = isEmpty(olds) ? parseId(id) : olds;
      const found = await find(recorded);
      if (!found) return undefined;
      const { privileges, grant } = found;
      const inputs = {
        ...recorded,
        ...(!same(normal(recorded.privileges), privileges) && { privileges }),
        ...(grant !== (recorded.grant ?? false) && { grant }),
      };
      return { inputs, outputs: { ...outputsOf(inputs), roles: [] } };
    },
    async update({ id, inputs: olds }, news, context) {
      const wanted = normal(news.privileges);
      const dropped = normal(olds.privileges).filter((one) => !wanted.includes(one));
      if (olds.grant && !news.grant) dropped.push("GRANT OPTION");
      await revoke(news, dropped);
      await server.query(`grant to ${id}`, grantSql(news, wanted), [], context);
      return outputsOf(news);
    },
    async delete({ inputs }) {
      await revoke(inputs, normal(inputs.privileges));
      await revoke(inputs, inputs.grant ? ["GRANT OPTION"] : []);
    },
  };
}

const starOr = (name: string): string => (name === "*" ? "*" : identifier(name));
const objectOf = ({ database, table = "*" }: Inputs): string => `${starOr(database)}.${starOr(table)}`;
const idOf = (inputs: Inputs): string => `${accountId(inputs)}:${starOr(inputs.database)}`;
/** Adds defaults, because the official engine records none in the inputs of imported grants. */
const outputsOf = (inputs: Inputs) => ({ table: "*", tlsOption: "NONE", grant: false, ...inputs });

function parseId(id: string): Inputs {
  const [, user = "", host = "", database = ""] = /^(.*)@(.*):`?(.*?)`?$/.exec(id) ?? [];
  return { user, host, database, table: "*", tlsOption: "NONE", privileges: [] };
}

/** Normalizes privileges: upper case, ALL for ALL PRIVILEGES, sorted. */
function normal(privileges: readonly string[]): string[] {
  const upper = privileges.map((one) => one.trim().toUpperCase());
  return upper.map((one) => (one === "ALL PRIVILEGES" ? "ALL" : one)).sort();
}
