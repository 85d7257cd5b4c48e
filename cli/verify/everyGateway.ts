import type { ProbeAnswer } from "./httpProbe";
import { until, type Waiting } from "./waiting";

/** The balancer's header in answers to calls: which of several gateways gave it. */
const nodeHeader = "x-apim-node";

export interface EveryGateway {
  /** Who takes the calls; not empty. */
  readonly names: readonly string[];
  /** One call, which the balancer sends to any of them. */
  readonly call: () => Promise<ProbeAnswer>;
  /** `wrong`: waiting does not help. */
  readonly judge: (answer: ProbeAnswer) => "good" | "not yet" | "wrong";
  readonly waiting: Waiting;
}

/** A gateway whose answers were not good. */
export interface BadGateway {
  readonly name: string;
  /** Its last answer; absent when it gave none. */
  readonly answer?: ProbeAnswer;
  /** Whether another one's was good. */
  readonly another: boolean;
}

/**
 * Calls, as many at a time as there are gateways, until each has given a good answer.
 * @returns the first that did not, at the limit or once an answer is wrong; undefined when all did
 */
export async function everyGateway({ names, call, judge, waiting }: EveryGateway): Promise<BadGateway | undefined> {
  const missing = new Map<string, ProbeAnswer | undefined>(names.map((name) => [name, undefined]));
  const round = async (): Promise<{ bad?: BadGateway } | undefined> => {
    for (const only of names) {
      const answer = await call();
      const name = names.length === 1 ? only : [answer.headers[nodeHeader]].flat().join();
      const verdict = judge(answer);
      if (verdict === "wrong") return { bad: { name, answer, another: missing.size < names.length } };
      if (verdict === "good") missing.delete(name);
      else if (missing.has(name)) missing.set(name, answer);
      if (missing.size === 0) return {};
    }
    return undefined;
  };
  const ended = await until(round, waiting);
  if (ended) return ended.bad;
  const [first] = missing;
  if (!first) return undefined;
  const [name, answer] = first;
  return { name, ...(answer && { answer }), another: missing.size < names.length };
}
