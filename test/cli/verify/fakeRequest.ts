import type { IncomingMessage } from "node:http";

/** A request that the fake deployment received. */
export interface Seen {
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly action: string;
  readonly form: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  /** The gateway to which the load balancer sent the request; gateways take turns. */
  readonly node: string;
}

/** What the fake deployment answers. */
export type Answer = { status?: number; headers?: Record<string, string | string[]>; body?: string };
