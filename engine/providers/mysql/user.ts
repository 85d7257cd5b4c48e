import { createHash } from "node:crypto";
import type { UserArgs } from "@pulumi/mysql";
import type { Unwrap } from "@pulumi/pulumi";
import { escape as quote } from "mysql2";
import { isEmpty } from "../../values";
import type { Kind } from "../kind";
import { str } from "../schema";
import type { MysqlServer } from "./connection";
import { type Account, accountId, accountSql, foreign, goneIf, identifier } from "./names";

type Inputs = Unwrap<UserArgs> & Account;

/** DROP USER failed because the account does not exist. */
const CANNOT_USER = 1396;

/** Added to `tlsOption` of a locked account, for which there is no property: the next up then unlocks it in place. */
const LOCKED = " (account locked)";

interface Row {
  readonly tls: string;
  readonly plugin: string;
  readonly alone: number;
  readonly account_locked?: string;
}

/** The actual account. */
interface Found {
  /** Ends with {@link LOCKED} if the account is locked. */
  readonly tlsOption: string;
  readonly plugin: string;
  /** Whether it is the only account that matches a login with its name from this machine. */
  readonly alone: boolean;
}

/** mysql.User: password and TLS option are changed in place. */
export function userKind(server: MysqlServer): Kind<Inputs> {
  const find = async (account: Account): Promise<Found | undefined> => {
    const { user, host = "localhost" } = account;
    const sql =
      // All columns, because older servers lack account_locked.
      "SELECT own.*, CAST(own.ssl_type AS CHAR) AS tls, SUBSTRING_INDEX(USER(), '@', -1) LIKE own.Host AND " +
      "(SELECT COUNT(*) FROM mysql.user other WHERE other.User IN ('', own.User) AND " +
      "SUBSTRING_INDEX(USER(), '@', -1) LIKE other.Host) = 1 AS alone FROM mysql.user own WHERE own.User = ? AND own.Host = ?";
    const doing = `read user ${accountId(account)}`;
    const [found] = await server.query<Row>(doing, sql, [user, host]);
    if (!found) return undefined;
    const { tls, plugin, alone, account_locked } = found;
    const option = { "": "NONE", ANY: "SSL" }[tls] ?? tls;
    return { tlsOption: account_locked === "Y" ? option + LOCKED : option, plugin, alone: alone === 1 };
  };
  /** Whether the account has the password in `inputs`; undefined if a login from this machine can't tell. */
  const hasPassword = async ({ alone, tlsOption }: Found, inputs: Inputs): Promise<boolean | undefined> => {
    const password = passwordOf(inputs);
    const open = alone && ["NONE", "SSL"].includes(tlsOption) && password !== undefined && !inputs.authPlugin;
    return open ? server.accepts(inputs.user, password, tlsOption === "SSL") : undefined;
  };
  return {
    type: "mysql:index/user:User",
    secretOutputs: ["password", "plaintextPassword"],
    fields: {
      user: str({ required: true }),
      host: str({ default: "localhost" }),
      plaintextPassword: str({ inPlace: true, unchanged: (old, now) => typeof now === "string" && old === hash(now) }),
      password: str({ inPlace: true }),
      authPlugin: str(),
      tlsOption: str({ default: "NONE", inPlace: true, pattern: [/^(NONE|SSL|X509)$/i, "NONE, SSL or X509"] }),
    },
    async refuseForeign(inputs, context) {
      const id = accountId(inputs);
      const { user, host } = accountOf(id);
      const sql = "SELECT User FROM mysql.user WHERE User = ? AND Host = ?";
      const found = await server.query(`look for user ${id}`, sql, [user, host], context);
      if (found.length > 0) throw foreign("user", id, `DROP USER ${accountSql(inputs)}`);
    },
    async create(inputs, context) {
      const id = accountId(inputs);
      const sql = `CREATE USER ${accountSql(inputs)}${settings(inputs)}`;
      await server.query(`create user ${id}`, sql, [], context);
      return { id, outputs: outputsOf(inputs) };
    },
    async read({ id, inputs: olds, outputs: { plaintextPassword } }) {
      const found = await find(accountOf(id));
      if (!found) return undefined;
      const { tlsOption, plugin } = found;
      const { authPlugin } = olds;
      const changed = authPlugin && authPlugin.toLowerCase() !== plugin.toLowerCase();
      const recorded: Inputs = isEmpty(olds) ? accountOf(id) : olds;
      const inputs = { ...recorded, tlsOption, ...(changed && { authPlugin: plugin }) };
      // The password can't be read: the recorded one stays, unless a login shows that it was changed.
      if ((await hasPassword(found, inputs)) === false) {
        const other = { ...inputs, [inputs.plaintextPassword === undefined ? "password" : "plaintextPassword"]: "" };
        return { inputs: other, outputs: outputsOf(other) };
      }
      return { inputs, outputs: { ...outputsOf(inputs), plaintextPassword } };
    },
    async update({ id, inputs: { tlsOption = "" } }, news, context) {
      const unlock = tlsOption.endsWith(LOCKED) ? " ACCOUNT UNLOCK" : "";
      const sql = `ALTER USER ${accountSql(news)}${settings(news)}${unlock}`;
      await server.query(`alter user ${id}`, sql, [], context);
      return outputsOf(news);
    },
    async delete({ id }) {
      await server.query(`drop user ${id}`, `DROP USER ${accountSql(accountOf(id))}`).catch(goneIf(CANNOT_USER));
    },
    async recover(inputs) {
      const found = await find(inputs);
      if (!found) return undefined;
      const matches = await hasPassword(found, inputs);
      if (matches === false) return undefined;
      // If a login can't tell, the next run sets the password again.
      return { id: accountId(inputs), outputs: outputsOf(inputs), complete: matches === true };
    },
  };
}

const passwordOf = ({ plaintextPassword, password }: Inputs): string | undefined => plaintextPassword ?? password;

function settings(inputs: Inputs): string {
  const { authPlugin, tlsOption } = inputs;
  const password = passwordOf(inputs);
  const by = password === undefined ? "" : ` IDENTIFIED BY ${quote(password)}`;
  return `${authPlugin ? ` IDENTIFIED WITH ${identifier(authPlugin)}` : by} REQUIRE ${tlsOption}`;
}

/** The official provider records this hash in place of the password. */
const hash = (password: string): string => createHash("sha256").update(password).digest("hex");

function outputsOf(inputs: Inputs) {
  const { plaintextPassword: plain } = inputs;
  return { ...inputs, ...(plain !== undefined && { plaintextPassword: hash(plain) }) };
}

function accountOf(id: string): Required<Account> {
  const at = id.lastIndexOf("@");
  return { user: id.slice(0, at), host: id.slice(at + 1) };
}
