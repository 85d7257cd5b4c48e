import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { DatabaseName } from "../../product/databases";
import { type Role, roleRecords, roles } from "../../product/roles";
import type { ServiceAccess } from "../../services/managementServices";
import type { RunningNode } from "../../standin/node";
import {
  addresses,
  Deployment,
  type Edits,
  eventually,
  type Keys,
  makeKeys,
  onDatabaseServer,
  plus,
  wiring,
} from "../standin/homes";
import { good, Person } from "./standinClient";
import { startMysql, type TestMysql } from "./standinMysql";

/** Edits of the files of some roles. */
export type Changes = Partial<Record<keyof typeof wiring, Edits>>;

/** Which databases of a role its server gets. */
export type DatabasesOf = (role: Role) => readonly DatabaseName[];

/** The host name of each role. */
const hosts = {
  keyManager: "keymanager.test",
  gateway: "gateway.test",
  publisher: "publisher.test",
  store: "store.test",
} as const satisfies Record<Role, string>;

/** Four servers, their user and a backend, all new for each test, on one MySQL server. */
export class StandinRun {
  /** The URL of the backend. */
  endpoint = "";
  /** Milliseconds that the backend takes. */
  delay = 0;
  /** The headers of the last request to the backend. */
  received: IncomingHttpHeaders = {};
  person = new Person();
  /** The name of this test's API and application. */
  name = "";
  private keys: Keys | undefined;
  private backend: Server | undefined;
  private database: TestMysql | undefined;
  private servers: Deployment | undefined;
  private count = 0;

  /** Registers the hooks of a suite. Without Docker the suite is skipped, and the reason is printed. */
  constructor() {
    const run = this;
    before(async function () {
      const started = await startMysql();
      if (typeof started === "string") {
        console.log(`      skipped: ${started}`);
        this.skip();
      }
      run.database = started;
      run.keys = await makeKeys(Object.values(hosts));
      await run.startBackend();
    });
    after(async () => {
      this.backend?.close();
      await this.database?.remove();
    });
    beforeEach(() => {
      this.renew();
      this.delay = 0;
      this.name = `Weather${++this.count}`;
    });
    afterEach(() => this.servers?.stop());
  }

  get mysql(): TestMysql {
    assert.ok(this.database);
    return this.database;
  }

  get deployment(): Deployment {
    assert.ok(this.servers);
    return this.servers;
  }

  /** Starts over with no servers and a user who is not logged in. */
  renew(): void {
    assert.ok(this.keys);
    this.servers = new Deployment(this.keys);
    this.person = new Person();
  }

  /** Starts the four servers in the start order of a deployment, and waits for the cluster members to join. */
  async start(changes: Changes = {}, members = 2, databases?: DatabasesOf): Promise<RunningNode[]> {
    const running: RunningNode[] = [];
    for (const role of roles) {
      running.push(await this.startRole(role, changes, databases));
    }
    await eventually(() => this.deployment.lines.filter((line) => line.startsWith("Member joined")).length >= members);
    return running;
  }

  async startRole(
    role: Role,
    changes: Changes = {},
    databases: DatabasesOf = (each) => roleRecords[each].databases.always,
  ): Promise<RunningNode> {
    const edits = plus(wiring[role](), onDatabaseServer(this.mysql, databases(role)), changes[role] ?? {});
    const node = await this.deployment.start(hosts[role], roleRecords[role].profile, edits);
    await node.started;
    return node;
  }

  async toPublished(endpoints: Parameters<Person["addApi"]>[1] = { production: this.endpoint }): Promise<void> {
    await good(this.person.logIn("publisher"));
    await good(this.person.addApi(this.name, endpoints));
    await good(this.person.publish(this.name));
  }

  async toKeys(endpoints?: Parameters<Person["addApi"]>[1]): Promise<{ consumerKey: string; consumerSecret: string }> {
    await this.toPublished(endpoints);
    await good(this.person.logIn("store"));
    await eventually(async () => (await this.person.published()).includes(this.name));
    await good(this.person.addApplication(this.name));
    await good(this.person.subscribe(this.name, this.name));
    const { data } = await good(this.person.generateKeys(this.name));
    assert.ok(data);
    return data.key;
  }

  /** How the management services of a server are called, with the stand-in's own account. */
  access(role: Role): ServiceAccess {
    assert.ok(this.keys);
    const host = hosts[role];
    const port = 9443 + roleRecords[role].offset;
    return { address: addresses[host], port, host, ca: this.keys.certificate, user: "admin", password: "admin" };
  }

  /** A path and query of this test's API. */
  path(): string {
    return `/${this.name.toLowerCase()}/1.0.0/today?unit=c`;
  }

  private async startBackend(): Promise<void> {
    const backend = createServer(async (request, response) => {
      this.received = request.headers;
      let size = 0;
      for await (const chunk of request) size += (chunk as Buffer).length;
      await new Promise((wait) => setTimeout(wait, this.delay));
      response.end(`backend saw ${request.url}${size > 0 ? ` and ${size} bytes` : ""}`);
    });
    this.backend = backend;
    await new Promise<void>((done) => backend.listen(0, "127.0.0.1", done));
    this.endpoint = `http://127.0.0.1:${(backend.address() as AddressInfo).port}/base`;
  }
}
