import { faultCode, isKeyTypeRefusal, Refused, summary } from "./answers";
import type { Backend } from "./backend";
import { type CalledEnvironment, type KeyType, otherKeyType, ownKeyType, wordOf } from "./environments";
import { type BadGateway, everyGateway, gatewayOf } from "./everyGateway";
import type { Front } from "./front";
import { Gateway } from "./gateway";
import type { GatewaySuspects } from "./gatewaySuspects";
import type { ProbeAnswer } from "./httpProbe";
import type { ConsumerKey } from "./product";
import { StepFailure } from "./runSteps";
import type { Suspect } from "./suspects";
import { type Limits, type Waiting, waiting } from "./waiting";

export interface GatewayRunOptions {
  readonly front: Front;
  readonly need: GatewaySuspects;
  readonly environment: CalledEnvironment;
  readonly backend: Backend;
  readonly limits: Limits;
  readonly signal: AbortSignal;
  /** Path of the API, with its version. */
  readonly path: string;
  /** What a gateway needs for a tenant. Gateways load a tenant at the first call, and may answer 500 until then. */
  readonly tenant?: {
    readonly files: (gateway: string) => readonly Suspect[];
    readonly databases: (gateway: string) => readonly Suspect[];
  };
  /** The application's keys that the Store has generated so far. */
  readonly keys: ReadonlyMap<KeyType, ConsumerKey>;
}

/** The answers of all gateways of an environment. */
export interface EveryAnswer {
  /** In the order of the calls. */
  readonly answers: readonly ProbeAnswer[];
  /** The gateway that has not given a good answer; absent when all have. */
  readonly bad?: BadGateway;
}

/** One run's requests to one gateway environment, and the token from there. */
export class GatewayRun {
  /** The type of the key with which the environment is called. */
  readonly own: KeyType;
  readonly gateway: Gateway;
  private token: string | undefined;

  constructor(readonly options: GatewayRunOptions) {
    this.own = ownKeyType(options.environment.type);
    this.gateway = new Gateway(options.front, options.environment.host);
  }

  /** The token that the last step got. @throws when there is none */
  ownToken(): string {
    return got(this.token, "token");
  }

  /** The key of the type with which the environment is called. @throws when there is none */
  ownKey(): ConsumerKey {
    return this.key(this.own);
  }

  async getToken(): Promise<void> {
    this.token = await this.gateway.token(this.ownKey());
  }

  /** Calls the API over HTTPS with another token of the same type. */
  callWithToken(token: string): Promise<void> {
    return this.callWith(this.own, token, "gatewayHttps");
  }

  call(entrance: "gatewayHttps" | "gatewayHttp"): Promise<void> {
    return this.callWith(this.own, this.ownToken(), entrance);
  }

  /** Only a hybrid environment accepts both types of keys. */
  async callWithOther(): Promise<void> {
    const other = otherKeyType(this.own);
    await this.callWith(other, await this.gateway.token(this.key(other)), "gatewayHttps");
  }

  async callRefused(token: string | undefined, code: string): Promise<void> {
    const answer = await this.gateway.call(this.options.path, token, "gatewayHttps");
    if (answer.status !== 401 || faultCode(answer) !== code)
      throw new Refused(`expected status 401 with code ${code}, found ${summary(answer)}`);
  }

  /** Calls with a valid key of the type that this environment does not accept. */
  async refuseOther(): Promise<void> {
    const other = otherKeyType(this.own);
    const token = await this.gateway.token(this.key(other));
    const answer = await this.gateway.call(this.options.path, token, "gatewayHttps");
    const refused = isKeyTypeRefusal(answer);
    if (refused && answer.status === 401) return;
    const message = `expected status 401 because of the key's type, found ${summary(answer)}`;
    const knewToken = refused || this.isAnswerOf(this.own, answer) || this.isAnswerOf(other, answer);
    throw knewToken ? this.wrongType(message, other) : new Refused(message);
  }

  revoke(): Promise<void> {
    return this.gateway.revoke(this.ownKey(), this.ownToken());
  }

  async callRevoked(progress: (text: string) => void): Promise<void> {
    const limit = this.options.limits.revocation;
    const revoked = this.ownToken();
    const bad = await everyGateway({
      names: this.names("gatewayHttps"),
      call: () => this.gateway.call(this.options.path, revoked, "gatewayHttps"),
      judge: (answer) => (answer.status === 401 && faultCode(answer) === "900901" ? "good" : "not yet"),
      waiting: this.waiting(limit, (seconds) =>
        progress(`the revoked token still works: ${seconds} s of at most ${limit} s`),
      ),
    });
    if (bad)
      throw new Refused(
        `expected status 401 with code 900901 within ${limit} s after revoking, found ${this.found(bad)}; a gateway that does not hear of the revocation accepts the token until its cache expires, after 15 minutes`,
      );
  }

  async callAgain(): Promise<void> {
    const revoked = this.token;
    await this.getToken();
    if (this.token === revoked) throw new Refused("expected a new token after the revocation, found the revoked one");
    await this.call("gatewayHttps");
  }

  /**
   * Gateways that send CORS headers must permit the Store's pages, from which API consumers try APIs. Either all gateways
   * of the environment send them, or none does.
   */
  async permitStore(): Promise<void> {
    const { front, need, environment, path } = this.options;
    const { origin } = new URL(front.url("store", "https", "/"));
    const suspects = need.allowedOrigins(environment);
    const { answers, bad } = await this.every(
      () => this.gateway.preflight(path, origin),
      ({ status }) => status < 500,
    );
    if (bad && !bad.answer) this.unanswered(bad);
    if (bad) throw new StepFailure(`expected an answer to a preflight, found ${this.found(bad)}`, suspects);
    if (!answers.some(sendsCors)) return;
    for (const answer of answers) {
      if (permits(answer, origin)) continue;
      const allowed = allowedOrigin(answer);
      throw new StepFailure(
        `expected Access-Control-Allow-Origin to permit ${origin}, found ${this.by(answer)}status ${answer.status} and ${allowed === undefined ? "no such header" : `"${allowed}"`}`,
        suspects,
      );
    }
  }

  /** Calls over HTTPS until each gateway of the environment has given a good answer, or one has given another answer. */
  async every(call: () => Promise<ProbeAnswer>, isGood: (answer: ProbeAnswer) => boolean): Promise<EveryAnswer> {
    const answers: ProbeAnswer[] = [];
    const bad = await everyGateway({
      names: this.names("gatewayHttps"),
      call: async () => {
        const answer = await call();
        answers.push(answer);
        return answer;
      },
      judge: (answer) => (isGood(answer) ? "good" : "wrong"),
      waiting: this.waiting(this.options.limits.deployment),
    });
    return { answers, ...(bad && { bad }) };
  }

  /** Fails with the load balancer as suspect: a gateway got no call. */
  unanswered(bad: BadGateway): never {
    const { need, environment } = this.options;
    const message = `expected an answer, found ${this.found(bad)}`;
    throw new StepFailure(message, need.balancer("gateway", "gatewayHttps", environment));
  }

  /** `from` and the name of the gateway that has answered, for a message; empty when there is only one. */
  by(answer: ProbeAnswer): string {
    const names = this.names("gatewayHttps");
    return names.length > 1 ? `from ${gatewayOf(answer, names)} ` : "";
  }

  /** A gateway may take some seconds to serve a published API. Until then it answers 404, or 202 on some versions. */
  private async callWith(type: KeyType, token: string, entrance: "gatewayHttps" | "gatewayHttp"): Promise<void> {
    const { backend, environment, limits, need, path, tenant } = this.options;
    const notYet = [200, 202, 404, ...(tenant ? [500] : [])];
    const isOther = (answer: ProbeAnswer) => this.isAnswerOf(otherKeyType(type), answer);
    const bad = await everyGateway({
      names: this.names(entrance),
      call: () => this.gateway.call(path, token, entrance),
      judge: (answer) =>
        this.isAnswerOf(type, answer)
          ? "good"
          : notYet.includes(answer.status) && !isOther(answer)
            ? "not yet"
            : "wrong",
      waiting: this.waiting(limits.deployment),
    });
    if (!bad) return;
    const { name, answer, another } = bad;
    const message = `expected the endpoint's answer, found ${this.found(bad)}`;
    if (!answer) throw new Refused(message);
    if (faultCode(answer) === "101503")
      throw new StepFailure(
        `${message}; the gateway can't reach the endpoint`,
        need.endpoint(environment, backend.urls[type]),
      );
    if (isOther(answer))
      throw this.wrongType(
        `expected the ${wordOf(type)} endpoint's answer, found the ${wordOf(otherKeyType(type))} endpoint's`,
        type,
      );
    if (isKeyTypeRefusal(answer)) throw this.wrongType(message, type);
    // Faults of the gateway itself have a code.
    if (tenant && answer.status === 500 && faultCode(answer) === undefined)
      throw new StepFailure(`${message}; the gateway can't load the tenant`, tenant.databases(name));
    const files = tenant?.files(name) ?? need.shared(name);
    throw another && answer.status === 404 ? new StepFailure(message, files) : new Refused(message);
  }

  /** Names of the gateways that receive the calls. */
  private names(entrance: "gatewayHttps" | "gatewayHttp"): readonly string[] {
    const { front, environment } = this.options;
    return front.targets("gateway", entrance, environment.host);
  }

  /** A gateway's answer for a message, with the gateway's name if there are several. */
  found({ name, answer }: BadGateway): string {
    if (!answer) return `no answer from ${name}: the load balancer sends no calls there`;
    return this.by(answer) + summary(answer);
  }

  /** The gateway knew the token, so the type of its environment is wrong, or another environment's gateway answered. */
  private wrongType(message: string, type: KeyType): StepFailure {
    const { environment, need } = this.options;
    // By then a call with the environment's own type of key has succeeded, so the calls reach this environment.
    const another =
      type === this.own
        ? [...need.balancer("gateway", "gatewayHttps", environment), ...need.deployment(environment)]
        : [];
    return new StepFailure(message, [...another, ...need.environmentType(environment)]);
  }

  private isAnswerOf(type: KeyType, { status, body }: { readonly status: number; readonly body: string }): boolean {
    return this.options.backend.isAnswer(type, status, body);
  }

  private key(type: KeyType): ConsumerKey {
    return got(this.options.keys.get(type), `${wordOf(type)} key`);
  }

  private waiting(seconds: number, progress?: (seconds: number) => void): Waiting {
    return waiting(seconds, this.options.signal, progress);
  }
}

function sendsCors(answer: ProbeAnswer): boolean {
  return allowedOrigin(answer) !== undefined || answer.headers["access-control-allow-methods"] !== undefined;
}

/** Whether a browser that got this answer to a preflight makes the call. */
function permits(answer: ProbeAnswer, origin: string): boolean {
  const origins = (allowedOrigin(answer) ?? "").split(",").map((one) => one.trim());
  return answer.status >= 200 && answer.status < 300 && (origins.includes("*") || origins.includes(origin));
}

function allowedOrigin({ headers }: ProbeAnswer): string | undefined {
  const allowed = headers["access-control-allow-origin"];
  return allowed === undefined ? undefined : [allowed].flat().join(",");
}

function got<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the earlier steps returned no ${what}`);
  return value;
}
