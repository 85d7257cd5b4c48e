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

/** Arguments of {@link ServerNames}. */
export interface ServerNamesArgs {
  readonly server: ExternalDatabaseServer;
  readonly topology: Topology;
  /** Password of the server's administrator. */
  readonly adminPassword: pulumi.Input<string>;
  /** True: the password of the product's administrator is generated. */
  readonly isNewAdministrator: boolean;
}

/**
 * The names that a deployment takes on a MySQL server of the user's own. A database or account that has one of them
 * already is somebody else's, or was left by a destroyed stack: then creating this resource fails, with the remedy, before
 * anything else is created. Deleting it changes nothing.
 */
export class ServerNames extends pulumi.dynamic.Resource {
  constructor(name: string, args: ServerNamesArgs, opts?: pulumi.CustomResourceOptions) {
    const { endpoint, adminUser, databasesExist } = args.server;
    const { databases, databaseUsers } = args.topology;
    super(
      provider,
      name,
      {
        ...endpoint,
        user: adminUser,
        password: pulumi.secret(args.adminPassword),
        databases: databasesExist ? [] : databases.map(({ schema }) => schema),
        accounts: databaseUsers.map((account) => account.name),
        newAdministratorIn: args.isNewAdministrator
          ? databases.find((database) => database.name === "userdb")?.schema
          : undefined,
      },
      opts,
    );
  }
}
