import { createHash } from "node:crypto";
import { escapeId, escape as quote } from "mysql2";
import type { Context, Properties, Provider, Value } from "../provider";
import { type Kind, providerOf } from "./kind";
import { MysqlError, MysqlServer } from "./mysqlConnection";
import { grantKind } from "./mysqlGrant";
import { str } from "./schema";
import { isEmpty, same, text } from "./values";

/** The mysql provider on mysql2: Database, User, Grant. Config `endpoint` host:port, `username`, `password`, `tls`. */
export function mysqlProvider(config: Properties): Provider {
  const server = new MysqlServer(config);
  return providerOf([databaseKind(server), userKind(server), grantKind(server)], () => server.close());
}

/** A database, a table: one identifier, dots and all. */
export const identifier = (name: string): string => escapeId(name, true);

const noDatabase = 1008;
const databaseExists = 1007;
/** CREATE USER, ALTER USER or DROP USER failed: there is, or there is not, such an account. */
const cannotUser = 1396;

function databaseKind(server: MysqlServer): Kind {
  const characterSetOf = (inputs: Properties): string => {
    const [set, collation] = [
      text(inputs, "defaultCharacterSet") ?? "utf8",
      text(inputs, "defaultCollation") ?? "utf8_general_ci",
    ];
    return `CHARACTER SET ${identifier(set)} COLLATE ${identifier(collation)}`;
  };
  const outputsOf = async (name: string, inputs: Properties, context?: Context): Promise<Properties | undefined> => {
    const [found] = await server.query<{ charset: string; collation: string }>(
      `read database ${name}`,
      "SELECT DEFAULT_CHARACTER_SET_NAME AS charset, DEFAULT_COLLATION_NAME AS collation FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?",
      [name],
      context,
    );
    // The server's name for utf8 is utf8mb3: no drift when the program says utf8.
    const said = (key: string, actual: string): Value =>
      text(inputs, key) === actual.replace(/^utf8mb3/, "utf8") ? (inputs[key] ?? actual) : actual;
    return (
      found && {
        defaultCharacterSet: said("defaultCharacterSet", found.charset),
        defaultCollation: said("defaultCollation", found.collation),
        id: name,
        name,
      }
    );
  };
  const asSaid = (inputs: Properties, name: string): Properties => {
    const { defaultCharacterSet, defaultCollation } = inputs;
    return {
      defaultCharacterSet: defaultCharacterSet ?? null,
      defaultCollation: defaultCollation ?? null,
      id: name,
      name,
    };
  };
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
      const name = text(inputs, "name") ?? "";
      await server
        .query(`create database ${name}`, `CREATE DATABASE ${identifier(name)} ${characterSetOf(inputs)}`, [], context)
        .catch((error) => {
          const foreign = error instanceof MysqlError && error.errno === databaseExists;
          throw foreign ? foreignObject("database", name, `DROP DATABASE ${identifier(name)}`) : error;
        });
      return { id: name, outputs: asSaid(inputs, name) };
    },
    async read(existing, context) {
      const outputs = await outputsOf(existing.id, existing.inputs, context);
      if (!outputs) {
        return undefined;
      }
      const { id: _, ...inputs } = outputs;
      return { inputs: { ...existing.inputs, ...inputs }, outputs };
    },
    async update(existing, news, context) {
      const name = existing.id;
      await server.query(
        `alter database ${name}`,
        `ALTER DATABASE ${identifier(name)} ${characterSetOf(news)}`,
        [],
        context,
      );
      return asSaid(news, name);
    },
    async delete(existing, context) {
      const name = existing.id;
      await unless(noDatabase, server.query(`drop database ${name}`, `DROP DATABASE ${identifier(name)}`, [], context));
    },
    async recover(inputs) {
      const name = text(inputs, "name") ?? "";
      const outputs = await outputsOf(name, inputs);
      return outputs && same(outputs, asSaid(inputs, name)) ? { id: name, outputs, complete: true } : undefined;
    },
  };
}

function userKind(server: MysqlServer): Kind {
  const accountOf = (inputs: Properties) =>
    `${quote(text(inputs, "user") ?? "")}@${quote(text(inputs, "host") ?? "localhost")}`;
  const passwordOf = (inputs: Properties) => text(inputs, "plaintextPassword") ?? text(inputs, "password");
  const idOf = (inputs: Properties) => `${text(inputs, "user")}@${text(inputs, "host") ?? "localhost"}`;
  const outputsOf = (inputs: Properties): Properties => {
    const { user, host, tlsOption, password, plaintextPassword, authPlugin } = inputs;
    const hashed = typeof plaintextPassword === "string" ? hash(plaintextPassword) : undefined;
    const outputs = { host, id: idOf(inputs), plaintextPassword: hashed, tlsOption, user, password, authPlugin };
    return Object.fromEntries(Object.entries(outputs).filter(([, value]) => value !== undefined)) as Properties;
  };
  const settings = (inputs: Properties): string => {
    const plugin = text(inputs, "authPlugin");
    const password = passwordOf(inputs);
    const identified = plugin
      ? ` IDENTIFIED WITH ${identifier(plugin)}`
      : password === undefined
        ? ""
        : ` IDENTIFIED BY ${quote(password)}`;
    return `${identified} REQUIRE ${text(inputs, "tlsOption") ?? "NONE"}`;
  };
  return {
    type: "mysql:index/user:User",
    marksDefaults: true,
    secretOutputs: ["password", "plaintextPassword"],
    fields: {
      user: str({ required: true }),
      host: str({ default: "localhost" }),
      // After a refresh, the official provider has its hash recorded in place of the password.
      plaintextPassword: str({ inPlace: true, unchanged: (old, now) => typeof now === "string" && old === hash(now) }),
      password: str({ inPlace: true }),
      authPlugin: str(),
      tlsOption: str({ default: "NONE", inPlace: true }),
    },
    validate(inputs) {
      const tls = text(inputs, "tlsOption") ?? "NONE";
      const fine = /^(NONE|SSL|X509)$/i.test(tls);
      return fine ? [] : [{ property: "tlsOption", reason: `tlsOption: expected NONE, SSL or X509, found ${tls}` }];
    },
    async create(inputs, context) {
      const id = idOf(inputs);
      await server
        .query(`create user ${id}`, `CREATE USER ${accountOf(inputs)}${settings(inputs)}`, [], context)
        .catch((error) => {
          const foreign = error instanceof MysqlError && error.errno === cannotUser;
          throw foreign ? foreignObject("user", id, `DROP USER ${accountOf(inputs)}`) : error;
        });
      return { id, outputs: outputsOf(inputs) };
    },
    async read(existing, context) {
      const at = existing.id.lastIndexOf("@");
      const [user, host] = [existing.id.slice(0, at), existing.id.slice(at + 1)];
      const [found] = await server.query<{ tls: string }>(
        `read user ${existing.id}`,
        "SELECT CAST(ssl_type AS CHAR) AS tls FROM mysql.user WHERE User = ? AND Host = ?",
        [user, host],
        context,
      );
      if (!found) {
        return undefined;
      }
      const tlsOption = { "": "NONE", ANY: "SSL" }[found.tls] ?? found.tls;
      const inputs = { ...(isEmpty(existing.inputs) ? { user, host } : existing.inputs), tlsOption };
      return { inputs, outputs: { ...outputsOf(inputs), ...kept(existing.outputs), tlsOption } };
    },
    async update(existing, news, context) {
      await server.query(`alter user ${existing.id}`, `ALTER USER ${accountOf(news)}${settings(news)}`, [], context);
      return outputsOf(news);
    },
    async delete(existing, context) {
      const account = accountOf(isEmpty(existing.inputs) ? existing.outputs : existing.inputs);
      await unless(cannotUser, server.query(`drop user ${existing.id}`, `DROP USER ${account}`, [], context));
    },
    async recover(inputs) {
      const password = passwordOf(inputs);
      const ours = password !== undefined && (await server.accepts(text(inputs, "user") ?? "", password));
      return ours ? { id: idOf(inputs), outputs: outputsOf(inputs), complete: true } : undefined;
    },
  };
}

/** The password cannot be read back: what was recorded stays. */
function kept(outputs: Properties): Properties {
  return outputs.plaintextPassword === undefined ? {} : { plaintextPassword: outputs.plaintextPassword };
}

const hash = (password: string): string => createHash("sha256").update(password).digest("hex");

function foreignObject(what: string, name: string, remove: string): MysqlError {
  return new MysqlError(
    `create ${what} ${name}: it is there already and not recorded in this stack; ` +
      `if nothing else uses it remove it (${remove}), or choose another name`,
  );
}

/** For deletes: an object that is gone already is as good as deleted. */
export async function unless(errno: number, statement: Promise<unknown>): Promise<void> {
  await statement.catch((error) => {
    if (!(error instanceof MysqlError) || error.errno !== errno) {
      throw error;
    }
  });
}
