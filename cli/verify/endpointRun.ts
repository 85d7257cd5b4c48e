import { randomBytes, randomUUID } from "node:crypto";
import { faultCode, parse, Refused, summary } from "./answers";
import type { GatewayRun } from "./gatewayRun";
import type { ProbeAnswer } from "./httpProbe";
import { checkJwt, type ExpectedJwt, WrongSigner } from "./jwt";
import { StepFailure } from "./runSteps";
import { describeBody, type ServedEndpoint } from "./servedEndpoint";
import { unlessAborted } from "./waiting";

/** Calls to one gateway environment whose arrival only an endpoint of verify's own can confirm. */
export class EndpointRun {
  private slow: Promise<ProbeAnswer> | undefined;

  constructor(
    private readonly at: GatewayRun,
    private readonly served: ServedEndpoint,
  ) {}

  /** Posts a body of random bytes; the endpoint must receive the same bytes. */
  async post(bytes: number): Promise<void> {
    const body = randomBytes(bytes);
    const { gateway, options } = this.at;
    const answer = await gateway.post(options.path + this.served.bodyPath, this.at.ownToken(), body);
    const [sent, received] = [describeBody(body), parse(answer.body)];
    if (answer.status === 200 && received?.sha256 === sent.sha256) return;
    const found =
      answer.status !== 200 || typeof received?.length !== "number"
        ? summary(answer)
        : `that it received ${received.length} bytes${received.length === bytes ? ", not the same ones" : ""}`;
    this.fail(answer, `expected the endpoint to confirm the ${bytes} bytes that were sent, found ${found}`);
  }

  /** Calls the API; the endpoint must receive a JSON Web Token about the caller. */
  async receiveJwt(expected: ExpectedJwt): Promise<void> {
    const { backend, environment, need, path } = this.at.options;
    const own = `jwt/${randomUUID()}`;
    const answer = await this.at.gateway.call(path + own, this.at.ownToken(), "gatewayHttps");
    if (!backend.isAnswer(this.at.own, answer.status, answer.body))
      this.fail(answer, `expected the endpoint's answer, found ${summary(answer)}`);
    const token = this.served.headersOf(own)?.[expected.header.toLowerCase()];
    if (typeof token !== "string")
      throw new StepFailure(
        `expected the endpoint to receive the header ${expected.header}, found no such header`,
        need.jwt(environment, "header"),
      );
    try {
      await checkJwt(token, expected);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const part = error instanceof WrongSigner ? "key" : "header";
      throw new StepFailure(`${expected.header}: ${error.message}`, need.jwt(environment, part));
    }
  }

  /** Calls the endpoint, which takes so many seconds. The call goes on during the next steps. */
  startSlow(seconds: number): void {
    const { gateway, options } = this.at;
    this.slow = gateway.call(options.path + this.served.slowPath(seconds), this.at.ownToken(), "gatewayHttps");
    // A later step awaits the answer. Until then, Node would report a rejection as unhandled.
    this.slow.catch(() => undefined);
  }

  /** Waits for the answer to the call that {@link startSlow} has sent. */
  async finishSlow(): Promise<void> {
    if (!this.slow) throw new Error("the earlier steps have not called the slow endpoint");
    const { backend, signal } = this.at.options;
    const answer = await unlessAborted(this.slow, signal);
    if (!backend.isAnswer(this.at.own, answer.status, answer.body))
      this.fail(answer, `expected the endpoint's answer, found ${summary(answer)}`);
  }

  /** @throws StepFailure with the endpoint as suspect when the gateway could not connect to it, else Refused */
  private fail(answer: ProbeAnswer, message: string): never {
    const { backend, environment, need } = this.at.options;
    if (faultCode(answer) === "101503")
      throw new StepFailure(
        `${message}; the gateway can't reach the endpoint`,
        need.endpoint(environment, backend.urls[this.at.own]),
      );
    throw new Refused(message);
  }
}
