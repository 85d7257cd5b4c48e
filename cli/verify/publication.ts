import { Refused } from "./answers";
import { Created } from "./created";
import { type KeyType, keyTypes, wordOf } from "./environments";
import type { Front } from "./front";
import { type ConsumerKey, type NewApi, Publisher, Store } from "./product";
import { findInStore } from "./storeList";
import type { Limits } from "./waiting";

export interface PublicationOptions {
  readonly front: Front;
  /** The user who publishes the API and owns the application. */
  readonly user: { readonly username: string; readonly password: string };
  /** Names the API and the application. */
  readonly name: string;
  readonly endpoint: string;
  /** @default the API has no sandbox endpoint */
  readonly sandboxEndpoint?: string;
  /** The domain of the user's tenant. @default the super tenant */
  readonly tenant?: string;
  /** Whether API and application exist already. @default false */
  readonly exists?: boolean;
  readonly limits: Limits;
  readonly signal: AbortSignal;
}

/** An API and the application that calls it: one user's requests at the Publisher and at the Store. */
export class Publication {
  readonly api: NewApi;
  readonly application: string;
  readonly created: Created<"api" | "application">;
  /** The application's keys that the Store has generated so far. */
  readonly keys: ReadonlyMap<KeyType, ConsumerKey>;
  private readonly received = new Map<KeyType, ConsumerKey>();
  private readonly loggedIn = { publisher: false, store: false };
  private readonly publisher: Publisher;
  private readonly store: Store;

  constructor(private readonly options: PublicationOptions) {
    const { front, user, name, endpoint, sandboxEndpoint, exists } = options;
    this.publisher = new Publisher(front);
    this.store = new Store(front);
    this.keys = this.received;
    this.created = new Created(exists ? ["api", "application"] : []);
    this.application = name;
    this.api = {
      name,
      version: "1.0.0",
      provider: user.username,
      context: `/${name.toLowerCase()}`,
      endpoint,
      ...(sandboxEndpoint !== undefined && { sandboxEndpoint }),
    };
  }

  /** The path at which gateways serve the API. */
  get path(): string {
    const { tenant } = this.options;
    return `${tenant === undefined ? "" : `/t/${tenant}`}${this.api.context}/${this.api.version}/`;
  }

  async logIn(app: "publisher" | "store"): Promise<void> {
    const { username, password } = this.options.user;
    await this[app].logIn(username, password);
    this.loggedIn[app] = true;
  }

  createApi(): Promise<void> {
    return this.created.create("api", () => this.publisher.addApi(this.api));
  }

  publish(): Promise<void> {
    return this.publisher.publish(this.api);
  }

  /** Waits until the Store's list has the API. @throws Refused at the time limit */
  find(progress: (text: string) => void): Promise<void> {
    return findInStore(this.store, this.api, this.options, progress, this.options.tenant);
  }

  createApplication(): Promise<void> {
    return this.created.create("application", () => this.store.addApplication(this.application));
  }

  subscribe(): Promise<void> {
    return this.store.subscribe(this.api, this.application);
  }

  async generateKey(type: KeyType): Promise<void> {
    this.received.set(type, await this.store.generateKey(this.application, type));
  }

  /** Reads the keys of an application that exists already. @throws Refused when one is missing */
  async findKeys(): Promise<void> {
    for (const [type, key] of await this.store.keysOf(this.application, this.api)) this.received.set(type, key);
    const missing = keyTypes.filter((type) => !this.keys.has(type)).map(wordOf);
    if (missing.length > 0)
      throw new Refused(
        `expected production and sandbox keys of ${this.application}, subscribed to the API, in the Store; found no ${missing.join(" and no ")} key`,
      );
  }

  async removeApplication(): Promise<void> {
    if (!this.loggedIn.store) await this.logIn("store");
    await this.created.remove("application", () => this.store.removeApplication(this.application));
  }

  async removeApi(): Promise<void> {
    if (!this.loggedIn.publisher) await this.logIn("publisher");
    await this.created.remove("api", () => this.publisher.removeApi(this.api));
  }
}
