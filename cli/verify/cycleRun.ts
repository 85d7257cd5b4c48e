import { randomBytes } from "node:crypto";
import type { Role } from "../../product/roles";
import { isSince } from "../../product/versions";
import type { DeployedStack } from "../deployedStack";
import type { Backend } from "./backend";
import { CodeRun } from "./codeRun";
import { logInToConsole } from "./console";
import { EndpointRun } from "./endpointRun";
import { type CalledEnvironment, calledEnvironments } from "./environments";
import { type Front, frontOf } from "./front";
import { frontService } from "./frontService";
import { GatewayRun } from "./gatewayRun";
import { GatewaySuspects } from "./gatewaySuspects";
import type { ExpectedJwt } from "./jwt";
import type { Check } from "./linkChecks";
import type { BrowserUser } from "./logInPage";
import { Publication } from "./publication";
import type { Group, RunOptions } from "./runSteps";
import { SignUpRun } from "./signUpRun";
import { UserRun } from "./userRun";
import type { Limits } from "./waiting";

export interface CycleOptions {
  readonly outputs: Pick<
    DeployedStack,
    "topology" | "settings" | "caCertificate" | "adminUser" | "adminPassword" | "urls" | "version"
  >;
  /** The API's endpoints. */
  readonly backend: Backend;
  /** Finds the nodes that hang. @default nobody looks for them */
  readonly hanging?: NonNullable<RunOptions["hanging"]>;
  /** The nodes' reports of their links; empty with the product, which reports none. */
  readonly checks: readonly Check[];
  readonly limits: Limits;
  /** Seconds that the slow endpoint takes; 0 or absent: it is not called. */
  readonly slow?: number;
  /** With tenants: whether one is made. @default true */
  readonly tenant?: boolean;
  /** What the endpoint must receive about the caller; absent: nothing. */
  readonly jwt?: ExpectedJwt;
  /** Do not remove API and application. */
  readonly keep: boolean;
  /** Use the API and the application of this name, from an earlier run with `keep`, instead of new ones. */
  readonly kept?: string;
  /** Nodes that are down on purpose, from which no answers are expected. The set may change. @default none */
  readonly absent?: ReadonlySet<string>;
  /** Aborted at Ctrl-C. */
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

/** One run's names and sessions, and what it has received so far. */
export class CycleRun {
  readonly need: GatewaySuspects;
  readonly publication: Publication;
  /** Whether API and application come from an earlier run. */
  readonly again: boolean;
  readonly environments: readonly CalledEnvironment[];
  /** Whether the gateways serve API calls over HTTP too. */
  readonly servesHttp: boolean;
  private readonly front: Front;
  private readonly gateways = new Map<string, GatewayRun>();
  private readonly users = new Map<string, UserRun>();
  private readonly endpoints = new Map<string, EndpointRun>();

  constructor(private readonly options: CycleOptions) {
    const { topology } = options.outputs;
    this.front = frontOf(options);
    this.need = new GatewaySuspects(topology);
    this.environments = calledEnvironments(topology);
    this.servesHttp = options.outputs.urls.gatewayHttp !== undefined;
    this.again = options.kept !== undefined;
    const { PRODUCTION: endpoint, SANDBOX: sandboxEndpoint } = options.backend.urls;
    this.publication = new Publication({
      front: this.front,
      user: this.administrator,
      // Two runs at the same time must not conflict.
      name: options.kept ?? `Verify${randomBytes(4).toString("hex")}`,
      endpoint,
      ...(this.environments.some(({ type }) => type !== "production") && { sandboxEndpoint }),
      exists: this.again,
      limits: options.limits,
      signal: options.signal,
    });
  }

  left(): LeftBehind | undefined {
    const { api: named, created, path } = this.publication;
    const [api, application] = [created.has("api"), created.has("application")];
    // The URL in the first environment of the setting.
    const url = this.front.url("gateway", "gatewayHttps", path);
    return api || application ? { name: named.name, api, application, url } : undefined;
  }

  /** The requests to one environment's gateways: always the same object for one environment. */
  gateway(environment: CalledEnvironment): GatewayRun {
    const { backend, limits, signal } = this.options;
    const { front, need } = this;
    const { path, keys } = this.publication;
    const made =
      this.gateways.get(environment.name) ??
      new GatewayRun({ front, need, environment, backend, limits, signal, path, keys });
    this.gateways.set(environment.name, made);
    return made;
  }

  /** The requests to one environment's gateways with tokens of the administrator. */
  user(environment: CalledEnvironment): UserRun {
    const made = this.users.get(environment.name) ?? new UserRun(this.gateway(environment), this.administrator);
    this.users.set(environment.name, made);
    return made;
  }

  /** The way of the administrator from /authorize to a token. */
  code(environment: CalledEnvironment): CodeRun {
    return new CodeRun(this.gateway(environment), this.administrator);
  }

  /** A new user of the Store, who calls the first environment. */
  signUp(): SignUpRun {
    const { front, need, environments, administrator } = this;
    const [first] = environments;
    if (!first) throw new Error("topology: expected a gateway environment, found none");
    const services = frontService(front, "keyManager", administrator);
    return new SignUpRun({ front, need, services, api: this.publication.api, gateway: this.gateway(first) });
  }

  /** Whether visitors of the Store may sign up. */
  get mayLetSignUp(): boolean {
    return this.options.outputs.settings.selfSignUp !== "off";
  }

  /** Logs in to the management console at one of a role's host names. */
  logInToConsole(role: Role, host: string): Promise<void> {
    const { front, need } = this;
    return logInToConsole({ role, front, need }, host, this.administrator);
  }

  /** The host names of a role's consoles. */
  consoles(role: Role): readonly string[] {
    return this.front.hosts(role, "https");
  }

  /** The group of an environment's steps. */
  gatewayGroup({ name }: CalledEnvironment): Group {
    return this.environments.length === 1 ? "Gateway" : `Gateway ${name}`;
  }

  private get administrator(): BrowserUser {
    const { adminUser: username, adminPassword: password } = this.options.outputs;
    return { username, password };
  }

  /** Whether gateways of this version have an API for a user's claims. */
  get hasUserInfoApi(): boolean {
    return isSince(this.options.outputs.version, "1.10.0");
  }

  /** The calls that only verify's own endpoint can confirm; undefined with --endpoint. */
  endpoint(environment: CalledEnvironment): EndpointRun | undefined {
    const { served } = this.options.backend;
    const known = this.endpoints.get(environment.name);
    if (known || !served) return known;
    const made = new EndpointRun(this.gateway(environment), served);
    this.endpoints.set(environment.name, made);
    return made;
  }

  /** What the endpoint must receive about the caller. */
  get jwt(): ExpectedJwt | undefined {
    return this.options.jwt;
  }

  /** Seconds that the slow endpoint takes; 0: it is not called. */
  get slow(): number {
    return this.options.backend.served ? (this.options.slow ?? 0) : 0;
  }
}
