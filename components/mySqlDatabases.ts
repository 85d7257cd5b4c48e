import { createHash } from "node:crypto";
import * as mysql from "@pulumi/mysql";
import * as pulumi from "@pulumi/pulumi";
import type { DatabaseName, SecretName } from "../product/databases";
import type { Database, DatabaseUser, Node, Topology } from "../topology";
import { DatabaseScript } from "./databaseScript";
import {
  type ExternalServerArgs,
  externalServer,
  type MySqlServer,
  type OwnServerArgs,
  ownServer,
} from "./mySqlServer";
import { createPassword } from "./shared";

export interface MySqlDatabasesArgs {
  readonly topology: Topology;
  /** Product version that the scripts belong to. */
  readonly version: string;
  /** Script text by its path below APIM_HOME. */
  readonly scripts: ReadonlyMap<string, string>;
  /** For the kind of server that the topology has. */
  readonly server: OwnServerArgs | ExternalServerArgs;
}

interface Account {
  readonly password: pulumi.Output<string>;
  readonly grants: readonly mysql.Grant[];
}

/**
 * The three databases, one account per role, and the product's tables in them: on a MySQL server of the deployment's
 * own, which takes them along when it goes, or on one that the user runs, where nothing is ever dropped.
 */
export class MySqlDatabases extends pulumi.ComponentResource {
  private readonly server: MySqlServer;
  private readonly provider: mysql.Provider;
  private readonly databases: ReadonlyMap<DatabaseName, mysql.Database>;
  private readonly scripts: ReadonlyMap<DatabaseName, DatabaseScript>;
  private readonly accounts: ReadonlyMap<SecretName, Account>;

  constructor(
    private readonly name: string,
    private readonly args: MySqlDatabasesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("wso2:apim:MySqlDatabases", name, {}, opts);
    const { databases, databaseUsers } = args.topology;
    this.server = this.createServer();
    this.provider = this.createProvider();
    this.databases = new Map(this.ownDatabases().map((database) => [database.name, this.createDatabase(database)]));
    this.scripts = new Map(databases.map((database) => [database.name, this.createScript(database)]));
    this.accounts = new Map(databaseUsers.map((user) => [user.secret, this.createAccount(user)]));
    this.registerOutputs(this.server.container ? { container: this.server.container.name } : {});
  }

  /** The passwords that a node needs, by the secret's name: its own accounts' only. */
  secretsOf({ databaseUsers }: Node): Partial<Record<SecretName, pulumi.Output<string>>> {
    return Object.fromEntries(databaseUsers.map(({ secret }) => [secret, this.accounts.get(secret)?.password]));
  }

  /** What must be there before a node may connect: the tables of its databases, its accounts and grants. */
  readyFor({ databases, databaseUsers }: Node): readonly pulumi.Resource[] {
    const scripts = databases.flatMap((name) => this.scripts.get(name) ?? []);
    return [...scripts, ...databaseUsers.flatMap(({ secret }) => this.accounts.get(secret)?.grants ?? [])];
  }

  private createServer(): MySqlServer {
    const { topology, server } = this.args;
    const { databaseServer } = topology;
    if (databaseServer.external && "names" in server) return externalServer(databaseServer, server);
    if (!databaseServer.external && "image" in server) return ownServer(databaseServer, topology, server, this);
    throw new Error(`${this.name}: expected arguments for the server that the topology has, found those of the other`);
  }

  private createProvider(): mysql.Provider {
    const { host, port } = this.args.topology.databaseServer.endpoint;
    const { key, user, password, ready } = this.server;
    return new mysql.Provider(
      key,
      { endpoint: `${host}:${port}`, username: user, password },
      { parent: this, dependsOn: ready },
    );
  }

  /** All, or none when somebody else makes them. */
  private ownDatabases(): readonly Database[] {
    const { databaseServer, databases } = this.args.topology;
    return databaseServer.external && databaseServer.databasesExist ? [] : databases;
  }

  /**
   * Goes with the server's volume, or stays on the user's server: nothing is dropped one by one. Not with the container,
   * which may be replaced: the Pulumi CLI would then make anew what is still on the volume.
   */
  private kept(opts: pulumi.CustomResourceOptions = {}): pulumi.CustomResourceOptions {
    const { data } = this.server;
    return { parent: this, retainOnDelete: true, ...(data && { deletedWith: data }), ...opts };
  }

  private createDatabase({ name, schema, characterSet, collation }: Database): mysql.Database {
    return new mysql.Database(
      `${this.server.key}-${name}`,
      { name: schema, defaultCharacterSet: characterSet, defaultCollation: collation },
      this.kept({ provider: this.provider }),
    );
  }

  private createScript({ name, schema, script: path }: Database): DatabaseScript {
    const script = this.args.scripts.get(path);
    if (script === undefined) throw new Error(`${path}: expected the dbscript of ${name}, found none`);
    const { key, user, password, ready } = this.server;
    return new DatabaseScript(
      `${key}-${name}-tables`,
      {
        ...this.args.topology.databaseServer.endpoint,
        user,
        password,
        database: schema,
        version: this.args.version,
        checksum: createHash("sha256").update(script).digest("hex"),
        script,
      },
      this.kept({ dependsOn: this.databases.get(name) ?? ready }),
    );
  }

  private createAccount(account: DatabaseUser): Account {
    const password = createPassword(`${this.name}-${account.name}-password`, this);
    const { key } = this.server;
    const user = new mysql.User(
      `${key}-${account.name}`,
      { user: account.name, host: "%", plaintextPassword: password },
      this.kept({ provider: this.provider }),
    );
    const schemas = this.args.topology.databases.filter(({ name }) => account.databases.includes(name));
    const grants = schemas.map(
      ({ name, schema }) =>
        new mysql.Grant(
          `${key}-${account.name}-${name}`,
          { user: user.user, host: user.host, database: this.databases.get(name)?.name ?? schema, privileges: ["ALL"] },
          this.kept({ provider: this.provider, deletedWith: user }),
        ),
    );
    return { password, grants };
  }
}
