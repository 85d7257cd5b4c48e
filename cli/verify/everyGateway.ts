import { nodeHeader } from "../../configs/balancer";
import type { ProbeAnswer } from "./httpProbe";
import { until, type Waiting } from "./waiting";

export interface EveryGateway {
  /** Names of the gateways that receive the calls; not empty. */
  readonly names: readonly string[];
  /** One call, which the load balancer sends to any of the gateways. */
  readonly call: () => Promise<ProbeAnswer>;
  /** Judges an answer; `wrong`: waiting does not help. */
  readonly judge: (answer: ProbeAnswer) => "good" | "not yet" | "wrong";
  readonly waiting: Waiting;
}

/** A gateway whose answers were not good. */
export interface BadGateway {
  readonly name: string;
  /** The gateway's last answer; absent when there was none. */
  readonly answer?: ProbeAnswer;
  /** Whether another gateway's answer was good. */
  readonly another: boolean;
}

/** The gateway that has answered: a single one needs no name in its answers. */
export function gatewayOf({ headers }: ProbeAnswer, names: readonly string[]): string {
  const [only = ""] = names;
  return names.length === 1 ? only : [headers[nodeHeader.toLowerCase()]].flat().join();
}

/**
 * Calls until each gateway has given a good answer, in rounds of one call per gateway.
 * @returns the first gateway without a good answer, at the time limit or once an answer is wrong; undefined when all
 * answers were good
 */
export async function everyGateway({ names, call, judge, waiting }: EveryGateway): Promise<BadGateway | undefined> {
  const missing = new Map<string, ProbeAnswer | undefined>(names.map((name) => [name, undefined]));
  const round = async (): Promise<{ bad?: BadGateway } | undefined> => {
    for (let count = 0; count < names.length; count++) {
      const answer = await call();
      const name = gatewayOf(answer, names);
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
