import { randomBytes } from "node:crypto";
import type { StackOutputs } from "../../outputs";
import type { Backend } from "./backend";
import { Front } from "./front";
import type { Check } from "./linkChecks";
import { until } from "./pause";
import {
  type ConsumerKey,
  faultCode,
  Gateway,
  type NewApi,
  NoServer,
  Publisher,
  Refused,
  Store,
  summary,
} from "./product";
import { type RunOptions, StepFailure } from "./runSteps";
import { type Suspect, Suspects } from "./suspects";

/** Seconds to wait at most for what the product does in its own time. */
export interface Limits {
  /** Until a published API is in the Store's list. */
  readonly listing: number;
  /** Until a gateway serves it. */
  readonly deployment: number;
  /** Until a revoked token is refused. */
  readonly revocation: number;
}

/** The product indexes APIs a minute after the Store's start, and writes a gateway's files in its own time. */
export const productLimits: Limits = { listing: 150, deployment: 60, revocation: 15 };
/** The stand-in does all that at once. */
export const standinLimits: Limits = { listing: 8, deployment: 5, revocation: 5 };

export interface CycleOptions {
  readonly outputs: Pick<StackOutputs, "topology" | "caCertificate" | "adminUser" | "adminPassword">;
  /** What the API leads to. */
  readonly backend: Backend;
  /** What the nodes say of their links from inside; empty when they do not tell. */
  readonly checks: readonly Check[];
  readonly limits: Limits;
  /** Leave API and application behind. */
  readonly keep: boolean;
  /** Use the API and application of this name, left by an earlier run, in place of new ones. */
  readonly kept?: string;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
  readonly done?: NonNullable<RunOptions["done"]>;
  readonly progress?: NonNullable<RunOptions["progress"]>;
}

/** What a run did not remove. */
export interface LeftBehind {
  /** The name for --kept. */
  readonly name: string;
  readonly api: boolean;
  readonly application: boolean;
  readonly url: string;
}

type Made = { api: boolean; application: boolean };

/** One run's names, sessions, and what it has got so far. */
export class CycleRun {
  readonly need: Suspects;
  readonly api: NewApi;
  readonly application: string;
  /** Whether API and application are those of an earlier run. */
  readonly again: boolean;
  /** Asked for and not removed; whether it was made is not known when an answer was lost. */
  readonly made: Made;
  private readonly confirmed: Made;
  private readonly loggedIn = { publisher: false, store: false };
  private readonly publisher: Publisher;
  private readonly store: Store;
  private readonly gateway: Gateway;
  private readonly front: Front;
  private key: ConsumerKey | undefined;
  private token: string | undefined;

  constructor(private readonly options: CycleOptions) {
    const { topology, caCertificate, adminUser } = options.outputs;
    const waited = options.checks.some(({ name, ok }) => !ok && name.startsWith("loadbalancer ->"));
    this.front = new Front(topology, caCertificate, waited ? 0 : undefined);
    this.publisher = new Publisher(this.front);
    this.store = new Store(this.front);
    this.gateway = new Gateway(this.front);
    this.need = new Suspects(topology);
    // Two runs at the same time must not meet.
    this.application = options.kept ?? `Verify${randomBytes(4).toString("hex")}`;
    this.api = {
      ...{ name: this.application, version: "1.0.0", provider: adminUser },
      ...{ context: `/${this.application.toLowerCase()}`, endpoint: options.backend.url },
    };
    this.again = options.kept !== undefined;
    this.made = { api: this.again, application: this.again };
    this.confirmed = { ...this.made };
  }

  left(): LeftBehind | undefined {
    const { api, application } = this.made;
    const url = this.front.url("gateway", "gatewayHttps", this.path());
    return api || application ? { name: this.api.name, api, application, url } : undefined;
  }

  async logIn(app: "publisher" | "store"): Promise<void> {
    const { adminUser, adminPassword } = this.options.outputs;
    await this[app].logIn(adminUser, adminPassword);
    this.loggedIn[app] = true;
  }

  createApi(): Promise<void> {
    return this.make("api", () => this.publisher.addApi(this.api));
  }

  publish(): Promise<void> {
    return this.publisher.publish(this.api);
  }

  async find(progress: (text: string) => void): Promise<void> {
    const { name, version } = this.api;
    const limit = this.options.limits.listing;
    const found = await until(
      async () => (await this.store.publishedApis()).find((one) => one.name === name && one.version === version),
      this.waiting(limit, (gone) => progress(`not in the Store's list yet: ${gone} s of at most ${limit} s`)),
    );
    if (!found) throw new Refused(`expected ${name} ${version} in the Store's list within ${limit} s, it is not there`);
  }

  async findKey(): Promise<void> {
    this.key = await this.store.keyOf(this.application, this.api);
    if (!this.key) throw new Refused(`the Store lists no key of ${this.application} with a subscription to the API`);
  }

  createApplication(): Promise<void> {
    return this.make("application", () => this.store.addApplication(this.application));
  }

  subscribe(): Promise<void> {
    return this.store.subscribe(this.api, this.application);
  }

  async generateKey(): Promise<void> {
    this.key = await this.store.generateKey(this.application);
  }

  async getToken(): Promise<void> {
    this.token = await this.gateway.token(got(this.key, "key"));
  }

  /** A gateway may serve an API some seconds after it was published: until then, nothing is at its path. */
  async call(entrance: "gatewayHttps" | "gatewayHttp"): Promise<void> {
    const { backend, limits } = this.options;
    const call = () => this.gateway.call(this.path(), got(this.token, "token"), entrance);
    let last = await call();
    const answered = await until(async () => {
      if (backend.isAnswer(last.status, last.body)) return true;
      if (![200, 202, 404].includes(last.status)) return false;
      last = await call();
      return backend.isAnswer(last.status, last.body) || undefined;
    }, this.waiting(limits.deployment));
    if (answered) return;
    const message = `expected the endpoint's answer, found ${summary(last)}`;
    if (faultCode(last) !== "101503") throw new Refused(message);
    throw new StepFailure(`${message}; the gateway does not reach the endpoint`, this.need.endpoint(backend.url));
  }

  async callRefused(token: string | undefined, code: string): Promise<void> {
    const answer = await this.gateway.call(this.path(), token, "gatewayHttps");
    if (answer.status !== 401 || faultCode(answer) !== code)
      throw new Refused(`expected status 401 with code ${code}, found ${summary(answer)}`);
  }

  revoke(): Promise<void> {
    return this.gateway.revoke(got(this.key, "key"), got(this.token, "token"));
  }

  async callRevoked(progress: (text: string) => void): Promise<void> {
    const limit = this.options.limits.revocation;
    const revoked = got(this.token, "token");
    let last = "";
    const refused = await until(
      async () => {
        const answer = await this.gateway.call(this.path(), revoked, "gatewayHttps");
        last = summary(answer);
        return (answer.status === 401 && faultCode(answer) === "900901") || undefined;
      },
      this.waiting(limit, (gone) => progress(`the revoked token still works: ${gone} s of at most ${limit} s`)),
    );
    if (!refused)
      throw new Refused(
        `expected status 401 with code 900901 within ${limit} s after revoking, found ${last}; a gateway that is not told forgets it with its cache, after 15 minutes`,
      );
  }

  async callAgain(): Promise<void> {
    const revoked = this.token;
    await this.getToken();
    if (this.token === revoked) throw new Refused("expected a new token after the revocation, found the revoked one");
    await this.call("gatewayHttps");
  }

  async authorize(): Promise<void> {
    const location = await this.gateway.authorize(got(this.key, "key").consumerKey);
    const url = URL.canParse(location) ? new URL(location) : undefined;
    if (url && this.front.owns(url)) return;
    const message = `expected a Location at one of the load balancer's host names and ports, found ${url?.origin ?? location}`;
    throw new StepFailure(message, this.leaving(url));
  }

  async removeApplication(): Promise<void> {
    if (!this.loggedIn.store) await this.logIn("store");
    await this.remove("application", () => this.store.removeApplication(this.application));
  }

  async removeApi(): Promise<void> {
    if (!this.loggedIn.publisher) await this.logIn("publisher");
    await this.remove("api", () => this.publisher.removeApi(this.api));
  }

  private async make(what: keyof Made, request: () => Promise<void>): Promise<void> {
    this.made[what] = true;
    await request();
    this.confirmed[what] = true;
  }

  /** What was asked for without a good answer may not be there: then a refusal to remove it is no failure. */
  private async remove(what: keyof Made, request: () => Promise<void>): Promise<void> {
    try {
      await request();
    } catch (error) {
      if (this.confirmed[what] || !(error instanceof Refused) || error instanceof NoServer) throw error;
    }
    this.made[what] = false;
  }

  /** Which of the Key Manager's files a redirect that leaves the deployment comes from. */
  private leaving(url: URL | undefined): readonly Suspect[] {
    const { balancer } = this.options.outputs.topology;
    const hostIsKnown = balancer.routes.some(({ host }) => host === url?.hostname);
    return this.need.browserAddress("keyManager", hostIsKnown ? "port" : "host");
  }

  private waiting(seconds: number, progress?: (seconds: number) => void) {
    const { signal } = this.options;
    return { limit: seconds * 1000, every: seconds > 30 ? 2000 : 200, signal, ...(progress && { progress }) };
  }

  private path(): string {
    return `${this.api.context}/${this.api.version}/`;
  }
}

function got<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`no ${what} was given by the step before`);
  return value;
}
