import { createHash } from "node:crypto";
import type * as docker from "@pulumi/docker";
import * as mysql from "@pulumi/mysql";
import * as pulumi from "@pulumi/pulumi";
import type { DeploymentPlan } from "../plan";
import type { DatabaseName, SecretName } from "../product/databases";
import type { Database, DatabaseUser, Node } from "../topology";
import { DatabaseScript } from "./databaseScript";
import { externalServer, type MySqlServer, ownServer } from "./mySqlServer";
import { createPassword, dependencies } from "./shared";

/** Arguments of {@link MySqlDatabases}. */
export interface MySqlDatabasesArgs {
  readonly plan: DeploymentPlan;
  /** The network of the deployment's own server. @default none: the plan names a server of the user's own */
  readonly network?: docker.Network;
  /** The administrator's password on a server of the user's own (setting `databaseAdminPassword`). */
  readonly databaseAdminPassword?: pulumi.Input<string>;
  /** True: the password of the product's administrator is generated, so userdb must not have one yet. @default false */
  readonly isNewAdministrator?: boolean;
  /** Id or name of the image of the deployment's own server. @default the image of the plan, built by this component */
  readonly image?: pulumi.Input<string>;
}

interface Account {
  readonly password: pulumi.Output<string>;
  readonly grants: readonly mysql.Grant[];
}

/**
 * The three databases, one account per role, and the product's tables: on a MySQL server of the deployment's own, or on
 * one of the user's own (setting `databaseHost`), on which nothing is ever dropped.
 *
 * @example
 * ```ts
 * const databases = new MySqlDatabases("mysql", { plan, network });
 * ```
 */
export class MySqlDatabases extends pulumi.ComponentResource {
  /**
   * Resources on the server depend on this: the server's container or, on a user's own server, the check that the names
   * are free.
   */
  readonly ready: pulumi.Resource;
  /** `host:port` at which the program reaches the server. */
  readonly endpoint: pulumi.Output<string>;
  readonly adminUser: pulumi.Output<string>;
  /** Secret. */
  readonly adminPassword: pulumi.Output<string>;
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
    const { databases, databaseUsers } = args.plan.topology;
    this.server = this.createServer(opts?.dependsOn);
    this.ready = this.server.ready;
    const { host, port } = args.plan.topology.databaseServer.endpoint;
    this.endpoint = pulumi.output(`${host}:${port}`);
    this.adminUser = pulumi.output(this.server.user);
    this.adminPassword = pulumi.secret(this.server.password);
    this.provider = this.createProvider();
    this.databases = new Map(this.ownDatabases().map((database) => [database.name, this.createDatabase(database)]));
    this.scripts = new Map(databases.map((database) => [database.name, this.createScript(database)]));
    this.accounts = new Map(databaseUsers.map((user) => [user.secret, this.createAccount(user)]));
    this.registerOutputs(this.server.server ? { server: this.server.server.name } : {});
  }

  /** The passwords of a node's own accounts, by the name of the secret. */
  secretsOf({ databaseUsers }: Node): Partial<Record<SecretName, pulumi.Output<string>>> {
    return Object.fromEntries(databaseUsers.map(({ secret }) => [secret, this.accounts.get(secret)?.password]));
  }

  /** Must exist before a node connects: the tables of its databases and the grants of its accounts. */
  readyFor({ databases, databaseUsers }: Node): readonly pulumi.Resource[] {
    const scripts = databases.flatMap((name) => this.scripts.get(name) ?? []);
    return [...scripts, ...databaseUsers.flatMap(({ secret }) => this.accounts.get(secret)?.grants ?? [])];
  }

  private createServer(dependsOn: pulumi.ComponentResourceOptions["dependsOn"]): MySqlServer {
    const { plan, network, databaseAdminPassword, isNewAdministrator = false, image } = this.args;
    const { topology } = plan;
    const { databaseServer } = topology;
    if (!databaseServer.external) {
      if (!network) throw new Error(`${this.name}: network: expected the network of the MySQL server, found none`);
      return ownServer(this.name, databaseServer, { plan, network, dependsOn, ...(image && { image }) }, this);
    }
    if (databaseAdminPassword === undefined)
      throw new Error(
        `${this.name}: databaseAdminPassword: expected the password of ${databaseServer.adminUser} on ${databaseServer.endpoint.host}, found none`,
      );
    const adminPassword = pulumi.output(databaseAdminPassword);
    const args = { topology, adminPassword, isNewAdministrator };
    return externalServer(this.name, databaseServer, args, { parent: this, dependsOn: dependencies([], dependsOn) });
  }

  private createProvider(): mysql.Provider {
    const { resourcePrefix, user, password, ready } = this.server;
    return new mysql.Provider(
      resourcePrefix,
      { endpoint: this.endpoint, username: user, password },
      { parent: this, dependsOn: ready },
    );
  }

  /** The databases that this component creates: none if they exist already (setting `databasesExist`). */
  private ownDatabases(): readonly Database[] {
    const { databaseServer, databases } = this.args.plan.topology;
    return databaseServer.external && databaseServer.databasesExist ? [] : databases;
  }

  /**
   * Options of a resource on the server: it is deleted with the server's volume, or stays on the user's own server.
   * `deletedWith` names the volume, not the container: replacing the container keeps the data, but the Pulumi CLI would
   * count databases and accounts as deleted and create them again.
   */
  private kept(opts: pulumi.CustomResourceOptions = {}): pulumi.CustomResourceOptions {
    const { data } = this.server;
    return { parent: this, retainOnDelete: true, ...(data && { deletedWith: data }), ...opts };
  }

  private createDatabase({ name, schema, characterSet, collation }: Database): mysql.Database {
    return new mysql.Database(
      `${this.server.resourcePrefix}-${name}`,
      { name: schema, defaultCharacterSet: characterSet, defaultCollation: collation },
      this.kept({ provider: this.provider }),
    );
  }

  private createScript({ name, schema, script: path }: Database): DatabaseScript {
    const script = this.args.plan.dbscripts.get(path);
    if (script === undefined) throw new Error(`${path}: expected the dbscript of ${name}, found none`);
    const { resourcePrefix, user, password, ready } = this.server;
    return new DatabaseScript(
      `${resourcePrefix}-${name}-tables`,
      {
        ...this.args.plan.topology.databaseServer.endpoint,
        user,
        password,
        database: schema,
        version: this.args.plan.version,
        checksum: createHash("sha256").update(script).digest("hex"),
        script,
      },
      this.kept({ dependsOn: this.databases.get(name) ?? ready }),
    );
  }

  private createAccount(account: DatabaseUser): Account {
    const password = createPassword(`${this.name}-${account.name}-password`, this);
    const { resourcePrefix } = this.server;
    const user = new mysql.User(
      `${resourcePrefix}-${account.name}`,
      { user: account.name, host: "%", plaintextPassword: password },
      this.kept({ provider: this.provider }),
    );
    const schemas = this.args.plan.topology.databases.filter(({ name }) => account.databases.includes(name));
    const grants = schemas.map(
      ({ name, schema }) =>
        new mysql.Grant(
          `${resourcePrefix}-${account.name}-${name}`,
          { user: user.user, host: user.host, database: this.databases.get(name)?.name ?? schema, privileges: ["ALL"] },
          this.kept({ provider: this.provider, deletedWith: user }),
        ),
    );
    return { password, grants };
  }
}
