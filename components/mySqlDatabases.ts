import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as mysql from "@pulumi/mysql";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Database, DatabaseName, DatabaseUser, Node, SecretName, Topology } from "../topology";
import { DatabaseScript } from "./databaseScript";
import { containerDefaults, createVolume } from "./shared";

const adminName = "apim_admin";

export interface MySqlDatabasesArgs {
  readonly topology: Topology;
  /** Product version that the scripts belong to. */
  readonly version: string;
  /** Script text by its path below APIM_HOME. */
  readonly scripts: ReadonlyMap<string, string>;
  readonly image: pulumi.Input<string>;
  readonly network: docker.Network;
  /** MiB. */
  readonly memory: number;
  /** Seconds until the server must answer. */
  readonly startTimeout: number;
}

interface Account {
  readonly password: pulumi.Output<string>;
  readonly grants: readonly mysql.Grant[];
}

/** The MySQL server with its volume, the three databases, one account per role, and the product's tables in them. */
export class MySqlDatabases extends pulumi.ComponentResource {
  private readonly adminPassword: pulumi.Output<string>;
  private readonly server: docker.Container;
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
    this.adminPassword = this.createPassword("admin");
    this.server = this.createServer();
    this.provider = this.createProvider();
    this.databases = new Map(databases.map((database) => [database.name, this.createDatabase(database)]));
    this.scripts = new Map(databases.map((database) => [database.name, this.createScript(database)]));
    this.accounts = new Map(databaseUsers.map((user) => [user.secret, this.createAccount(user)]));
    this.registerOutputs({ container: this.server.name });
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

  private createPassword(owner: string): pulumi.Output<string> {
    const args = { length: 24, special: false };
    return new random.RandomPassword(`${this.name}-${owner}-password`, args, { parent: this }).result;
  }

  private createServer(): docker.Container {
    const { topology, image } = this.args;
    const { address, port, publishedPort } = topology.databaseServer;
    const volume = createVolume(topology, `${this.name}-data`, { parent: this });
    return new docker.Container(
      `${this.name}-container`,
      {
        ...containerDefaults({
          ...this.args,
          name: this.name,
          address,
          healthcheck: ["healthcheck", String(port)],
          ports: [{ internal: port, published: publishedPort }],
          stopTimeout: 60,
        }),
        image,
        command: [`--port=${port}`],
        mounts: [{ type: "volume", source: volume.name, target: "/var/lib/mysql" }],
        uploads: pulumi.secret([
          { file: "/run/apim/init.sql", content: this.adminPassword.apply(adminAccountSql), permissions: "0600" },
        ]),
      },
      { parent: this, deleteBeforeReplace: true },
    );
  }

  private createProvider(): mysql.Provider {
    const { host, port } = this.endpoint();
    return new mysql.Provider(
      this.name,
      { endpoint: `${host}:${port}`, username: adminName, password: this.adminPassword },
      { parent: this, dependsOn: this.server },
    );
  }

  /** Where the program itself reaches the server. */
  private endpoint(): { host: string; port: number } {
    const { reachableAddress, databaseServer } = this.args.topology;
    return { host: reachableAddress, port: databaseServer.publishedPort };
  }

  /** Goes with the server, so nothing is dropped one by one. */
  private createDatabase({ name, characterSet, collation }: Database): mysql.Database {
    return new mysql.Database(
      `${this.name}-${name}`,
      { name, defaultCharacterSet: characterSet, defaultCollation: collation },
      { parent: this, provider: this.provider, retainOnDelete: true, deletedWith: this.server },
    );
  }

  private createScript({ name, script: path }: Database): DatabaseScript {
    const script = this.args.scripts.get(path);
    if (script === undefined) throw new Error(`${path}: expected the dbscript of ${name}, found none`);
    return new DatabaseScript(
      `${this.name}-${name}-tables`,
      {
        ...this.endpoint(),
        user: adminName,
        password: this.adminPassword,
        database: name,
        version: this.args.version,
        checksum: createHash("sha256").update(script).digest("hex"),
        script,
      },
      { parent: this, dependsOn: this.databases.get(name), deletedWith: this.server },
    );
  }

  private createAccount(account: DatabaseUser): Account {
    const own = { parent: this, provider: this.provider };
    const password = this.createPassword(account.name);
    const user = new mysql.User(
      `${this.name}-${account.name}`,
      { user: account.name, host: "%", plaintextPassword: password },
      { ...own, retainOnDelete: true, deletedWith: this.server },
    );
    const grants = account.databases.map(
      (database) =>
        new mysql.Grant(
          `${this.name}-${account.name}-${database}`,
          {
            user: user.user,
            host: user.host,
            database: this.databases.get(database)?.name ?? database,
            privileges: ["ALL"],
          },
          { ...own, retainOnDelete: true, deletedWith: user },
        ),
    );
    return { password, grants };
  }
}

/** Run at every start of the server, so that the account always has the password of the state. */
function adminAccountSql(password: string): string {
  return [
    `CREATE USER IF NOT EXISTS '${adminName}'@'%';`,
    `ALTER USER '${adminName}'@'%' IDENTIFIED BY '${password}';`,
    `GRANT ALL PRIVILEGES ON *.* TO '${adminName}'@'%' WITH GRANT OPTION;`,
    "",
  ].join("\n");
}
