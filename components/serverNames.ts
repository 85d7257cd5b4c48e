import * as pulumi from "@pulumi/pulumi";
import { checkNamesAreFree, type Names } from "../databases/freeNames";
import type { ExternalDatabaseServer, Topology } from "../topology";

interface Inputs extends Names {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

function namesOf({ databases, accounts }: Names): Names {
  return { databases, accounts };
}

const provider: pulumi.dynamic.ResourceProvider<Inputs, Names> = {
  async create(inputs) {
    await checkNamesAreFree(inputs, inputs);
    return { id: `${inputs.host}:${inputs.port}`, outs: namesOf(inputs) };
  },
  async update(_id, olds, news) {
    await checkNamesAreFree(news, {
      databases: news.databases.filter((name) => !olds.databases.includes(name)),
      accounts: news.accounts.filter((name) => !olds.accounts.includes(name)),
    });
    return { outs: namesOf(news) };
  },
  async diff(_id, olds, news) {
    return { changes: JSON.stringify(namesOf(olds)) !== JSON.stringify(namesOf(news)) };
  },
};

export interface ServerNamesArgs {
  /** Of the server. */
  readonly adminPassword: pulumi.Input<string>;
  /** Whether the product's administrator gets a password that is generated. */
  readonly isNewAdministrator: boolean;
}

/**
 * The names that a deployment takes on a server that the user runs. What has one of them before the deployment does is
 * somebody else's, or was left by a destroyed stack: making it fails, and says how to go on, before anything else is
 * made. Deleting it changes nothing.
 */
export class ServerNames extends pulumi.dynamic.Resource {
  constructor(
    { name, endpoint, adminUser, databasesExist }: ExternalDatabaseServer,
    { databases, databaseUsers }: Topology,
    { adminPassword, isNewAdministrator }: ServerNamesArgs,
  ) {
    super(provider, `${name}-${endpoint.host}-${endpoint.port}-names`, {
      ...endpoint,
      user: adminUser,
      password: pulumi.secret(adminPassword),
      databases: databasesExist ? [] : databases.map(({ schema }) => schema),
      accounts: databaseUsers.map((account) => account.name),
      newAdministratorIn: isNewAdministrator
        ? databases.find((database) => database.name === "userdb")?.schema
        : undefined,
    });
  }
}
