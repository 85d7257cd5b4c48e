import type { DatabaseArgs } from "@pulumi/mysql";
import type { Unwrap } from "@pulumi/pulumi";
import type { Context } from "../../provider";
import type { Kind } from "../kind";
import { str } from "../schema";
import type { MysqlServer } from "./connection";
import { foreign, goneIf, identifier } from "./names";

type Inputs = Required<Unwrap<DatabaseArgs>>;

const NO_DATABASE = 1008;

/** mysql.Database: character set and collation are changed in place. */
export function databaseKind(server: MysqlServer): Kind<Inputs> {
  /** The actual database, with the character set names of `given` where they are equivalent. */
  const find = async (name: string, given: Inputs, context?: Context): Promise<Inputs | undefined> => {
    const sql =
      "SELECT DEFAULT_CHARACTER_SET_NAME AS characterSet, DEFAULT_COLLATION_NAME AS collation " +
      "FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?";
    const [found] = await server.query<Record<string, string>>(`read database ${name}`, sql, [name], context);
    // Servers report utf8 as utf8mb3, which is not drift.
    const nameOf = (wanted: string, now = "") => (wanted === now.replace(/^utf8mb3/, "utf8") ? wanted : now);
    return (
      found && {
        name,
        defaultCharacterSet: nameOf(given.defaultCharacterSet, found.characterSet),
        defaultCollation: nameOf(given.defaultCollation, found.collation),
      }
    );
  };
  return {
    type: "mysql:index/database:Database",
    named: true,
    fields: {
      name: str({ required: true }),
      defaultCharacterSet: str({ default: "utf8", inPlace: true }),
      defaultCollation: str({ default: "utf8_general_ci", inPlace: true }),
    },
    async refuseForeign(inputs, context) {
      const { name } = inputs;
      if (await find(name, inputs, context)) throw foreign("database", name, `DROP DATABASE ${identifier(name)}`);
    },
    async create(inputs, context) {
      const { name } = inputs;
      const sql = `CREATE DATABASE ${identifier(name)} ${characterSet(inputs)}`;
      await server.query(`create database ${name}`, sql, [], context);
      return { id: name, outputs: inputs };
    },
    async read({ id, inputs }) {
      const outputs = await find(id, inputs);
      return outputs && { inputs: { ...inputs, ...outputs }, outputs };
    },
    async update({ id: name }, news, context) {
      const sql = `ALTER DATABASE ${identifier(name)} ${characterSet(news)}`;
      await server.query(`alter database ${name}`, sql, [], context);
      return news;
    },
    async delete({ id: name }) {
      await server.query(`drop database ${name}`, `DROP DATABASE ${identifier(name)}`).catch(goneIf(NO_DATABASE));
    },
    async recover(inputs) {
      const outputs = await find(inputs.name, inputs);
      return outputs && characterSet(outputs) === characterSet(inputs) ? { id: inputs.name, outputs } : undefined;
    },
  };
}

const characterSet = ({ defaultCharacterSet, defaultCollation }: Inputs): string =>
  `CHARACTER SET ${identifier(defaultCharacterSet)} COLLATE ${identifier(defaultCollation)}`;
