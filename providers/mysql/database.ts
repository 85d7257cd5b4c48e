import type { DatabaseArgs } from "@pulumi/mysql";
import type { Unwrap } from "@pulumi/pulumi";
import { same } from "../../engine/values";
import type { Kind } from "../kind";
import { str } from "../schema";
import type { MysqlServer } from "./connection";
import { foreignUnless, goneIf, identifier } from "./names";

type Inputs = Unwrap<DatabaseArgs> & { readonly name: string };

const NO_DATABASE = 1008;
const EXISTS = 1007;

/** mysql.Database: character set and collation change in place. */
export function databaseKind(server: MysqlServer): Kind<Inputs> {
  const characterSet = (inputs: Inputs): string => {
    const { defaultCharacterSet = "utf8", defaultCollation = "utf8_general_ci" } = inputs;
    return `CHARACTER SET ${identifier(defaultCharacterSet)} COLLATE ${identifier(defaultCollation)}`;
  };
  const find = async (name: string, inputs: Partial<Inputs>) => {
    const sql =
      "SELECT DEFAULT_CHARACTER_SET_NAME AS characterSet, DEFAULT_COLLATION_NAME AS collation " +
      "FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?";
    const [found] = await server.query<Record<"characterSet" | "collation", string>>(`read database ${name}`, sql, [
      name,
    ]);
    if (!found) return undefined;
    // The server's name for utf8 is utf8mb3: no drift when the program says utf8.
    const said = (given: string | undefined, now: string) => (given === now.replace(/^utf8mb3/, "utf8") ? given : now);
    return {
      defaultCharacterSet: said(inputs.defaultCharacterSet, found.characterSet),
      defaultCollation: said(inputs.defaultCollation, found.collation),
      id: name,
      name,
    };
  };
  const outputsOf = ({ name, defaultCharacterSet, defaultCollation }: Inputs) => ({
    defaultCharacterSet,
    defaultCollation,
    id: name,
    name,
  });
  return {
    type: "mysql:index/database:Database",
    named: true,
    marksDefaults: true,
    fields: {
      name: str({ required: true }),
      defaultCharacterSet: str({ default: "utf8", inPlace: true }),
      defaultCollation: str({ default: "utf8_general_ci", inPlace: true }),
    },
    async create(inputs, context) {
      const { name } = inputs;
      const sql = `CREATE DATABASE ${identifier(name)} ${characterSet(inputs)}`;
      const created = server.query(`create database ${name}`, sql, [], context);
      await created.catch(foreignUnless(EXISTS, "database", name, `DROP DATABASE ${identifier(name)}`));
      return { id: name, outputs: outputsOf(inputs) };
    },
    async read({ id: name, inputs: olds }) {
      const outputs = await find(name, olds);
      if (!outputs) return undefined;
      const { id: _, ...inputs } = outputs;
      return { inputs: { ...olds, ...inputs }, outputs };
    },
    async update({ id: name }, news, context) {
      const sql = `ALTER DATABASE ${identifier(name)} ${characterSet(news)}`;
      await server.query(`alter database ${name}`, sql, [], context);
      return outputsOf(news);
    },
    async delete({ id: name }) {
      await server.query(`drop database ${name}`, `DROP DATABASE ${identifier(name)}`).catch(goneIf(NO_DATABASE));
    },
    async recover(inputs) {
      const outputs = await find(inputs.name, inputs);
      const ours = outputs && same(outputs, outputsOf(inputs));
      return ours ? { id: inputs.name, outputs, complete: true } : undefined;
    },
  };
}
