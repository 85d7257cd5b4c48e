import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { RunningNode } from "../../standin/node";
import {
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

/** What is changed in the files of some roles. */
export type Changes = Partial<Record<keyof typeof wiring, Edits>>;

/** Role, host name, profile and databases of the four, in the start order of a deployment. */
export const nodes = [
  ["keyManager", "keymanager.test", "api-key-manager", ["apimgtdb", "userdb"]],
  ["gateway", "gateway.test", "gateway-manager", []],
  ["publisher", "publisher.test", "api-publisher", ["apimgtdb", "userdb", "regdb"]],
  ["store", "store.test", "api-store", ["apimgtdb", "userdb", "regdb"]],
] as const;

/** Four servers on one MySQL, somebody who uses them, and a backend: anew for each test but for MySQL. */
export class StandinRun {
  /** Where APIs lead to. */
  endpoint = "";
  /** Headers of the backend's last request. */
  received: IncomingHttpHeaders = {};
  person = new Person();
  /** A name for this test's API and application. */
  name = "";
  private keys: Keys | undefined;
  private backend: Server | undefined;
  private database: TestMysql | undefined;
  private servers: Deployment | undefined;
  private count = 0;

  /** Registers the hooks of a suite; without Docker it is skipped with the reason. */
  constructor() {
    const run = this;
    before(async function () {
      const started = await startMysql();
      if (typeof started === "string") {
        console.log(`      skipped: ${started}`);
        this.skip();
      }
      run.database = started;
      run.keys = await makeKeys(nodes.map(([, host]) => host));
      await run.startBackend();
    });
    after(async () => {
      this.backend?.close();
      await this.database?.remove();
    });
    beforeEach(() => {
      this.renew();
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

  /** New servers in new homes, for somebody who is not logged in. */
  renew(): void {
    assert.ok(this.keys);
    this.servers = new Deployment(this.keys);
    this.person = new Person();
  }

  /** The four, in the start order of the deployment, with something changed on some. */
  async start(changes: Changes = {}, members = 2): Promise<RunningNode[]> {
    const running: RunningNode[] = [];
    for (const node of nodes) {
      running.push(await this.startRole(node, changes));
    }
    await eventually(() => this.deployment.lines.filter((line) => line.startsWith("Member joined")).length >= members);
    return running;
  }

  async startRole([role, host, profile, databases]: (typeof nodes)[number], changes: Changes = {}) {
    const edits = plus(wiring[role](), onDatabaseServer(this.mysql, databases), changes[role] ?? {});
    const node = await this.deployment.start(host, profile, edits);
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

  /** A path of this test's API. */
  path(): string {
    return `/${this.name.toLowerCase()}/1.0.0/today?unit=c`;
  }

  private async startBackend(): Promise<void> {
    const backend = createServer((request, response) => {
      this.received = request.headers;
      response.end(`backend saw ${request.url}`);
    });
    this.backend = backend;
    await new Promise<void>((done) => backend.listen(0, "127.0.0.1", done));
    this.endpoint = `http://127.0.0.1:${(backend.address() as AddressInfo).port}/base`;
  }
}
