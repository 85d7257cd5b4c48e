import { randomBytes, randomUUID } from "node:crypto";
import { faultCode, parse, Refused, summary } from "./answers";
import type { BadGateway } from "./everyGateway";
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

  /** Posts a body of random bytes through each gateway; the endpoint must receive the same bytes. */
  async post(bytes: number): Promise<void> {
    const body = randomBytes(bytes);
    const { gateway, options } = this.at;
    const sent = describeBody(body);
    const { bad } = await this.at.every(
      () => gateway.post(options.path + this.served.bodyPath, this.at.ownToken(), body),
      (answer) => answer.status === 200 && parse(answer.body)?.sha256 === sent.sha256,
    );
    if (!bad) return;
    const { answer } = bad;
    const received = answer?.status === 200 ? parse(answer.body)?.length : undefined;
    const found =
      answer && typeof received === "number"
        ? `${this.at.by(answer)}that it received ${received} bytes${received === bytes ? ", not the same ones" : ""}`
        : this.at.found(bad);
    this.failAt(bad, `expected the endpoint to confirm the ${bytes} bytes that were sent, found ${found}`);
  }

  /** Calls the API through each gateway; the endpoint must receive a JSON Web Token about the caller each time. */
  async receiveJwt(expected: ExpectedJwt): Promise<void> {
    const { environment, need, path } = this.at.options;
    const received: (string | string[] | undefined)[] = [];
    const { answers, bad } = await this.at.every(
      async () => {
        const own = `jwt/${randomUUID()}`;
        const answer = await this.at.gateway.call(path + own, this.at.ownToken(), "gatewayHttps");
        received.push(this.served.headersOf(own)?.[expected.header.toLowerCase()]);
        return answer;
      },
      (answer) => this.isAnswer(answer),
    );
    if (bad) this.failAt(bad, `expected the endpoint's answer, found ${this.at.found(bad)}`);
    for (const [index, answer] of answers.entries()) {
      const token = received[index];
      if (typeof token !== "string")
        throw new StepFailure(
          `expected the endpoint to receive the header ${expected.header}, found ${this.at.by(answer)}no such header`,
          need.jwt(environment, "header"),
        );
      await this.checkJwt(token, expected);
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
    const answer = await unlessAborted(this.slow, this.at.options.signal);
    if (!this.isAnswer(answer)) this.fail(answer, `expected the endpoint's answer, found ${summary(answer)}`);
  }

  private async checkJwt(token: string, expected: ExpectedJwt): Promise<void> {
    const { environment, need } = this.at.options;
    try {
      await checkJwt(token, expected);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const part = error instanceof WrongSigner ? "key" : "header";
      throw new StepFailure(`${expected.header}: ${error.message}`, need.jwt(environment, part));
    }
  }

  private isAnswer({ status, body }: ProbeAnswer): boolean {
    return this.at.options.backend.isAnswer(this.at.own, status, body);
  }

  private failAt(bad: BadGateway, message: string): never {
    if (!bad.answer) return this.at.unanswered(bad);
    return this.fail(bad.answer, message);
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
