import { isBalancers } from "./front";
import type { ProbeAnswer } from "./httpProbe";

/** The server answered, but not as expected. */
export class Refused extends Error {}

/** The load balancer has no healthy server for this route. */
export class NoServer extends Refused {}

/** The JSON answer of a web application. A refusal is HTTP 200 with `error: true`. */
export type Reply = Readonly<Record<string, unknown>>;

export function noServer({ status }: ProbeAnswer): NoServer {
  const cause = status === 504 ? "no server answered within its time limit" : "no healthy server for this route";
  return new NoServer(`the load balancer answered ${status}: ${cause}`);
}

/** @param what the request, for messages. @throws Refused, or NoServer when the load balancer answered */
export function replyOf(answer: ProbeAnswer, what: string): Reply {
  if (isBalancers(answer)) throw noServer(answer);
  const reply = parse(answer.body);
  if (answer.status !== 200 || reply === undefined)
    throw new Refused(`${what}: expected JSON with status 200, found ${summary(answer)}`);
  if (`${reply.error}` !== "false") throw new Refused(`refused: ${reply.message ?? "without a message"}`);
  return reply;
}

/** @returns undefined when the text is not a JSON object */
export function parse(text: string): Reply | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Reply) : undefined;
  } catch {
    return undefined;
  }
}

/** The status, and the readable text of the body. */
export function summary({ status, body }: ProbeAnswer): string {
  const text = body
    .replace(/<(?:script|style)[\s\S]*?<\/(?:script|style)>/g, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&")
    .replace(/\s+/g, " ")
    .trim();
  return text === "" ? `status ${status}` : `status ${status}: ${text.slice(0, 600)}`;
}

/** The code of a gateway's fault, e.g. 900901. */
export function faultCode({ body }: ProbeAnswer): string | undefined {
  return /<(?:\w+:)?code>(\d+)<|"code"\s*:\s*"?(\d+)/.exec(body)?.slice(1).find(Boolean);
}

/** Whether a gateway refuses a valid key because of its type, or because the API has no endpoint for that type. */
export function isKeyTypeRefusal(answer: ProbeAnswer): boolean {
  const { status, body } = answer;
  return (status === 401 && / Key Provided for /.test(body)) || (status === 403 && faultCode(answer) === "900901");
}
