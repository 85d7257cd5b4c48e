import type { Backend } from "./backend";
import { type CalledEnvironment, type KeyType, otherKeyType, ownKeyType, wordOf } from "./environments";
import { type BadGateway, everyGateway } from "./everyGateway";
import type { Front } from "./front";
import type { ProbeAnswer } from "./httpProbe";
import { type ConsumerKey, faultCode, Gateway, isKeyTypeRefusal, Refused, summary } from "./product";
import { StepFailure } from "./runSteps";
import type { Suspect, Suspects } from "./suspects";
import { type Limits, type Waiting, waiting } from "./waiting";

export interface GatewayRunOptions {
  readonly front: Front;
  readonly need: Suspects;
  readonly environment: CalledEnvironment;
  readonly backend: Backend;
  readonly limits: Limits;
  readonly signal: AbortSignal;
  /** Path of the API, with its version. */
  readonly path: string;
  /** The application's, as far as the Store has given them. */
  readonly keys: ReadonlyMap<KeyType, ConsumerKey>;
}

/** What one run asks of one gateway environment, and the token that it has got there. */
export class GatewayRun {
  /** The type of the key that the environment is called with. */
  readonly own: KeyType;
  private readonly gateway: Gateway;
  private token: string | undefined;

  constructor(private readonly options: GatewayRunOptions) {
    this.own = ownKeyType(options.environment.type);
    this.gateway = new Gateway(options.front, options.environment.host);
  }

  async getToken(): Promise<void> {
    this.token = await this.gateway.token(this.key(this.own));
  }

  call(entrance: "gatewayHttps" | "gatewayHttp"): Promise<void> {
    return this.callWith(this.own, got(this.token, "token"), entrance);
  }

  /** Only a hybrid environment takes both. */
  async callWithOther(): Promise<void> {
    const other = otherKeyType(this.own);
    await this.callWith(other, await this.gateway.token(this.key(other)), "gatewayHttps");
  }

  async callRefused(token: string | undefined, code: string): Promise<void> {
    const answer = await this.gateway.call(this.options.path, token, "gatewayHttps");
    if (answer.status !== 401 || faultCode(answer) !== code)
      throw new Refused(`expected status 401 with code ${code}, found ${summary(answer)}`);
  }

  /** The key is good, but not for an environment of this type. */
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
    return this.gateway.revoke(this.key(this.own), got(this.token, "token"));
  }

  async callRevoked(progress: (text: string) => void): Promise<void> {
    const limit = this.options.limits.revocation;
    const revoked = got(this.token, "token");
    const bad = await everyGateway({
      names: this.names("gatewayHttps"),
      call: () => this.gateway.call(this.options.path, revoked, "gatewayHttps"),
      judge: (answer) => (answer.status === 401 && faultCode(answer) === "900901" ? "good" : "not yet"),
      waiting: this.waiting(limit, (gone) =>
        progress(`the revoked token still works: ${gone} s of at most ${limit} s`),
      ),
    });
    if (bad)
      throw new Refused(
        `expected status 401 with code 900901 within ${limit} s after revoking, found ${this.found(bad)}; a gateway that is not told forgets it with its cache, after 15 minutes`,
      );
  }

  async callAgain(): Promise<void> {
    const revoked = this.token;
    await this.getToken();
    if (this.token === revoked) throw new Refused("expected a new token after the revocation, found the revoked one");
    await this.call("gatewayHttps");
  }

  async authorize(): Promise<void> {
    const { front, need } = this.options;
    const location = await this.gateway.authorize(this.key(this.own).consumerKey);
    const url = URL.canParse(location) ? new URL(location) : undefined;
    if (url && front.owns(url)) return;
    const message = `expected a Location at one of the load balancer's host names and ports, found ${url?.origin ?? location}`;
    // Which of the Key Manager's files a redirect that leaves the deployment comes from.
    const suspects: readonly Suspect[] = need.browserAddress(
      "keyManager",
      url && front.knows(url.hostname) ? "port" : "host",
    );
    throw new StepFailure(message, suspects);
  }

  /** A gateway may serve an API some seconds after it was published: until then, nothing is at its path. */
  private async callWith(type: KeyType, token: string, entrance: "gatewayHttps" | "gatewayHttp"): Promise<void> {
    const { backend, environment, limits, need, path } = this.options;
    const isOther = (answer: ProbeAnswer) => this.isAnswerOf(otherKeyType(type), answer);
    const bad = await everyGateway({
      names: this.names(entrance),
      call: () => this.gateway.call(path, token, entrance),
      judge: (answer) =>
        this.isAnswerOf(type, answer)
          ? "good"
          : [200, 202, 404].includes(answer.status) && !isOther(answer)
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
        `${message}; the gateway does not reach the endpoint`,
        need.endpoint(environment, backend.urls[type]),
      );
    if (isOther(answer))
      throw this.wrongType(`expected the ${wordOf(type)} endpoint's answer, found the other one's`, type);
    if (isKeyTypeRefusal(answer)) throw this.wrongType(message, type);
    throw another && answer.status === 404 ? new StepFailure(message, need.shared(name)) : new Refused(message);
  }

  /** Who takes the calls. */
  private names(entrance: "gatewayHttps" | "gatewayHttp"): readonly string[] {
    const { front, environment } = this.options;
    return front.targets("gateway", entrance, environment.host);
  }

  /** What a gateway answered, and where there are several, which. */
  private found({ name, answer }: BadGateway): string {
    if (!answer) return `none from ${name}: the load balancer sends it no call`;
    return this.names("gatewayHttps").length > 1 ? `from ${name} ${summary(answer)}` : summary(answer);
  }

  /** The gateway knew the token: what is wrong is whom its APIs are for. Or it is another environment's gateway. */
  private wrongType(message: string, type: KeyType): StepFailure {
    const { environment, need } = this.options;
    // An environment's own key has been taken before the other one's turn comes.
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

function got<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`no ${what} was given by the step before`);
  return value;
}
