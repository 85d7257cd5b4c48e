import { z } from "zod";
import { characterSets } from "../../product/mysql";
import { roleRecords, roles } from "../../product/roles";
import { settingInfo, text, textOrNothing } from "./describe";
import { isIpv4Address } from "./names";

/** MySQL permits 32 characters in the name of an account, and the name of a role comes behind the prefix. */
const longestUserPrefix = 32 - Math.max(...roles.map((role) => roleRecords[role].name.length));

const serverName = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

export const databases = {
  title: "Databases",
  settings: {
    databaseHost: textOrNothing(
      (value) => serverName.test(value) || isIpv4Address(value),
      "a lower-case host name or an IPv4 address",
    )
      .default("")
      .register(settingInfo, {
        description:
          "host name or IPv4 address of your own MySQL server, which needs the secret `databaseAdminPassword`; without it, the deployment runs a MySQL server",
        changes: { dataSources: "`url`", registry: "`cacheId`" },
      }),
    databaseAdminUser: text(/^[^\s'"`\\]{1,32}$/, "1 to 32 characters without white space, quotes and backslashes")
      .default("root")
      .register(settingInfo, {
        description: "with `databaseHost`: the account that creates databases, accounts and tables",
      }),
    databasesExist: z.boolean().default(false).register(settingInfo, {
      description: "with `databaseHost`: the three databases already exist, empty or with the product's tables",
    }),
    // In a GRANT, an underscore in a database's name matches any character.
    databasePrefix: text(/^[a-z0-9-]{0,40}$/, "up to 40 lower-case letters, digits and dashes")
      .default("")
      .register(settingInfo, {
        description: "prefix of the three databases' names, so that several deployments can share a server",
        changes: { dataSources: "`url`", registry: "`cacheId`" },
      }),
    databaseUserPrefix: text(
      new RegExp(`^[A-Za-z0-9_-]{1,${longestUserPrefix}}$`),
      `1 to ${longestUserPrefix} letters, digits, underscores and dashes`,
    )
      .default("apim_")
      .register(settingInfo, {
        description: "prefix of the names of the nodes' MySQL accounts",
        changes: { dataSources: "`username`", registry: "`cacheId`" },
      }),
    databaseCharacterSet: z.enum(characterSets).default("latin1").register(settingInfo, {
      description: "character set of the three databases",
    }),
    poolMaxActive: z
      .int()
      .min(1)
      .max(1000)
      .default(50)
      .register(settingInfo, {
        description: "most connections of each data source at once",
        changes: { dataSources: "`maxActive`" },
      }),
    poolMaxWait: z
      .int()
      .min(-1)
      .max(3_600_000)
      .default(60_000)
      .register(settingInfo, {
        description: "ms that a data source waits for a free connection; -1: without limit",
        changes: { dataSources: "`maxWait`" },
      }),
  },
} as const;
